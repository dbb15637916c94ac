/* SPDX-License-Identifier: MIT */
/*
 * A set of port numbers, and the way the kernel writes one in net.ipv4.ip_local_reserved_ports:
 * "8000-8010,9000". Pure.
 */
#ifndef BERTH_BINDING_PORTLIST_H
#define BERTH_BINDING_PORTLIST_H

#include <berth.h>

#include "base/arena.h"
#include "base/buffer.h"

enum {
	PORTLIST_PORTS = 65536,
	PORTLIST_BYTES = PORTLIST_PORTS / 8,
};

/* All zeros is the empty set. */
struct portlist {
	uint8_t bits[PORTLIST_BYTES];
};

bool portlist_has(const struct portlist *list, uint16_t port);
void portlist_add_range(struct portlist *list, uint16_t first, uint16_t last);
uint32_t portlist_count(const struct portlist *list);
bool portlist_equal(const struct portlist *a, const struct portlist *b);

/* Adds all of `other`; takes all of it away; keeps only what is in both. */
void portlist_add(struct portlist *list, const struct portlist *other);
void portlist_remove(struct portlist *list, const struct portlist *other);
void portlist_keep(struct portlist *list, const struct portlist *other);

/*
 * The next run of neighbours at or above `from`: true, and its ends. To go through all:
 * `for (uint32_t at = 0; portlist_next(list, at, &range); at = range.last + 1)`.
 */
bool portlist_next(const struct portlist *list, uint32_t from, struct berth_port_range *ret_range);

/*
 * Adds what a text names, in any order, white space around it; an empty text names none.
 * -EBADMSG: it is no such list, and then nothing was added.
 */
int portlist_parse(const char *text, size_t len, struct portlist *list);

/* Appends the list as the kernel writes it. */
void portlist_print(const struct portlist *list, struct buffer *out);

/* Its runs as an array in the arena; none: NULL and 0. -ENOMEM. */
int portlist_ranges(const struct portlist *list, struct arena *arena,
	const struct berth_port_range **ret_ranges, size_t *ret_n_ranges);

#endif
