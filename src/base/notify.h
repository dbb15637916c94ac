/* SPDX-License-Identifier: MIT */
/* What a service manager and its services say to each other: systemd's protocol, which others speak
 * too. */
#ifndef BERTH_BASE_NOTIFY_H
#define BERTH_BASE_NOTIFY_H

enum {
	NOTIFY_LISTENERS_FROM = 3, /* SD_LISTEN_FDS_START */
	NOTIFY_LISTENERS_MOST = 8,
};

/*
 * Tells the service manager, if one wants to know (sd_notify(3)): "READY=1". Failures are nobody's
 * concern.
 */
void notify_state(const char *state);

/* Half of the time within which the service manager wants a sign of life, in seconds; 0: it does
 * not. */
double notify_watchdog_s(void);

/* How many sockets it handed over (sd_listen_fds(3)), from descriptor NOTIFY_LISTENERS_FROM on; 0
 * also when there are more than NOTIFY_LISTENERS_MOST. */
unsigned notify_listeners(void);

/* One of them, from 0 on: its descriptor, made non-blocking and closed on exec. */
int notify_listener(unsigned index);

#endif
