// SPDX-License-Identifier: MIT
/*
 * One form for all complaints about files, and the checks that hold for each line of text whatever
 * its format. A complaint never repeats bytes that a terminal could act on.
 */
#include "claims/complain.h"

#include "base/buffer.h"
#include "base/text.h"

enum {
	LONGEST_LINE = 8192,
	LONGEST_VALUE = 40
};

/* Printable ASCII without the backslash: no caller can need to escape it, nor escape it twice. */
static bool is_plain(struct slice value)
{
	if (!value.len || value.len > LONGEST_VALUE)
		return false;
	for (size_t i = 0; i < value.len; i++) {
		if (value.text[i] < ' ' || value.text[i] > '~' || value.text[i] == '\\')
			return false;
	}
	return true;
}

void complain_at(const struct complain *to, size_t line, const char *what, struct slice value)
{
	struct buffer text = {0};

	if (!to->warn)
		return;
	buffer_text(&text, to->file);
	if (line)
		buffer_format(&text, ":%zu", line);
	buffer_text(&text, ": ");
	buffer_text(&text, what);
	if (is_plain(value))
		buffer_format(&text, ": \"%.*s\"", (int)value.len, value.text);
	if (!text.error)
		to->warn(to->context, text.data);
	buffer_free(&text);
}

/* What nearly every line is made of: then nothing else needs to be looked for. */
static bool is_ascii_text(struct slice line)
{
	for (size_t i = 0; i < line.len; i++) {
		unsigned char c = (unsigned char)line.text[i];

		if (c >= 0x7f || (c < ' ' && c != '\t'))
			return false;
	}
	return true;
}

const char *complain_of_bytes(struct slice line)
{
	if (line.len > LONGEST_LINE)
		return "line is longer than 8192 bytes";
	if (is_ascii_text(line))
		return NULL;
	if (line.len && memchr(line.text, '\0', line.len))
		return "NUL byte";
	if (!text_is_utf8(line.text, line.len))
		return "invalid UTF-8";
	for (size_t i = 0; i < line.len; i++) {
		unsigned char c = (unsigned char)line.text[i];

		if ((c < ' ' && c != '\t') || c == 0x7f)
			return "control character";
	}
	return NULL;
}
