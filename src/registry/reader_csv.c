// SPDX-License-Identifier: MIT
/*
 * The CSV form, read with libcsv (RFC 4180). libcsv tells neither lines nor positions, so it is fed
 * one physical line at a time: a record starts in the line that was fed when none was open.
 */
#include <csv.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "registry/reader.h"

static const char *const titles[COLUMNS] = {
	[COLUMN_NAME] = "Service Name",
	[COLUMN_PORT] = "Port Number",
	[COLUMN_TRANSPORT] = "Transport Protocol",
	[COLUMN_DESCRIPTION] = "Description",
	[COLUMN_ASSIGNEE] = "Assignee",
	[COLUMN_CONTACT] = "Contact",
	[COLUMN_REGISTERED] = "Registration Date",
	[COLUMN_MODIFIED] = "Modification Date",
	[COLUMN_REFERENCE] = "Reference",
	[COLUMN_SERVICE_CODE] = "Service Code",
	[COLUMN_UNAUTHORIZED] = "Unauthorized Use Reported",
	[COLUMN_NOTES] = "Assignment Notes",
};

struct reader {
	const struct source *source;
	struct rows *rows;
	struct row row; /* the one that is being read */
	size_t n_fields;
	bool open; /* row.line is set, and its end was not seen yet */
	bool header; /* was seen */
	int error;
};

static void take_field(void *field, size_t len, void *data)
{
	struct reader *reader = data;

	if (!reader->error && reader->n_fields < COLUMNS) {
		const char *text = entries_text(reader->rows, field, len);

		reader->row.text[reader->n_fields] = text;
		if (!text)
			reader->error = -ENOMEM;
	}
	reader->n_fields++;
}

static int check_header(const struct reader *reader)
{
	for (size_t i = 0; i < COLUMNS; i++) {
		if (strcmp(reader->row.text[i], titles[i]) != 0)
			return source_refuse(reader->source, reader->row.line,
				"column %zu of the header row is not \"%s\"", i + 1, titles[i]);
	}
	return 0;
}

static int end_row(struct reader *reader)
{
	if (reader->n_fields != COLUMNS)
		return source_refuse(reader->source, reader->row.line,
			"%zu fields where the registry has %d", reader->n_fields, COLUMNS);
	if (reader->header)
		return entries_add(reader->rows, &reader->row);
	reader->header = true;
	return check_header(reader);
}

static void take_row(int terminator, void *data)
{
	struct reader *reader = data;

	(void)terminator;
	if (!reader->error)
		reader->error = end_row(reader);
	reader->n_fields = 0;
	reader->open = false;
}

/* libcsv's default would take spaces off the ends of unquoted fields, RFC 4180 would not. */
static int no_space(unsigned char c)
{
	(void)c;
	return 0;
}

static int csv_failure(const struct reader *reader, struct csv_parser *parser)
{
	int error = csv_error(parser);

	if (error == CSV_ENOMEM || error == CSV_ETOOBIG)
		return -ENOMEM;
	return source_refuse(
		reader->source, reader->row.line, "quotes are not as CSV has them (RFC 4180)");
}

static int feed(struct reader *reader, struct csv_parser *parser)
{
	const char *at = reader->source->bytes;
	const char *end = at + reader->source->len;

	for (unsigned long line = 1; at < end && !reader->error; line++) {
		const char *feed = memchr(at, '\n', (size_t)(end - at));
		size_t len = (size_t)((feed ? feed + 1 : end) - at);
		bool blank = *at == '\n' || *at == '\r';

		if (!reader->open && !blank) {
			reader->row.line = line;
			reader->open = true;
		}
		if (csv_parse(parser, at, len, take_field, take_row, reader) != len)
			return csv_failure(reader, parser);
		at += len;
	}
	if (!reader->error && csv_fini(parser, take_field, take_row, reader))
		return csv_failure(reader, parser);
	return reader->error;
}

int reader_csv(const struct source *source, struct rows *rows)
{
	struct reader reader = {.source = source, .rows = rows};
	struct csv_parser parser;

	if (csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI))
		return -ENOMEM;
	csv_set_space_func(&parser, no_space);
	int r = feed(&reader, &parser);
	csv_free(&parser);
	if (!r && !reader.header)
		r = source_refuse(source, 1, "empty: a registry starts with its header row");
	return r;
}
