// SPDX-License-Identifier: MIT
/*
 * Compares partly known bytes, a group of one kind after the other.
 */
#include "sockets/linux/packet.h"

#include <linux/if.h>
#include <stdio.h>
#include <string.h>

const char *packet_word(unsigned what)
{
	static const char *const words[] = {
		[PACKET_VALUE] = "something else",
		[PACKET_PORT] = "dport",
		[PACKET_ADDRESS] = "daddr",
		[PACKET_IN_NAME] = "iifname",
		[PACKET_OUT_NAME] = "oifname",
		[PACKET_IN_INDEX] = "iif",
		[PACKET_OUT_INDEX] = "oif",
		[PACKET_CHANCE] = "by chance",
		[PACKET_SOURCE_ADDRESS] = "saddr",
		[PACKET_SOURCE_PORT] = "sport",
		[PACKET_MARK] = "mark",
		[PACKET_OWNER] = "owner",
		[PACKET_TRACKING] = "ct",
		[PACKET_OTHER] = "something else",
	};

	return words[what < sizeof(words) / sizeof(*words) ? what : PACKET_OTHER];
}

/* How many bytes at the front are of one thing, one after the other. */
static size_t group_of(const struct packet_byte *bytes, size_t len)
{
	size_t count = 1;

	while (count < len && bytes[count].what == bytes[0].what &&
		(bytes[0].what == PACKET_VALUE || bytes[count].index == bytes[0].index + count))
		count++;
	return count;
}

static bool is_whole(const struct packet_byte *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (bytes[i].mask != UINT8_MAX || bytes[i].index != i)
			return false;
	}
	return true;
}

/* The number of bits at the front of an address that are looked at; false: others are, too. */
static bool prefix_of(const struct packet_byte *bytes, size_t len, unsigned *ret_bits)
{
	unsigned bits = 0;
	bool ended = false;

	for (size_t i = 0; i < len; i++) {
		for (int bit = 7; bit >= 0; bit--) {
			bool set = bytes[i].mask >> bit & 1;

			if (bytes[i].index != i || (set && ended))
				return false;
			ended = ended || !set;
			bits += set;
		}
	}
	*ret_bits = bits;
	return true;
}

/* Whether a range of addresses is all those with the same first bits. */
static bool prefix_between(
	const unsigned char *low, const unsigned char *high, size_t len, unsigned *ret_bits)
{
	unsigned bits = 0;
	bool ended = false;

	for (size_t i = 0; i < len; i++) {
		for (int bit = 7; bit >= 0; bit--) {
			bool l = low[i] >> bit & 1;
			bool h = high[i] >> bit & 1;

			if (ended && (l || !h))
				return false;
			if (!ended && l != h) {
				if (l)
					return false;
				ended = true;
			}
			bits += !ended;
		}
	}
	*ret_bits = bits;
	return true;
}

uint16_t packet_port(const unsigned char *bytes)
{
	return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static bool values_between(const struct packet_byte *bytes, const unsigned char *low,
	const unsigned char *high, size_t len)
{
	unsigned char values[PACKET_MOST];

	for (size_t i = 0; i < len; i++)
		values[i] = bytes[i].value;
	return memcmp(values, low, len) >= 0 && memcmp(values, high, len) <= 0;
}

static bool only_address(struct flow *flow, const struct packet_byte *bytes,
	const unsigned char *low, const unsigned char *high, size_t len)
{
	uint8_t address[16] = {0};
	unsigned bits = 0;
	unsigned looked = 0;

	if (len > sizeof(address) || !prefix_of(bytes, len, &looked) ||
		!prefix_between(low, high, len, &bits)) {
		flow_doubt(flow, "%s", packet_word(PACKET_ADDRESS));
		return true;
	}
	memcpy(address, low, len);
	return flow_only_address(flow, address, bits < looked ? bits : looked);
}

static void write_name(char ret_text[IFNAMSIZ + 2], const unsigned char *name, size_t len)
{
	size_t used = strnlen((const char *)name, len < IFNAMSIZ ? len : IFNAMSIZ);

	memcpy(ret_text, name, used);
	/* Without its NUL it is the front of a name. */
	(void)snprintf(ret_text + used, 2, "%s", used == len && len < IFNAMSIZ ? "*" : "");
}

static void only_interface(struct flow *flow, const struct packet_byte *bytes,
	const unsigned char *value, size_t len, const char *negation)
{
	char name[IFNAMSIZ + 2];
	uint32_t index = 0;

	if (!is_whole(bytes, len)) {
		flow_doubt(flow, "%s", packet_word(bytes->what));
	} else if (bytes->what == PACKET_IN_NAME || bytes->what == PACKET_OUT_NAME) {
		write_name(name, value, len);
		flow_condition(flow, "%s%s %s", packet_word(bytes->what), negation, name);
	} else {
		memcpy(&index, value, len < sizeof(index) ? len : sizeof(index));
		flow_condition(flow, "%s%s %u", packet_word(bytes->what), negation, index);
	}
}

/* Narrows the flow to where these bytes are from low to high. False: nothing is left. */
static bool only_group(struct flow *flow, const struct packet_byte *bytes, const unsigned char *low,
	const unsigned char *high, size_t len)
{
	bool one = !memcmp(low, high, len);

	switch ((enum packet_what)bytes->what) {
	case PACKET_VALUE:
		return values_between(bytes, low, high, len);
	case PACKET_PORT:
		if (len == 2 && is_whole(bytes, len))
			return flow_only_port(flow, packet_port(low), packet_port(high));
		break;
	case PACKET_ADDRESS:
		return only_address(flow, bytes, low, high, len);
	case PACKET_IN_NAME:
	case PACKET_OUT_NAME:
	case PACKET_IN_INDEX:
	case PACKET_OUT_INDEX:
		if (one) {
			only_interface(flow, bytes, low, len, "");
			return true;
		}
		break;
	case PACKET_CHANCE:
	case PACKET_SOURCE_ADDRESS:
	case PACKET_SOURCE_PORT:
	case PACKET_MARK:
	case PACKET_OWNER:
	case PACKET_TRACKING:
	case PACKET_OTHER:
		break;
	}
	flow_doubt(flow, "%s", packet_word(bytes->what));
	return true;
}

bool packet_only(struct flow *flow, const struct packet_byte *bytes, const unsigned char *low,
	const unsigned char *high, size_t len)
{
	bool left = true;

	for (size_t at = 0; left && at < len;) {
		size_t count = group_of(bytes + at, len - at);

		left = only_group(flow, bytes + at, low + at, high + at, count);
		at += count;
	}
	return left;
}

/* The opposite of packet_only(). */
bool packet_without(struct flow *flow, const struct packet_byte *bytes, const unsigned char *low,
	const unsigned char *high, size_t len)
{
	char text[64];
	unsigned bits = 0;

	if (group_of(bytes, len) < len) {
		flow_doubt(flow, "%s", packet_word(bytes->what));
		return true;
	}
	switch ((enum packet_what)bytes->what) {
	case PACKET_VALUE:
		return !values_between(bytes, low, high, len);
	case PACKET_PORT:
		if (len == 2 && is_whole(bytes, len))
			return flow_without_port(flow, packet_port(low), packet_port(high));
		break;
	case PACKET_ADDRESS:
		if (prefix_of(bytes, len, &bits) && !memcmp(low, high, len)) {
			uint8_t address[16] = {0};

			memcpy(address, low, len < sizeof(address) ? len : sizeof(address));
			flow_write_address(text, sizeof(text), flow->family, address, bits);
			flow_condition(flow, "%s not %s", packet_word(PACKET_ADDRESS), text);
			return true;
		}
		break;
	case PACKET_IN_NAME:
	case PACKET_OUT_NAME:
	case PACKET_IN_INDEX:
	case PACKET_OUT_INDEX:
		only_interface(flow, bytes, low, len, " not");
		return true;
	case PACKET_CHANCE:
	case PACKET_SOURCE_ADDRESS:
	case PACKET_SOURCE_PORT:
	case PACKET_MARK:
	case PACKET_OWNER:
	case PACKET_TRACKING:
	case PACKET_OTHER:
		break;
	}
	flow_doubt(flow, "%s", packet_word(bytes->what));
	return true;
}
