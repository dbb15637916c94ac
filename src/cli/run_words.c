// SPDX-License-Identifier: MIT
/* Replaces what stands in braces. Only what is known is replaced: shells, JSON and awk have braces
 * of their own. */
#include "cli/run_words.h"

#include <string.h>

enum {
	LONGEST_NAME = 64,
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool run_words_is_name(const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < len; i++) {
		if (!is_digit(name[i]) && !is_letter(name[i]) && !strchr("_.-", name[i]))
			return false;
	}
	return len > 0 && len <= LONGEST_NAME;
}

static bool is_word(const char *text, size_t len, const char *word)
{
	return strlen(word) == len && !memcmp(text, word, len);
}

/* Appends what {text} stands for; false: nothing. */
static bool put_value(const struct run_words *words, const char *text, size_t len, uint16_t port,
	struct buffer *out)
{
	if (is_word(text, len, "port")) {
		buffer_uint(out, port);
		return true;
	}
	if (is_word(text, len, "host")) {
		buffer_text(out, words->host);
		return true;
	}
	for (size_t i = 0; i < words->n_ports; i++) {
		if (is_word(text, len, words->ports[i].name)) {
			buffer_uint(out, words->ports[i].port);
			return true;
		}
	}
	return false;
}

void run_words_expand(
	const struct run_words *words, const char *word, uint16_t port, struct buffer *out)
{
	char before = 0;

	while (*word) {
		const char *end = *word == '{' && before != '$' ? strchr(word, '}') : NULL;

		if (end && put_value(words, word + 1, (size_t)(end - word - 1), port, out))
			word = end + 1;
		else
			buffer_char(out, *word++);
		before = word[-1];
	}
}

void run_words_variable(const char *name, struct buffer *out)
{
	if (is_digit(*name))
		buffer_char(out, '_');
	for (; *name; name++) {
		if (*name >= 'a' && *name <= 'z')
			buffer_char(out, (char)(*name - 'a' + 'A'));
		else
			buffer_char(out, is_digit(*name) || is_letter(*name) ? *name : '_');
	}
	buffer_text(out, "_PORT");
}
