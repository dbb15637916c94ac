// SPDX-License-Identifier: MIT
/* What all files have in common: numbers, addresses in front of them, protocols behind them. */
#include "project/wish.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/text.h"

bool wish_ports(struct berth_wish *wish, const char *text, size_t len)
{
	const char *hyphen = len ? memchr(text, '-', len) : NULL;
	size_t first_len = hyphen ? (size_t)(hyphen - text) : len;
	uint64_t first = 0;
	uint64_t last = 0;

	if (text_number(text, first_len, UINT16_MAX, &first) || !first)
		return false;
	last = first;
	if (hyphen && text_number(hyphen + 1, len - first_len - 1, UINT16_MAX, &last))
		return false;
	if (last < first)
		return false;
	wish->first = (uint16_t)first;
	wish->last = (uint16_t)last;
	return true;
}

bool wish_address(struct berth_wish *wish, const char *text, size_t len)
{
	char copy[INET6_ADDRSTRLEN];

	if (len >= 2 && text[0] == '[' && text[len - 1] == ']') {
		text++;
		len -= 2;
	}
	wish->family = 0;
	if (!len || (len == 1 && *text == '*'))
		return true;
	if (len >= sizeof(copy) || memchr(text, '\0', len))
		return false;
	memcpy(copy, text, len);
	copy[len] = '\0';
	if (inet_pton(AF_INET, copy, wish->address) == 1)
		wish->family = 4;
	else if (inet_pton(AF_INET6, copy, wish->address) == 1)
		wish->family = 6;
	return wish->family;
}

bool wish_names_port(const char *name, size_t len)
{
	static const char word[] = "port";
	const size_t word_len = sizeof(word) - 1;

	if (len < word_len || !text_equal_fold(name + len - word_len, word_len, word, word_len))
		return false;
	return len == word_len || name[len - word_len - 1] == '_' ||
		name[len - word_len - 1] == '-';
}

bool wish_proto(struct berth_wish *wish, const char *text, size_t len)
{
	static const struct {
		const char *name;
		enum berth_proto proto;
	} names[] = {{"tcp", BERTH_TCP}, {"udp", BERTH_UDP}, {"sctp", BERTH_SCTP}};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (text_equal_fold(text, len, names[i].name, strlen(names[i].name))) {
			wish->proto = names[i].proto;
			return true;
		}
	}
	return false;
}

bool wish_place(struct berth_wish *wish, const char *text, size_t len)
{
	const char *slash = len ? memrchr(text, '/', len) : NULL;

	if (slash) {
		if (!wish_proto(wish, slash + 1, len - (size_t)(slash + 1 - text))) {
			wish->problem = "not a protocol; /tcp, /udp or /sctp";
			return false;
		}
		len = (size_t)(slash - text);
	}
	const char *colon = len ? memrchr(text, ':', len) : NULL;
	size_t skip = colon ? (size_t)(colon + 1 - text) : 0;

	if (colon && !wish_address(wish, text, skip - 1)) {
		wish->problem = "not an address in front of the port";
		return false;
	}
	if (!wish_ports(wish, text + skip, len - skip)) {
		wish->problem = "not a port (1 to 65535) or a range of ports";
		return false;
	}
	return true;
}
