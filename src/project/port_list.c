// SPDX-License-Identifier: MIT
/* Ports as people write them down: some on a line, with blanks or commas between, # for remarks. */
#include "project/project.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "project/wish.h"

static bool is_gap(char c)
{
	return c == ' ' || c == '\t' || c == ',' || c == '\r';
}

static int read_words(
	struct project *project, const char *line, size_t len, const struct berth_wish *pattern)
{
	size_t at = 0;
	int r = 0;

	while (!r) {
		struct berth_wish wish = *pattern;

		while (at < len && is_gap(line[at]))
			at++;
		size_t start = at;
		while (at < len && !is_gap(line[at]))
			at++;
		if (at == start)
			break;
		wish.text = arena_text(&project->arena, line + start, at - start);
		if (!wish.text)
			return -ENOMEM;
		(void)wish_place(&wish, line + start, at - start);
		r = project_add(project, &wish);
	}
	return r;
}

int port_list_read(struct project *project, const char *file, const char *text, size_t len)
{
	struct berth_wish pattern = {.kind = BERTH_WISH_LIST, .file = file, .sure = true};
	const char *end = text + len;
	const char *line = NULL;
	size_t line_len = 0;
	int r = 0;

	while (!r && text_next_line(&text, end, &line, &line_len)) {
		const char *hash = line_len ? memchr(line, '#', line_len) : NULL;

		pattern.line++;
		r = read_words(project, line, hash ? (size_t)(hash - line) : line_len, &pattern);
	}
	return r;
}
