// SPDX-License-Identifier: MIT
/* Values are encoded as in URLs (RFC 3986 section 2.1), which every language can read. */
#include "desk/line.h"

#include <string.h>

#include "base/text.h"

enum {
	NIBBLE = 4,
	TEN = 10,
};

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + TEN;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + TEN;
	return -1;
}

/* In place, up to `end`, which gets a NUL. */
static const char *decode_value(char *value, char *end)
{
	char *to = value;

	for (char *from = value; from < end; from++) {
		if (*from != '%') {
			*to++ = *from;
			continue;
		}
		int high = end - from > 2 ? digit_of(from[1]) : -1;
		int low = end - from > 2 ? digit_of(from[2]) : -1;
		if (high < 0 || low < 0)
			return "a % is not followed by two hexadecimal digits";
		if (!high && !low)
			return "a value has a NUL byte";
		*to++ = (char)(unsigned char)(high << NIBBLE | low);
		from += 2;
	}
	*to = '\0';
	return NULL;
}

static bool is_key(const char *key, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (key[i] < 'a' || key[i] > 'z')
			return false;
	}
	return len > 0;
}

static const char *take_field(char *text, char *end, struct line *line)
{
	char *equals = memchr(text, '=', (size_t)(end - text));

	if (!equals || !is_key(text, (size_t)(equals - text)))
		return "a field is not key=value, with small letters for the key";
	if (line->n == LINE_FIELDS)
		return "there are too many fields";
	*equals = '\0';
	if (line_value(line, text))
		return "a key is given twice";
	line->fields[line->n++] = (struct line_field){text, equals + 1};
	return decode_value(equals + 1, end);
}

const char *line_decode(char *text, size_t len, struct line *ret_line)
{
	const char *problem = NULL;
	char *end = text + len;

	ret_line->n = 0;
	if (memchr(text, '\0', len))
		return "a line has a NUL byte";
	while (!problem && text < end) {
		char *blank = memchr(text, ' ', (size_t)(end - text));
		char *stop = blank ? blank : end;

		if (stop > text)
			problem = take_field(text, stop, ret_line);
		text = stop + 1;
	}
	return problem ? problem : ret_line->n ? NULL : "the line is empty";
}

const char *line_value(const struct line *line, const char *key)
{
	for (size_t i = 0; i < line->n; i++) {
		if (!strcmp(line->fields[i].key, key))
			return line->fields[i].value;
	}
	return NULL;
}

const char *line_stranger(const struct line *line, const char *known)
{
	for (size_t i = 0; i < line->n; i++) {
		if (!text_has_word(known, line->fields[i].key))
			return line->fields[i].key;
	}
	return NULL;
}

void line_put(struct buffer *out, bool first, const char *key, const char *value)
{
	static const char digits[] = "0123456789ABCDEF";
	enum {
		LOW = 15
	};

	if (!first)
		buffer_char(out, ' ');
	buffer_text(out, key);
	buffer_char(out, '=');
	for (; *value; value++) {
		unsigned char c = (unsigned char)*value;

		if (c > ' ' && c <= '~' && c != '%') {
			buffer_char(out, *value);
			continue;
		}
		buffer_char(out, '%');
		buffer_char(out, digits[c >> NIBBLE]);
		buffer_char(out, digits[c & LOW]);
	}
}
