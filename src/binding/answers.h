/* SPDX-License-Identifier: MIT */
/*
 * Which socket would get a new connection or datagram: the kernel's look-up, on plain structs. The
 * sender is an unbound socket of this machine, with an address that nobody is connected to.
 */
#ifndef BERTH_BINDING_ANSWERS_H
#define BERTH_BINDING_ANSWERS_H

#include <berth.h>

/* What a packet is sent to. */
struct answers_target {
	enum berth_proto proto; /* BERTH_TCP, BERTH_UDP or BERTH_UDPLITE */
	uint8_t family; /* 4 or 6; never an IPv4 address in IPv6 form */
	uint8_t address[16];
	uint16_t port;
	uint32_t ifindex; /* by which it comes in */
};

/* A rule that sends packets elsewhere before a socket is looked for. */
struct answers_redirect {
	uint8_t family; /* 4, 6; 0: both */
	berth_protos protos;
	uint16_t first; /* ports that it catches */
	uint16_t last;
	uint8_t prefix_len; /* of the destinations that it catches; 0: all */
	uint8_t prefix[16];
	bool local; /* catches what this machine sends itself (an output hook); else only what
		       comes from outside */
	uint8_t to_family; /* 0: the address stays */
	uint8_t to[16];
	uint16_t to_port; /* 0: the port stays */
};

struct answers_verdict {
	size_t n; /* sockets that were put into the list; 0: nobody answers */
	enum berth_via via;
	bool group; /* they share the place: which of them it is, is chosen for each connection */
	bool certain; /* false: an option that the kernel does not tell decides between them */
};

/*
 * Puts those of the sockets that would get it into `ret_list`, which has room for all; the
 * verdict says how many there are and why they. Rules: Linux 6.18, see answers.c.
 */
struct answers_verdict answers_judge(const struct answers_target *target,
	const struct berth_socket *const *sockets, size_t n_sockets,
	const struct berth_socket **ret_list);

/*
 * The first redirect that catches the target, and in *ret_target where its packets go; NULL: none
 * does. `local`: of those that catch what this machine sends itself, else of the others.
 */
const struct answers_redirect *answers_redirect(const struct answers_target *target,
	const struct answers_redirect *redirects, size_t n_redirects, bool local,
	struct answers_target *ret_target);

/* Would the socket take the target's packets if it were not bound to another interface? */
bool answers_misses_interface(
	const struct answers_target *target, const struct berth_socket *socket);

/*
 * Have two sockets nothing to do with each other? Not when they share a process, when a process of
 * one descends from a process of the other, or when two of their processes run the same program as
 * the parent that they share. A process without known owners is a stranger only to one of another
 * user.
 */
bool answers_strangers(const struct berth_socket *a, const struct berth_socket *b);

#endif
