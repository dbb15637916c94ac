/* SPDX-License-Identifier: MIT */
/*
 * The chance that a server does not get its port back when it starts again, because the kernel gave
 * the port to an outgoing connection meanwhile. Pure: from the sockets and the policy of one
 * moment.
 *
 * The rule, Linux 6.18, net/ipv4/inet_hashtables.c __inet_hash_connect: connect() without bind()
 * goes through the ports of the range that have the parity of its first port, from a place that
 * differs for each destination and moves on by a random step, and takes the others only when none
 * of these is left. It passes over reserved ports, and over ports that any socket got by bind(), as
 * a listener and the connections that it accepted. A connection that got its port so lacks
 * SO_REUSEADDR, so that a bind() of the server fails, whatever the server sets, as long as the
 * connection or its TIME_WAIT (60 s) is there (net/ipv4/inet_connection_sock.c
 * inet_bind_conflict).
 */
#ifndef BERTH_BINDING_THEFT_H
#define BERTH_BINDING_THEFT_H

#include <berth.h>

enum {
	THEFT_TIME_WAIT_S = 60, /* TCP_TIMEWAIT_LEN, include/net/tcp.h */
	THEFT_LATELY_S = 10, /* what ended since tells more of a load that has just begun */
};

struct theft_survey {
	bool known; /* there is a range, and reservations could be read */
	struct berth_port_range range;
	uint32_t closed; /* outgoing connections that ended here in the last 60 s: TIME_WAIT */
	double opens_per_s; /* taken from these, as many begin as end: lately, or in 60 s if more */
	double takes_per_s; /* how often a port that connect() takes first would be taken */
	double takes_other_per_s; /* one of the other parity: only if those are used up */
};

/* `sockets` are all of TCP in one network namespace, in the order of a snapshot. 0; -ENOMEM. */
int theft_survey(const struct berth_policy *policy, const struct berth_socket *sockets, size_t n,
	struct theft_survey *ret_survey);

/* Whether connect() takes the port while there are better ones. */
bool theft_is_preferred(const struct theft_survey *survey, uint16_t port);

/*
 * The chance that an outgoing connection has the port `gap_s` seconds after the server gave it up,
 * from 0 to 1. Assumes that connections begin at the rate of the survey, to the destinations that
 * they had, each at any of the ports that are left for it, that they last longer than the gap, and
 * that nothing that the server accepted is left on the port.
 */
double theft_chance(const struct theft_survey *survey, uint16_t port, double gap_s);

#endif
