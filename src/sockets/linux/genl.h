/* SPDX-License-Identifier: MIT */
/* Generic netlink (linux/genetlink.h): families by name, and one dump of a command. */
#ifndef BERTH_SOCKETS_LINUX_GENL_H
#define BERTH_SOCKETS_LINUX_GENL_H

#include "sockets/linux/messages.h"
#include "sockets/linux/system.h"

/* Those families that berth asks something of; 0: not in this kernel, or not loaded. */
struct genl_families {
	bool asked;
	uint16_t fou;
	uint16_t l2tp;
	uint16_t mptcp_pm;
	uint16_t tipc;
	uint16_t wireguard;
};

/*
 * Finds the numbers, once. All families are listed instead of asked for by name: a question for a
 * name has the kernel load the module (ctrl_getfamily in net/netlink/genetlink.c).
 */
void genl_find(const struct sockets_system *system, struct genl_families *families);

/* A messages_seen: fills in the struct genl_families that is its context. */
int genl_family(void *families, uint16_t type, const void *payload, size_t len);

struct genl_question {
	uint16_t family;
	uint8_t command;
	uint8_t version;
	uint16_t attribute; /* with a number; 0: none */
	uint32_t number;
	const char *name; /* of the answer in a recording */
	system_wash *wash; /* takes secrets out of the answer; NULL: there are none */
};

/* As messages_ask(); payloads begin with struct genlmsghdr. */
int genl_dump(const struct sockets_system *system, const struct genl_question *question,
	messages_seen *seen, void *context);

/* The attributes behind struct genlmsghdr. */
struct message_rest genl_attributes(const void *payload, size_t len);

#endif
