// SPDX-License-Identifier: MIT
/*
 * Sweeps once over the borders of all intervals; between two borders the covering set is the same.
 */
#include "base/spans.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/sort.h"

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

/* Takes what ends before `number` out and what begins at it in; true when that changed anything. */
static bool cross_border(struct builder *b, const struct spans_interval *by_first, size_t *first,
	const struct spans_interval *by_last, size_t *last, size_t count, uint32_t number)
{
	bool changed = false;

	for (; *last < count && by_last[*last].last + 1U == number; ++*last, changed = true)
		remove_id(b, by_last[*last].id);
	for (; *first < count && by_first[*first].first == number; ++*first, changed = true)
		insert_id(b, by_first[*first].id);
	return changed;
}

/* The next number behind which the covering set may be another one. */
static uint32_t next_border(const struct spans_interval *by_first, size_t first,
	const struct spans_interval *by_last, size_t last, size_t count)
{
	uint32_t begins = first < count ? by_first[first].first : SPANS_NUMBERS;
	uint32_t ends = last < count ? by_last[last].last + 1U : SPANS_NUMBERS;

	return begins < ends ? begins : ends;
}

static int sweep(struct builder *b, const struct spans_interval *by_first,
	const struct spans_interval *by_last, size_t count)
{
	size_t first = 0;
	size_t last = 0;
	uint32_t set = 0;
	int r = add_set(b, &set); /* the empty set, at 0 */

	for (uint32_t number = 0; !r && number < SPANS_NUMBERS;) {
		if (cross_border(b, by_first, &first, by_last, &last, count, number))
			r = add_set(b, &set);
		uint32_t border = next_border(by_first, first, by_last, last, count);

		/* Between two borders all numbers share one set; the empty one is there already. */
		if (set) {
			for (uint32_t i = number; i < border; i++)
				b->set_of[i] = set;
		}
		number = border;
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
		sort_array(sorted, count, sizeof(*sorted), compare_first);
		sort_array(sorted + count, count, sizeof(*sorted), compare_last);
	}
	r = sweep(&b, sorted, sorted + count, count);
	if (r)
		goto out;
	*ret_spans = (struct spans){b.set_of, b.sets, b.n_sets, {b.set_of, b.sets}};
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
	free(spans->memory[0]);
	free(spans->memory[1]);
	*spans = (struct spans){0};
}
