// SPDX-License-Identifier: MIT
/*
 * Refusing a file with its name and line, and the checks that hold for all bytes of it. UTF-8 as in
 * RFC 3629.
 */
#include "registry/source.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

enum {
	LARGEST = 64 << 20, /* the XML form has 4 MB in 2026 */
	EXCERPT = 80,
};

int source_refuse(const struct source *source, unsigned long line, const char *format, ...)
{
	char what[256];
	va_list args;

	va_start(args, format);
	int len = vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	buffer_format(source->problem, "%s:%lu: %s", source->name, line, len < 0 ? "" : what);
	return -EBADMSG;
}

int source_refuse_text(
	const struct source *source, unsigned long line, const char *what, const char *text)
{
	size_t len = strnlen(text, EXCERPT);
	bool cut = text[len] != '\0';

	/* Not in the middle of a character: continuation bytes are 10xxxxxx. */
	while (cut && len && ((unsigned char)text[len] & 0xc0) == 0x80)
		len--;
	buffer_format(source->problem, "%s:%lu: %s: \"", source->name, line, what);
	text_escape_terminal(source->problem, text, len);
	buffer_text(source->problem, cut ? "…\"" : "\"");
	return -EBADMSG;
}

int source_check(const struct source *source)
{
	const char *at = source->bytes;
	size_t left = source->len;
	unsigned long line = 1;

	if (left > LARGEST)
		return source_refuse(source, 1, "too large for a registry: %zu bytes", left);
	for (size_t used; left; at += used, left -= used) {
		if (text_decode(at, left, &used) == TEXT_INVALID)
			return source_refuse(source, line, "not UTF-8: byte 0x%02x",
				(unsigned)(unsigned char)*at);
		if (*at == '\0')
			return source_refuse(source, line, "holds a NUL byte");
		if (*at == '\r' && (left == 1 || at[1] != '\n'))
			return source_refuse(source, line, "a carriage return without a line feed");
		if (*at == '\n')
			line++;
	}
	return 0;
}

unsigned long source_lines(const struct source *source)
{
	unsigned long lines = 0;

	for (size_t i = 0; i < source->len; i++)
		lines += source->bytes[i] == '\n';
	if (!source->len || source->bytes[source->len - 1] != '\n')
		lines++;
	return lines;
}
