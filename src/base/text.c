// SPDX-License-Identifier: MIT
/*
 * Decoding, escaping and comparing of untrusted text. UTF-8 as in RFC 3629, JSON strings as in
 * RFC 8259 section 7.
 */
#include "base/text.h"

#include <errno.h>
#include <string.h>

/* Continuation bytes that follow a lead byte, and the smallest code point that needs them. */
static int lead_byte(unsigned char byte, uint32_t *ret_bits, uint32_t *ret_least)
{
	if (byte < 0x80) {
		*ret_bits = byte;
		*ret_least = 0;
		return 0;
	}
	if (byte >= 0xc2 && byte <= 0xdf) {
		*ret_bits = byte & 0x1fU;
		*ret_least = 0x80;
		return 1;
	}
	if (byte >= 0xe0 && byte <= 0xef) {
		*ret_bits = byte & 0x0fU;
		*ret_least = 0x800;
		return 2;
	}
	if (byte >= 0xf0 && byte <= 0xf4) {
		*ret_bits = byte & 0x07U;
		*ret_least = 0x10000;
		return 3;
	}
	return -1;
}

uint32_t text_decode(const char *bytes, size_t len, size_t *ret_used)
{
	uint32_t point;
	uint32_t least;
	int more = lead_byte((unsigned char)bytes[0], &point, &least);

	*ret_used = 1;
	if (more < 0 || (size_t)more >= len)
		return TEXT_INVALID;
	for (int i = 1; i <= more; i++) {
		unsigned char byte = (unsigned char)bytes[i];

		if ((byte & 0xc0) != 0x80)
			return TEXT_INVALID;
		point = point << 6 | (byte & 0x3fU);
	}
	if (point < least || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
		return TEXT_INVALID;
	*ret_used = (size_t)more + 1;
	return point;
}

bool text_is_utf8(const char *bytes, size_t len)
{
	for (size_t used; len; bytes += used, len -= used) {
		if (text_decode(bytes, len, &used) == TEXT_INVALID)
			return false;
	}
	return true;
}

bool text_is_hidden(uint32_t point)
{
	return point < 0x20 || (point >= 0x7f && point < 0xa0) || point == 0xad || point == 0x61c ||
		(point >= 0x200b && point <= 0x200f) || (point >= 0x2028 && point <= 0x202e) ||
		(point >= 0x2060 && point <= 0x206f) || point == 0xfeff ||
		(point >= 0xfff9 && point <= 0xfffb) || (point >= 0xe0000 && point <= 0xe007f);
}

/* How many bytes in front need no escape: printable ASCII but for the quote and the backslash. */
static size_t plain_run(const char *bytes, size_t len)
{
	size_t run = 0;

	while (run < len) {
		unsigned char c = (unsigned char)bytes[run];

		if (c < 0x20 || c >= 0x7f || c == '"' || c == '\\')
			break;
		run++;
	}
	return run;
}

void text_escape_terminal(struct buffer *out, const char *bytes, size_t len)
{
	for (size_t used; len; bytes += used, len -= used) {
		used = plain_run(bytes, len);
		if (used) {
			buffer_bytes(out, bytes, used);
			continue;
		}
		uint32_t point = text_decode(bytes, len, &used);

		if (point == TEXT_INVALID)
			buffer_format(out, "\\x%02x", (unsigned char)bytes[0]);
		else if (point == '\\')
			buffer_text(out, "\\\\");
		else if (!text_is_hidden(point))
			buffer_bytes(out, bytes, used);
		else if (point < 0x80)
			buffer_format(out, "\\x%02x", (unsigned)point);
		else
			buffer_format(out, "\\u{%x}", (unsigned)point);
	}
}

static size_t escape_json_one(struct buffer *out, const char *bytes, size_t len)
{
	size_t used;
	uint32_t point = text_decode(bytes, len, &used);

	if (point == TEXT_INVALID) {
		buffer_text(out, "\xef\xbf\xbd"); /* U+FFFD REPLACEMENT CHARACTER */
	} else if (point == '"' || point == '\\') {
		buffer_char(out, '\\');
		buffer_char(out, (char)point);
	} else if (point == '\n') {
		buffer_text(out, "\\n");
	} else if (point == '\t') {
		buffer_text(out, "\\t");
	} else if (point < 0x20 || (point >= 0x7f && point < 0xa0)) {
		/* RFC 8259 asks for C0 only; DEL and C1 would act on the terminal that shows the
		 * JSON. */
		buffer_format(out, "\\u%04x", (unsigned)point);
	} else {
		buffer_bytes(out, bytes, used);
	}
	return used;
}

/* RFC 3629: all bytes of a character but the first one are 10xxxxxx. */
static bool is_continuation(char byte)
{
	return ((unsigned char)byte & 0xc0) == 0x80;
}

void text_abridge(struct buffer *out, const char *text, size_t len, size_t most)
{
	size_t head = most / 2;
	size_t tail = len - most / 2;

	if (len <= most) {
		buffer_bytes(out, text, len);
		return;
	}
	while (head && is_continuation(text[head]))
		head--;
	while (tail < len && is_continuation(text[tail]))
		tail++;
	buffer_bytes(out, text, head);
	buffer_text(out, "...");
	buffer_bytes(out, text + tail, len - tail);
}

void text_escape_json(struct buffer *out, const char *bytes, size_t len)
{
	while (len) {
		size_t run = plain_run(bytes, len);

		if (run)
			buffer_bytes(out, bytes, run);
		else
			run = escape_json_one(out, bytes, len);
		bytes += run;
		len -= run;
	}
}

int text_number(const char *text, size_t len, uint64_t max, uint64_t *ret_value)
{
	uint64_t value = 0;
	bool over = false;

	if (!len)
		return -EINVAL;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -EINVAL;
		uint64_t digit = (uint64_t)(text[i] - '0');
		if (value > (UINT64_MAX - digit) / 10)
			over = true;
		else
			value = value * 10 + digit;
	}
	if (over || value > max)
		return -ERANGE;
	*ret_value = value;
	return 0;
}

int text_number_pair(const char *text, uint64_t max, uint64_t *ret_first, uint64_t *ret_last)
{
	const char *dash = strchr(text, '-');
	uint64_t first = 0;
	uint64_t last = 0;
	int r = dash ? text_number(text, (size_t)(dash - text), max, &first) : -EINVAL;

	if (!r)
		r = text_number(dash + 1, strlen(dash + 1), max, &last);
	if (!r && first > last)
		r = -EINVAL;
	if (!r) {
		*ret_first = first;
		*ret_last = last;
	}
	return r;
}

char text_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

int text_compare_fold(const char *a, const char *b)
{
	while (*a && text_lower(*a) == text_lower(*b)) {
		a++;
		b++;
	}
	return (unsigned char)text_lower(*a) - (unsigned char)text_lower(*b);
}

bool text_equal_fold(const char *a, size_t a_len, const char *b, size_t b_len)
{
	if (a_len != b_len)
		return false;
	for (size_t i = 0; i < a_len; i++) {
		if (text_lower(a[i]) != text_lower(b[i]))
			return false;
	}
	return true;
}

bool text_starts_fold(const char *text, const char *prefix)
{
	while (*prefix && text_lower(*text) == text_lower(*prefix)) {
		text++;
		prefix++;
	}
	return !*prefix;
}

const char *text_find_fold(const char *text, const char *word)
{
	for (; *text; text++) {
		if (text_lower(*text) == text_lower(*word) && text_starts_fold(text, word))
			return text;
	}
	return *word ? NULL : text;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

bool text_ends(const char *text, const char *end)
{
	size_t len = strlen(text);
	size_t end_len = strlen(end);

	return len > end_len && !strcmp(text + len - end_len, end);
}

bool text_has_word(const char *words, const char *word)
{
	size_t len = strlen(word);

	while (*words) {
		size_t n = strcspn(words, " ");

		if (n == len && !memcmp(words, word, n))
			return true;
		words += n + (words[n] == ' ');
	}
	return false;
}

bool text_next_line(const char **text, const char *end, const char **ret_line, size_t *ret_len)
{
	if (*text == end)
		return false;
	const char *feed = memchr(*text, '\n', (size_t)(end - *text));

	*ret_line = *text;
	*ret_len = (size_t)((feed ? feed : end) - *text);
	*text = feed ? feed + 1 : end;
	return true;
}

size_t text_trim(const char **text, size_t len)
{
	while (len && is_space((*text)[0])) {
		(*text)++;
		len--;
	}
	while (len && is_space((*text)[len - 1]))
		len--;
	return len;
}

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Optimal string alignment: Levenshtein's table with swaps of neighbours, three rows kept. */
unsigned text_distance(const char *a, const char *b, unsigned limit)
{
	enum {
		LONGEST = 63
	};
	unsigned table[3][LONGEST + 1];
	size_t a_len = strlen(a);
	size_t b_len = strlen(b);

	if (a_len > LONGEST || b_len > LONGEST)
		return limit + 1;
	for (size_t j = 0; j <= b_len; j++)
		table[0][j] = (unsigned)j;
	for (size_t i = 1; i <= a_len; i++) {
		unsigned *row = table[i % 3];
		const unsigned *above = table[(i - 1) % 3];
		unsigned best = row[0] = (unsigned)i;

		for (size_t j = 1; j <= b_len; j++) {
			bool same = text_lower(a[i - 1]) == text_lower(b[j - 1]);

			row[j] = least(above[j - 1] + !same, least(above[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && text_lower(a[i - 1]) == text_lower(b[j - 2]) &&
				text_lower(a[i - 2]) == text_lower(b[j - 1]))
				row[j] = least(row[j], table[(i - 2) % 3][j - 2] + 1);
			best = least(best, row[j]);
		}
		if (best > limit)
			return limit + 1;
	}
	return least(table[a_len % 3][b_len], limit + 1);
}

/* Does a shell take the word as it is? */
static bool is_plain_word(const char *word)
{
	if (!*word)
		return false;
	for (; *word; word++) {
		if ((unsigned char)*word <= ' ' || strchr("'\"\\$`&|;<>()*?[]{}#!~", *word))
			return false;
	}
	return true;
}

void text_shell_word(struct buffer *out, const char *word)
{
	if (is_plain_word(word)) {
		buffer_text(out, word);
		return;
	}
	buffer_char(out, '\'');
	for (const char *quote = strchr(word, '\''); quote; quote = strchr(word, '\'')) {
		buffer_bytes(out, word, (size_t)(quote - word));
		buffer_text(out, "'\\''");
		word = quote + 1;
	}
	buffer_text(out, word);
	buffer_char(out, '\'');
}
