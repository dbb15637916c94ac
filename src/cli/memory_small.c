// SPDX-License-Identifier: MIT
/*
 * malloc(3) for the small program, which lives for less than a millisecond. musl's own maps and
 * unmaps a handful of pages for nearly each of berth's buffers, and a page that comes back must be
 * cleared again: that was a third of the time of `berth PORT`. Here blocks are of a few sizes, cut
 * from the front of a piece of memory that is never given back, and those that were freed wait in a
 * list for the next of their size. Large blocks are mappings of their own, since mremap(2) lets
 * them grow without a copy.
 */
#include <errno.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
	STEP = 16, /* alignment, and the size of what stands before each block */
	SMALLEST = 32, /* whole sizes, with what stands before */
	CLASSES = 13, /* 32 bytes, 64, and so on to 128 KiB */
	FIRST_PIECE = 192 << 10, /* enough for one port */
	PIECE = 1 << 20,
};

/* What stands before each block. */
union head {
	struct {
		size_t whole; /* bytes, with this; of a class, or a mapping's */
		union head *next; /* while it is free; of an aligned one: the block around it */
	};
	char bytes[STEP];
};

_Static_assert(sizeof(union head) == STEP, "blocks are aligned by what stands before them");

static alignas(4096) char first_piece[FIRST_PIECE];
static char *piece = first_piece; /* what is left of the newest piece */
static size_t left = FIRST_PIECE;
static union head *freed[CLASSES];
static atomic_flag busy = ATOMIC_FLAG_INIT;

/* Threads share it only while they look through /proc, and hold it for some nanoseconds. */
static void lock(void)
{
	while (atomic_flag_test_and_set_explicit(&busy, memory_order_acquire))
		;
}

static void unlock(void)
{
	atomic_flag_clear_explicit(&busy, memory_order_release);
}

/* CLASSES: too large for any. */
static unsigned class_of(size_t whole)
{
	unsigned class = 0;

	while (class < CLASSES && (size_t)SMALLEST << class < whole)
		class ++;
	return class;
}

static void *map(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

/* A block that nobody had before. What is left of a piece that is too small is not used. */
static union head *cut(size_t whole)
{
	if (left < whole) {
		char *next = map(PIECE);

		if (!next)
			return NULL;
		piece = next;
		left = PIECE;
	}
	union head *head = (void *)piece;
	piece += whole;
	left -= whole;
	return head;
}

static union head *take(unsigned class, bool *ret_clear)
{
	lock();
	union head *head = freed[class];
	if (head)
		freed[class] = head->next;
	else
		*ret_clear = true;
	head = head ? head : cut((size_t)SMALLEST << class);
	unlock();
	if (head)
		head->whole = (size_t)SMALLEST << class;
	return head;
}

/* *ret_clear: the memory is all zeros. */
static void *allocate(size_t size, bool *ret_clear)
{
	union head *head = NULL;

	if (size > PTRDIFF_MAX - STEP) {
		errno = ENOMEM;
		return NULL;
	}
	unsigned class = class_of(size + STEP);
	if (class < CLASSES) {
		head = take(class, ret_clear);
	} else {
		head = map(size + STEP);
		*ret_clear = true;
		if (head)
			head->whole = size + STEP;
	}
	return head ? head + 1 : NULL;
}

void *malloc(size_t size)
{
	bool clear = false;

	return allocate(size, &clear);
}

void *calloc(size_t count, size_t size)
{
	size_t bytes = 0;
	bool clear = false;

	if (__builtin_mul_overflow(count, size, &bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	void *memory = allocate(bytes, &clear);
	return memory && !clear ? memset(memory, 0, bytes) : memory;
}

void free(void *memory)
{
	union head *head = memory;

	if (!head)
		return;
	head--;
	if (!head->whole) /* aligned */
		head = head->next;
	unsigned class = class_of(head->whole);
	if (class == CLASSES) {
		int before = errno;

		(void)munmap(head, head->whole);
		errno = before;
		return;
	}
	lock();
	head->next = freed[class];
	freed[class] = head;
	unlock();
}

/* NULL: it has to be copied. */
static void *grow_mapping(union head *head, size_t size)
{
	if (class_of(head->whole) < CLASSES || class_of(size + STEP) < CLASSES)
		return NULL;
	union head *moved = mremap(head, head->whole, size + STEP, MREMAP_MAYMOVE);
	if (moved == MAP_FAILED)
		return NULL;
	moved->whole = size + STEP;
	return moved + 1;
}

void *realloc(void *memory, size_t size)
{
	union head *head = memory;

	if (!memory || size > PTRDIFF_MAX - STEP)
		return malloc(size);
	head--;
	size_t had = head->whole - STEP;
	if (head->whole && class_of(head->whole) < CLASSES && size <= had)
		return memory;
	void *moved = head->whole ? grow_mapping(head, size) : NULL;
	if (moved)
		return moved;
	if (!head->whole) /* aligned: how much of the block around it is before it */
		had = head->next->whole - (size_t)((char *)memory - (char *)head->next);
	moved = malloc(size);
	if (moved) {
		memcpy(moved, memory, had < size ? had : size);
		free(memory);
	}
	return moved;
}

/* Nothing of berth's asks for it; musl's posix_memalign(3) and memalign(3) do. */
void *aligned_alloc(size_t alignment, size_t size)
{
	if (!alignment || alignment & (alignment - 1) || size > PTRDIFF_MAX - alignment - STEP) {
		errno = alignment & (alignment - 1) ? EINVAL : ENOMEM;
		return NULL;
	}
	if (alignment <= STEP)
		return malloc(size);
	char *around = malloc(size + alignment);
	if (!around)
		return NULL;
	char *memory = around + (-(uintptr_t)around & (alignment - 1));
	if (memory != around) {
		union head *head = (union head *)(void *)memory - 1;

		*head = (union head){.next = (union head *)(void *)around - 1};
	}
	return memory;
}
