/* SPDX-License-Identifier: MIT */
/* The addresses of this machine (RTM_GETADDR, rtnetlink(7)). */
#ifndef BERTH_SOCKETS_LINUX_ADDRESSES_H
#define BERTH_SOCKETS_LINUX_ADDRESSES_H

#include "sockets/linux/messages.h"

struct addresses_one {
	uint8_t family; /* 4 or 6 */
	uint8_t bytes[16];
};

struct addresses {
	bool asked;
	struct addresses_one *all;
	size_t count;
	size_t size;
};

/* Asks once. 0; -ENOMEM. */
int addresses_ask(const struct sockets_system *system, struct addresses *addresses);

/* Whether one of this machine's, or all of loopback, has the first `bits` bits in common. */
bool addresses_have(
	const struct addresses *addresses, uint8_t family, const uint8_t *address, unsigned bits);

/* A messages_seen whose context is a struct addresses. */
messages_seen addresses_one;

void addresses_free(struct addresses *addresses);

#endif
