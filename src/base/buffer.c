// SPDX-License-Identifier: MIT
/*
 * The growable buffer behind every text that berth makes.
 */
#include "base/buffer.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	FIRST_SIZE = 256,
	USUAL_TEXT = 63, /* bytes that a format makes, at most, mostly */
};

static int grow(struct buffer *buffer, size_t need)
{
	size_t size = buffer->size ? buffer->size : FIRST_SIZE;

	while (size < need) {
		if (size > SIZE_MAX / 2)
			return -ENOMEM;
		size *= 2;
	}
	char *data = realloc(buffer->data, size);
	if (!data)
		return -ENOMEM;
	buffer->data = data;
	buffer->size = size;
	return 0;
}

char *buffer_reserve(struct buffer *buffer, size_t more)
{
	if (buffer->error)
		return NULL;
	if (more >= SIZE_MAX - buffer->len)
		buffer->error = -ENOMEM;
	else if (buffer->size - buffer->len <= more)
		buffer->error = grow(buffer, buffer->len + more + 1);
	return buffer->error ? NULL : buffer->data + buffer->len;
}

/*
 * Most of what is appended is a few bytes long, and a call for each, or a string instruction as in
 * musl, takes longer than the copying. Two moves that overlap do any length in their range.
 */
static void copy(char *to, const char *from, size_t len)
{
	if (len > 2 * sizeof(uint64_t)) {
		memcpy(to, from, len);
	} else if (len >= sizeof(uint64_t)) {
		memcpy(to, from, sizeof(uint64_t));
		memcpy(to + len - sizeof(uint64_t), from + len - sizeof(uint64_t),
			sizeof(uint64_t));
	} else if (len >= sizeof(uint32_t)) {
		memcpy(to, from, sizeof(uint32_t));
		memcpy(to + len - sizeof(uint32_t), from + len - sizeof(uint32_t),
			sizeof(uint32_t));
	} else if (len) {
		to[0] = from[0];
		to[len / 2] = from[len / 2];
		to[len - 1] = from[len - 1];
	}
}

void buffer_bytes(struct buffer *buffer, const void *bytes, size_t len)
{
	char *place = buffer_reserve(buffer, len);

	if (!place)
		return;
	copy(place, bytes, len);
	place[len] = '\0';
	buffer->len += len;
}

int buffer_write(void *buffer, const char *bytes, size_t len)
{
	struct buffer *out = buffer;

	buffer_bytes(out, bytes, len);
	return out->error;
}

void buffer_text(struct buffer *buffer, const char *text)
{
	buffer_bytes(buffer, text, strlen(text));
}

void buffer_char(struct buffer *buffer, char c)
{
	char *place = buffer_reserve(buffer, 1);

	if (!place)
		return;
	place[0] = c;
	place[1] = '\0';
	buffer->len++;
}

void buffer_uint(struct buffer *buffer, uint64_t value)
{
	char digits[20]; /* 2^64 - 1 has 20 */
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	buffer_bytes(buffer, digits + at, sizeof(digits) - at);
}

void buffer_format(struct buffer *buffer, const char *format, ...)
{
	va_list args;
	char *place = buffer_reserve(buffer, USUAL_TEXT);

	if (!place)
		return;
	size_t room = buffer->size - buffer->len;
	va_start(args, format);
	int len = vsnprintf(place, room, format, args);
	va_end(args);
	if (len >= 0 && (size_t)len >= room) { /* longer than usual: once more */
		*place = '\0';
		place = buffer_reserve(buffer, (size_t)len);
		if (!place)
			return;
		va_start(args, format);
		(void)vsnprintf(place, (size_t)len + 1, format, args);
		va_end(args);
	}
	if (len < 0)
		buffer->error = -EINVAL;
	else
		buffer->len += (size_t)len;
}

void buffer_clear(struct buffer *buffer)
{
	buffer->len = 0;
	buffer->error = 0;
	if (buffer->data)
		buffer->data[0] = '\0';
}

const char *buffer_string(const struct buffer *buffer)
{
	return buffer->data ? buffer->data : "";
}

void buffer_free(struct buffer *buffer)
{
	free(buffer->data);
	*buffer = (struct buffer){0};
}
