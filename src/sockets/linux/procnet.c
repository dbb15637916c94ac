// SPDX-License-Identifier: MIT
/*
 * Decodes /proc/net/{tcp,udp,udplite}{,6}. The lines are written by tcp4_seq_show (net/ipv4/
 * tcp_ipv4.c), udp4_format_sock (net/ipv4/udp.c) and their IPv6 sisters:
 *
 *   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
 *    0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 59633
 *
 * Addresses are the 32-bit words of the network order as the machine reads them, in hexadecimal.
 */
#include "sockets/linux/procnet.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"

enum {
	TIMER_TIME_WAIT = 3, /* tcp_ipv4.c get_timewait4_sock */
	WORD_DIGITS = 8,
};

struct field {
	const char *text;
	size_t len;
};

enum {
	SLOT,
	LOCAL,
	PEER,
	STATE,
	QUEUES,
	TIMER,
	RETRANSMITS,
	UID,
	TIMEOUT,
	INODE,
	FIELDS,
};

const char *procnet_path(enum berth_proto proto, uint8_t family)
{
	static const char *const paths[BERTH_PROTOS][2] = {
		[BERTH_TCP] = {"/proc/net/tcp", "/proc/net/tcp6"},
		[BERTH_UDP] = {"/proc/net/udp", "/proc/net/udp6"},
		[BERTH_UDPLITE] = {"/proc/net/udplite", "/proc/net/udplite6"},
	};

	return paths[proto][family == 6];
}

/* Cuts a line at its spaces. Whether it has at least FIELDS of them. */
static bool split(const char *line, size_t len, struct field fields[FIELDS])
{
	size_t at = 0;

	for (size_t i = 0; i < FIELDS; i++) {
		while (at < len && line[at] == ' ')
			at++;
		fields[i].text = line + at;
		while (at < len && line[at] != ' ')
			at++;
		fields[i].len = (size_t)(line + at - fields[i].text);
	}
	return fields[FIELDS - 1].len > 0;
}

static bool parse_hex(const char *text, size_t len, uint32_t *ret_value)
{
	uint32_t value = 0;

	if (!len || len > WORD_DIGITS)
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = text_lower(text[i]);

		if (c >= '0' && c <= '9')
			value = value << 4 | (uint32_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			value = value << 4 | (uint32_t)(c - 'a' + 10);
		else
			return false;
	}
	*ret_value = value;
	return true;
}

/* "0A:0000001F" and the like: two hexadecimal numbers around a colon. */
static bool parse_pair(const struct field *field, uint32_t *ret_first, uint32_t *ret_second)
{
	const char *colon = memchr(field->text, ':', field->len);

	if (!colon)
		return false;
	size_t first = (size_t)(colon - field->text);
	return parse_hex(field->text, first, ret_first) &&
		parse_hex(colon + 1, field->len - first - 1, ret_second);
}

static bool parse_address(
	const struct field *field, uint8_t family, uint8_t ret_address[16], uint16_t *ret_port)
{
	size_t words = family == 4 ? 1 : 4;
	size_t digits = words * WORD_DIGITS;
	uint32_t word = 0;

	if (field->len != digits + 5 || field->text[digits] != ':')
		return false;
	memset(ret_address, 0, 16);
	for (size_t i = 0; i < words; i++) {
		if (!parse_hex(field->text + i * WORD_DIGITS, WORD_DIGITS, &word))
			return false;
		memcpy(ret_address + i * sizeof(word), &word, sizeof(word));
	}
	if (!parse_hex(field->text + digits + 1, 4, &word))
		return false;
	*ret_port = (uint16_t)word;
	return true;
}

static bool parse_line(
	const char *line, size_t len, const struct procnet_table *table, struct berth_socket *row)
{
	struct field fields[FIELDS];
	uint32_t state = 0;
	uint32_t timer = 0;
	uint32_t ticks = 0;
	uint64_t uid = 0;

	if (!split(line, len, fields))
		return false;
	if (!parse_address(&fields[LOCAL], table->family, row->local, &row->local_port) ||
		!parse_address(&fields[PEER], table->family, row->peer, &row->peer_port) ||
		!parse_hex(fields[STATE].text, fields[STATE].len, &state) ||
		!parse_pair(&fields[QUEUES], &row->send_queue, &row->receive_queue) ||
		!parse_pair(&fields[TIMER], &timer, &ticks) ||
		text_number(fields[UID].text, fields[UID].len, UINT32_MAX, &uid) ||
		text_number(fields[INODE].text, fields[INODE].len, UINT64_MAX, &row->inode))
		return false;
	if (!state || state >= ROWS_STATES)
		return false;
	row->state = (uint8_t)state;
	row->uid = (uint32_t)uid;
	row->has_uid = row->inode || uid; /* 0 for TIME_WAIT and requests, whoever it was */
	if (timer == TIMER_TIME_WAIT)
		row->expires_ms = (int64_t)ticks * 1000 / table->clock_ticks;
	return true;
}

int procnet_decode(const char *text, size_t len, const struct procnet_table *table, rows_seen *seen,
	void *context, bool *ret_malformed)
{
	const char *end = text + len;
	const char *line = NULL;
	size_t line_len = 0;
	bool header = true;

	while (text_next_line(&text, end, &line, &line_len)) {
		struct berth_socket row = {
			.proto = table->proto,
			.family = table->family,
			.v6only = -1,
			.expires_ms = -1,
		};

		if (header)
			header = false;
		else if (!parse_line(line, line_len, table, &row))
			*ret_malformed = true;
		else {
			int r = seen(context, &row);

			if (r)
				return r;
		}
	}
	return 0;
}

static void rewrite_field(
	char *text, size_t len, uint8_t family, procnet_address *change, void *context)
{
	static const char digits[] = "0123456789ABCDEF";
	const struct field field = {.text = text, .len = len};
	uint8_t address[16];
	uint16_t port = 0;

	if (!parse_address(&field, family, address, &port)) {
		memset(text, '0', len);
		return;
	}
	change(context, family, address);
	for (size_t i = 0; i < (family == 4 ? 1U : 4U); i++) {
		uint32_t word = 0;

		memcpy(&word, address + i * sizeof(word), sizeof(word));
		for (size_t digit = WORD_DIGITS; digit-- > 0; word >>= 4)
			text[i * WORD_DIGITS + digit] = digits[word & 15];
	}
}

void procnet_rewrite(char *text, size_t len, uint8_t family, procnet_address *change, void *context)
{
	const char *rest = text;
	const char *at = NULL;
	size_t line_len = 0;
	bool header = true;

	while (text_next_line(&rest, text + len, &at, &line_len)) {
		char *line = text + (at - text);
		struct field fields[FIELDS];

		if (header)
			header = false;
		else if (split(line, line_len, fields)) {
			rewrite_field(line + (fields[LOCAL].text - line), fields[LOCAL].len, family,
				change, context);
			rewrite_field(line + (fields[PEER].text - line), fields[PEER].len, family,
				change, context);
		} else {
			memset(line, ' ', line_len);
		}
	}
}
