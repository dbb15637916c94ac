// SPDX-License-Identifier: MIT
/*
 * One pass over the bytes, by recursive descent; each function reads one production of the ABNF of
 * TOML 1.0 and leaves the cursor behind it. The first problem ends the reading.
 */
#include "project/toml.h"

#include <errno.h>
#include <string.h>

#include "base/buffer.h"
#include "base/text.h"

enum {
	ENTRIES_MOST = 4096,
	TEXTS_MOST = 256,
};

struct cursor {
	struct arena *arena;
	const char *at;
	const char *end;
	unsigned line;
	const char *table;
	struct toml_entry *entries;
	size_t n_entries;
	const char **tables;
	unsigned *table_lines;
	size_t n_tables;
	struct toml_problem problem;
};

static int refuse(struct cursor *cursor, const char *what)
{
	cursor->problem = (struct toml_problem){cursor->line, what};
	return -EBADMSG;
}

static char peek(const struct cursor *cursor)
{
	return cursor->at < cursor->end ? *cursor->at : '\0';
}

static void skip_blanks(struct cursor *cursor)
{
	while (peek(cursor) == ' ' || peek(cursor) == '\t')
		cursor->at++;
}

static void skip_comment(struct cursor *cursor)
{
	if (peek(cursor) != '#')
		return;
	while (cursor->at < cursor->end && *cursor->at != '\n')
		cursor->at++;
}

/* What may stand behind a value: blanks, a comment, and the end of the line. */
static int end_line(struct cursor *cursor)
{
	skip_blanks(cursor);
	skip_comment(cursor);
	if (peek(cursor) == '\r' && cursor->end - cursor->at > 1 && cursor->at[1] == '\n')
		cursor->at++;
	if (cursor->at == cursor->end)
		return 0;
	if (*cursor->at != '\n')
		return refuse(cursor, "something stands behind the value");
	cursor->at++;
	cursor->line++;
	return 0;
}

/* ---- Strings --------------------------------------------------------------------------------- */

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = text_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void put_utf8(struct buffer *out, uint32_t point)
{
	if (point < 0x80) {
		buffer_char(out, (char)point);
	} else if (point < 0x800) {
		buffer_char(out, (char)(0xc0 | point >> 6));
		buffer_char(out, (char)(0x80 | (point & 0x3f)));
	} else if (point < 0x10000) {
		buffer_char(out, (char)(0xe0 | point >> 12));
		buffer_char(out, (char)(0x80 | (point >> 6 & 0x3f)));
		buffer_char(out, (char)(0x80 | (point & 0x3f)));
	} else {
		buffer_char(out, (char)(0xf0 | point >> 18));
		buffer_char(out, (char)(0x80 | (point >> 12 & 0x3f)));
		buffer_char(out, (char)(0x80 | (point >> 6 & 0x3f)));
		buffer_char(out, (char)(0x80 | (point & 0x3f)));
	}
}

/* \uXXXX and \UXXXXXXXX, behind the letter: a Unicode scalar value. */
static int read_code_point(struct cursor *cursor, unsigned digits, struct buffer *out)
{
	uint32_t point = 0;

	for (unsigned i = 0; i < digits; i++) {
		int digit = hex_digit(peek(cursor));

		if (digit < 0)
			return refuse(cursor, "\\u needs four hexadecimal digits, \\U eight");
		point = point << 4 | (uint32_t)digit;
		cursor->at++;
	}
	if (!point || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
		return refuse(cursor, "the escape stands for no character");
	put_utf8(out, point);
	return 0;
}

static int read_escape(struct cursor *cursor, struct buffer *out)
{
	static const char letters[] = "btnfr\"\\";
	static const char meanings[] = "\b\t\n\f\r\"\\";
	char letter = peek(cursor);
	const char *found = letter ? strchr(letters, letter) : NULL;

	cursor->at += letter != '\0';
	if (letter == 'u' || letter == 'U')
		return read_code_point(cursor, letter == 'u' ? 4 : 8, out);
	if (!found)
		return refuse(cursor, "no such escape; a backslash itself is \\\\");
	buffer_char(out, meanings[found - letters]);
	return 0;
}

/* "basic", with escapes, or 'literal', without. */
static int read_text(struct cursor *cursor, const char **ret_text)
{
	struct buffer out = {0};
	char quote = *cursor->at++;
	int r = 0;

	if (cursor->end - cursor->at >= 2 && cursor->at[0] == quote && cursor->at[1] == quote)
		return refuse(cursor, "strings over several lines are not understood here");
	while (!r && peek(cursor) != quote) {
		char c = peek(cursor);

		if (cursor->at == cursor->end || c == '\n')
			r = refuse(cursor, "the string is not closed on its line");
		else if ((unsigned char)c < ' ' && c != '\t')
			r = refuse(cursor, "a control character in a string");
		else if (cursor->at++, c == '\\' && quote == '"')
			r = read_escape(cursor, &out);
		else
			buffer_char(&out, c);
	}
	r = r ? r : out.error;
	if (!r) {
		cursor->at++;
		*ret_text = arena_text(cursor->arena, buffer_string(&out), out.len);
		r = *ret_text ? 0 : -ENOMEM;
	}
	buffer_free(&out);
	return r;
}

/* ---- Values ---------------------------------------------------------------------------------- */

/* Blanks, comments and line ends between the elements of an array. */
static void skip_lines(struct cursor *cursor)
{
	for (;;) {
		skip_blanks(cursor);
		skip_comment(cursor);
		if (peek(cursor) == '\r')
			cursor->at++;
		if (peek(cursor) != '\n')
			return;
		cursor->at++;
		cursor->line++;
	}
}

static int read_texts(struct cursor *cursor, struct toml_value *ret_value)
{
	const char **texts = arena_array(cursor->arena, TEXTS_MOST, sizeof(*texts));
	size_t count = 0;

	if (!texts)
		return -ENOMEM;
	cursor->at++;
	for (skip_lines(cursor); peek(cursor) != ']'; skip_lines(cursor)) {
		if (peek(cursor) != '"' && peek(cursor) != '\'')
			return refuse(cursor, "arrays hold strings here");
		if (count == TEXTS_MOST)
			return refuse(cursor, "the array has more than 256 elements");
		int r = read_text(cursor, &texts[count++]);
		if (r)
			return r;
		skip_lines(cursor);
		if (peek(cursor) == ',')
			cursor->at++;
		else if (peek(cursor) != ']')
			return refuse(cursor, "a comma or ] is missing in the array");
	}
	cursor->at++;
	*ret_value = (struct toml_value){.type = TOML_TEXTS, .texts = texts, .n_texts = count};
	return 0;
}

/* A bare value goes up to a blank, a comment, or the end of the line. */
static size_t bare_length(const struct cursor *cursor)
{
	size_t len = 0;

	while (cursor->at + len < cursor->end && !strchr(" \t\r\n#", cursor->at[len]) &&
		cursor->at[len])
		len++;
	return len;
}

static int read_bare(struct cursor *cursor, struct toml_value *ret_value)
{
	size_t len = bare_length(cursor);
	uint64_t number = 0;

	if (text_equal_fold(cursor->at, len, "true", 4) ||
		text_equal_fold(cursor->at, len, "false", 5)) {
		if (cursor->at[0] != 't' && cursor->at[0] != 'f')
			return refuse(cursor, "booleans are written true and false");
		*ret_value = (struct toml_value){.type = TOML_BOOLEAN, .yes = len == 4};
	} else if (!text_number(cursor->at, len, INT64_MAX, &number)) {
		if (len > 1 && cursor->at[0] == '0')
			return refuse(cursor, "numbers do not begin with 0");
		*ret_value = (struct toml_value){.type = TOML_NUMBER, .number = (int64_t)number};
	} else {
		return refuse(cursor,
			"not a value: a string in quotes, a whole number, true, false or an array "
			"of strings");
	}
	cursor->at += len;
	return 0;
}

static int read_value(struct cursor *cursor, struct toml_value *ret_value)
{
	switch (peek(cursor)) {
	case '"':
	case '\'':
		ret_value->type = TOML_TEXT;
		return read_text(cursor, &ret_value->text);
	case '[':
		return read_texts(cursor, ret_value);
	case '{':
		return refuse(cursor, "tables in { } are not understood here");
	default:
		return read_bare(cursor, ret_value);
	}
}

/* ---- Keys and tables ------------------------------------------------------------------------- */

static bool is_bare_key(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		c == '_' || c == '-';
}

static int read_key(struct cursor *cursor, const char **ret_key)
{
	const char *start = cursor->at;

	if (peek(cursor) == '"' || peek(cursor) == '\'')
		return read_text(cursor, ret_key);
	while (is_bare_key(peek(cursor)))
		cursor->at++;
	if (cursor->at == start)
		return refuse(cursor, "a key is missing");
	if (peek(cursor) == '.')
		return refuse(cursor, "dotted keys are not understood here");
	*ret_key = arena_text(cursor->arena, start, (size_t)(cursor->at - start));
	return *ret_key ? 0 : -ENOMEM;
}

static int read_table(struct cursor *cursor)
{
	const char *name = NULL;

	cursor->at++;
	if (peek(cursor) == '[')
		return refuse(cursor, "arrays of tables are not understood here");
	skip_blanks(cursor);
	int r = read_key(cursor, &name);
	if (r)
		return r;
	skip_blanks(cursor);
	if (peek(cursor) != ']')
		return refuse(cursor, "] is missing behind the name of the table");
	cursor->at++;
	for (size_t i = 0; i < cursor->n_tables; i++) {
		if (!strcmp(cursor->tables[i], name))
			return refuse(cursor, "the table is there twice");
	}
	if (cursor->n_tables == ENTRIES_MOST)
		return refuse(cursor, "too many tables");
	cursor->tables[cursor->n_tables] = name;
	cursor->table_lines[cursor->n_tables++] = cursor->line;
	cursor->table = name;
	return 0;
}

static int read_entry(struct cursor *cursor)
{
	struct toml_entry entry = {.line = cursor->line, .table = cursor->table};
	int r = read_key(cursor, &entry.key);

	if (r)
		return r;
	skip_blanks(cursor);
	if (peek(cursor) != '=')
		return refuse(cursor, "= is missing behind the key");
	cursor->at++;
	skip_blanks(cursor);
	r = read_value(cursor, &entry.value);
	if (r)
		return r;
	for (size_t i = 0; i < cursor->n_entries; i++) {
		if (!strcmp(cursor->entries[i].table, entry.table) &&
			!strcmp(cursor->entries[i].key, entry.key))
			return refuse(cursor, "the key is there twice");
	}
	if (cursor->n_entries == ENTRIES_MOST)
		return refuse(cursor, "too many keys");
	cursor->entries[cursor->n_entries++] = entry;
	return 0;
}

static int read_line(struct cursor *cursor)
{
	int r = 0;

	skip_blanks(cursor);
	if (peek(cursor) == '[')
		r = read_table(cursor);
	else if (cursor->at < cursor->end && !strchr("#\r\n", *cursor->at))
		r = read_entry(cursor);
	return r ? r : end_line(cursor);
}

int toml_read(struct arena *arena, const char *text, size_t len, struct toml *ret_toml,
	struct toml_problem *ret_problem)
{
	struct cursor cursor = {
		.arena = arena,
		.at = text,
		.end = text + len,
		.line = 1,
		.table = "",
		.entries = arena_array(arena, ENTRIES_MOST, sizeof(*cursor.entries)),
		.tables = arena_array(arena, ENTRIES_MOST, sizeof(*cursor.tables)),
		.table_lines = arena_array(arena, ENTRIES_MOST, sizeof(*cursor.table_lines)),
	};
	int r = 0;

	if (!cursor.entries || !cursor.tables || !cursor.table_lines)
		return -ENOMEM;
	if (!text_is_utf8(text, len) || memchr(text, '\0', len))
		r = refuse(&cursor, "the file is not UTF-8 text");
	while (!r && cursor.at < cursor.end)
		r = read_line(&cursor);
	if (r == -EBADMSG)
		*ret_problem = cursor.problem;
	if (r)
		return r;
	*ret_toml = (struct toml){cursor.entries, cursor.n_entries, cursor.tables,
		cursor.table_lines, cursor.n_tables};
	return 0;
}
