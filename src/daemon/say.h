/* SPDX-License-Identifier: MIT */
/* What the daemon says, on standard error: one line each, which systemd keeps in the journal. */
#ifndef BERTH_DAEMON_SAY_H
#define BERTH_DAEMON_SAY_H

/* "berthd: " and the sentence; foreign text in it is made safe. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * Tells the service manager, if one wants to know (sd_notify(3)): "READY=1". Failures are nobody's
 * concern.
 */
void say_state(const char *state);

/* Half of the time within which the service manager wants a sign of life, in seconds; 0: it does
 * not. */
double say_watchdog_s(void);

#endif
