/* SPDX-License-Identifier: MIT */
/*
 * Names sockets that no process holds by what in the kernel made them.
 *
 * Nothing of the kernel carries the maker's name on a socket. So each part of the kernel that makes
 * sockets is asked where its own are (ports, addresses), and a socket without a process that stands
 * there is its. That is proof enough: the kernel's sockets are bound without SO_REUSEADDR, so while
 * the interface is up nobody else can have the port.
 */
#ifndef BERTH_SOCKETS_LINUX_MAKERS_H
#define BERTH_SOCKETS_LINUX_MAKERS_H

#include "sockets/linux/rows.h"
#include "sockets/linux/system.h"

/* Where something in the kernel has a socket. What is 0 or false is any. */
struct makers_fact {
	berth_protos protos;
	uint16_t port; /* never 0 */
	bool peer; /* port and address are those of the other end */
	uint8_t family; /* 4 or 6 */
	bool has_address;
	uint8_t address[16];
	const char *maker; /* "vxlan": one of those in makers.c */
	const char *detail; /* "interface vx0", or NULL */
};

struct makers_facts {
	struct arena *arena; /* holds the details */
	struct makers_fact *all;
	size_t count;
	size_t size;
};

/* Keeps a copy with the detail made from the format; NULL: none. 0; -ENOMEM. */
int makers_say(struct makers_facts *facts, const struct makers_fact *fact, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void makers_facts_free(struct makers_facts *facts);

/* The fact that is about a row; NULL: none. Sorts the facts when they are not. */
void makers_sort(struct makers_facts *facts);
const struct makers_fact *makers_match(
	const struct makers_facts *facts, const struct berth_socket *row);

/*
 * Asks those makers that could have made a row without an owner, and fills in maker, maker_detail,
 * reason and reason_text. Costs nothing when every row has an owner. 0; -ENOMEM: whatever cannot be
 * asked leaves rows as they are.
 */
int makers_name(const struct sockets_system *system, struct rows *rows);

#endif
