/* SPDX-License-Identifier: MIT */
/*
 * In which order ports are tried for a lease: first those of the project's own block, beginning
 * with the one of the name, then those that the kernel never lends to clients, the upper ones
 * first, and at last the ephemeral ones. Pure.
 */
#ifndef BERTH_LEASES_ORDER_H
#define BERTH_LEASES_ORDER_H

#include <stddef.h>
#include <stdint.h>

#include <berth.h>

enum {
	ORDER_BLOCK = 16, /* ports of a project */
};

struct order {
	struct berth_port_range spans[3]; /* one after the other; each is begun at `start` */
	size_t n_spans;
	uint32_t start;
	struct berth_port_range block; /* 0-0: of no project */
	uint32_t block_start;
};

/* All ports there are, as the policy divides them; or those of `range` alone, unless it is 0-0. */
struct order order_of(const struct berth_policy *policy, struct berth_port_range range);

/* How many blocks the first span has; 0: it is too small for any. */
uint32_t order_blocks(const struct order *order);

/* Begins with a block of the first span (from 0), at this place in it; what comes behind the block
 * begins where `sum` says. */
void order_begin_at(struct order *order, uint32_t block, uint32_t place, uint64_t sum);

/* The port that is tried as the nth (from 0); 0: that was all. Some come twice. */
uint16_t order_nth(const struct order *order, uint32_t n);

#endif
