// SPDX-License-Identifier: MIT
/* Tables by libsmartcols, the library behind lsblk and findmnt. */
#include "cli/grid.h"

#include <errno.h>
#include <libsmartcols.h>
#include <locale.h>
#include <stdlib.h>

struct grid {
	struct libscols_table *lines;
	size_t n_columns;
};

/* Columns that may do neither keep the width of their widest cell. */
static int add_column(struct libscols_table *lines, const struct grid_column *column)
{
	int flags = column->right ? SCOLS_FL_RIGHT : 0;

	if (column->may_shrink)
		flags |= SCOLS_FL_TRUNC;
	if (column->may_wrap)
		flags |= SCOLS_FL_WRAP;
	return scols_table_new_column(lines, column->heading, 0, flags) ? 0 : -ENOMEM;
}

struct grid *grid_new(
	const struct output *output, const struct grid_column *columns, size_t n, bool headings)
{
	struct grid *grid = calloc(1, sizeof(*grid));

	/* smartcols measures characters by the locale. */
	setlocale(LC_CTYPE, "C.UTF-8");
	if (!grid)
		return NULL;
	grid->n_columns = n;
	grid->lines = scols_new_table();
	if (!grid->lines)
		goto fail;
	scols_table_enable_noheadings(grid->lines, !headings);
	/* Cells are safe already; smartcols would escape our escapes once more. */
	scols_table_enable_noencoding(grid->lines, 1);
	scols_table_set_termforce(
		grid->lines, output->terminal ? SCOLS_TERMFORCE_ALWAYS : SCOLS_TERMFORCE_NEVER);
	if (output->terminal)
		scols_table_set_termwidth(grid->lines, output->columns);
	for (size_t i = 0; i < n; i++) {
		if (add_column(grid->lines, &columns[i]) < 0)
			goto fail;
	}
	return grid;
fail:
	grid_free(grid);
	return NULL;
}

int grid_row(struct grid *grid, const char *const *cells)
{
	struct libscols_line *line = scols_table_new_line(grid->lines, NULL);

	if (!line)
		return -ENOMEM;
	for (size_t i = 0; i < grid->n_columns; i++) {
		if (scols_line_set_data(line, i, *cells[i] ? cells[i] : "-") != 0)
			return -ENOMEM;
	}
	return 0;
}

int grid_draw(struct grid *grid, struct output *output)
{
	char *text = NULL;

	if (scols_print_table_to_string(grid->lines, &text) != 0)
		return -ENOMEM;
	if (text)
		buffer_text(&output->text, text);
	/* The library leaves the last line open when it prints to a string. */
	if (output->text.len && output->text.data[output->text.len - 1] != '\n')
		buffer_char(&output->text, '\n');
	free(text);
	return 0;
}

void grid_free(struct grid *grid)
{
	if (!grid)
		return;
	if (grid->lines)
		scols_unref_table(grid->lines);
	free(grid);
}
