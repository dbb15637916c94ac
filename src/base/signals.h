/* SPDX-License-Identifier: MIT */
/* Names of signals, as kill(1) takes them, and signals to be waited for beside other things. */
#ifndef BERTH_BASE_SIGNALS_H
#define BERTH_BASE_SIGNALS_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

/* "TERM", "sigterm", "15": the number; -EINVAL. 0 is none. */
int signals_parse(const char *text);

/* "SIGTERM"; "a signal" for one that has no name. */
const char *signals_name(int signal);

/* Whether programs are expected to end on it, rather than to read their files anew or to stop. */
bool signals_ends(int signal);

/*
 * Blocks the signals and makes them readable at a descriptor (signalfd(2)), non-blocking and closed
 * on exec. *ret_before (may be NULL): what was blocked. -errno.
 */
int signals_open(const int *numbers, size_t n, sigset_t *ret_before);

#endif
