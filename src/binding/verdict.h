/* SPDX-License-Identifier: MIT */
/*
 * Would a bind succeed? The kernel's rules on plain structs, each with the function that it is
 * taken from (Linux 6.18; what differs in 6.1 is said there). No answer is guessed: what decides
 * and is not known makes the verdict unknown.
 */
#ifndef BERTH_BINDING_VERDICT_H
#define BERTH_BINDING_VERDICT_H

#include <berth.h>

/* Yes, no, or not known: -1. */
typedef int8_t verdict_truth;

/*
 * What TCP's bind bucket remembers of all that were ever bound to the port, as long as any is left
 * (struct inet_bind_bucket): who matches it is compared with nobody.
 */
struct verdict_bucket {
	bool reuseaddr; /* all have SO_REUSEADDR, and none listens (fastreuse) */
	bool reuseport; /* one was bound with SO_REUSEPORT, of which the rest is (fastreuseport) */
	bool any_address; /* all were: FASTREUSEPORT_ANY */
	uint32_t uid;
	uint8_t family; /* 4 or 6 */
	uint8_t address4[4]; /* sk_rcv_saddr, which a socket of IPv6 has too */
	uint8_t address6[16]; /* of family 6 */
	bool v6only;
};

/* The socket that would be bound. Addresses as in berth_bind; never an IPv4 one in IPv6 form. */
struct verdict_bind {
	enum berth_proto proto; /* BERTH_TCP, BERTH_UDP, BERTH_UDPLITE, BERTH_SCTP, BERTH_DCCP */
	uint8_t family; /* 4 or 6 */
	uint8_t address[16];
	bool mapped; /* family is 4, in an IPv6 socket: ::ffff:127.0.0.1 */
	uint16_t port; /* not 0 */
	bool v6only;
	bool reuseaddr;
	bool reuseport;
	bool freebind; /* or transparent */
	bool listen; /* listen(2) too */
	uint32_t ifindex; /* SO_BINDTODEVICE; 0: none */
	uint32_t uid;
	verdict_truth may_bind_low; /* CAP_NET_BIND_SERVICE */
	const struct verdict_bucket *bucket; /* of TCP; NULL: not known */
};

/* What of the host counts besides its sockets. */
struct verdict_host {
	const struct berth_policy *policy;
	verdict_truth address_is_local; /* bind->address, or a multicast or broadcast one */
};

/* Why a bind fails before any other socket is looked at; 0: it does not. Negative: not known. */
struct verdict_check {
	verdict_truth fails;
	enum berth_bind_cause cause;
	int errnum; /* positive */
};

/* The checks of inet_bind and inet6_bind in their order; the first that fails, or may fail. */
struct verdict_check verdict_before(
	const struct verdict_bind *bind, const struct verdict_host *host);

/*
 * Is the socket in the way? `socket` has the same port. 1: EADDRINUSE, 0: no; -1: an option of it
 * decides that is not known.
 */
verdict_truth verdict_conflicts(const struct verdict_bind *bind, const struct berth_socket *socket);

/* Whether both could be asked for one packet: their addresses and interfaces overlap. */
verdict_truth verdict_overlaps(const struct verdict_bind *bind, const struct berth_socket *socket);

/*
 * Of all sockets with that port: 1, EADDRINUSE; 0; -1. For UDP the first that overlaps decides, in
 * the order of the kernel's table, when it shares by SO_REUSEPORT (udp_lib_lport_inuse).
 */
verdict_truth verdict_judge(const struct verdict_bind *bind,
	const struct berth_socket *const *sockets, size_t n_sockets);

/* sock_no_listen(): EOPNOTSUPP once it is bound. */
bool verdict_cannot_listen(const struct verdict_bind *bind);

/* "EADDRINUSE", …, of what bind(2) and listen(2) answer; "E?" for any other. */
const char *verdict_errno_name(int errnum);

bool verdict_is_wildcard(const struct verdict_bind *bind);

#endif
