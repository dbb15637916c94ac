// SPDX-License-Identifier: MIT
/*
 * The string pool: an open hash table over a growing buffer. Hash: FNV-1a, 32 bits.
 */
#include "registry/pool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int pool_begin(struct pool *pool, size_t texts)
{
	uint32_t empty;

	*pool = (struct pool){.n_slots = 16};
	while (pool->n_slots < texts * 2 + 2)
		pool->n_slots *= 2;
	pool->slots = calloc(pool->n_slots, sizeof(*pool->slots));
	return pool->slots ? pool_add(pool, "", &empty) : -ENOMEM;
}

static uint32_t hash(const char *text)
{
	uint32_t value = UINT32_C(2166136261);

	for (; *text; text++)
		value = (value ^ (unsigned char)*text) * UINT32_C(16777619);
	return value;
}

int pool_add(struct pool *pool, const char *text, uint32_t *ret_offset)
{
	size_t at = hash(text);

	for (;; at++) {
		uint32_t taken = pool->slots[at & (pool->n_slots - 1)];

		if (!taken)
			break;
		if (strcmp(pool->text.data + taken - 1, text) == 0) {
			*ret_offset = taken - 1;
			return 0;
		}
	}
	if (pool->text.len >= UINT32_MAX / 2)
		return -ENOMEM;
	uint32_t offset = (uint32_t)pool->text.len;
	buffer_bytes(&pool->text, text, strlen(text) + 1);
	if (pool->text.error)
		return pool->text.error;
	pool->slots[at & (pool->n_slots - 1)] = offset + 1;
	*ret_offset = offset;
	return 0;
}

void pool_free(struct pool *pool)
{
	free(pool->slots);
	buffer_free(&pool->text);
	*pool = (struct pool){0};
}
