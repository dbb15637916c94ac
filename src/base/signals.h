/* SPDX-License-Identifier: MIT */
/* Names of signals, as kill(1) takes them. */
#ifndef BERTH_BASE_SIGNALS_H
#define BERTH_BASE_SIGNALS_H

#include <stdbool.h>

/* "TERM", "sigterm", "15": the number; -EINVAL. 0 is none. */
int signals_parse(const char *text);

/* "SIGTERM"; "a signal" for one that has no name. */
const char *signals_name(int signal);

/* Whether programs are expected to end on it, rather than to read their files anew or to stop. */
bool signals_ends(int signal);

#endif
