// SPDX-License-Identifier: MIT
/*
 * NAME=value, as shells, Docker and the dotenv libraries write it. PORT is where a server listens,
 * by a custom that is as good as a rule (12factor.net/port-binding). Another name that ends in PORT
 * may be one to connect to, so that wish is not sure. URLs are left out: they say where others
 * listen.
 */
#include "project/project.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "project/wish.h"

/* Takes off quotes, or a remark behind an unquoted value. */
static size_t bare_value(const char **value, size_t len)
{
	const char *text = *value;

	if (len && (*text == '"' || *text == '\'')) {
		const char *close = len > 1 ? memchr(text + 1, *text, len - 1) : NULL;

		*value = text + 1;
		return close ? (size_t)(close - text - 1) : len - 1;
	}
	const char *remark = memmem(text, len, " #", 2);
	return text_trim(value, remark ? (size_t)(remark - text) : len);
}

static int read_setting(
	struct project *project, struct berth_wish wish, const char *line, size_t len)
{
	const char *equals = len ? memchr(line, '=', len) : NULL;

	if (!equals)
		return 0;
	size_t name_len = text_trim(&line, (size_t)(equals - line));
	if (name_len > 7 && !memcmp(line, "export ", 7)) {
		line += 7;
		name_len = text_trim(&line, name_len - 7);
	}
	const char *value = equals + 1;
	size_t value_len = len - (size_t)(value - line);
	value_len = bare_value(&value, text_trim(&value, value_len));
	if (!value_len || !wish_names_port(line, name_len))
		return 0;
	wish.sure = text_equal_fold(line, name_len, "PORT", 4);
	wish.name = arena_text(&project->arena, line, name_len);
	wish.text = arena_text(&project->arena, value, value_len);
	if (!wish.name || !wish.text)
		return -ENOMEM;
	if (!wish_ports(&wish, value, value_len))
		wish.problem = "not a port (1 to 65535)";
	return project_add(project, &wish);
}

int env_file_read(struct project *project, const char *file, const char *text, size_t len)
{
	struct berth_wish wish = {.kind = BERTH_WISH_ENV, .file = file};
	const char *end = text + len;
	const char *line = NULL;
	size_t line_len = 0;
	int r = 0;

	while (!r && text_next_line(&text, end, &line, &line_len)) {
		wish.line++;
		line_len = text_trim(&line, line_len);
		if (line_len && *line != '#')
			r = read_setting(project, wish, line, line_len);
	}
	return r;
}
