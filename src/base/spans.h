/* SPDX-License-Identifier: MIT */
/*
 * Spans: closed intervals of 16-bit numbers, and at once all that cover a given number.
 *
 * Records of one number, of small ranges and of 16,384 numbers are found in the same way: each of
 * the 65,536 numbers names a set, and numbers covered by the same spans share one. A look-up is two
 * loads, whatever the width of the ranges.
 */
#ifndef BERTH_BASE_SPANS_H
#define BERTH_BASE_SPANS_H

#include <stddef.h>
#include <stdint.h>

enum {
	SPANS_NUMBERS = 65536
};

struct spans {
	/* sets[set_of[n]] is how many spans cover n; their ids follow, ascending. set_of has
	 * SPANS_NUMBERS entries. sets[0] is 0: the empty set. */
	const uint32_t *set_of;
	const uint16_t *sets;
	size_t n_sets; /* length of `sets` in uint16_t */
	void *memory[2]; /* what spans_free gives back; none in tables that are compiled in */
};

struct spans_interval {
	uint16_t first;
	uint16_t last;
	uint16_t id;
};

/* The ids of the spans that cover `number`, ascending, and how many. Belongs to the spans. */
static inline size_t spans_at(const struct spans *spans, uint16_t number, const uint16_t **ret_ids)
{
	const uint16_t *set = spans->sets + spans->set_of[number];

	*ret_ids = set + 1;
	return set[0];
}

/*
 * Builds the map of `count` intervals (ids must not repeat; first <= last). The arrays come from
 * malloc and are freed with spans_free. 0; -ENOMEM; -EINVAL.
 */
int spans_build(const struct spans_interval *intervals, size_t count, struct spans *ret_spans);

/*
 * Checks a map that came from a file: every set lies inside `sets`, every id below `n_ids`.
 * 0, or -EBADMSG.
 */
int spans_check(const struct spans *spans, size_t n_ids);

/* Only for spans made by spans_build. */
void spans_free(struct spans *spans);

#endif
