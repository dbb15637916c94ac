/* SPDX-License-Identifier: MIT */
/* Those makers of sockets that are asked through netlink: tunnels, and the path manager of MPTCP.
 */
#ifndef BERTH_SOCKETS_LINUX_TUNNELS_H
#define BERTH_SOCKETS_LINUX_TUNNELS_H

#include "sockets/linux/genl.h"
#include "sockets/linux/makers.h"

enum {
	TUNNELS_WIREGUARD_MOST = 256
};

/* What was found, and what is asked only once. */
struct tunnels {
	struct makers_facts *facts;
	struct genl_families families;
	uint32_t wireguard[TUNNELS_WIREGUARD_MOST]; /* interfaces that are up */
	size_t n_wireguard;
};

/* 0; -ENOMEM: what cannot be asked has nothing to say. */
int tunnels_ask_links(const struct sockets_system *system, struct tunnels *tunnels);
int tunnels_ask_fou(const struct sockets_system *system, struct tunnels *tunnels);
int tunnels_ask_l2tp(const struct sockets_system *system, struct tunnels *tunnels);
int tunnels_ask_tipc(const struct sockets_system *system, struct tunnels *tunnels);
int tunnels_ask_mptcp(const struct sockets_system *system, struct tunnels *tunnels);
int tunnels_ask_smc(const struct sockets_system *system, struct tunnels *tunnels);

/* The decoders: messages_seen whose context is a struct tunnels. */
messages_seen tunnels_link;
messages_seen tunnels_wireguard;
messages_seen tunnels_fou;
messages_seen tunnels_l2tp;
messages_seen tunnels_tipc;
messages_seen tunnels_mptcp;
messages_seen tunnels_smc;

/* A system_wash: leaves the interface and the port; keys and peers become zeros. */
system_wash tunnels_wash_wireguard;

#endif
