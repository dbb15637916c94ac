/* SPDX-License-Identifier: MIT */
/* The kernel's counters of sockets in /proc/net: pure parsers. */
#ifndef BERTH_SOCKETS_LINUX_COUNTERS_H
#define BERTH_SOCKETS_LINUX_COUNTERS_H

#include <stddef.h>
#include <stdint.h>

/* CurrEstab in the "Tcp:" lines of /proc/net/snmp: ESTABLISHED and CLOSE_WAIT. 0 or -EBADMSG. */
int counters_established(const char *text, size_t len, uint64_t *ret_count);

/* "tw" in the "TCP:" line of /proc/net/sockstat. 0 or -EBADMSG. */
int counters_time_wait(const char *text, size_t len, uint64_t *ret_count);

/* The sum of "sockets" of NAME and NAMEv6 in /proc/net/protocols. 0; -ENOENT: this kernel has no
 * such protocol; -EBADMSG. */
int counters_protocol(const char *text, size_t len, const char *name, uint64_t *ret_count);

#endif
