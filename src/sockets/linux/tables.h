/* SPDX-License-Identifier: MIT */
/*
 * Which tables of the kernel are asked, by which way, and the one policy for answers that are not
 * whole.
 */
#ifndef BERTH_SOCKETS_LINUX_TABLES_H
#define BERTH_SOCKETS_LINUX_TABLES_H

#include "sockets/linux/rows.h"
#include "sockets/linux/system.h"

/*
 * Adds what the kernel has of rows->question to the rows, and to *gaps (enum berth_gap) what could
 * not be seen. `again`: a second look, kept apart in a recording. 0; -ENOMEM; another negative
 * errno when no table at all could be read, and *ret_problem (appended to) says why.
 */
int tables_gather(const struct sockets_system *system, struct rows *rows, bool again,
	unsigned *gaps, struct buffer *ret_problem);

/* Whether a kernel release, "6.8.0-45-generic", is at least that version. */
bool tables_release_is(const char *release, size_t len, unsigned major, unsigned minor);

#endif
