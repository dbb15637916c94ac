/* SPDX-License-Identifier: MIT */
/*
 * Standard output: what kind of thing it is (terminal, width, colour, characters), and the way of
 * an answer there. On a terminal text is gathered whole and leaves at the end, through a pager when
 * it is longer than the screen; elsewhere, and as JSON, it leaves in large pieces as it is made.
 */
#ifndef BERTH_CLI_OUTPUT_H
#define BERTH_CLI_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "cli/environment.h"

enum output_colour {
	OUTPUT_COLOUR_AUTO,
	OUTPUT_COLOUR_ALWAYS,
	OUTPUT_COLOUR_NEVER,
};

enum output_style {
	OUTPUT_HEADING,
	OUTPUT_FAINT,
	OUTPUT_GOOD,
	OUTPUT_CARE,
	OUTPUT_BAD,
};

struct output {
	struct buffer text; /* UTF-8, commands append here; not written yet */
	int fd;
	bool terminal;
	bool colour;
	bool utf8;
	bool json; /* output_write() was used: no pager, bytes go out as they are */
	const char *pager; /* NULL: none */
	unsigned columns; /* of the terminal; 0 when it is none */
	unsigned rows;
	unsigned width; /* for running text: 60 to 100 */
	int error; /* the first failure to write */
};

void output_init(struct output *output, const struct environment *environment,
	enum output_colour colour, bool no_pager);

/* Appends `len` bytes of `text` in a style; without colour just the bytes. Safe text only. */
void output_styled(const struct output *output, struct buffer *to, enum output_style style,
	const char *text, size_t len);

/* A berth_write: appends to a struct output, and writes in large pieces. */
int output_write(void *context, const char *bytes, size_t len);

/* Writes what was gathered when it is a large piece and no pager could want to have it. */
void output_pass_on(struct output *output);

/* Writes what is left. 0 or the first failure, -errno. */
int output_finish(struct output *output);

/* Columns that `len` bytes of safe text take on a terminal; escape sequences of ours take none. */
size_t output_columns_of(const char *text, size_t len);

#endif
