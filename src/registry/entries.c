// SPDX-License-Identifier: MIT
/*
 * The growable list of text rows between a reader and the checks.
 */
#include "registry/entries.h"

#include <errno.h>
#include <stdlib.h>

#include "base/text.h"

const char *entries_text(struct rows *rows, const char *bytes, size_t len)
{
	/* Two cells in three are empty. */
	len = text_trim(&bytes, len);
	return len ? arena_text(&rows->texts, bytes, len) : "";
}

int entries_add(struct rows *rows, const struct row *row)
{
	if (rows->n_rows == rows->size) {
		size_t size = rows->size ? rows->size * 2 : 1024;
		struct row *grown = reallocarray(rows->row, size, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		rows->row = grown;
		rows->size = size;
	}
	rows->row[rows->n_rows++] = *row;
	return 0;
}

void entries_free(struct rows *rows)
{
	free(rows->row);
	arena_free(&rows->texts);
	*rows = (struct rows){0};
}
