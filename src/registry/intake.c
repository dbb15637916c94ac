// SPDX-License-Identifier: MIT
/*
 * From bytes to a table: tells CSV from XML, reads and checks the whole, and then builds.
 */
#include "registry/intake.h"

#include <string.h>

#include "registry/reader.h"
#include "registry/table.h"

static bool is_xml(const struct source *source)
{
	static const char mark[] = "\xef\xbb\xbf"; /* U+FEFF, which XML may start with */
	const char *at = source->bytes;
	size_t len = source->len;

	if (len >= strlen(mark) && memcmp(at, mark, strlen(mark)) == 0) {
		at += strlen(mark);
		len -= strlen(mark);
	}
	while (len && (*at == ' ' || *at == '\t' || *at == '\r' || *at == '\n')) {
		at++;
		len--;
	}
	return len && *at == '<';
}

int intake_parse(const struct source *source, const struct checks_least *least,
	struct registry **ret_registry)
{
	struct rows rows = {0};
	int r = source_check(source);

	if (!r)
		r = is_xml(source) ? reader_xml(source, &rows) : reader_csv(source, &rows);
	if (!r)
		r = table_build(source, &rows, least, ret_registry);
	entries_free(&rows);
	return r;
}

int registry_parse(const char *name, const char *bytes, size_t len, struct registry **ret_registry,
	struct buffer *ret_problem)
{
	const struct source source = {name, bytes, len, ret_problem};

	return intake_parse(&source, &checks_published, ret_registry);
}
