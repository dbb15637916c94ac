/* SPDX-License-Identifier: MIT */
/*
 * The counters of /proc/net/netstat that tell how often a backlog was too small.
 */
#ifndef BERTH_SOCKETS_LINUX_NETSTAT_H
#define BERTH_SOCKETS_LINUX_NETSTAT_H

#include "sockets/linux/rows.h"
#include "sockets/linux/system.h"

/*
 * The counter `name` of the group `group` ("TcpExt"): pure. 0; -ENOENT: it is not there; -EBADMSG:
 * the lines of names and of numbers do not belong together.
 */
int netstat_counter(
	const char *text, size_t len, const char *group, const char *name, uint64_t *ret_value);

/* Asks when the question was for details, or when a listener among the rows has a full backlog. */
void netstat_read(const struct sockets_system *system, const struct rows *rows,
	struct berth_listen_losses *ret_losses);

#endif
