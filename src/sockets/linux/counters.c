// SPDX-License-Identifier: MIT
/*
 * Finds single numbers in /proc/net/snmp (net/ipv4/proc.c snmp_seq_show_tcp_udp: a line of names,
 * then a line of values), /proc/net/sockstat (sockstat_seq_show: pairs of name and value behind the
 * protocol) and /proc/net/protocols (net/core/sock.c proto_seq_printf: columns).
 */
#include "sockets/linux/counters.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/text.h"

/* What is still to be read of a text, a line or a word. */
struct words {
	const char *at;
	const char *end;
};

/* The next line of the text; false at its end. */
static bool next_line(struct words *text, struct words *ret_line)
{
	size_t len = 0;

	if (!text_next_line(&text->at, text->end, &ret_line->at, &len))
		return false;
	ret_line->end = ret_line->at + len;
	return true;
}

/* The next word of the line; false at its end. */
static bool next_word(struct words *line, struct words *ret_word)
{
	while (line->at < line->end && *line->at == ' ')
		line->at++;
	const char *space = line->at;
	while (space < line->end && *space != ' ')
		space++;
	*ret_word = (struct words){line->at, space};
	line->at = space;
	return ret_word->at < ret_word->end;
}

static bool word_is(const struct words *word, const char *text)
{
	size_t len = (size_t)(word->end - word->at);

	return strlen(text) == len && !memcmp(word->at, text, len);
}

static int word_number(const struct words *word, uint64_t *ret_number)
{
	return text_number(word->at, (size_t)(word->end - word->at), UINT64_MAX, ret_number)
		? -EBADMSG
		: 0;
}

/* The next line whose first word is `name`; the line is what stands behind it. */
static bool find_line(struct words *text, const char *name, struct words *ret_line)
{
	struct words word;

	while (next_line(text, ret_line)) {
		if (next_word(ret_line, &word) && word_is(&word, name))
			return true;
	}
	return false;
}

int counters_established(const char *text, size_t len, uint64_t *ret_count)
{
	struct words rest = {text, text + len};
	struct words names;
	struct words values;
	struct words name;
	struct words value;

	if (!find_line(&rest, "Tcp:", &names) || !find_line(&rest, "Tcp:", &values))
		return -EBADMSG;
	while (next_word(&names, &name) && next_word(&values, &value)) {
		if (word_is(&name, "CurrEstab"))
			return word_number(&value, ret_count);
	}
	return -EBADMSG;
}

int counters_time_wait(const char *text, size_t len, uint64_t *ret_count)
{
	struct words rest = {text, text + len};
	struct words line;
	struct words name;
	struct words value;

	if (!find_line(&rest, "TCP:", &line))
		return -EBADMSG;
	while (next_word(&line, &name) && next_word(&line, &value)) {
		if (word_is(&name, "tw"))
			return word_number(&value, ret_count);
	}
	return -EBADMSG;
}

/* "MPTCP" and "MPTCPv6" are both MPTCP. */
static bool is_protocol(const struct words *word, const char *name)
{
	struct words stem = *word;
	size_t len = (size_t)(word->end - word->at);

	if (len > 2 && !memcmp(word->end - 2, "v6", 2))
		stem.end -= 2;
	return word_is(&stem, name);
}

int counters_protocol(const char *text, size_t len, const char *name, uint64_t *ret_count)
{
	struct words rest = {text, text + len};
	struct words line;
	struct words word;
	uint64_t sum = 0;
	bool listed = false;

	if (!find_line(&rest, "protocol", &line)) /* the headings */
		return -EBADMSG;
	while (next_line(&rest, &line)) {
		uint64_t sockets = 0;

		if (!next_word(&line, &word) || !is_protocol(&word, name))
			continue;
		bool has_size = next_word(&line, &word); /* of an object, stands between */
		if (!has_size || !next_word(&line, &word) || word_number(&word, &sockets))
			return -EBADMSG;
		sum += sockets;
		listed = true;
	}
	if (!listed)
		return -ENOENT;
	*ret_count = sum;
	return 0;
}
