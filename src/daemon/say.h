/* SPDX-License-Identifier: MIT */
/* What the daemon says, on standard error: one line each, which systemd keeps in the journal. */
#ifndef BERTH_DAEMON_SAY_H
#define BERTH_DAEMON_SAY_H

/* "berthd: " and the sentence; foreign text in it is made safe. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
