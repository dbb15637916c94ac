/* SPDX-License-Identifier: MIT */
/*
 * The tables of /proc/net (proc(5), Documentation/networking/proc_net_tcp.rst): pure, text in, rows
 * out. What is left when netlink is refused; it knows no cookies, interfaces, backlogs.
 */
#ifndef BERTH_SOCKETS_LINUX_PROCNET_H
#define BERTH_SOCKETS_LINUX_PROCNET_H

#include "sockets/linux/rows.h"

struct procnet_table {
	enum berth_proto proto;
	uint8_t family; /* 4 or 6 */
	unsigned clock_ticks;
};

/* The path of the table, "/proc/net/tcp6"; NULL: there is none for this protocol. */
const char *procnet_path(enum berth_proto proto, uint8_t family);

/*
 * Calls `seen` for each row. 0, or the first non-zero answer of seen. *ret_malformed is set to true
 * when a line was not as it must be; it is left out.
 */
int procnet_decode(const char *text, size_t len, const struct procnet_table *table, rows_seen *seen,
	void *context, bool *ret_malformed);

/* Takes and replaces an address; family is 4 (first 4 bytes) or 6. */
typedef void procnet_address(void *context, uint8_t family, uint8_t address[16]);

/* Calls `change` for each address of the table and writes it back in place. */
void procnet_rewrite(
	char *text, size_t len, uint8_t family, procnet_address *change, void *context);

#endif
