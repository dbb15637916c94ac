// SPDX-License-Identifier: MIT
/*
 * Follows connections through the rules of a chain: an interpreter of the expressions of nf_tables
 * (net/netfilter/nft_*.c) on partly known packets (packet.h). Where a map may give different
 * answers, each is followed on its own.
 */
#include <arpa/inet.h>
#include <linux/if.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "sockets/linux/extensions.h"
#include "sockets/linux/nft.h"
#include "sockets/linux/packet.h"

enum {
	REGISTERS = PACKET_MOST, /* bytes: that of the verdict, then 16 words */
	DEEPEST = 16, /* NFT_JUMP_STACK_SIZE */
	FORKS_MOST = 64, /* elements of a set of addresses that are followed one by one */
	LONGEST_NAME = 256,
	NEW_CONNECTION = 1 << 3, /* NF_CT_STATE_BIT(IP_CT_NEW) */
	LOCAL_ADDRESS = 2, /* linux/rtnetlink.h RTN_LOCAL */
	ETHERTYPE_4 = 0x0800,
	ETHERTYPE_6 = 0x86dd,
	TCP_FLAGS = 13, /* where they stand in the header */
	SYN = 0x02,
};

/* A flow on its way through one rule. */
struct run {
	struct nft *nft;
	struct nft_chain *chain;
	uint64_t handle;
	unsigned depth;
	unsigned narrowings; /* that the flow had before the rule */
	struct flow_ports *done; /* does not go on in this chain */
	struct flow_ports *gone; /* does not go on at all */
	struct messages_attributes rest; /* expressions that are still to come */
	struct flow flow;
	struct packet_byte registers[REGISTERS];
};

enum step {
	NEXT, /* go on with the next expression */
	OVER, /* the rule is done with this flow */
};

static void walk_chain(struct nft *nft, struct nft_chain *chain, const struct flow *incoming,
	unsigned depth, struct flow_ports *gone);
static void run_rest(struct run *run);

/* ---- Registers ------------------------------------------------------------------------------- */

/* nft_parse_register(): the old ones have 16 bytes, the new ones 4, and they share their places. */
static size_t place_of(uint32_t number)
{
	size_t place = REGISTERS;

	if (number <= NFT_REG_4)
		place = (size_t)number * NFT_REG_SIZE;
	else if (number >= NFT_REG32_00 && number <= NFT_REG32_15)
		place = ((size_t)number - NFT_REG32_00 + 4) * NFT_REG32_SIZE;
	return place;
}

/* Room for `len` bytes, and those behind them up to a whole word. NULL: there is none. */
static struct packet_byte *put(struct run *run, uint32_t number, size_t len)
{
	size_t place = place_of(number);
	size_t whole = (len + 3) & ~(size_t)3;

	if (place < NFT_REG_SIZE || !len || whole > REGISTERS || place > REGISTERS - whole)
		return NULL;
	struct packet_byte *bytes = run->registers + place;
	for (size_t i = len; i < whole; i++)
		bytes[i] = (struct packet_byte){.what = PACKET_VALUE};
	return bytes;
}

static const struct packet_byte *get(const struct run *run, uint32_t number, size_t len)
{
	size_t place = place_of(number);

	if (place < NFT_REG_SIZE || len > REGISTERS || place > REGISTERS - len)
		return NULL;
	return run->registers + place;
}

static void put_what(struct run *run, uint32_t number, enum packet_what what, size_t len)
{
	struct packet_byte *bytes = put(run, number, len);

	for (size_t i = 0; bytes && i < len; i++)
		bytes[i] = (struct packet_byte){
			.what = (uint8_t)what, .index = (uint8_t)i, .mask = UINT8_MAX};
}

static void put_value(struct run *run, uint32_t number, const void *value, size_t len)
{
	struct packet_byte *bytes = put(run, number, len);
	const unsigned char *from = value;

	for (size_t i = 0; bytes && i < len; i++)
		bytes[i] = (struct packet_byte){
			.what = PACKET_VALUE, .value = from[i], .mask = UINT8_MAX};
}

/* All that an expression may have done which is not understood. */
static void forget(struct run *run, const char *name)
{
	flow_doubt(&run->flow, "%s", name);
	for (size_t i = 0; i < REGISTERS; i++)
		run->registers[i] = (struct packet_byte){.what = PACKET_OTHER, .mask = UINT8_MAX};
}

/* The bytes if all of them are known. */
static bool read_value(const struct run *run, uint32_t number, unsigned char *ret, size_t len)
{
	const struct packet_byte *bytes = get(run, number, len);

	for (size_t i = 0; bytes && i < len; i++) {
		if (bytes[i].what != PACKET_VALUE)
			return false;
		ret[i] = bytes[i].value;
	}
	return bytes != NULL;
}

/* ---- Attributes ------------------------------------------------------------------------------ */

static bool find(struct messages_attributes inside, uint16_t type, struct messages_attribute *ret)
{
	while (messages_next(&inside, ret)) {
		if (ret->type == type)
			return true;
	}
	*ret = (struct messages_attribute){0};
	return false;
}

static uint32_t number_in(struct messages_attributes inside, uint16_t type)
{
	struct messages_attribute attribute;

	return find(inside, type, &attribute) ? messages_be32(&attribute) : 0;
}

static struct messages_attribute data_in(struct messages_attributes inside, uint16_t type)
{
	struct messages_attribute attribute;

	if (find(inside, type, &attribute))
		(void)find(messages_inside(&attribute), NFTA_DATA_VALUE, &attribute);
	return attribute;
}

/* ---- Comparisons -----------------------------------------------------------------------------
 */

static enum step step_if(bool left)
{
	return left ? NEXT : OVER;
}

static enum step compare(struct run *run, struct messages_attributes inside)
{
	struct messages_attribute data = data_in(inside, NFTA_CMP_DATA);
	const struct packet_byte *bytes = get(run, number_in(inside, NFTA_CMP_SREG), data.len);
	unsigned char lowest[REGISTERS] = {0};
	unsigned char highest[REGISTERS];
	struct flow *flow = &run->flow;

	if (!bytes || !data.len) {
		forget(run, "cmp");
		return NEXT;
	}
	memset(highest, UINT8_MAX, sizeof(highest));
	switch ((enum nft_cmp_ops)number_in(inside, NFTA_CMP_OP)) {
	case NFT_CMP_EQ:
		return step_if(packet_only(flow, bytes, data.bytes, data.bytes, data.len));
	case NFT_CMP_NEQ:
		return step_if(packet_without(flow, bytes, data.bytes, data.bytes, data.len));
	case NFT_CMP_LT:
		return step_if(packet_without(flow, bytes, data.bytes, highest, data.len));
	case NFT_CMP_LTE:
		return step_if(packet_only(flow, bytes, lowest, data.bytes, data.len));
	case NFT_CMP_GT:
		return step_if(packet_without(flow, bytes, lowest, data.bytes, data.len));
	case NFT_CMP_GTE:
		return step_if(packet_only(flow, bytes, data.bytes, highest, data.len));
	}
	forget(run, "cmp");
	return NEXT;
}

static enum step compare_range(struct run *run, struct messages_attributes inside)
{
	struct messages_attribute low = data_in(inside, NFTA_RANGE_FROM_DATA);
	struct messages_attribute high = data_in(inside, NFTA_RANGE_TO_DATA);
	const struct packet_byte *bytes = get(run, number_in(inside, NFTA_RANGE_SREG), low.len);

	if (!bytes || !low.len || low.len != high.len) {
		forget(run, "range");
		return NEXT;
	}
	bool inverted = number_in(inside, NFTA_RANGE_OP) == NFT_RANGE_NEQ;
	return step_if((inverted ? packet_without : packet_only)(
		&run->flow, bytes, low.bytes, high.bytes, low.len));
}

/* ---- Loads ----------------------------------------------------------------------------------- */

static struct packet_byte network_byte(const struct run *run, size_t at)
{
	bool four = run->flow.family == 4;
	size_t protocol = four ? 9 : 6; /* RFC 791, RFC 8200; extension headers are left out */
	size_t source = four ? 12 : 8;
	size_t len = four ? 4 : 16;

	if (at == protocol)
		return (struct packet_byte){
			PACKET_VALUE, 0, flow_number(run->flow.proto), UINT8_MAX};
	if (at >= source && at < source + len)
		return (struct packet_byte){
			PACKET_SOURCE_ADDRESS, (uint8_t)(at - source), 0, UINT8_MAX};
	if (at >= source + len && at < source + 2 * len)
		return (struct packet_byte){
			PACKET_ADDRESS, (uint8_t)(at - source - len), 0, UINT8_MAX};
	return (struct packet_byte){PACKET_OTHER, (uint8_t)at, 0, UINT8_MAX};
}

static struct packet_byte transport_byte(const struct run *run, size_t at)
{
	if (at < 2)
		return (struct packet_byte){PACKET_SOURCE_PORT, (uint8_t)at, 0, UINT8_MAX};
	if (at < 4)
		return (struct packet_byte){PACKET_PORT, (uint8_t)(at - 2), 0, UINT8_MAX};
	if (at == TCP_FLAGS && run->flow.proto == BERTH_TCP)
		return (struct packet_byte){PACKET_VALUE, 0, SYN, UINT8_MAX};
	return (struct packet_byte){PACKET_OTHER, (uint8_t)at, 0, UINT8_MAX};
}

static enum step load_payload(struct run *run, struct messages_attributes inside)
{
	uint32_t base = number_in(inside, NFTA_PAYLOAD_BASE);
	size_t offset = number_in(inside, NFTA_PAYLOAD_OFFSET);
	size_t len = number_in(inside, NFTA_PAYLOAD_LEN);
	struct messages_attribute attribute;

	if (!find(inside, NFTA_PAYLOAD_DREG, &attribute)) { /* writes into the packet */
		flow_doubt(&run->flow, "payload");
		return NEXT;
	}
	struct packet_byte *bytes = put(run, messages_be32(&attribute), len);
	for (size_t i = 0; bytes && i < len; i++)
		bytes[i] = base == NFT_PAYLOAD_NETWORK_HEADER ? network_byte(run, offset + i)
			: base == NFT_PAYLOAD_TRANSPORT_HEADER
			? transport_byte(run, offset + i)
			: (struct packet_byte){PACKET_OTHER, (uint8_t)i, 0, UINT8_MAX};
	return NEXT;
}

static enum step load_meta(struct run *run, struct messages_attributes inside)
{
	const uint8_t protocol = flow_number(run->flow.proto);
	bool four = run->flow.family == 4;
	const uint8_t family = four ? NFPROTO_IPV4 : NFPROTO_IPV6;
	const uint16_t ethertype = htons(four ? ETHERTYPE_4 : ETHERTYPE_6);
	struct messages_attribute attribute;

	if (!find(inside, NFTA_META_DREG, &attribute))
		return NEXT; /* sets a mark or the like */
	uint32_t to = messages_be32(&attribute);
	switch (number_in(inside, NFTA_META_KEY)) {
	case NFT_META_L4PROTO:
		put_value(run, to, &protocol, sizeof(protocol));
		break;
	case NFT_META_NFPROTO:
		put_value(run, to, &family, sizeof(family));
		break;
	case NFT_META_PROTOCOL:
		put_value(run, to, &ethertype, sizeof(ethertype));
		break;
	case NFT_META_IIFNAME:
		put_what(run, to, PACKET_IN_NAME, IFNAMSIZ);
		break;
	case NFT_META_OIFNAME:
		put_what(run, to, PACKET_OUT_NAME, IFNAMSIZ);
		break;
	case NFT_META_IIF:
		put_what(run, to, PACKET_IN_INDEX, sizeof(uint32_t));
		break;
	case NFT_META_OIF:
		put_what(run, to, PACKET_OUT_INDEX, sizeof(uint32_t));
		break;
	case NFT_META_MARK:
		put_what(run, to, PACKET_MARK, sizeof(uint32_t));
		break;
	case NFT_META_SKUID:
	case NFT_META_SKGID:
		put_what(run, to, PACKET_OWNER, sizeof(uint32_t));
		break;
	case NFT_META_PRANDOM:
		put_what(run, to, PACKET_CHANCE, sizeof(uint32_t));
		break;
	default:
		put_what(run, to, PACKET_OTHER, NFT_REG_SIZE);
		break;
	}
	return NEXT;
}

/* A connection is looked at when it begins. */
static enum step load_tracking(struct run *run, struct messages_attributes inside)
{
	const uint32_t state = NEW_CONNECTION;
	const uint32_t status = 0;
	const uint8_t direction = 0; /* IP_CT_DIR_ORIGINAL */
	struct messages_attribute attribute;

	if (!find(inside, NFTA_CT_DREG, &attribute))
		return NEXT;
	uint32_t to = messages_be32(&attribute);
	switch (find(inside, NFTA_CT_KEY, &attribute) ? messages_be32(&attribute) : UINT32_MAX) {
	case NFT_CT_STATE:
		put_value(run, to, &state, sizeof(state));
		break;
	case NFT_CT_STATUS:
		put_value(run, to, &status, sizeof(status));
		break;
	case NFT_CT_DIRECTION:
		put_value(run, to, &direction, sizeof(direction));
		break;
	default:
		put_what(run, to, PACKET_TRACKING, NFT_REG_SIZE);
		break;
	}
	return NEXT;
}

/* What kind of address the destination is: one of this machine's, or it is no business of ours. */
static enum step load_fib(struct run *run, struct messages_attributes inside)
{
	const uint32_t local = LOCAL_ADDRESS;
	uint32_t to = number_in(inside, NFTA_FIB_DREG);

	if (number_in(inside, NFTA_FIB_RESULT) == NFT_FIB_RESULT_ADDRTYPE &&
		number_in(inside, NFTA_FIB_FLAGS) & NFTA_FIB_F_DADDR)
		put_value(run, to, &local, sizeof(local));
	else
		put_what(run, to, PACKET_OTHER, NFT_REG_SIZE);
	return NEXT;
}

static enum step load_number(struct run *run, struct messages_attributes inside)
{
	put_what(run, number_in(inside, NFTA_NG_DREG), PACKET_CHANCE, sizeof(uint32_t));
	return NEXT;
}

static enum step load_hash(struct run *run, struct messages_attributes inside)
{
	put_what(run, number_in(inside, NFTA_HASH_DREG), PACKET_CHANCE, sizeof(uint32_t));
	return NEXT;
}

static enum step bitwise(struct run *run, struct messages_attributes inside)
{
	size_t len = number_in(inside, NFTA_BITWISE_LEN);
	struct messages_attribute mask = data_in(inside, NFTA_BITWISE_MASK);
	struct messages_attribute flip = data_in(inside, NFTA_BITWISE_XOR);
	const struct packet_byte *from = get(run, number_in(inside, NFTA_BITWISE_SREG), len);
	struct packet_byte result[REGISTERS];

	if (!from || !len || len > REGISTERS || mask.len < len || flip.len < len ||
		number_in(inside, NFTA_BITWISE_OP) != NFT_BITWISE_BOOL) {
		forget(run, "bitwise");
		return NEXT;
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
	struct packet_byte *to = put(run, number_in(inside, NFTA_BITWISE_DREG), len);
	if (to)
		memcpy(to, result, len * sizeof(*to));
	return NEXT;
}

/* ---- Verdicts -------------------------------------------------------------------------------- */

/* Whether all of the flow's ports go the same way, whatever else is in the packet. */
static bool is_exact(const struct run *run)
{
	return run->flow.narrowings == run->narrowings;
}

static void add_ports(struct flow_ports *to, const struct flow_ports *ports)
{
	/* Where there is no room, more is followed than needs be. */
	for (size_t i = 0; i < ports->count; i++)
		(void)flow_ports_add(to, ports->all[i].first, ports->all[i].last);
}

static enum step stop(struct run *run)
{
	if (is_exact(run)) {
		add_ports(run->done, &run->flow.ports);
		add_ports(run->gone, &run->flow.ports);
	}
	return OVER;
}

static enum step jump(struct run *run, const char *name, bool back)
{
	if (redirects_enough(run->nft->redirects, &run->flow))
		return OVER;
	struct nft_chain *chain =
		name ? nft_find(run->nft, run->chain->family, run->chain->table, name) : NULL;
	struct flow_ports gone = {0};

	if (chain && run->depth < DEEPEST)
		walk_chain(run->nft, chain, &run->flow, run->depth + 1, &gone);
	else
		run->nft->redirects->cut = true;
	if (is_exact(run)) {
		add_ports(run->done, back ? &gone : &run->flow.ports);
		add_ports(run->gone, &gone);
	}
	return OVER;
}

static enum step decide(struct run *run, int32_t verdict, const char *chain)
{
	switch (verdict) {
	case NFT_CONTINUE:
		return NEXT;
	case NFT_BREAK:
		return OVER;
	case NFT_RETURN:
		if (is_exact(run))
			add_ports(run->done, &run->flow.ports);
		return OVER;
	case NFT_JUMP:
		return jump(run, chain, true);
	case NFT_GOTO:
		return jump(run, chain, false);
	default:
		return stop(run);
	}
}

static enum step immediate(struct run *run, struct messages_attributes inside)
{
	uint32_t to = number_in(inside, NFTA_IMMEDIATE_DREG);
	struct messages_attribute data;
	struct messages_attribute verdict;
	struct messages_attribute name;
	char chain[LONGEST_NAME];

	if (!find(inside, NFTA_IMMEDIATE_DATA, &data))
		return NEXT;
	if (to != NFT_REG_VERDICT) {
		struct messages_attribute value = data_in(inside, NFTA_IMMEDIATE_DATA);

		put_value(run, to, value.bytes, value.len);
		return NEXT;
	}
	if (!find(messages_inside(&data), NFTA_DATA_VERDICT, &verdict))
		return OVER;
	bool named = find(messages_inside(&verdict), NFTA_VERDICT_CHAIN, &name);
	if (named)
		(void)messages_text(&name, chain, sizeof(chain));
	return decide(run, (int32_t)number_in(messages_inside(&verdict), NFTA_VERDICT_CODE),
		named ? chain : NULL);
}

/* ---- What redirects -------------------------------------------------------------------------- */

static const char *family_name(uint8_t family)
{
	return family == NFPROTO_IPV4 ? "ip" : family == NFPROTO_IPV6 ? "ip6" : "inet";
}

static void capture(struct run *run, const struct redirects_target *target)
{
	struct redirects_target whole = *target;
	char table[LONGEST_NAME + 8];

	(void)snprintf(
		table, sizeof(table), "%s %s", family_name(run->chain->family), run->chain->table);
	whole.table = target->kind == BERTH_REDIRECT_IPTABLES ? run->chain->table : table;
	whole.chain = run->chain->name;
	whole.handle = run->handle;
	redirects_add(run->nft->redirects, &run->flow, &whole);
	if (!run->flow.narrowings && target->action != BERTH_ACTION_TPROXY)
		add_ports(&run->nft->caught, &run->flow.ports);
}

static uint16_t read_port(
	const struct run *run, struct messages_attributes inside, uint16_t type, bool *ret_known)
{
	struct messages_attribute attribute;
	unsigned char bytes[2];

	*ret_known = true;
	if (!find(inside, type, &attribute))
		return 0;
	*ret_known = read_value(run, messages_be32(&attribute), bytes, sizeof(bytes));
	return *ret_known ? packet_port(bytes) : 0;
}

static bool read_address(const struct run *run, struct messages_attributes inside, uint16_t type,
	uint8_t *ret_address, bool *ret_known)
{
	struct messages_attribute attribute;

	*ret_known = true;
	if (!find(inside, type, &attribute))
		return false;
	*ret_known = read_value(
		run, messages_be32(&attribute), ret_address, run->flow.family == 4 ? 4 : 16);
	return *ret_known;
}

/* The numbers of the attributes that say where it goes; 0: there is no such. */
struct places {
	uint16_t address;
	uint16_t last_address;
	uint16_t port;
	uint16_t last_port;
};

static void read_target(const struct run *run, struct messages_attributes inside,
	const struct places *places, struct redirects_target *target)
{
	bool known[4];

	target->has_address =
		read_address(run, inside, places->address, target->address, &known[0]);
	target->has_last =
		read_address(run, inside, places->last_address, target->last, &known[1]) &&
		memcmp(target->last, target->address, sizeof(target->last)) != 0;
	target->first_port = read_port(run, inside, places->port, &known[2]);
	target->last_port = read_port(run, inside, places->last_port, &known[3]);
	if (!target->last_port)
		target->last_port = target->first_port;
	if (!known[0] || !known[1] || !known[2] || !known[3])
		target->text = "what a map says";
}

static bool other_family(const struct run *run, uint32_t family)
{
	return family == (run->flow.family == 4 ? NFPROTO_IPV6 : NFPROTO_IPV4);
}

static enum step translate(struct run *run, struct messages_attributes inside)
{
	static const struct places places = {NFTA_NAT_REG_ADDR_MIN, NFTA_NAT_REG_ADDR_MAX,
		NFTA_NAT_REG_PROTO_MIN, NFTA_NAT_REG_PROTO_MAX};
	struct redirects_target target = {.kind = BERTH_REDIRECT_NFT, .action = BERTH_ACTION_DNAT};

	if (other_family(run, number_in(inside, NFTA_NAT_FAMILY)))
		return OVER;
	if (number_in(inside, NFTA_NAT_TYPE) == NFT_NAT_DNAT) {
		read_target(run, inside, &places, &target);
		capture(run, &target);
	}
	return stop(run);
}

static enum step redirect(struct run *run, struct messages_attributes inside)
{
	static const struct places places = {
		.port = NFTA_REDIR_REG_PROTO_MIN, .last_port = NFTA_REDIR_REG_PROTO_MAX};
	struct redirects_target target = {
		.kind = BERTH_REDIRECT_NFT, .action = BERTH_ACTION_REDIRECT};

	read_target(run, inside, &places, &target);
	capture(run, &target);
	return stop(run);
}

static enum step proxy(struct run *run, struct messages_attributes inside)
{
	static const struct places places = {
		.address = NFTA_TPROXY_REG_ADDR, .port = NFTA_TPROXY_REG_PORT};
	struct redirects_target target = {
		.kind = BERTH_REDIRECT_NFT, .action = BERTH_ACTION_TPROXY};

	if (other_family(run, number_in(inside, NFTA_TPROXY_FAMILY)))
		return OVER;
	read_target(run, inside, &places, &target);
	capture(run, &target);
	return NEXT; /* it leaves the verdict to what stands behind it */
}

static enum step over(struct run *run, struct messages_attributes inside)
{
	(void)inside;
	return stop(run);
}

static enum step nothing(struct run *run, struct messages_attributes inside)
{
	(void)run, (void)inside;
	return NEXT;
}

/* ---- Extensions of x_tables (net/netfilter/nft_compat.c) ----------------------------------------
 */

struct extension {
	char name[64];
	struct extensions_use use;
};

/* NFTA_MATCH_… and NFTA_TARGET_… have the same numbers. */
static void read_extension(struct messages_attributes inside, struct extension *ret)
{
	struct messages_attribute attribute;

	*ret = (struct extension){.use = {.name = ret->name}};
	while (messages_next(&inside, &attribute)) {
		if (attribute.type == NFTA_MATCH_NAME) {
			(void)messages_text(&attribute, ret->name, sizeof(ret->name));
		} else if (attribute.type == NFTA_MATCH_REV) {
			ret->use.revision = (uint8_t)messages_be32(&attribute);
		} else if (attribute.type == NFTA_MATCH_INFO) {
			ret->use.info = attribute.bytes;
			ret->use.len = attribute.len;
		}
	}
}

static enum step match(struct run *run, struct messages_attributes inside)
{
	struct extension extension;

	read_extension(inside, &extension);
	return step_if(extensions_match(&run->flow, &extension.use));
}

static enum step target(struct run *run, struct messages_attributes inside)
{
	struct redirects_target to = {.kind = BERTH_REDIRECT_IPTABLES};
	struct extension extension;

	read_extension(inside, &extension);
	switch (extensions_target(&run->flow, &extension.use, &to)) {
	case EXTENSIONS_CONTINUE:
		return NEXT;
	case EXTENSIONS_CATCH:
		capture(run, &to);
		break;
	case EXTENSIONS_STOP:
		break;
	}
	return stop(run);
}

/* ---- Sets and maps --------------------------------------------------------------------------- */

struct key {
	const struct packet_byte *bytes;
	size_t len;
	bool decided; /* by values and the port alone */
	bool open; /* depends on what is not followed */
};

static void look_at_key(struct key *key)
{
	key->decided = true;
	key->open = false;
	for (size_t i = 0; i < key->len; i++) {
		enum packet_what what = (enum packet_what)key->bytes[i].what;

		key->decided = key->decided && (what == PACKET_VALUE || what == PACKET_PORT);
		key->open = key->open || what >= PACKET_CHANCE;
	}
}

static bool in_element(struct flow *flow, const struct key *key, const struct nft_element *element)
{
	if (!element->key)
		return true;
	if (element->key_len != key->len)
		return false;
	return packet_only(flow, key->bytes, element->key,
		element->key_end ? element->key_end : element->key, key->len);
}

/* In which of the flow's ports a set says yes, when nothing else decides. */
static bool decide_set(
	struct run *run, const struct key *key, const struct nft_set *set, bool inverted)
{
	struct flow_ports yes = {0};

	for (size_t i = 0; i < set->count && run->nft->left; i++, run->nft->left--) {
		struct flow flow = {.ports = run->flow.ports};

		if (!in_element(&flow, key, set->all + i))
			continue;
		for (size_t j = 0; j < flow.ports.count; j++) {
			if (!flow_ports_add(
				    &yes, flow.ports.all[j].first, flow.ports.all[j].last)) {
				flow_doubt(&run->flow, "a set of ports");
				return true;
			}
		}
	}
	return inverted ? flow_without_ports(&run->flow, &yes) : flow_only_ports(&run->flow, &yes);
}

static enum step fork_element(const struct run *run, const struct nft_element *element, uint32_t to,
	const struct flow *flow)
{
	struct run fork = *run;

	fork.flow = *flow;
	if (element->has_verdict) {
		if (decide(&fork, element->verdict, element->chain) == OVER)
			return OVER;
	} else if (element->data) {
		put_value(&fork, to, element->data, element->data_len);
	}
	run_rest(&fork);
	return OVER;
}

/* Each element on its own: a map, or a set that decides on addresses. */
static enum step fork_set(
	struct run *run, const struct key *key, const struct nft_set *set, uint32_t to)
{
	struct flow rest = run->flow; /* what a catch-all element gets */

	for (size_t i = 0; i < set->count && run->nft->left; i++, run->nft->left--) {
		struct flow flow = set->all[i].key ? run->flow : rest;
		unsigned before = flow.narrowings;

		if (!in_element(&flow, key, set->all + i))
			continue;
		(void)fork_element(run, set->all + i, to, &flow);
		if (flow.narrowings == before)
			(void)flow_without_ports(&rest, &flow.ports);
	}
	return OVER;
}

static const char *name_of_set(const char *name)
{
	return strncmp(name, "__", 2) == 0 ? "a set" : name;
}

static enum step look_up(struct run *run, struct messages_attributes inside)
{
	struct messages_attribute attribute;
	char name[LONGEST_NAME] = "";
	bool inverted = number_in(inside, NFTA_LOOKUP_FLAGS) & NFT_LOOKUP_F_INV;
	uint32_t from = number_in(inside, NFTA_LOOKUP_SREG);
	uint32_t to = number_in(inside, NFTA_LOOKUP_DREG);
	bool map = find(inside, NFTA_LOOKUP_DREG, &attribute);
	struct key key = {.bytes = get(run, from, 1), .len = 1};

	if (find(inside, NFTA_LOOKUP_SET, &attribute))
		(void)messages_text(&attribute, name, sizeof(name));
	if (key.bytes)
		look_at_key(&key);
	/* Large sets of what is not followed anyway, as sources, need not be read. */
	if (!key.bytes || (key.open && !map)) {
		flow_doubt(&run->flow, "%s in %s",
			packet_word(key.bytes ? key.bytes->what : PACKET_OTHER), name_of_set(name));
		return NEXT;
	}
	const struct nft_set *set =
		nft_elements(run->nft, run->chain->family, run->chain->table, name);
	for (size_t i = 0; set && i < set->count; i++) {
		if (set->all[i].key)
			key.len = set->all[i].key_len;
	}
	key.bytes = get(run, from, key.len);
	if (!set || !key.bytes) {
		forget(run, "a set");
		return NEXT;
	}
	look_at_key(&key);
	if (map)
		return fork_set(run, &key, set, to);
	if (key.decided)
		return step_if(decide_set(run, &key, set, inverted));
	if (!key.open && !inverted && set->count <= FORKS_MOST)
		return fork_set(run, &key, set, NFT_REG_VERDICT);
	flow_doubt(&run->flow, "%s%s in %s", packet_word(key.bytes->what), inverted ? " not" : "",
		name_of_set(name));
	return NEXT;
}

/* ---- Rules and chains ------------------------------------------------------------------------ */

static enum step run_expression(struct run *run, struct messages_attributes expression)
{
	static const struct {
		const char *name;
		enum step (*run)(struct run *run, struct messages_attributes inside);
	} known[] = {
		{"bitwise", bitwise},
		{"cmp", compare},
		{"comment", nothing},
		{"counter", nothing},
		{"ct", load_tracking},
		{"dup", nothing},
		{"fib", load_fib},
		{"flow_offload", nothing},
		{"hash", load_hash},
		{"immediate", immediate},
		{"last", nothing},
		{"log", nothing},
		{"lookup", look_up},
		{"masq", over},
		{"match", match},
		{"meta", load_meta},
		{"nat", translate},
		{"notrack", nothing},
		{"numgen", load_number},
		{"payload", load_payload},
		{"queue", over},
		{"range", compare_range},
		{"redir", redirect},
		{"reject", over},
		{"synproxy", over},
		{"target", target},
		{"tproxy", proxy},
	};
	struct messages_attribute name;
	struct messages_attribute data = {0};
	char text[32];

	if (!find(expression, NFTA_EXPR_NAME, &name))
		return NEXT;
	(void)find(expression, NFTA_EXPR_DATA, &data);
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		if (messages_is(&name, known[i].name))
			return known[i].run(run, messages_inside(&data));
	}
	(void)messages_text(&name, text, sizeof(text));
	forget(run, text);
	return NEXT;
}

static void run_rest(struct run *run)
{
	struct messages_attribute expression;

	while (messages_next(&run->rest, &expression)) {
		if (!run->nft->left) {
			run->nft->redirects->cut = true;
			return;
		}
		run->nft->left--;
		if (run_expression(run, messages_inside(&expression)) == OVER ||
			run->nft->redirects->error)
			return;
	}
}

static void walk_chain(struct nft *nft, struct nft_chain *chain, const struct flow *incoming,
	unsigned depth, struct flow_ports *gone)
{
	struct flow flow = *incoming;

	for (size_t i = 0; i < chain->count && flow.ports.count; i++) {
		struct flow_ports done = {0};
		struct run run = {
			.nft = nft,
			.chain = chain,
			.handle = chain->rules[i].handle,
			.depth = depth,
			.narrowings = flow.narrowings,
			.done = &done,
			.gone = gone,
			.rest = chain->rules[i].expressions,
			.flow = flow,
		};

		run_rest(&run);
		(void)flow_without_ports(&flow, &done);
	}
}

void nft_walk(struct nft *nft, struct nft_chain *chain, const struct flow *flow)
{
	struct flow_ports gone = {0};

	walk_chain(nft, chain, flow, 0, &gone);
}
