/* SPDX-License-Identifier: MIT */
/*
 * Tables, drawn by libsmartcols: fitted to a terminal, as wide as they need elsewhere, so that
 * nothing is cut off in a pipe.
 */
#ifndef BERTH_CLI_TABLE_H
#define BERTH_CLI_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/output.h"

struct table_column {
	const char *heading;
	bool right; /* numbers */
	bool may_shrink; /* cut when the terminal is too narrow */
};

struct table;

/* `columns` may go away afterwards. NULL: no memory. */
struct table *table_new(
	const struct output *output, const struct table_column *columns, size_t n, bool headings);

/* Adds a row with n cells of safe text; an empty one is shown as "-". 0 or -ENOMEM. */
int table_row(struct table *table, const char *const *cells);

/* Appends the drawn table to output->text. 0 or -ENOMEM. */
int table_draw(struct table *table, struct output *output);

void table_free(struct table *table);

#endif
