/* SPDX-License-Identifier: MIT */
/*
 * There are two programs. The small one answers what is asked most, linked against a C library that
 * starts in a tenth of a millisecond; what it cannot tell it hands over to the whole program, with
 * the same command line, before it has written anything. Nobody sees which of them answered.
 */
#ifndef BERTH_CLI_HANDOVER_H
#define BERTH_CLI_HANDOVER_H

#include <berth.h>

/* Remembers the command line, before anything reorders it. */
void handover_prepare(char **argv);

/* Becomes the whole program. Returns only in the whole program, where it does nothing. */
void handover(void);

/* The same, when the snapshot lacks names that only the whole program can ask for. */
void handover_unnamed(const struct berth_snapshot *snapshot);

/* Whether there is a whole program to become. */
bool handover_possible(void);

/* The same for single sockets. */
void handover_nameless(const struct berth_socket *const *sockets, size_t n);

/* berth_why_past(), which the small program does not have. */
int handover_why_past(const struct berth *berth, const char *folder, struct berth_why *why);

#endif
