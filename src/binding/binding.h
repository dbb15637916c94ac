/* SPDX-License-Identifier: MIT */
/*
 * The host's policy on ports, and whether a bind would succeed: pure functions of plain structs, so
 * that each rule is tested without a kernel.
 */
#ifndef BERTH_BINDING_BINDING_H
#define BERTH_BINDING_BINDING_H

#include <berth.h>

enum {
	BINDING_MAPPED_PREFIX = 12, /* bytes in front of the IPv4 address of a mapped one */
};

/* ::ffff:0:0/96, an IPv4 address in IPv6 form (RFC 4291 section 2.5.5.2). */
bool binding_is_mapped(const uint8_t address[16]);

bool binding_is_ephemeral(const struct berth_policy *policy, uint16_t port);
bool binding_is_reserved(const struct berth_policy *policy, uint16_t port);
bool binding_is_privileged(const struct berth_policy *policy, uint16_t port);

/*
 * What a transport's sockets with one local port amount to. `sockets` all have that port; `gaps` as
 * in the snapshot, which asked for all states.
 */
enum berth_use binding_use(const struct berth_socket *const *sockets, size_t n_sockets,
	enum berth_proto transport, unsigned gaps);

/*
 * Would a plain server (wildcard address of both families, no socket options) that is a process
 * like this one get the port? *ret_why is a constant text, NULL for yes. Rules: Linux 6.1,
 * net/ipv4/inet_connection_sock.c inet_csk_get_port, net/ipv4/udp.c udp_lib_get_port.
 */
enum berth_bindable binding_plain(const struct berth_policy *policy,
	const struct berth_socket *const *sockets, size_t n_sockets, enum berth_proto transport,
	uint16_t port, unsigned gaps, const char **ret_why);

#endif
