/* SPDX-License-Identifier: MIT */
/*
 * Reads tab-separated tables with a header line: claims, families, lists. Fields hold no tabs and
 * no line ends, and nothing is quoted. `#` comment lines and blank lines are skipped; CRLF, a byte
 * order mark and a missing last line end are fine.
 */
#ifndef BERTH_CLAIMS_TSV_H
#define BERTH_CLAIMS_TSV_H

#include "claims/complain.h"
#include "claims/slice.h"

enum {
	TSV_COLUMNS = 32 /* at most, in the header of a file */
};

struct tsv_column {
	const char *name;
	bool required;
};

/* Takes a row: a field for each column that was asked for, trimmed, empty where the file has no
 * such column. A negative answer ends the reading and is handed on. */
typedef int tsv_row(void *context, size_t line, const struct slice *fields);

struct tsv {
	const struct tsv_column *columns; /* in any order in the file; others are ignored there */
	size_t n_columns;
	tsv_row *row;
	void *context;
	struct complain complain;
};

/*
 * Reads all rows. A line that is not sound is complained about and skipped; a header that lacks a
 * required column or names one twice is, and then nothing else is read. 0, or what `row` answered.
 */
int tsv_read(const struct tsv *tsv, const char *bytes, size_t len);

/* The next line of *rest without its line end, and *rest moved behind it. False at the end. */
bool tsv_line(struct slice *rest, struct slice *ret_line);

#endif
