// SPDX-License-Identifier: MIT
/*
 * Units of systemd, the syntax of systemd.syntax(7): of a .socket the addresses that it listens on
 * (systemd.socket(5)), which are sure; of a .service what its Environment= and the options of its
 * ExecStart= suggest, which is not.
 */
#include "project/project.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "project/wish.h"

struct unit {
	struct project *project;
	enum berth_wish_kind kind;
	const char *file;
	uint32_t line;
	bool in_section; /* [Socket] or [Service], whichever is wanted */
};

static int add(struct unit *unit, const char *name, size_t name_len, const char *text, size_t len,
	struct berth_wish *wish)
{
	struct arena *arena = &unit->project->arena;

	wish->kind = unit->kind;
	wish->file = unit->file;
	wish->line = unit->line;
	wish->name = arena_text(arena, name, name_len);
	wish->text = arena_text(arena, text, len);
	return wish->name && wish->text ? project_add(unit->project, wish) : -ENOMEM;
}

/* "80", "192.0.2.1:80", "[::1]:80"; paths, and families that are not ours, are no ports. */
static int take_listen(
	struct unit *unit, const char *key, size_t key_len, const char *value, size_t len)
{
	struct berth_wish wish = {.sure = true, .proto = BERTH_TCP};
	const char *percent = len ? memchr(value, '%', len) : NULL;

	if (!len || *value == '/' || *value == '@' || !memcmp(value, "vsock:", len < 6 ? len : 6))
		return 0;
	if (text_equal_fold(key, key_len, "ListenDatagram", 14))
		wish.proto = BERTH_UDP;
	/* An interface behind the port, or a specifier, which only systemd can fill in. */
	if (!wish_place(&wish, value, percent && percent > value ? (size_t)(percent - value) : len))
		wish.problem = "not an address and port that can be read without systemd";
	return add(unit, key, key_len, value, len, &wish);
}

static bool is_gap(char c)
{
	return c == ' ' || c == '\t' || c == '"' || c == '\'';
}

/* The next word of a command or of Environment=; quotes only end words here. */
static bool next_word(const char **at, const char *end, const char **ret_word, size_t *ret_len)
{
	while (*at < end && is_gap(**at))
		(*at)++;
	*ret_word = *at;
	while (*at < end && !is_gap(**at))
		(*at)++;
	*ret_len = (size_t)(*at - *ret_word);
	return *ret_len;
}

/* "PORT=3000" and "--port=3000", or with the value as the next word: "--port 3000", "-p 3000". */
static int take_words(struct unit *unit, const char *at, const char *end)
{
	const char *word = NULL;
	const char *before = "";
	size_t before_len = 0;
	size_t len = 0;
	int r = 0;

	while (!r && next_word(&at, end, &word, &len)) {
		const char *equals = memchr(word, '=', len);
		size_t name_len = equals ? (size_t)(equals - word) : before_len;
		const char *name = equals ? word : before;
		const char *value = equals ? equals + 1 : word;
		size_t value_len = equals ? len - name_len - 1 : len;
		struct berth_wish wish = {.proto = BERTH_TCP};
		bool named = wish_names_port(name, name_len) ||
			(name_len == 2 && !memcmp(name, "-p", 2));

		if (named && wish_place(&wish, value, value_len))
			r = add(unit, name, name_len, value, value_len, &wish);
		before = word;
		before_len = len;
	}
	return r;
}

static int take_line(struct unit *unit, const char *line, size_t len)
{
	bool is_socket = unit->kind == BERTH_WISH_SOCKET_UNIT;
	const char *section = is_socket ? "[Socket]" : "[Service]";
	const char *equals = memchr(line, '=', len);

	if (*line == '[') {
		unit->in_section = len == strlen(section) && !memcmp(line, section, len);
		return 0;
	}
	if (!unit->in_section || !equals)
		return 0;
	const char *value = equals + 1;
	size_t value_len = text_trim(&value, len - (size_t)(value - line));
	size_t key_len = text_trim(&line, (size_t)(equals - line));
	if (is_socket &&
		(text_equal_fold(line, key_len, "ListenStream", 12) ||
			text_equal_fold(line, key_len, "ListenDatagram", 14)))
		return take_listen(unit, line, key_len, value, value_len);
	if (!is_socket &&
		(text_equal_fold(line, key_len, "Environment", 11) ||
			text_equal_fold(line, key_len, "ExecStart", 9)))
		return take_words(unit, value, value + value_len);
	return 0;
}

int unit_file_read(struct project *project, enum berth_wish_kind kind, const char *file,
	const char *text, size_t len)
{
	struct unit unit = {.project = project, .kind = kind, .file = file};
	const char *end = text + len;
	const char *line = NULL;
	size_t line_len = 0;
	int r = 0;

	while (!r && text_next_line(&text, end, &line, &line_len)) {
		unit.line++;
		line_len = text_trim(&line, line_len);
		if (line_len && *line != '#' && *line != ';')
			r = take_line(&unit, line, line_len);
	}
	return r;
}
