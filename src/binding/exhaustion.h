/* SPDX-License-Identifier: MIT */
/*
 * How far it is until connect() finds no port any more, for each destination. Pure: from the
 * sockets and the policy of one moment.
 *
 * The rule, Linux 6.18, __inet_hash_connect: a connect() without a bind() tries every port of the
 * range, those with the parity of the first before the others; when their number is odd it leaves
 * out one, which depends on where it began, and so may fail one too early. It passes over a port
 * that is reserved, and over one whose bind bucket remembers a bind(): the bucket is one for all
 * addresses and both families, so a listener on ::1 keeps a port from every connection of IPv4.
 * Otherwise the port is taken if no other socket has the same two addresses and ports
 * (__inet_check_established). One in TIME_WAIT does not count when tcp_twsk_unique allows it:
 * timestamps, net.ipv4.tcp_tw_reuse (2: one end is a loopback address, or it is bound to that
 * interface), and a second since it came into this state. FIN_WAIT2, which the kernel keeps in the
 * same way, does count.
 */
#ifndef BERTH_BINDING_EXHAUSTION_H
#define BERTH_BINDING_EXHAUSTION_H

#include "binding/portlist.h"

struct exhaustion_ask {
	const struct berth_policy *policy; /* with a range */
	const struct berth_socket *sockets; /* of all namespaces, TCP and UDP, all states */
	size_t n_sockets;
	const struct berth_netns *netns; /* which of them count: as in their `netns` */
	const struct portlist *bound; /* ports that a bind() chose; NULL: only what shows */
};

/*
 * Fills in all that follows from sockets and policy; the rest of *ret_space is left as it is. Lists
 * live in the arena. 0; -ENOMEM.
 */
int exhaustion_survey(const struct exhaustion_ask *ask, struct arena *arena,
	struct berth_ephemeral_space *ret_space);

/* Whether a connect() to where this socket leads would take its port, for its state. */
bool exhaustion_is_reusable(const struct berth_policy *policy, const struct berth_socket *socket);

#endif
