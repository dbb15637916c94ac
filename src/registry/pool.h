/* SPDX-License-Identifier: MIT */
/*
 * A pool of strings: each different text once, NUL-terminated, named by where it starts. Offset 0
 * is the empty text.
 */
#ifndef BERTH_REGISTRY_POOL_H
#define BERTH_REGISTRY_POOL_H

#include <stdint.h>

#include "base/buffer.h"

struct pool {
	struct buffer text;
	uint32_t *slots; /* offset + 1 of the text that hashes here, 0: free; n_slots is 2^n */
	size_t n_slots;
};

/* For at most `texts` different ones. 0 or -ENOMEM; pool_free after either. */
int pool_begin(struct pool *pool, size_t texts);

/* The offset of the text, which is added when it is new. 0 or -ENOMEM. */
int pool_add(struct pool *pool, const char *text, uint32_t *ret_offset);

void pool_free(struct pool *pool);

#endif
