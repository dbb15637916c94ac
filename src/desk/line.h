/* SPDX-License-Identifier: MIT */
/*
 * A line of the protocol: fields "key=value" with blanks between them, as berth-protocol(7)
 * describes it. Pure.
 */
#ifndef BERTH_DESK_LINE_H
#define BERTH_DESK_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"

enum {
	LINE_MOST = 4096, /* bytes of a line, with its end */
	LINE_FIELDS = 16,
};

struct line_field {
	const char *key; /* small letters */
	const char *value; /* decoded; without NUL bytes; may be empty */
};

struct line {
	struct line_field fields[LINE_FIELDS];
	size_t n;
};

/*
 * Reads a line, without its end, in place: the fields point into `text`, of which text[len] is
 * written too. NULL, or one phrase on what is wrong with it.
 */
const char *line_decode(char *text, size_t len, struct line *ret_line);

/* The value of a key; NULL: it was not given. */
const char *line_value(const struct line *line, const char *key);

/* A key that is not among those, which stand with blanks between them; NULL: there is none. */
const char *line_stranger(const struct line *line, const char *known);

/* Appends a field, with a blank in front unless it is the first; its value may have any bytes. */
void line_put(struct buffer *out, bool first, const char *key, const char *value);

#endif
