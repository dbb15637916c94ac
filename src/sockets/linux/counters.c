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
	if (text->at == text->end)
		return false;
	const char *feed = memchr(text->at, '\n', (size_t)(text->end - text->at));
	*ret_line = (struct words){text->at, feed ? feed : text->end};
	text->at = feed ? feed + 1 : text->end;
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

/* "MPTCP" and "MPTCPv6" are both MPTCP. BERTH_PROTOS: none of ours. */
static enum berth_proto proto_of(const struct words *word)
{
	static const struct {
		const char *name;
		enum berth_proto proto;
	} names[] = {
		{"TCP", BERTH_TCP},
		{"UDP", BERTH_UDP},
		{"UDP-Lite", BERTH_UDPLITE},
		{"UDPLITE", BERTH_UDPLITE}, /* IPv6's */
		{"MPTCP", BERTH_MPTCP},
		{"SCTP", BERTH_SCTP},
		{"DCCP", BERTH_DCCP},
	};
	struct words stem = *word;

	if (stem.end - stem.at > 2 && !memcmp(stem.end - 2, "v6", 2))
		stem.end -= 2;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (word_is(&stem, names[i].name))
			return names[i].proto;
	}
	return BERTH_PROTOS;
}

int counters_protocols(
	const char *text, size_t len, struct counters_protocol ret_counts[BERTH_PROTOS])
{
	struct counters_protocol counts[BERTH_PROTOS] = {{0}};
	struct words rest = {text, text + len};
	struct words line;
	struct words word;

	if (!find_line(&rest, "protocol", &line)) /* the headings */
		return -EBADMSG;
	while (next_line(&rest, &line)) {
		enum berth_proto proto = next_word(&line, &word) ? proto_of(&word) : BERTH_PROTOS;
		uint64_t sockets = 0;

		if (proto == BERTH_PROTOS)
			continue;
		/* The size of an object stands between. */
		if (!next_word(&line, &word) || !next_word(&line, &word) ||
			word_number(&word, &sockets))
			return -EBADMSG;
		counts[proto].listed = true;
		counts[proto].sockets += sockets;
	}
	memcpy(ret_counts, counts, sizeof(counts));
	return 0;
}
