// SPDX-License-Identifier: MIT
/* The allocator of the small program, under other names beside the C library's own. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

void *small_malloc(size_t size);
void *small_calloc(size_t count, size_t size);
void *small_realloc(void *memory, size_t size);
void *small_aligned_alloc(size_t alignment, size_t size);
void small_free(void *memory);

#define malloc small_malloc
#define calloc small_calloc
#define realloc small_realloc
#define aligned_alloc small_aligned_alloc
#define free small_free
#include "cli/memory_small.c" /* NOLINT(bugprone-suspicious-include) */

enum {
	BLOCKS = 300,
	ROUNDS = 60000,
	LARGEST = 300000,
};

struct block {
	unsigned char *bytes;
	size_t size;
	unsigned char mark; /* in each byte */
};

static uint32_t next(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

static void check(const struct block *block, size_t size)
{
	for (size_t i = 0; i<size; i += size> 4096 ? 997 : 1)
		assert_int_equal(block->bytes[i], block->mark);
}

static void fill(struct block *block, size_t size, unsigned char mark)
{
	block->size = size;
	block->mark = mark;
	memset(block->bytes, mark, size);
}

/* Mostly small, now and then large. */
static size_t some_size(uint32_t *state)
{
	uint32_t random = next(state);

	return random % (random % 50 ? 2000 : LARGEST) + 1;
}

static void turn(struct block *block, uint32_t *state)
{
	size_t size = some_size(state);
	unsigned char mark = (unsigned char)next(state);

	if (!block->bytes && next(state) % 2) {
		block->bytes = small_calloc(1, size);
		assert_non_null(block->bytes);
		block->mark = 0;
		check(block, size);
	} else if (!block->bytes) {
		block->bytes =
			next(state) % 4 ? small_malloc(size) : small_aligned_alloc(256, size);
		assert_non_null(block->bytes);
	} else if (next(state) % 2) {
		block->bytes = small_realloc(block->bytes, size);
		assert_non_null(block->bytes);
		check(block, size < block->size ? size : block->size);
	} else {
		check(block, block->size);
		small_free(block->bytes);
		*block = (struct block){0};
		return;
	}
	assert_int_equal((uintptr_t)block->bytes % 16, 0);
	fill(block, size, mark);
}

static void *use(void *seed)
{
	struct block *blocks = (calloc)(BLOCKS, sizeof(*blocks));
	uint32_t state = *(uint32_t *)seed;

	for (int i = 0; i < ROUNDS; i++)
		turn(&blocks[next(&state) % BLOCKS], &state);
	for (int i = 0; i < BLOCKS; i++) {
		if (blocks[i].bytes)
			check(&blocks[i], blocks[i].size);
		small_free(blocks[i].bytes);
	}
	(free)(blocks);
	return NULL;
}

static void blocks_keep_what_was_written_whatever_is_done_around_them(void **state)
{
	uint32_t seed = 60587;

	(void)state;
	(void)use(&seed);
}

static void threads_share_it(void **state)
{
	static uint32_t seeds[] = {1, 22, 333};
	pthread_t threads[3];

	(void)state;
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, use, &seeds[i]), 0);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
}

static void what_cannot_be_is_refused(void **state)
{
	(void)state;
	errno = 0;
	assert_null(small_malloc(SIZE_MAX - 8));
	assert_int_equal(errno, ENOMEM);
	assert_null(small_calloc(SIZE_MAX / 2, 3));
	assert_null(small_aligned_alloc(24, 100));
	assert_int_equal(errno, EINVAL);
	small_free(NULL);
	void *memory = small_realloc(NULL, 10);
	assert_non_null(memory);
	assert_null(small_realloc(memory, SIZE_MAX - 8));
	small_free(memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocks_keep_what_was_written_whatever_is_done_around_them),
		cmocka_unit_test(threads_share_it),
		cmocka_unit_test(what_cannot_be_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
