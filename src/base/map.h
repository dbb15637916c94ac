/* SPDX-License-Identifier: MIT */
/*
 * A map from 64-bit numbers (inodes, process ids, user ids) to pointers, and a set of such numbers
 * when the pointers are left NULL.
 */
#ifndef BERTH_BASE_MAP_H
#define BERTH_BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct map_slot;

struct map {
	struct map_slot *slots; /* open addressing; a power of two of them, at most half in use */
	size_t n_slots;
	size_t count;
};

/* Sets the value of `key`, replacing an older one. 0; -ENOMEM: the map is as it was. */
int map_put(struct map *map, uint64_t key, void *value);

/* Whether the key is there. */
bool map_has(const struct map *map, uint64_t key);

/* The value of the key; NULL when the key is not there. */
void *map_get(const struct map *map, uint64_t key);

/* Takes the key out. Its value; NULL when the key is not there. */
void *map_take(struct map *map, uint64_t key);

/*
 * Goes through the map in no order: start with *at 0; each time *ret_key and *ret_value get the
 * next entry. False behind the last one. The map must not change meanwhile.
 */
bool map_next(const struct map *map, size_t *at, uint64_t *ret_key, void **ret_value);

/* Frees the map, not the values. It can be used again. */
void map_free(struct map *map);

#endif
