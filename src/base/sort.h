/* SPDX-License-Identifier: MIT */
/* Sorting what is mostly in order already. */
#ifndef BERTH_BASE_SORT_H
#define BERTH_BASE_SORT_H

#include <stddef.h>

/* As qsort(3), but nothing is moved or allocated when the array is in order, which costs one
 * comparison for each element. */
void sort_array(
	void *array, size_t count, size_t size, int (*compare)(const void *a, const void *b));

#endif
