/* SPDX-License-Identifier: MIT */
/*
 * What this host does with port numbers: the sysctls of Documentation/networking/ip-sysctl.rst and
 * our own capability. Parsers are pure.
 */
#ifndef BERTH_SOCKETS_LINUX_POLICY_H
#define BERTH_SOCKETS_LINUX_POLICY_H

#include "base/arena.h"
#include "sockets/linux/system.h"

/* Fills in what can be read; nothing is an error but -ENOMEM. Lists live in the arena. `reuse`:
 * also what decides whether ports in TIME_WAIT are taken again. */
int policy_read(const struct sockets_system *system, struct arena *arena, bool reuse,
	struct berth_policy *ret_policy);

/* The same of the three files that divide the ports; what is in others is not known. */
int policy_read_ports(
	const struct sockets_system *system, struct arena *arena, struct berth_policy *ret_policy);

/*
 * The same by files that are kept open from one question to the next, of this machine alone:
 * `netns` is the cookie of the network namespace that the caller is in.
 */
int policy_read_kept(const struct sockets_system *system, uint64_t netns, struct arena *arena,
	struct berth_policy *ret_policy);

/* NULL: no memory, and then they are not kept. */
struct policy_kept *policy_kept_new(void);
void policy_kept_free(struct policy_kept *kept);

/* ip_local_port_range, "32768\t60999\n". 0 or -EBADMSG. */
int policy_parse_range(const char *text, size_t len, struct berth_port_range *ret_range);

/* ip_local_reserved_ports, "8080,9000-9100\n", or nothing. 0; -EBADMSG; -ENOMEM. */
int policy_parse_reserved(struct arena *arena, const char *text, size_t len,
	const struct berth_port_range **ret_ranges, size_t *ret_n_ranges);

/* ip_unprivileged_port_start, "1024\n", up to 65536. 0 or -EBADMSG. */
int policy_parse_start(const char *text, size_t len, uint32_t *ret_start);

#endif
