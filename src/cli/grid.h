/* SPDX-License-Identifier: MIT */
/*
 * Tables: fitted to a terminal, as wide as they need elsewhere, so that nothing is cut off in a
 * pipe.
 */
#ifndef BERTH_CLI_GRID_H
#define BERTH_CLI_GRID_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/output.h"

struct grid_column {
	const char *heading;
	bool right; /* numbers */
	bool may_shrink; /* cut when the terminal is too narrow */
	bool may_wrap; /* broken into lines then, because a half of it is worth nothing */
};

struct grid;

/* `columns` may go away afterwards, their headings may not. NULL: no memory. */
struct grid *grid_new(
	const struct output *output, const struct grid_column *columns, size_t n, bool headings);

/* Adds a row with n cells of safe text; an empty one is shown as "-". 0 or -ENOMEM. */
int grid_row(struct grid *grid, const char *const *cells);

/* Appends the drawn table to the output, which may pass on what it has. 0 or -ENOMEM. */
int grid_draw(struct grid *grid, struct output *output);

void grid_free(struct grid *grid);

#endif
