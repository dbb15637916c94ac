/* SPDX-License-Identifier: MIT */
/*
 * Rules that catch connections to ports of this machine before any socket gets them.
 *
 * Each source (nf_tables, iptables, IPVS, socket-lookup programs) is asked only when this kernel
 * has it, and nothing is loaded by asking. What rules mean is followed as far as it decides on
 * ports, addresses and protocols; what is not understood makes a redirect conditional, never
 * certain.
 */
#ifndef BERTH_SOCKETS_LINUX_REDIRECTS_H
#define BERTH_SOCKETS_LINUX_REDIRECTS_H

#include "sockets/linux/addresses.h"
#include "sockets/linux/flow.h"
#include "sockets/linux/rows.h"
#include "sockets/linux/system.h"

enum {
	REDIRECTS_MOST = 1024, /* more than that are not kept */
	REDIRECTS_ELSEWHERE_MOST = 64, /* of those for addresses that are none of this machine's */
};

struct redirects {
	const struct sockets_system *system; /* NULL: there is nobody to ask for addresses */
	struct addresses_answer addresses; /* of this machine; asked for when a rule has one */
	struct arena *arena; /* of the texts */
	struct berth_redirect *all;
	size_t count;
	size_t size;
	bool denied; /* somebody would not tell us */
	bool cut; /* there are more than were kept or followed */
	bool missing; /* a recording does not have them */
	size_t n_elsewhere;
	bool elsewhere_cut; /* more of those than are kept */
	int error; /* -ENOMEM, or 0 */
};

/* What a rule does with what it catches. */
struct redirects_target {
	enum berth_redirect_kind kind;
	enum berth_redirect_action action;
	const char *table;
	const char *chain;
	uint64_t handle;
	bool has_address;
	uint8_t address[16]; /* of the flow's family */
	bool has_last;
	uint8_t last[16]; /* the last address of a range */
	uint16_t first_port; /* 0: the port stays as it is */
	uint16_t last_port;
	const char *text; /* instead of address and port; NULL: none */
};

/* Keeps what a rule catches of a flow: one redirect for each range of ports. Copies the texts. */
void redirects_add(struct redirects *redirects, const struct flow *flow,
	const struct redirects_target *target);

/*
 * Whether nothing more of a flow would be kept: it is for an address that is none of this
 * machine's, and there were enough of those. A node of a cluster has thousands.
 */
bool redirects_enough(struct redirects *redirects, const struct flow *flow);

/*
 * Asks all sources for what catches the ports of the question. 0; -ENOMEM: what cannot be asked has
 * nothing to say, or *ret_unknown says why.
 */
int redirects_gather(struct redirects *redirects, const struct rows_question *question,
	const char **ret_unknown);

/* Adds those ports of this machine to which redirects go, and which were not asked for, to another
 * question. False: there are none. */
bool redirects_want(const struct redirects *redirects, const struct rows_question *asked,
	struct rows_question *more);

/* Fills in the sockets of each redirect. 0; -ENOMEM. */
int redirects_join(
	struct redirects *redirects, const struct berth_socket *sockets, size_t n_sockets);

void redirects_free(struct redirects *redirects);

#endif
