// SPDX-License-Identifier: MIT
/*
 * A merge sort of keys, then each element is moved once. qsort(3) is not the same everywhere: where
 * it takes no memory it moves elements at every step.
 */
#include "base/keyed.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct sorting {
	const char *elements;
	size_t size;
	keyed_compare *compare;
};

static bool in_order(const struct sorting *sorting, const struct keyed_place *left,
	const struct keyed_place *right)
{
	if (left->key != right->key)
		return left->key < right->key;
	return sorting->compare(sorting->elements + left->at * sorting->size,
		       sorting->elements + right->at * sorting->size) <= 0;
}

/* Merges the two sorted runs from[0, middle) and from[middle, end) into `to`. */
static void merge(const struct sorting *sorting, const struct keyed_place *from, size_t middle,
	size_t end, struct keyed_place *to)
{
	size_t left = 0;
	size_t right = middle;

	while (left < middle && right < end) {
		if (in_order(sorting, from + left, from + right))
			*to++ = from[left++];
		else
			*to++ = from[right++];
	}
	memcpy(to, from + left, (middle - left) * sizeof(*to));
	to += middle - left;
	memcpy(to, from + right, (end - right) * sizeof(*to));
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Runs of twice the length each time; the keys go to and fro between the two arrays. */
static void sort_keys(const struct sorting *sorting, struct keyed_place *keys,
	struct keyed_place *other, size_t count)
{
	struct keyed_place *from = keys;
	struct keyed_place *to = other;

	for (size_t run = 1; run < count; run *= 2) {
		for (size_t start = 0; start < count; start += 2 * run)
			merge(sorting, from + start, least(run, count - start),
				least(2 * run, count - start), to + start);
		struct keyed_place *swapped = from;
		from = to;
		to = swapped;
	}
	if (from != keys)
		memcpy(keys, from, count * sizeof(*keys));
}

/* Moves each element to the place of its key, along the cycles of the permutation. */
static void move(char *elements, size_t count, size_t size, struct keyed_place *keys, char *spare)
{
	for (size_t start = 0; start < count; start++) {
		size_t hole = start;

		if (keys[start].at == start)
			continue;
		memcpy(spare, elements + start * size, size);
		while (keys[hole].at != start) {
			size_t next = keys[hole].at;

			memcpy(elements + hole * size, elements + next * size, size);
			keys[hole].at = hole;
			hole = next;
		}
		memcpy(elements + hole * size, spare, size);
		keys[hole].at = hole;
	}
}

int keyed_sort(
	void *elements, size_t count, size_t size, struct keyed_place *keys, keyed_compare *compare)
{
	const struct sorting sorting = {.elements = elements, .size = size, .compare = compare};

	if (count < 2)
		return 0;
	struct keyed_place *other = calloc(count, sizeof(*other));
	char *spare = malloc(size);
	if (other && spare) {
		sort_keys(&sorting, keys, other, count);
		move(elements, count, size, keys, spare);
	}
	int r = other && spare ? 0 : -ENOMEM;
	free(other);
	free(spare);
	return r;
}
