// SPDX-License-Identifier: MIT
/*
 * Sweeps once over the borders of all intervals; between two borders the covering set is the same.
 */
#include "base/spans.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct builder {
	uint32_t *set_of;
	uint16_t *sets;
	size_t n_sets;
	size_t size;
	uint16_t *open; /* ids that cover the current number, ascending */
	size_t n_open;
};

static int compare_first(const void *a, const void *b)
{
	const struct spans_interval *x = a;
	const struct spans_interval *y = b;

	if (x->first != y->first)
		return x->first < y->first ? -1 : 1;
	return (x->id > y->id) - (x->id < y->id);
}

static int compare_last(const void *a, const void *b)
{
	const struct spans_interval *x = a;
	const struct spans_interval *y = b;

	return (x->last > y->last) - (x->last < y->last);
}

static void insert_id(struct builder *b, uint16_t id)
{
	size_t at = b->n_open++;

	for (; at && b->open[at - 1] > id; at--)
		b->open[at] = b->open[at - 1];
	b->open[at] = id;
}

static void remove_id(struct builder *b, uint16_t id)
{
	size_t at = 0;

	while (at < b->n_open && b->open[at] != id)
		at++;
	if (at == b->n_open)
		return;
	b->n_open--;
	memmove(b->open + at, b->open + at + 1, (b->n_open - at) * sizeof(*b->open));
}

/* Appends the set that is open now; its place goes to *ret_at. */
static int add_set(struct builder *b, uint32_t *ret_at)
{
	size_t need = b->n_sets + 1 + b->n_open;

	if (!b->n_open && b->n_sets) {
		*ret_at = 0;
		return 0;
	}
	if (need > b->size) {
		size_t size = need * 2;
		uint16_t *sets = realloc(b->sets, size * sizeof(*sets));

		if (!sets)
			return -ENOMEM;
		b->sets = sets;
		b->size = size;
	}
	*ret_at = (uint32_t)b->n_sets;
	b->sets[b->n_sets++] = (uint16_t)b->n_open;
	if (b->n_open)
		memcpy(b->sets + b->n_sets, b->open, b->n_open * sizeof(*b->open));
	b->n_sets += b->n_open;
	return 0;
}

static int sweep(struct builder *b, const struct spans_interval *by_first,
	const struct spans_interval *by_last, size_t count)
{
	size_t next_first = 0;
	size_t next_last = 0;
	uint32_t set = 0;
	int r = add_set(b, &set); /* the empty set, at 0 */

	for (uint32_t number = 0; !r && number < SPANS_NUMBERS; number++) {
		bool changed = false;

		for (; next_last < count && by_last[next_last].last + 1U == number; next_last++) {
			remove_id(b, by_last[next_last].id);
			changed = true;
		}
		for (; next_first < count && by_first[next_first].first == number; next_first++) {
			insert_id(b, by_first[next_first].id);
			changed = true;
		}
		if (changed)
			r = add_set(b, &set);
		b->set_of[number] = set;
	}
	return r;
}

int spans_build(const struct spans_interval *intervals, size_t count, struct spans *ret_spans)
{
	struct builder b = {0};
	struct spans_interval *sorted = NULL;
	int r = -ENOMEM;

	for (size_t i = 0; i < count; i++) {
		if (intervals[i].first > intervals[i].last)
			return -EINVAL;
	}
	if (count > UINT16_MAX)
		return -EINVAL;
	sorted = calloc(count * 2 + 1, sizeof(*sorted));
	b.set_of = calloc(SPANS_NUMBERS, sizeof(*b.set_of));
	b.open = calloc(count + 1, sizeof(*b.open));
	if (!sorted || !b.set_of || !b.open)
		goto out;
	if (count) {
		memcpy(sorted, intervals, count * sizeof(*sorted));
		memcpy(sorted + count, intervals, count * sizeof(*sorted));
		qsort(sorted, count, sizeof(*sorted), compare_first);
		qsort(sorted + count, count, sizeof(*sorted), compare_last);
	}
	r = sweep(&b, sorted, sorted + count, count);
	if (r)
		goto out;
	*ret_spans = (struct spans){b.set_of, b.sets, b.n_sets};
	b.set_of = NULL;
	b.sets = NULL;
out:
	free(b.open);
	free(b.sets);
	free(b.set_of);
	free(sorted);
	return r;
}

int spans_check(const struct spans *spans, size_t n_ids)
{
	for (size_t number = 0; number < SPANS_NUMBERS; number++) {
		size_t at = spans->set_of[number];

		if (number && spans->set_of[number] == spans->set_of[number - 1])
			continue;
		if (at >= spans->n_sets || spans->sets[at] > spans->n_sets - at - 1)
			return -EBADMSG;
		for (size_t i = 1; i <= spans->sets[at]; i++) {
			if (spans->sets[at + i] >= n_ids)
				return -EBADMSG;
		}
	}
	return 0;
}

void spans_free(struct spans *spans)
{
	free((void *)(uintptr_t)spans->set_of); /* const for readers, ours by spans_build */
	free((void *)(uintptr_t)spans->sets);
	*spans = (struct spans){0};
}
