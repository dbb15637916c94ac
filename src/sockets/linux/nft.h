/* SPDX-License-Identifier: MIT */
/*
 * The rules of nf_tables (linux/netfilter/nf_tables.h), as far as they redirect: base chains of the
 * type nat, and those in prerouting for the sake of tproxy. Rules and sets are asked for when a
 * connection could come to them, chain by chain.
 */
#ifndef BERTH_SOCKETS_LINUX_NFT_H
#define BERTH_SOCKETS_LINUX_NFT_H

#include "base/map.h"
#include "sockets/linux/messages.h"
#include "sockets/linux/redirects.h"

struct nft_rule {
	uint64_t handle;
	struct message_rest expressions;
};

struct nft_chain {
	uint8_t family; /* NFPROTO_… */
	const char *table;
	const char *name;
	const char *type; /* "nat", "filter", "route"; NULL: no base chain */
	uint32_t hook; /* NF_INET_… */
	int32_t priority;
	uint32_t use; /* how many rules it has, and how many jump to it */
	bool loaded;
	struct nft_rule *rules;
	size_t count;
	size_t size;
};

struct nft_element {
	const unsigned char *key; /* NULL: whatever the others do not match */
	const unsigned char *key_end; /* the last of a range; NULL: just this one */
	size_t key_len;
	bool end; /* ends the range before it, and is no element */
	const unsigned char *data; /* of a map */
	size_t data_len;
	bool has_verdict; /* of a verdict map */
	int32_t verdict;
	const char *chain;
};

struct nft_set {
	struct arena *arena;
	struct nft_element *all;
	size_t count;
	size_t size;
};

struct nft {
	const struct sockets_system *system; /* NULL: there is nobody to ask for more */
	struct redirects *redirects;
	struct arena arena; /* ends with the walk */
	struct nft_chain **chains;
	size_t n_chains;
	size_t chains_size;
	struct map by_name; /* nft_hash() → struct nft_chain */
	struct map sets; /* nft_hash() → struct nft_set */
	const struct nft_set *any_set; /* the one that there is, when there is nobody to ask */
	struct flow_ports caught; /* what no later chain of the hook sees */
	unsigned left; /* steps that may still be made */
};

/* 0; -ENOMEM; -EPERM: needs CAP_NET_ADMIN; another negative errno. */
int nft_gather(const struct sockets_system *system, const struct flow_ports *wanted,
	struct redirects *redirects);

/* The name of a chain or set in maps and recordings. */
uint64_t nft_hash(uint8_t family, const char *table, const char *name);

/* The chain with its rules; NULL: not there. */
struct nft_chain *nft_find(struct nft *nft, uint8_t family, const char *table, const char *name);

/* The elements of a set; NULL: could not be read. */
const struct nft_set *nft_elements(
	struct nft *nft, uint8_t family, const char *table, const char *name);

/* Follows a flow through a chain (nft_rules.c), which must have its rules. */
void nft_rules_walk(struct nft *nft, struct nft_chain *chain, const struct flow *flow);

/* Follows every flow through every base chain. */
void nft_walk_all(struct nft *nft, const struct flow_ports *wanted);

/* The decoders, messages_seen each: into a struct nft, nft_load, nft_set. */
struct nft_load {
	struct nft *nft;
	struct nft_chain *chain;
};
messages_seen nft_see_chain;
messages_seen nft_see_rule;
messages_seen nft_sets_see;

/* Makes ranges of a set in which elements end other ones. */
int nft_sets_tidy(struct nft_set *set);

void nft_free(struct nft *nft);

#endif
