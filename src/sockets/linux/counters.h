/* SPDX-License-Identifier: MIT */
/* The kernel's counters of sockets in /proc/net: pure parsers. */
#ifndef BERTH_SOCKETS_LINUX_COUNTERS_H
#define BERTH_SOCKETS_LINUX_COUNTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <berth.h>

/* CurrEstab in the "Tcp:" lines of /proc/net/snmp: ESTABLISHED and CLOSE_WAIT. 0 or -EBADMSG. */
int counters_established(const char *text, size_t len, uint64_t *ret_count);

/* "tw" in the "TCP:" line of /proc/net/sockstat. 0 or -EBADMSG. */
int counters_time_wait(const char *text, size_t len, uint64_t *ret_count);

struct counters_protocol {
	bool listed; /* else the kernel has no such protocol, or not yet */
	uint64_t sockets; /* of IPv4 and IPv6 */
};

/* What /proc/net/protocols says of each. 0 or -EBADMSG. */
int counters_protocols(
	const char *text, size_t len, struct counters_protocol ret_counts[BERTH_PROTOS]);

#endif
