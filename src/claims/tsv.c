// SPDX-License-Identifier: MIT
/*
 * Splits a table into lines and fields and checks their form. What the fields mean is up to the
 * caller.
 */
#include "claims/tsv.h"

#include <errno.h>

#include "base/text.h"

enum {
	ABSENT = TSV_COLUMNS /* a column that the file does not have */
};

struct header {
	size_t n_fields;
	size_t place[TSV_COLUMNS]; /* of each column asked for, among the fields of a line */
};

bool tsv_line(struct slice *rest, struct slice *ret_line)
{
	const char *end = rest->text + rest->len;

	if (!rest->len || !text_next_line(&rest->text, end, &ret_line->text, &ret_line->len))
		return false;
	if (ret_line->len && ret_line->text[ret_line->len - 1] == '\r')
		ret_line->len--;
	rest->len = (size_t)(end - rest->text);
	return true;
}

/* How many fields there are; only the first TSV_COLUMNS are kept. */
static size_t split(struct slice line, struct slice fields[TSV_COLUMNS])
{
	size_t count = 0;

	for (const char *at = line.text, *end = line.text + line.len;; count++) {
		const char *tab = memchr(at, '\t', (size_t)(end - at));
		const char *stop = tab ? tab : end;

		if (count < TSV_COLUMNS) {
			fields[count].text = at;
			fields[count].len = text_trim(&fields[count].text, (size_t)(stop - at));
		}
		if (!tab)
			return count + 1;
		at = tab + 1;
	}
}

static int read_header(
	const struct tsv *tsv, size_t number, struct slice line, struct header *ret_header)
{
	struct slice fields[TSV_COLUMNS];
	const struct slice none = {NULL, 0};
	struct header header = {.n_fields = split(line, fields)};

	if (header.n_fields > TSV_COLUMNS) {
		complain_at(&tsv->complain, number, "too many columns", none);
		return -EINVAL;
	}
	for (size_t i = 0; i < tsv->n_columns; i++) {
		const char *name = tsv->columns[i].name;

		header.place[i] = ABSENT;
		for (size_t field = 0; field < header.n_fields; field++) {
			if (!slice_is(fields[field], name))
				continue;
			if (header.place[i] != ABSENT) {
				complain_at(&tsv->complain, number, "column appears twice",
					slice_of(name));
				return -EINVAL;
			}
			header.place[i] = field;
		}
		if (header.place[i] == ABSENT && tsv->columns[i].required) {
			complain_at(&tsv->complain, number,
				"file not used, its header lacks the column", slice_of(name));
			return -EINVAL;
		}
	}
	*ret_header = header;
	return 0;
}

static int read_row(
	const struct tsv *tsv, const struct header *header, size_t number, struct slice line)
{
	struct slice fields[TSV_COLUMNS];
	struct slice chosen[TSV_COLUMNS] = {{NULL, 0}};

	if (split(line, fields) != header->n_fields) {
		complain_at(&tsv->complain, number, "not as many fields as the header has",
			(struct slice){NULL, 0});
		return 0;
	}
	for (size_t i = 0; i < tsv->n_columns; i++) {
		chosen[i] = header->place[i] == ABSENT ? (struct slice){"", 0}
						       : fields[header->place[i]];
	}
	return tsv->row(tsv->context, number, chosen);
}

static bool says_nothing(struct slice line)
{
	return !text_trim(&line.text, line.len) || line.text[0] == '#';
}

int tsv_read(const struct tsv *tsv, const char *bytes, size_t len)
{
	static const char byte_order_mark[] = "\xef\xbb\xbf";
	struct slice rest = {bytes, len};
	struct slice line;
	struct header header = {0};
	int r = 0;

	if (len >= 3 && !memcmp(bytes, byte_order_mark, 3))
		rest = (struct slice){bytes + 3, len - 3};
	for (size_t number = 1; !r && tsv_line(&rest, &line); number++) {
		const char *wrong = complain_of_bytes(line);

		if (wrong)
			complain_at(&tsv->complain, number, wrong, (struct slice){NULL, 0});
		else if (says_nothing(line))
			continue;
		else if (header.n_fields)
			r = read_row(tsv, &header, number, line);
		else if (read_header(tsv, number, line, &header))
			return 0;
	}
	return r;
}
