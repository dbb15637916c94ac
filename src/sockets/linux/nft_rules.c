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
#include "sockets/linux/registers.h"

enum {
	DEEPEST = 16, /* NFT_JUMP_STACK_SIZE */
	FORKS_MOST = 64, /* elements of a set of addresses that are followed one by one */
	LONGEST_NAME = 256,
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
	struct message_rest rest; /* expressions that are still to come */
	struct flow flow;
	struct registers registers;
};

enum step {
	NEXT, /* go on with the next expression */
	OVER, /* the rule is done with this flow */
};

static void walk_chain(struct nft *nft, struct nft_chain *chain, const struct flow *incoming,
	unsigned depth, struct flow_ports *gone);
static void run_rest(struct run *run);

/* All that an expression may have done which is not understood. */
static void forget(struct run *run, const char *name)
{
	flow_doubt(&run->flow, "%s", name);
	registers_forget(&run->registers);
}

/* ---- Comparisons -----------------------------------------------------------------------------
 */

static enum step step_if(bool left)
{
	return left ? NEXT : OVER;
}

static enum step compare(struct run *run, struct message_rest inside)
{
	struct messages_attribute data = registers_data(inside, NFTA_CMP_DATA);
	const struct packet_byte *bytes =
		registers_get(&run->registers, messages_number(inside, NFTA_CMP_SREG), data.len);
	unsigned char lowest[PACKET_MOST] = {0};
	unsigned char highest[PACKET_MOST];
	struct flow *flow = &run->flow;

	if (!bytes || !data.len) {
		forget(run, "cmp");
		return NEXT;
	}
	memset(highest, UINT8_MAX, sizeof(highest));
	switch ((enum nft_cmp_ops)messages_number(inside, NFTA_CMP_OP)) {
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

static enum step compare_range(struct run *run, struct message_rest inside)
{
	struct messages_attribute low = registers_data(inside, NFTA_RANGE_FROM_DATA);
	struct messages_attribute high = registers_data(inside, NFTA_RANGE_TO_DATA);
	const struct packet_byte *bytes =
		registers_get(&run->registers, messages_number(inside, NFTA_RANGE_SREG), low.len);

	if (!bytes || !low.len || low.len != high.len) {
		forget(run, "range");
		return NEXT;
	}
	bool inverted = messages_number(inside, NFTA_RANGE_OP) == NFT_RANGE_NEQ;
	return step_if((inverted ? packet_without : packet_only)(
		&run->flow, bytes, low.bytes, high.bytes, low.len));
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

static enum step immediate(struct run *run, struct message_rest inside)
{
	uint32_t to = messages_number(inside, NFTA_IMMEDIATE_DREG);
	struct messages_attribute data;
	struct messages_attribute verdict;
	struct messages_attribute name;
	char chain[LONGEST_NAME];

	if (!messages_find(inside, NFTA_IMMEDIATE_DATA, &data))
		return NEXT;
	if (to != NFT_REG_VERDICT) {
		struct messages_attribute value = registers_data(inside, NFTA_IMMEDIATE_DATA);

		registers_put_value(&run->registers, to, value.bytes, value.len);
		return NEXT;
	}
	if (!messages_find(messages_inside(&data), NFTA_DATA_VERDICT, &verdict))
		return OVER;
	bool named = messages_find(messages_inside(&verdict), NFTA_VERDICT_CHAIN, &name);
	if (named)
		(void)messages_text(&name, chain, sizeof(chain));
	return decide(run, (int32_t)messages_number(messages_inside(&verdict), NFTA_VERDICT_CODE),
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
	const struct run *run, struct message_rest inside, uint16_t type, bool *ret_known)
{
	struct messages_attribute attribute;
	unsigned char bytes[2];

	*ret_known = true;
	if (!messages_find(inside, type, &attribute))
		return 0;
	*ret_known =
		registers_read(&run->registers, messages_be32(&attribute), bytes, sizeof(bytes));
	return *ret_known ? packet_port(bytes) : 0;
}

static bool read_address(const struct run *run, struct message_rest inside, uint16_t type,
	uint8_t *ret_address, bool *ret_known)
{
	struct messages_attribute attribute;

	*ret_known = true;
	if (!messages_find(inside, type, &attribute))
		return false;
	*ret_known = registers_read(&run->registers, messages_be32(&attribute), ret_address,
		run->flow.family == 4 ? 4 : 16);
	return *ret_known;
}

/* The numbers of the attributes that say where it goes; 0: there is no such. */
struct places {
	uint16_t address;
	uint16_t last_address;
	uint16_t port;
	uint16_t last_port;
};

static void read_target(const struct run *run, struct message_rest inside,
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

static enum step translate(struct run *run, struct message_rest inside)
{
	static const struct places places = {NFTA_NAT_REG_ADDR_MIN, NFTA_NAT_REG_ADDR_MAX,
		NFTA_NAT_REG_PROTO_MIN, NFTA_NAT_REG_PROTO_MAX};
	struct redirects_target target = {.kind = BERTH_REDIRECT_NFT, .action = BERTH_ACTION_DNAT};

	if (other_family(run, messages_number(inside, NFTA_NAT_FAMILY)))
		return OVER;
	if (messages_number(inside, NFTA_NAT_TYPE) == NFT_NAT_DNAT) {
		read_target(run, inside, &places, &target);
		capture(run, &target);
	}
	return stop(run);
}

static enum step redirect(struct run *run, struct message_rest inside)
{
	static const struct places places = {
		.port = NFTA_REDIR_REG_PROTO_MIN, .last_port = NFTA_REDIR_REG_PROTO_MAX};
	struct redirects_target target = {
		.kind = BERTH_REDIRECT_NFT, .action = BERTH_ACTION_REDIRECT};

	read_target(run, inside, &places, &target);
	capture(run, &target);
	return stop(run);
}

static enum step proxy(struct run *run, struct message_rest inside)
{
	static const struct places places = {
		.address = NFTA_TPROXY_REG_ADDR, .port = NFTA_TPROXY_REG_PORT};
	struct redirects_target target = {
		.kind = BERTH_REDIRECT_NFT, .action = BERTH_ACTION_TPROXY};

	if (other_family(run, messages_number(inside, NFTA_TPROXY_FAMILY)))
		return OVER;
	read_target(run, inside, &places, &target);
	capture(run, &target);
	return NEXT; /* it leaves the verdict to what stands behind it */
}

static enum step over(struct run *run, struct message_rest inside)
{
	(void)inside;
	return stop(run);
}

static enum step nothing(struct run *run, struct message_rest inside)
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
static void read_extension(struct message_rest inside, struct extension *ret)
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

static enum step match(struct run *run, struct message_rest inside)
{
	struct extension extension;

	read_extension(inside, &extension);
	return step_if(extensions_match(&run->flow, &extension.use));
}

static enum step target(struct run *run, struct message_rest inside)
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
		registers_put_value(&fork.registers, to, element->data, element->data_len);
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

static enum step look_up(struct run *run, struct message_rest inside)
{
	struct messages_attribute attribute;
	char name[LONGEST_NAME] = "";
	bool inverted = messages_number(inside, NFTA_LOOKUP_FLAGS) & NFT_LOOKUP_F_INV;
	uint32_t from = messages_number(inside, NFTA_LOOKUP_SREG);
	uint32_t to = messages_number(inside, NFTA_LOOKUP_DREG);
	bool map = messages_find(inside, NFTA_LOOKUP_DREG, &attribute);
	struct key key = {.bytes = registers_get(&run->registers, from, 1), .len = 1};

	if (messages_find(inside, NFTA_LOOKUP_SET, &attribute))
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
	key.bytes = registers_get(&run->registers, from, key.len);
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

static enum step run_expression(struct run *run, struct message_rest expression)
{
	static const struct {
		const char *name;
		enum step (*run)(struct run *run, struct message_rest inside);
	} known[] = {
		{"cmp", compare},
		{"comment", nothing},
		{"counter", nothing},
		{"dup", nothing},
		{"flow_offload", nothing},
		{"immediate", immediate},
		{"last", nothing},
		{"log", nothing},
		{"lookup", look_up},
		{"masq", over},
		{"match", match},
		{"nat", translate},
		{"notrack", nothing},
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

	if (!messages_find(expression, NFTA_EXPR_NAME, &name))
		return NEXT;
	(void)messages_find(expression, NFTA_EXPR_DATA, &data);
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		if (messages_is(&name, known[i].name))
			return known[i].run(run, messages_inside(&data));
	}
	if (!registers_run(&run->registers, &run->flow, &name, messages_inside(&data))) {
		(void)messages_text(&name, text, sizeof(text));
		forget(run, text);
	}
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

void nft_rules_walk(struct nft *nft, struct nft_chain *chain, const struct flow *flow)
{
	struct flow_ports gone = {0};

	walk_chain(nft, chain, flow, 0, &gone);
}
