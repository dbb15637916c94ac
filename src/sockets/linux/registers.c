// SPDX-License-Identifier: MIT
/*
 * Where registers are, and what expressions put into them (net/netfilter/nft_payload.c, nft_meta.c,
 * nft_ct.c, nft_fib.c, nft_bitwise.c) of a connection that begins. What is done with them is in
 * nft_rules.c.
 */
#include "sockets/linux/registers.h"

#include <arpa/inet.h>
#include <linux/if.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

enum {
	NEW_CONNECTION = 1 << 3, /* NF_CT_STATE_BIT(IP_CT_NEW) */
	LOCAL_ADDRESS = 2, /* linux/rtnetlink.h RTN_LOCAL */
	ETHERTYPE_4 = 0x0800,
	ETHERTYPE_6 = 0x86dd,
	TCP_FLAGS = 13, /* where they stand in the header */
	SYN = 0x02,
};

/* nft_parse_register(): the old ones have 16 bytes, the new ones 4, and they share their places. */
static size_t place_of(uint32_t number)
{
	size_t place = PACKET_MOST;

	if (number <= NFT_REG_4)
		place = (size_t)number * NFT_REG_SIZE;
	else if (number >= NFT_REG32_00 && number <= NFT_REG32_15)
		place = ((size_t)number - NFT_REG32_00 + 4) * NFT_REG32_SIZE;
	return place;
}

struct packet_byte *registers_put(struct registers *registers, uint32_t number, size_t len)
{
	size_t place = place_of(number);
	size_t whole = (len + 3) & ~(size_t)3;

	if (place < NFT_REG_SIZE || !len || whole > PACKET_MOST || place > PACKET_MOST - whole)
		return NULL;
	struct packet_byte *bytes = registers->all + place;
	for (size_t i = len; i < whole; i++)
		bytes[i] = (struct packet_byte){.what = PACKET_VALUE};
	return bytes;
}

const struct packet_byte *registers_get(
	const struct registers *registers, uint32_t number, size_t len)
{
	size_t place = place_of(number);

	if (place < NFT_REG_SIZE || len > PACKET_MOST || place > PACKET_MOST - len)
		return NULL;
	return registers->all + place;
}

void registers_put_what(
	struct registers *registers, uint32_t number, enum packet_what what, size_t len)
{
	struct packet_byte *bytes = registers_put(registers, number, len);

	for (size_t i = 0; bytes && i < len; i++)
		bytes[i] = (struct packet_byte){
			.what = (uint8_t)what, .index = (uint8_t)i, .mask = UINT8_MAX};
}

void registers_put_value(
	struct registers *registers, uint32_t number, const void *value, size_t len)
{
	struct packet_byte *bytes = registers_put(registers, number, len);
	const unsigned char *from = value;

	for (size_t i = 0; bytes && i < len; i++)
		bytes[i] = (struct packet_byte){
			.what = PACKET_VALUE, .value = from[i], .mask = UINT8_MAX};
}

bool registers_read(
	const struct registers *registers, uint32_t number, unsigned char *ret, size_t len)
{
	const struct packet_byte *bytes = registers_get(registers, number, len);

	for (size_t i = 0; bytes && i < len; i++) {
		if (bytes[i].what != PACKET_VALUE)
			return false;
		ret[i] = bytes[i].value;
	}
	return bytes != NULL;
}

void registers_forget(struct registers *registers)
{
	for (size_t i = 0; i < PACKET_MOST; i++)
		registers->all[i] = (struct packet_byte){.what = PACKET_OTHER, .mask = UINT8_MAX};
}

struct messages_attribute registers_data(struct message_rest inside, uint16_t type)
{
	struct messages_attribute attribute;

	if (messages_find(inside, type, &attribute))
		(void)messages_find(messages_inside(&attribute), NFTA_DATA_VALUE, &attribute);
	return attribute;
}

/* ---- Expressions: false when one is not understood ----------------------------------------------
 */

static struct packet_byte network_byte(const struct flow *flow, size_t at)
{
	bool four = flow->family == 4;
	size_t protocol = four ? 9 : 6; /* RFC 791, RFC 8200; extension headers are left out */
	size_t source = four ? 12 : 8;
	size_t len = four ? 4 : 16;

	if (at == protocol)
		return (struct packet_byte){PACKET_VALUE, 0, flow_number(flow->proto), UINT8_MAX};
	if (at >= source && at < source + len)
		return (struct packet_byte){
			PACKET_SOURCE_ADDRESS, (uint8_t)(at - source), 0, UINT8_MAX};
	if (at >= source + len && at < source + 2 * len)
		return (struct packet_byte){
			PACKET_ADDRESS, (uint8_t)(at - source - len), 0, UINT8_MAX};
	return (struct packet_byte){PACKET_OTHER, (uint8_t)at, 0, UINT8_MAX};
}

static struct packet_byte transport_byte(const struct flow *flow, size_t at)
{
	if (at < 2)
		return (struct packet_byte){PACKET_SOURCE_PORT, (uint8_t)at, 0, UINT8_MAX};
	if (at < 4)
		return (struct packet_byte){PACKET_PORT, (uint8_t)(at - 2), 0, UINT8_MAX};
	if (at == TCP_FLAGS && flow->proto == BERTH_TCP)
		return (struct packet_byte){PACKET_VALUE, 0, SYN, UINT8_MAX};
	return (struct packet_byte){PACKET_OTHER, (uint8_t)at, 0, UINT8_MAX};
}

static bool load_payload(struct registers *registers, struct flow *flow, struct message_rest inside)
{
	uint32_t base = messages_number(inside, NFTA_PAYLOAD_BASE);
	size_t offset = messages_number(inside, NFTA_PAYLOAD_OFFSET);
	size_t len = messages_number(inside, NFTA_PAYLOAD_LEN);
	struct messages_attribute attribute;

	if (!messages_find(inside, NFTA_PAYLOAD_DREG, &attribute)) { /* writes into the packet */
		flow_doubt(flow, "payload");
		return true;
	}
	struct packet_byte *bytes = registers_put(registers, messages_be32(&attribute), len);
	for (size_t i = 0; bytes && i < len; i++)
		bytes[i] = base == NFT_PAYLOAD_NETWORK_HEADER ? network_byte(flow, offset + i)
			: base == NFT_PAYLOAD_TRANSPORT_HEADER
			? transport_byte(flow, offset + i)
			: (struct packet_byte){PACKET_OTHER, (uint8_t)i, 0, UINT8_MAX};
	return true;
}

static bool load_meta(struct registers *registers, struct flow *flow, struct message_rest inside)
{
	const uint8_t protocol = flow_number(flow->proto);
	bool four = flow->family == 4;
	const uint8_t family = four ? NFPROTO_IPV4 : NFPROTO_IPV6;
	const uint16_t ethertype = htons(four ? ETHERTYPE_4 : ETHERTYPE_6);
	struct messages_attribute attribute;

	if (!messages_find(inside, NFTA_META_DREG, &attribute))
		return true; /* sets a mark or the like */
	uint32_t to = messages_be32(&attribute);
	switch (messages_number(inside, NFTA_META_KEY)) {
	case NFT_META_L4PROTO:
		registers_put_value(registers, to, &protocol, sizeof(protocol));
		break;
	case NFT_META_NFPROTO:
		registers_put_value(registers, to, &family, sizeof(family));
		break;
	case NFT_META_PROTOCOL:
		registers_put_value(registers, to, &ethertype, sizeof(ethertype));
		break;
	case NFT_META_IIFNAME:
		registers_put_what(registers, to, PACKET_IN_NAME, IFNAMSIZ);
		break;
	case NFT_META_OIFNAME:
		registers_put_what(registers, to, PACKET_OUT_NAME, IFNAMSIZ);
		break;
	case NFT_META_IIF:
		registers_put_what(registers, to, PACKET_IN_INDEX, sizeof(uint32_t));
		break;
	case NFT_META_OIF:
		registers_put_what(registers, to, PACKET_OUT_INDEX, sizeof(uint32_t));
		break;
	case NFT_META_MARK:
		registers_put_what(registers, to, PACKET_MARK, sizeof(uint32_t));
		break;
	case NFT_META_SKUID:
	case NFT_META_SKGID:
		registers_put_what(registers, to, PACKET_OWNER, sizeof(uint32_t));
		break;
	case NFT_META_PRANDOM:
		registers_put_what(registers, to, PACKET_CHANCE, sizeof(uint32_t));
		break;
	default:
		registers_put_what(registers, to, PACKET_OTHER, NFT_REG_SIZE);
		break;
	}
	return true;
}

/* A connection is looked at when it begins. */
static bool load_tracking(
	struct registers *registers, struct flow *flow, struct message_rest inside)
{
	const uint32_t state = NEW_CONNECTION;
	const uint32_t status = 0;
	const uint8_t direction = 0; /* IP_CT_DIR_ORIGINAL */
	struct messages_attribute attribute;

	(void)flow;
	if (!messages_find(inside, NFTA_CT_DREG, &attribute))
		return true;
	uint32_t to = messages_be32(&attribute);
	switch (messages_find(inside, NFTA_CT_KEY, &attribute) ? messages_be32(&attribute)
							       : UINT32_MAX) {
	case NFT_CT_STATE:
		registers_put_value(registers, to, &state, sizeof(state));
		break;
	case NFT_CT_STATUS:
		registers_put_value(registers, to, &status, sizeof(status));
		break;
	case NFT_CT_DIRECTION:
		registers_put_value(registers, to, &direction, sizeof(direction));
		break;
	default:
		registers_put_what(registers, to, PACKET_TRACKING, NFT_REG_SIZE);
		break;
	}
	return true;
}

/* What kind of address the destination is: one of this machine's, or it is no business of ours. */
static bool load_fib(struct registers *registers, struct flow *flow, struct message_rest inside)
{
	const uint32_t local = LOCAL_ADDRESS;
	uint32_t to = messages_number(inside, NFTA_FIB_DREG);

	(void)flow;
	if (messages_number(inside, NFTA_FIB_RESULT) == NFT_FIB_RESULT_ADDRTYPE &&
		messages_number(inside, NFTA_FIB_FLAGS) & NFTA_FIB_F_DADDR)
		registers_put_value(registers, to, &local, sizeof(local));
	else
		registers_put_what(registers, to, PACKET_OTHER, NFT_REG_SIZE);
	return true;
}

static bool load_number(struct registers *registers, struct flow *flow, struct message_rest inside)
{
	(void)flow;
	registers_put_what(
		registers, messages_number(inside, NFTA_NG_DREG), PACKET_CHANCE, sizeof(uint32_t));
	return true;
}

static bool load_hash(struct registers *registers, struct flow *flow, struct message_rest inside)
{
	(void)flow;
	registers_put_what(registers, messages_number(inside, NFTA_HASH_DREG), PACKET_CHANCE,
		sizeof(uint32_t));
	return true;
}

static bool bitwise(struct registers *registers, struct flow *flow, struct message_rest inside)
{
	size_t len = messages_number(inside, NFTA_BITWISE_LEN);
	struct messages_attribute mask = registers_data(inside, NFTA_BITWISE_MASK);
	struct messages_attribute flip = registers_data(inside, NFTA_BITWISE_XOR);
	const struct packet_byte *from =
		registers_get(registers, messages_number(inside, NFTA_BITWISE_SREG), len);
	struct packet_byte result[PACKET_MOST];

	(void)flow;
	if (!from || !len || len > PACKET_MOST || mask.len < len || flip.len < len ||
		messages_number(inside, NFTA_BITWISE_OP) != NFT_BITWISE_BOOL) {
		return false;
	}
	for (size_t i = 0; i < len; i++) {
		result[i] = from[i];
		result[i].mask &= mask.bytes[i];
		if (from[i].what == PACKET_VALUE)
			result[i].value =
				(uint8_t)((from[i].value & mask.bytes[i]) ^ flip.bytes[i]);
		else if (flip.bytes[i])
			result[i].what = PACKET_OTHER;
	}
	struct packet_byte *to =
		registers_put(registers, messages_number(inside, NFTA_BITWISE_DREG), len);
	if (to)
		memcpy(to, result, len * sizeof(*to));
	return true;
}

bool registers_run(struct registers *registers, struct flow *flow,
	const struct messages_attribute *name, struct message_rest inside)
{
	static const struct {
		const char *name;
		bool (*run)(
			struct registers *registers, struct flow *flow, struct message_rest inside);
	} known[] = {
		{"bitwise", bitwise},
		{"ct", load_tracking},
		{"fib", load_fib},
		{"hash", load_hash},
		{"meta", load_meta},
		{"numgen", load_number},
		{"payload", load_payload},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		if (messages_is(name, known[i].name))
			return known[i].run(registers, flow, inside);
	}
	return false;
}
