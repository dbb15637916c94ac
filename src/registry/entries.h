/* SPDX-License-Identifier: MIT */
/*
 * The rows of a registry as text, twelve columns each as in IANA's CSV: what every reader makes,
 * whatever the format, before anything is decided about them.
 */
#ifndef BERTH_REGISTRY_ENTRIES_H
#define BERTH_REGISTRY_ENTRIES_H

#include <stddef.h>

#include "base/arena.h"

enum column {
	COLUMN_NAME,
	COLUMN_PORT,
	COLUMN_TRANSPORT,
	COLUMN_DESCRIPTION,
	COLUMN_ASSIGNEE,
	COLUMN_CONTACT,
	COLUMN_REGISTERED,
	COLUMN_MODIFIED,
	COLUMN_REFERENCE,
	COLUMN_SERVICE_CODE,
	COLUMN_UNAUTHORIZED,
	COLUMN_NOTES,
	COLUMNS,
};

struct row {
	const char *text[COLUMNS]; /* never NULL, without white space at the ends */
	unsigned long line; /* where it starts in the file, from 1 */
};

struct rows {
	struct arena texts;
	struct row *row;
	size_t n_rows;
	size_t size;
	const char *updated; /* what the file says of its own date; NULL: nothing */
};

/* A copy of the text without white space at its ends; NULL when there is no memory. */
const char *entries_text(struct rows *rows, const char *bytes, size_t len);

/* Appends a copy of the row; its texts came from entries_text. 0 or -ENOMEM. */
int entries_add(struct rows *rows, const struct row *row);

void entries_free(struct rows *rows);

#endif
