/* SPDX-License-Identifier: MIT */
/*
 * The tables nat and mangle of iptables' older interface (linux/netfilter_ipv4/ip_tables.h): one
 * block of bytes each.
 */
#ifndef BERTH_SOCKETS_LINUX_XTABLES_H
#define BERTH_SOCKETS_LINUX_XTABLES_H

#include "sockets/linux/redirects.h"

/* 0; -ENOMEM. */
int xtables_gather(const struct sockets_system *system, const struct flow_ports *wanted,
	struct redirects *redirects);

/*
 * A table: struct ipt_getinfo, then its entries. `family` 4 or 6 tells which structures they are.
 * -EBADMSG: these are no table's bytes.
 */
int xtables_decode(uint8_t family, const void *bytes, size_t len, const struct flow_ports *wanted,
	struct redirects *redirects);

#endif
