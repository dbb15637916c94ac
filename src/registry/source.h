/* SPDX-License-Identifier: MIT */
/*
 * A file that somebody hands to us as a registry: its bytes, its name, and the one way to refuse it
 * ("name:line: what is wrong"). Knows nothing of formats.
 */
#ifndef BERTH_REGISTRY_SOURCE_H
#define BERTH_REGISTRY_SOURCE_H

#include <stddef.h>

#include "base/buffer.h"

struct source {
	const char *name; /* for messages only */
	const char *bytes;
	size_t len;
	struct buffer *problem; /* what is wrong is appended here */
};

/* Says why the file is refused; always -EBADMSG. Lines count from 1. */
int source_refuse(const struct source *source, unsigned long line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The same, with the offending text quoted: shortened, and safe for a terminal. */
int source_refuse_text(
	const struct source *source, unsigned long line, const char *what, const char *text);

/*
 * Checks what holds for every byte, whatever the format: not too large, no NUL, a carriage return
 * only before a line feed, valid UTF-8. 0, or -EBADMSG.
 */
int source_check(const struct source *source);

/* How many lines there are; an unfinished last one counts. At least 1. */
unsigned long source_lines(const struct source *source);

#endif
