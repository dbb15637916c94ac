/* SPDX-License-Identifier: MIT */
/*
 * Sorting large elements by a number that is nearly always enough to tell them apart, so that the
 * elements themselves, which are all over the memory, are hardly looked at.
 */
#ifndef BERTH_BASE_KEYED_H
#define BERTH_BASE_KEYED_H

#include <stddef.h>
#include <stdint.h>

struct keyed_place {
	uint64_t key;
	size_t at; /* which element */
};

/* The order of two elements whose keys are equal: negative, 0, positive as for qsort(3). */
typedef int keyed_compare(const void *left, const void *right);

/*
 * Sorts `count` elements of `size` bytes, by their keys and then by `compare`; the keys tell where
 * each element is now. Elements that are equal stay in their order. 0; -ENOMEM: nothing was moved.
 */
int keyed_sort(void *elements, size_t count, size_t size, struct keyed_place *keys,
	keyed_compare *compare);

#endif
