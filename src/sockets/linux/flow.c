// SPDX-License-Identifier: MIT
/*
 * Sets of ports as a few ranges, and the other conditions of a flow. Rules are for nft_rules.c and
 * xtables.c; what comes of them, for redirects.c.
 */
#include "sockets/linux/flow.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

uint8_t flow_number(enum berth_proto proto)
{
	switch (proto) {
	case BERTH_TCP:
	case BERTH_MPTCP:
	case BERTH_PROTOS:
		break;
	case BERTH_UDP:
		return IPPROTO_UDP;
	case BERTH_SCTP:
		return IPPROTO_SCTP;
	case BERTH_DCCP:
		return IPPROTO_DCCP;
	case BERTH_UDPLITE:
		return IPPROTO_UDPLITE;
	}
	return IPPROTO_TCP;
}

static uint16_t larger(uint16_t a, uint16_t b)
{
	return a > b ? a : b;
}

static uint16_t smaller(uint16_t a, uint16_t b)
{
	return a < b ? a : b;
}

/* Behind the last one. False: no room. */
static bool append(struct flow_ports *ports, uint16_t first, uint16_t last)
{
	if (ports->count == FLOW_RANGES)
		return false;
	ports->all[ports->count++] = (struct berth_port_range){first, last};
	return true;
}

/* Puts the range where it belongs, and makes one of those that touch. */
bool flow_ports_add(struct flow_ports *ports, uint16_t first, uint16_t last)
{
	struct flow_ports sum = {0};
	bool placed = false;

	for (size_t i = 0; i < ports->count; i++) {
		struct berth_port_range range = ports->all[i];

		if (range.last + 1 < first) {
			(void)append(&sum, range.first, range.last);
		} else if (range.first > last + 1) {
			if (!placed && !append(&sum, first, last))
				return false;
			placed = true;
			if (!append(&sum, range.first, range.last))
				return false;
		} else {
			first = smaller(first, range.first);
			last = larger(last, range.last);
		}
	}
	if (!placed && !append(&sum, first, last))
		return false;
	*ports = sum;
	return true;
}

bool flow_only_port(struct flow *flow, uint16_t first, uint16_t last)
{
	struct flow_ports *ports = &flow->ports;
	size_t kept = 0;

	for (size_t i = 0; i < ports->count; i++) {
		uint16_t low = larger(first, ports->all[i].first);
		uint16_t high = smaller(last, ports->all[i].last);

		if (low <= high)
			ports->all[kept++] = (struct berth_port_range){low, high};
	}
	ports->count = kept;
	return kept > 0;
}

bool flow_without_port(struct flow *flow, uint16_t first, uint16_t last)
{
	struct flow_ports left = {0};
	bool fits = true;

	for (size_t i = 0; i < flow->ports.count; i++) {
		struct berth_port_range range = flow->ports.all[i];

		if (range.last < first || range.first > last) {
			fits = fits && append(&left, range.first, range.last);
			continue;
		}
		if (range.first < first)
			fits = fits && append(&left, range.first, (uint16_t)(first - 1));
		if (range.last > last)
			fits = fits && append(&left, (uint16_t)(last + 1), range.last);
	}
	if (fits)
		flow->ports = left;
	else
		flow_doubt(flow, "some ports");
	return flow->ports.count > 0;
}

bool flow_only_ports(struct flow *flow, const struct flow_ports *ports)
{
	struct flow_ports both = {0};
	bool fits = true;

	for (size_t i = 0; i < ports->count; i++) {
		struct flow part = {.ports = flow->ports};

		(void)flow_only_port(&part, ports->all[i].first, ports->all[i].last);
		for (size_t j = 0; j < part.ports.count; j++)
			fits = fits &&
				append(&both, part.ports.all[j].first, part.ports.all[j].last);
	}
	if (fits)
		flow->ports = both;
	else
		flow_doubt(flow, "some ports");
	return flow->ports.count > 0;
}

bool flow_without_ports(struct flow *flow, const struct flow_ports *ports)
{
	for (size_t i = 0; i < ports->count; i++)
		(void)flow_without_port(flow, ports->all[i].first, ports->all[i].last);
	return flow->ports.count > 0;
}

static bool same_bits(const uint8_t *a, const uint8_t *b, unsigned bits)
{
	unsigned rest = bits % 8;

	if (memcmp(a, b, bits / 8) != 0)
		return false;
	return !rest || !((a[bits / 8] ^ b[bits / 8]) >> (8 - rest));
}

bool flow_only_address(struct flow *flow, const uint8_t *address, unsigned bits)
{
	unsigned shared = bits;

	if (!bits)
		return true;
	if (flow->has_address && flow->address_bits < shared)
		shared = flow->address_bits;
	if (flow->has_address && !same_bits(flow->address, address, shared))
		return false;
	flow->narrowings++;
	if (flow->has_address && flow->address_bits >= bits)
		return true;
	flow->has_address = true;
	flow->address_bits = (uint8_t)bits;
	memset(flow->address, 0, sizeof(flow->address));
	memcpy(flow->address, address, (bits + 7) / 8);
	if (bits % 8)
		flow->address[bits / 8] &= (uint8_t)(0xff00U >> (bits % 8));
	return true;
}

static void add_words(struct flow *flow, const char *words)
{
	size_t before = strlen(flow->conditions);

	flow->narrowings++;
	if (strstr(flow->conditions, words))
		return;
	(void)snprintf(flow->conditions + before, sizeof(flow->conditions) - before, "%s%s",
		before ? ", " : "", words);
}

void flow_condition(struct flow *flow, const char *format, ...)
{
	char words[FLOW_TEXT];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(words, sizeof(words), format, arguments);
	va_end(arguments);
	add_words(flow, words);
}

void flow_doubt(struct flow *flow, const char *format, ...)
{
	char words[FLOW_TEXT];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(words, sizeof(words), format, arguments);
	va_end(arguments);
	add_words(flow, words);
	flow->conditional = true;
}

void flow_write_address(
	char *ret_text, size_t size, uint8_t family, const uint8_t *address, unsigned bits)
{
	char text[INET6_ADDRSTRLEN] = "";

	(void)inet_ntop(family == 4 ? AF_INET : AF_INET6, address, text, sizeof(text));
	if (bits < (family == 4 ? 32U : 128U))
		(void)snprintf(ret_text, size, "%s/%u", text, bits);
	else
		(void)snprintf(ret_text, size, "%s", text);
}
