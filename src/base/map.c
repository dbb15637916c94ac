// SPDX-License-Identifier: MIT
/*
 * Open addressing with linear probing. Keys are mixed first (the finaliser of MurmurHash3): inodes
 * and process ids come in runs.
 */
#include "base/map.h"

#include <errno.h>
#include <stdlib.h>

enum {
	FIRST_SLOTS = 64
};

struct map_slot {
	uint64_t key;
	void *value;
	bool used;
};

static uint64_t mix(uint64_t key)
{
	key = (key ^ (key >> 33)) * UINT64_C(0xff51afd7ed558ccd);
	key = (key ^ (key >> 33)) * UINT64_C(0xc4ceb9fe1a85ec53);
	return key ^ (key >> 33);
}

/* The slot that has the key, or the free one where it belongs. There is always a free one. */
static struct map_slot *find(struct map_slot *slots, size_t n_slots, uint64_t key)
{
	size_t at = (size_t)mix(key) & (n_slots - 1);

	while (slots[at].used && slots[at].key != key)
		at = (at + 1) & (n_slots - 1);
	return slots + at;
}

static int grow(struct map *map)
{
	size_t n_slots = map->n_slots ? map->n_slots * 2 : FIRST_SLOTS;
	struct map_slot *slots = calloc(n_slots, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	for (size_t i = 0; i < map->n_slots; i++) {
		if (map->slots[i].used)
			*find(slots, n_slots, map->slots[i].key) = map->slots[i];
	}
	free(map->slots);
	map->slots = slots;
	map->n_slots = n_slots;
	return 0;
}

int map_put(struct map *map, uint64_t key, void *value)
{
	if (map->count >= map->n_slots / 2) {
		int r = grow(map);

		if (r)
			return r;
	}
	struct map_slot *slot = find(map->slots, map->n_slots, key);
	map->count += !slot->used;
	*slot = (struct map_slot){.key = key, .value = value, .used = true};
	return 0;
}

bool map_has(const struct map *map, uint64_t key)
{
	return map->n_slots && find(map->slots, map->n_slots, key)->used;
}

void *map_get(const struct map *map, uint64_t key)
{
	return map->n_slots ? find(map->slots, map->n_slots, key)->value : NULL;
}

/* Moves those behind the gap that belong before it, so that a search never meets a gap too early.
 */
static void close_gap(struct map *map, size_t gap)
{
	size_t mask = map->n_slots - 1;

	for (size_t at = (gap + 1) & mask; map->slots[at].used; at = (at + 1) & mask) {
		size_t home = (size_t)mix(map->slots[at].key) & mask;

		if (((at - home) & mask) >= ((at - gap) & mask)) {
			map->slots[gap] = map->slots[at];
			gap = at;
		}
	}
	map->slots[gap] = (struct map_slot){0};
}

void *map_take(struct map *map, uint64_t key)
{
	struct map_slot *slot = map->n_slots ? find(map->slots, map->n_slots, key) : NULL;

	if (!slot || !slot->used)
		return NULL;
	void *value = slot->value;
	close_gap(map, (size_t)(slot - map->slots));
	map->count--;
	return value;
}

bool map_next(const struct map *map, size_t *at, uint64_t *ret_key, void **ret_value)
{
	while (*at < map->n_slots) {
		const struct map_slot *slot = map->slots + (*at)++;

		if (slot->used) {
			*ret_key = slot->key;
			*ret_value = slot->value;
			return true;
		}
	}
	return false;
}

void map_free(struct map *map)
{
	free(map->slots);
	*map = (struct map){0};
}
