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

/* What may shrink asks for a share of the width and is cut at its end; the rest keeps its own. */
static int add_column(struct libscols_table *lines, const struct grid_column *column)
{
	int flags = column->right ? SCOLS_FL_RIGHT : 0;

	if (column->may_shrink)
		flags |= SCOLS_FL_TRUNC;
	return scols_table_new_column(lines, column->heading, 0, flags) ? 0 : -ENOMEM;
}

struct grid *grid_new(
	const struct output *output, const struct grid_column *columns, size_t n, bool headings)
{
	struct grid *table = calloc(1, sizeof(*table));

	/* smartcols measures characters by the locale. */
	setlocale(LC_CTYPE, "C.UTF-8");
	if (!table)
		return NULL;
	table->n_columns = n;
	table->lines = scols_new_table();
	if (!table->lines)
		goto fail;
	scols_table_enable_noheadings(table->lines, !headings);
	/* Cells are safe already; smartcols would escape our escapes once more. */
	scols_table_enable_noencoding(table->lines, 1);
	scols_table_set_termforce(
		table->lines, output->terminal ? SCOLS_TERMFORCE_ALWAYS : SCOLS_TERMFORCE_NEVER);
	if (output->terminal)
		scols_table_set_termwidth(table->lines, output->columns);
	for (size_t i = 0; i < n; i++) {
		if (add_column(table->lines, &columns[i]) < 0)
			goto fail;
	}
	return table;
fail:
	grid_free(table);
	return NULL;
}

int grid_row(struct grid *table, const char *const *cells)
{
	struct libscols_line *line = scols_table_new_line(table->lines, NULL);

	if (!line)
		return -ENOMEM;
	for (size_t i = 0; i < table->n_columns; i++) {
		if (scols_line_set_data(line, i, *cells[i] ? cells[i] : "-") != 0)
			return -ENOMEM;
	}
	return 0;
}

int grid_draw(struct grid *table, struct output *output)
{
	char *text = NULL;

	if (scols_print_table_to_string(table->lines, &text) != 0)
		return -ENOMEM;
	if (text)
		buffer_text(&output->text, text);
	/* The library leaves the last line open when it prints to a string. */
	if (output->text.len && output->text.data[output->text.len - 1] != '\n')
		buffer_char(&output->text, '\n');
	free(text);
	return 0;
}

void grid_free(struct grid *table)
{
	if (!table)
		return;
	if (table->lines)
		scols_unref_table(table->lines);
	free(table);
}
