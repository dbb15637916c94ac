// SPDX-License-Identifier: MIT
/* Spans and a block, each taken round from where it begins. */
#include "leases/order.h"

enum {
	FIRST_USER = 1024,
	LAST = 65535,
};

static uint32_t size_of(struct berth_port_range range)
{
	return (uint32_t)range.last - range.first + 1;
}

static void add(struct order *order, uint32_t first, uint32_t last)
{
	if (first <= last)
		order->spans[order->n_spans++] =
			(struct berth_port_range){(uint16_t)first, (uint16_t)last};
}

struct order order_of(const struct berth_policy *policy, struct berth_port_range range)
{
	struct order order = {0};

	if (range.first || range.last) {
		add(&order, range.first ? range.first : 1, range.last);
		return order;
	}
	if (!policy->has_ephemeral) {
		add(&order, FIRST_USER, LAST);
		return order;
	}
	uint32_t first = policy->ephemeral.first;
	uint32_t last = policy->ephemeral.last;
	add(&order, last < FIRST_USER ? FIRST_USER : last + 1, LAST);
	if (first > FIRST_USER)
		add(&order, FIRST_USER, first - 1);
	add(&order, first < FIRST_USER ? FIRST_USER : first, last);
	return order;
}

uint32_t order_blocks(const struct order *order)
{
	return order->n_spans ? size_of(order->spans[0]) / ORDER_BLOCK : 0;
}

void order_begin_at(struct order *order, uint32_t block, uint32_t place, uint64_t sum)
{
	uint32_t first = order->spans[0].first + block * ORDER_BLOCK;

	order->block =
		(struct berth_port_range){(uint16_t)first, (uint16_t)(first + ORDER_BLOCK - 1)};
	order->block_start = place % ORDER_BLOCK;
	order->start = (uint32_t)(sum >> 32);
}

uint16_t order_nth(const struct order *order, uint32_t n)
{
	uint32_t block = order->block.first ? size_of(order->block) : 0;

	if (n < block)
		return (uint16_t)(order->block.first + (order->block_start + n) % block);
	n -= block;
	for (size_t i = 0; i < order->n_spans; i++) {
		uint32_t size = size_of(order->spans[i]);

		if (n < size)
			return (uint16_t)(order->spans[i].first + (order->start + n) % size);
		n -= size;
	}
	return 0;
}
