// SPDX-License-Identifier: MIT
/*
 * Tables. Cells are kept as plain bytes, one behind the other, because a machine with 100,000
 * connections has half a million of them: a table library that keeps each as an object (this was
 * libsmartcols once) takes three times the memory and four times the time of everything else.
 */
#include "cli/grid.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
	/* What a column keeps: enough to see what it is about, and to read a sentence in. */
	CUT_LEAST = 6,
	WRAPPED_LEAST = 16,
};

struct grid {
	struct grid_column *columns;
	size_t *widths; /* on a terminal */
	size_t n_columns;
	bool headings;
	bool terminal;
	size_t room; /* columns of the terminal */
	struct buffer cells; /* each a uint32_t, how long it is, and so many bytes */
	size_t n_rows;
};

struct grid *grid_new(
	const struct output *output, const struct grid_column *columns, size_t n, bool headings)
{
	struct grid *grid = calloc(1, sizeof(*grid));

	if (!grid)
		return NULL;
	grid->columns = calloc(n, sizeof(*grid->columns));
	grid->widths = calloc(n, sizeof(*grid->widths));
	if (!grid->columns || !grid->widths) {
		grid_free(grid);
		return NULL;
	}
	memcpy(grid->columns, columns, n * sizeof(*columns));
	grid->n_columns = n;
	grid->headings = headings;
	grid->terminal = output->terminal;
	grid->room = output->columns;
	for (size_t i = 0; i < n && headings; i++)
		grid->widths[i] = output_columns_of(columns[i].heading, strlen(columns[i].heading));
	return grid;
}

int grid_row(struct grid *grid, const char *const *cells)
{
	for (size_t i = 0; i < grid->n_columns; i++) {
		const char *cell = *cells[i] ? cells[i] : "-";
		size_t len = strlen(cell);
		size_t width = output_columns_of(cell, len);

		if (grid->widths[i] < width)
			grid->widths[i] = width;
		uint32_t size = len < UINT32_MAX ? (uint32_t)len : UINT32_MAX;
		buffer_bytes(&grid->cells, &size, sizeof(size));
		buffer_bytes(&grid->cells, cell, size);
	}
	grid->n_rows++;
	return grid->cells.error;
}

/* ---- Fitting --------------------------------------------------------------------------------- */

static size_t total_width(const struct grid *grid)
{
	size_t total = grid->n_columns - 1; /* spaces between */

	for (size_t i = 0; i < grid->n_columns; i++)
		total += grid->widths[i];
	return total;
}

/* The widest of those that may become narrower; NULL: none can. */
static size_t *widest(const struct grid *grid)
{
	size_t *found = NULL;

	for (size_t i = 0; i < grid->n_columns; i++) {
		const struct grid_column *column = grid->columns + i;
		size_t least = column->may_wrap ? WRAPPED_LEAST : CUT_LEAST;

		if ((column->may_shrink || column->may_wrap) && grid->widths[i] > least &&
			(!found || grid->widths[i] > *found))
			found = &grid->widths[i];
	}
	return found;
}

static void fit(struct grid *grid)
{
	for (size_t total = total_width(grid); total > grid->room; total--) {
		size_t *width = widest(grid);

		if (!width)
			break;
		(*width)--;
	}
}

/* ---- Drawing --------------------------------------------------------------------------------- */

/* How many bytes at the front take at most `width` columns; characters stay whole. */
static size_t bytes_in(const char *text, size_t len, size_t width)
{
	size_t used = 0;

	while (used < len) {
		size_t next = used + 1;

		while (next < len && ((unsigned char)text[next] & 0xc0) == 0x80)
			next++;
		if (output_columns_of(text, next) > width)
			break;
		used = next;
	}
	return used;
}

/* The same, up to a space when there is one. */
static size_t bytes_in_line(const char *text, size_t len, size_t width)
{
	size_t most = bytes_in(text, len, width);

	for (size_t at = most; at > 0; at--) {
		if (text[at] == ' ')
			return at;
	}
	return most;
}

/* What is still to be drawn of a cell. */
struct rest {
	const char *text;
	size_t len;
};

/* The part of a cell that stands in one line. */
struct piece {
	const char *text;
	size_t len;
	size_t width; /* on the screen */
	bool cut; /* something is missing behind it */
};

static void skip(struct rest *rest, size_t len)
{
	rest->text += len;
	rest->len -= len;
}

/* Takes what fits from the front; a cell that may wrap leaves the rest for another line. */
static struct piece take_piece(const struct grid_column *column, size_t width, struct rest *rest)
{
	struct piece piece = {.text = rest->text,
		.len = rest->len,
		.width = output_columns_of(rest->text, rest->len)};

	if (piece.width <= width) {
		skip(rest, rest->len);
		return piece;
	}
	if (column->may_wrap) {
		piece.len = bytes_in_line(rest->text, rest->len, width);
		skip(rest, piece.len);
		while (rest->len && *rest->text == ' ')
			skip(rest, 1);
	} else {
		piece.len = bytes_in(rest->text, rest->len, width - 1);
		piece.cut = true;
		skip(rest, rest->len);
	}
	piece.width = output_columns_of(piece.text, piece.len) + piece.cut;
	return piece;
}

static void put_spaces(struct buffer *out, size_t count)
{
	char *place = buffer_reserve(out, count);

	if (!place)
		return;
	memset(place, ' ', count);
	place[count] = '\0';
	out->len += count;
}

static void put_piece(
	const struct grid *grid, size_t column, const struct piece *piece, struct buffer *out)
{
	size_t width = grid->widths[column];
	size_t missing = width > piece->width ? width - piece->width : 0;

	if (grid->columns[column].right)
		put_spaces(out, missing);
	buffer_bytes(out, piece->text, piece->len);
	if (piece->cut)
		buffer_text(out, "…");
	if (!grid->columns[column].right && column + 1 < grid->n_columns)
		put_spaces(out, missing);
}

/* One row, in as many lines as its cells need. `rest` has n places and is used up. */
static void put_row(const struct grid *grid, struct rest *rest, struct buffer *out)
{
	bool more = true;

	while (more) {
		more = false;
		for (size_t i = 0; i < grid->n_columns; i++) {
			struct piece piece =
				take_piece(&grid->columns[i], grid->widths[i], &rest[i]);

			if (i)
				buffer_char(out, ' ');
			put_piece(grid, i, &piece, out);
			more = more || rest[i].len;
		}
		buffer_char(out, '\n');
	}
}

int grid_draw(struct grid *grid, struct output *output)
{
	struct rest *rest = calloc(grid->n_columns, sizeof(*rest));
	const char *cell = grid->cells.data;

	if (!rest)
		return -ENOMEM;
	if (grid->terminal)
		fit(grid);
	for (size_t i = 0; i < grid->n_columns; i++)
		rest[i] = (struct rest){
			.text = grid->columns[i].heading, .len = strlen(grid->columns[i].heading)};
	if (grid->headings && grid->n_rows)
		put_row(grid, rest, &output->text);
	for (size_t row = 0; row < grid->n_rows && !output->text.error; row++) {
		for (size_t i = 0; i < grid->n_columns; i++) {
			uint32_t len;

			memcpy(&len, cell, sizeof(len));
			cell += sizeof(len);
			rest[i] = (struct rest){.text = cell, .len = len};
			cell += len;
		}
		put_row(grid, rest, &output->text);
		output_pass_on(output);
	}
	free(rest);
	return output->text.error;
}

void grid_free(struct grid *grid)
{
	if (!grid)
		return;
	buffer_free(&grid->cells);
	free(grid->columns);
	free(grid->widths);
	free(grid);
}
