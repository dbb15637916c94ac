// SPDX-License-Identifier: MIT
/*
 * Asks nf_tables for chains, and for the rules of one when they are needed; follows the connections
 * of each family and protocol through the base chains in the order of their priorities. What a rule
 * does is in nft_rules.c, what is in a set in nft_sets.c.
 */
#include "sockets/linux/nft.h"
#include "sockets/linux/message.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	STEPS_MOST = 2000000, /* expressions looked at, in all; about a tenth of a second */
	LONGEST_NAME = 256, /* NFT_NAME_MAXLEN */
};

/* FNV-1a, with a byte behind each text that no text holds. */
static uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t len)
{
	const uint64_t prime = UINT64_C(1099511628211);
	const unsigned char *at = bytes;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ at[i]) * prime;
	return (hash ^ UINT8_MAX) * prime;
}

uint64_t nft_hash(uint8_t family, const char *table, const char *name)
{
	uint64_t hash = hash_bytes(UINT64_C(14695981039346656037), &family, sizeof(family));

	hash = hash_bytes(hash, table, strlen(table));
	return hash_bytes(hash, name, strlen(name));
}

/* ---- Chains ---------------------------------------------------------------------------------- */

static const char *keep_text(struct nft *nft, const struct messages_attribute *attribute)
{
	char text[LONGEST_NAME];
	size_t len = messages_text(attribute, text, sizeof(text));

	return arena_text(&nft->arena, text, len);
}

static void read_hook(struct message_rest inside, struct nft_chain *chain)
{
	struct messages_attribute attribute;

	while (messages_next(&inside, &attribute)) {
		if (attribute.type == NFTA_HOOK_HOOKNUM)
			chain->hook = messages_be32(&attribute);
		else if (attribute.type == NFTA_HOOK_PRIORITY)
			chain->priority = (int32_t)messages_be32(&attribute);
	}
}

static int read_chain(struct nft *nft, struct message_rest attributes, struct nft_chain *chain)
{
	struct messages_attribute attribute;

	while (messages_next(&attributes, &attribute)) {
		const char **text = attribute.type == NFTA_CHAIN_TABLE ? &chain->table
			: attribute.type == NFTA_CHAIN_NAME            ? &chain->name
			: attribute.type == NFTA_CHAIN_TYPE            ? &chain->type
								       : NULL;

		if (text)
			*text = keep_text(nft, &attribute);
		if (text && !*text)
			return -ENOMEM;
		if (attribute.type == NFTA_CHAIN_HOOK)
			read_hook(messages_inside(&attribute), chain);
		else if (attribute.type == NFTA_CHAIN_USE)
			chain->use = messages_be32(&attribute);
	}
	return 0;
}

static int add_chain(struct nft *nft, struct nft_chain *chain)
{
	if (nft->n_chains == nft->chains_size) {
		size_t size = nft->chains_size ? nft->chains_size * 2 : 32;
		struct nft_chain **chains =
			reallocarray(nft->chains, size, sizeof(struct nft_chain *));

		if (!chains)
			return -ENOMEM;
		nft->chains = chains;
		nft->chains_size = size;
	}
	nft->chains[nft->n_chains++] = chain;
	return map_put(&nft->by_name, nft_hash(chain->family, chain->table, chain->name), chain);
}

int nft_see_chain(void *context, uint16_t type, const void *payload, size_t len)
{
	struct nft *nft = context;
	struct nfgenmsg header;

	if (type != ((NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_NEWCHAIN) || len < sizeof(header))
		return 0;
	memcpy(&header, payload, sizeof(header));
	struct nft_chain *chain = arena_alloc(&nft->arena, sizeof(*chain));
	if (!chain)
		return -ENOMEM;
	chain->family = header.nfgen_family;
	int r = read_chain(nft, messages_behind(payload, len, sizeof(header)), chain);
	return r || !chain->table || !chain->name ? r : add_chain(nft, chain);
}

/* A request of nf_tables about a table's thing, or about everything. */
static struct nlmsghdr *put_request(void *bytes, uint16_t type, uint8_t family)
{
	struct nlmsghdr *request =
		message_begin(bytes, (uint16_t)((NFNL_SUBSYS_NFTABLES << 8) | type), NLM_F_DUMP);

	struct nfgenmsg *header = message_put_header(request, sizeof(*header));
	header->nfgen_family = family;
	header->version = NFNETLINK_V0;
	return request;
}

/* ---- Rules ----------------------------------------------------------------------------------- */

static int grow_rules(struct nft_chain *chain)
{
	size_t size = chain->size ? chain->size * 2 : 8;
	struct nft_rule *rules = reallocarray(chain->rules, size, sizeof(*rules));

	if (!rules)
		return -ENOMEM;
	chain->rules = rules;
	chain->size = size;
	return 0;
}

int nft_see_rule(void *context, uint16_t type, const void *payload, size_t len)
{
	struct nft_load *load = context;
	struct message_rest attributes = messages_behind(payload, len, sizeof(struct nfgenmsg));
	struct messages_attribute attribute;
	struct messages_attribute expressions = {0};
	struct nft_rule rule = {0};

	if (type != ((NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_NEWRULE))
		return 0;
	while (messages_next(&attributes, &attribute)) {
		if (attribute.type == NFTA_RULE_HANDLE)
			rule.handle = messages_be64(&attribute);
		else if (attribute.type == NFTA_RULE_EXPRESSIONS)
			expressions = attribute;
		else if (attribute.type == NFTA_RULE_CHAIN &&
			!messages_is(&attribute, load->chain->name))
			return 0; /* a recording, or a kernel that does not filter, may hold more */
	}
	char *copy = arena_alloc(&load->nft->arena, expressions.len);
	if (!copy || (load->chain->count == load->chain->size && grow_rules(load->chain)))
		return -ENOMEM;
	if (expressions.len)
		memcpy(copy, expressions.bytes, expressions.len);
	rule.expressions = (struct message_rest){copy, expressions.len};
	load->chain->rules[load->chain->count++] = rule;
	return 0;
}

static void load_rules(struct nft *nft, struct nft_chain *chain)
{
	alignas(uint32_t) unsigned char bytes[MESSAGES_REQUEST_MAX] = {0};
	struct nlmsghdr *request = put_request(bytes, NFT_MSG_GETRULE, chain->family);
	struct nft_load load = {.nft = nft, .chain = chain};
	char name[64];

	chain->loaded = true;
	if (!nft->system)
		return;
	message_put_text(request, NFTA_RULE_TABLE, chain->table);
	message_put_text(request, NFTA_RULE_CHAIN, chain->name);
	(void)snprintf(name, sizeof(name), "netfilter/rules-%016llx.bin",
		(unsigned long long)nft_hash(chain->family, chain->table, chain->name));
	int r = messages_ask(nft->system, NETLINK_NETFILTER, name, request, nft_see_rule, &load);
	if (r == -ENOMEM)
		nft->redirects->error = r;
	else if (r)
		nft->redirects->cut = true;
}

struct nft_chain *nft_find(struct nft *nft, uint8_t family, const char *table, const char *name)
{
	struct nft_chain *chain = map_get(&nft->by_name, nft_hash(family, table, name));

	if (!chain || chain->family != family || strcmp(chain->table, table) != 0 ||
		strcmp(chain->name, name) != 0)
		return NULL;
	if (!chain->loaded)
		load_rules(nft, chain);
	return chain;
}

/* ---- Sets ------------------------------------------------------------------------------------ */

const struct nft_set *nft_elements(
	struct nft *nft, uint8_t family, const char *table, const char *name)
{
	alignas(uint32_t) unsigned char bytes[MESSAGES_REQUEST_MAX] = {0};
	uint64_t hash = nft_hash(family, table, name);
	struct nft_set *set = map_get(&nft->sets, hash);
	char answer[64];

	if (set)
		return set;
	if (!nft->system)
		return nft->any_set;
	set = arena_alloc(&nft->arena, sizeof(*set));
	if (!set || map_put(&nft->sets, hash, set)) {
		nft->redirects->error = -ENOMEM;
		return NULL;
	}
	set->arena = &nft->arena;
	struct nlmsghdr *request = put_request(bytes, NFT_MSG_GETSETELEM, family);
	message_put_text(request, NFTA_SET_ELEM_LIST_TABLE, table);
	message_put_text(request, NFTA_SET_ELEM_LIST_SET, name);
	(void)snprintf(
		answer, sizeof(answer), "netfilter/elements-%016llx.bin", (unsigned long long)hash);
	int r = messages_ask(nft->system, NETLINK_NETFILTER, answer, request, nft_sets_see, set);
	if (!r)
		r = nft_sets_tidy(set);
	if (r == -ENOMEM)
		nft->redirects->error = r;
	else if (r)
		nft->redirects->cut = true;
	return set;
}

/* ---- Base chains ----------------------------------------------------------------------------- */

static bool is_of_family(const struct nft_chain *chain, uint8_t family)
{
	return chain->family == NFPROTO_INET ||
		chain->family == (family == 4 ? NFPROTO_IPV4 : NFPROTO_IPV6);
}

/* Where a connection to this machine can be sent elsewhere: by nat, or by tproxy, which is allowed
 * in prerouting only (nft_tproxy_validate). */
static bool may_redirect(const struct nft_chain *chain, uint32_t hook)
{
	if (!chain->type || chain->hook != hook || !chain->use ||
		(chain->family != NFPROTO_INET && chain->family != NFPROTO_IPV4 &&
			chain->family != NFPROTO_IPV6))
		return false;
	return !strcmp(chain->type, "nat") ||
		(hook == NF_INET_PRE_ROUTING && !strcmp(chain->type, "filter"));
}

static int by_priority(const void *left, const void *right)
{
	const struct nft_chain *const *a = left;
	const struct nft_chain *const *b = right;

	return ((*a)->priority > (*b)->priority) - ((*a)->priority < (*b)->priority);
}

static void walk_hook(
	struct nft *nft, struct nft_chain *const *chains, size_t count, const struct flow *all)
{
	nft->caught.count = 0;
	for (size_t i = 0; i < count && !nft->redirects->error; i++) {
		struct flow flow = *all;

		if (!is_of_family(chains[i], flow.family) ||
			!flow_without_ports(&flow, &nft->caught))
			continue;
		struct nft_chain *chain =
			nft_find(nft, chains[i]->family, chains[i]->table, chains[i]->name);
		if (chain)
			nft_rules_walk(nft, chain, &flow);
	}
}

void nft_walk_all(struct nft *nft, const struct flow_ports *wanted)
{
	static const struct {
		uint32_t number;
		const char *name;
	} hooks[] = {{NF_INET_PRE_ROUTING, "prerouting"}, {NF_INET_LOCAL_OUT, "output"}};
	static const enum berth_proto protos[] = {BERTH_TCP, BERTH_UDP, BERTH_SCTP};
	struct nft_chain **base = arena_array(&nft->arena, nft->n_chains, sizeof(void *));

	if (!base && nft->n_chains)
		nft->redirects->error = -ENOMEM;
	for (size_t h = 0; base && h < sizeof(hooks) / sizeof(*hooks); h++) {
		size_t count = 0;

		for (size_t i = 0; i < nft->n_chains; i++) {
			if (may_redirect(nft->chains[i], hooks[h].number))
				base[count++] = nft->chains[i];
		}
		qsort(base, count, sizeof(void *), by_priority);
		for (uint8_t family = 4; count && family <= 6; family += 2) {
			for (size_t p = 0; p < sizeof(protos) / sizeof(*protos); p++)
				walk_hook(nft, base, count,
					&(struct flow){.family = family,
						.proto = protos[p],
						.hook = hooks[h].name,
						.ports = *wanted});
		}
	}
}

void nft_free(struct nft *nft)
{
	for (size_t i = 0; i < nft->n_chains; i++)
		free(nft->chains[i]->rules);
	free(nft->chains);
	map_free(&nft->by_name);
	map_free(&nft->sets);
	arena_free(&nft->arena);
}

int nft_gather(const struct sockets_system *system, const struct flow_ports *wanted,
	struct redirects *redirects)
{
	alignas(uint32_t) unsigned char bytes[MESSAGES_REQUEST_MAX] = {0};
	const struct nlmsghdr *request = put_request(bytes, NFT_MSG_GETCHAIN, NFPROTO_UNSPEC);
	struct nft nft = {.system = system, .redirects = redirects, .left = STEPS_MOST};

	int r = messages_ask(
		system, NETLINK_NETFILTER, "netfilter/chains.bin", request, nft_see_chain, &nft);
	if (!r)
		nft_walk_all(&nft, wanted);
	nft_free(&nft);
	return r;
}
