/* SPDX-License-Identifier: MIT */
/*
 * A slice: a piece of a text that belongs to somebody else, not NUL-terminated. What the readers
 * hand on before anything is copied.
 */
#ifndef BERTH_CLAIMS_SLICE_H
#define BERTH_CLAIMS_SLICE_H

#include <stddef.h>
#include <string.h>

struct slice {
	const char *text;
	size_t len;
};

static inline struct slice slice_of(const char *text)
{
	return (struct slice){text, strlen(text)};
}

/* Byte for byte. */
static inline int slice_is(struct slice slice, const char *text)
{
	size_t len = strlen(text);

	return slice.len == len && (!len || !memcmp(slice.text, text, len));
}

/* As strcmp. */
static inline int slice_compare(struct slice a, struct slice b)
{
	size_t least = a.len < b.len ? a.len : b.len;
	int order = least ? memcmp(a.text, b.text, least) : 0;

	return order ? order : (a.len > b.len) - (a.len < b.len);
}

#endif
