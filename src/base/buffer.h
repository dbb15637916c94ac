/* SPDX-License-Identifier: MIT */
/*
 * A buffer of bytes that grows. The first failure sticks: callers append freely and look at `error`
 * once at the end, instead of checking each of twenty appends.
 */
#ifndef BERTH_BASE_BUFFER_H
#define BERTH_BASE_BUFFER_H

#include <stddef.h>
#include <stdint.h>

struct buffer {
	char *data; /* always NUL-terminated once anything was appended; NULL before */
	size_t len;
	size_t size;
	int error; /* 0, or the negative errno of the first failure; then nothing more is appended
		    */
};

/* Room for `more` bytes and a NUL behind what is there; the place to write, or NULL (see error). */
char *buffer_reserve(struct buffer *buffer, size_t more);

void buffer_bytes(struct buffer *buffer, const void *bytes, size_t len);
void buffer_text(struct buffer *buffer, const char *text);
void buffer_char(struct buffer *buffer, char c);
void buffer_uint(struct buffer *buffer, uint64_t value);
void buffer_format(struct buffer *buffer, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Appends to a struct buffer: a berth_write. 0, or its error. */
int buffer_write(void *buffer, const char *bytes, size_t len);

/* Forgets the contents (and the error), keeps the memory. */
void buffer_clear(struct buffer *buffer);

/* The contents as a NUL-terminated string, never NULL. Belongs to the buffer. */
const char *buffer_string(const struct buffer *buffer);

void buffer_free(struct buffer *buffer);

#endif
