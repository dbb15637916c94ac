/* SPDX-License-Identifier: MIT */
/*
 * An arena: many small allocations that end together. A snapshot of the machine's sockets owns one,
 * so that freeing it is one call and no row can outlive or leak.
 */
#ifndef BERTH_BASE_ARENA_H
#define BERTH_BASE_ARENA_H

#include <stddef.h>

struct arena_block;

struct arena {
	struct arena_block *blocks; /* newest first */
};

/* Memory for `size` bytes, zeroed, aligned for any type; NULL when there is none. */
void *arena_alloc(struct arena *arena, size_t size);

/* An array of `count` elements of `size` bytes, zeroed; NULL on overflow or when there is none. */
void *arena_array(struct arena *arena, size_t count, size_t size);

/*
 * Room for one element more in an array of `count` elements of `size` bytes that came from the
 * arena and has room for *room: the array, or a copy with twice the room, the new part zeroed.
 * NULL: there is no memory, and the array is as it was.
 */
void *arena_grow(struct arena *arena, void *array, size_t count, size_t *room, size_t size);

/* A copy of `len` bytes with a NUL behind them; NULL when there is no memory. */
char *arena_text(struct arena *arena, const char *bytes, size_t len);

/* Moves everything of `from` to `to`, where it lives on; `from` is empty then. */
void arena_adopt(struct arena *to, struct arena *from);

/* Frees everything that came from the arena; it can be used again. */
void arena_free(struct arena *arena);

#endif
