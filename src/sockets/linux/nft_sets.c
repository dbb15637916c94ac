// SPDX-License-Identifier: MIT
/*
 * The elements of a set or map of nf_tables. Sets of ranges come in two forms: each range has its
 * end (net/netfilter/nft_set_pipapo.c), or is ended by an element of its own (nft_set_rbtree.c),
 * which is made into the former here.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "sockets/linux/nft.h"

enum {
	ELEMENTS_MOST = 262144,
	LONGEST_NAME = 256,
};

static int grow(struct nft_set *set)
{
	struct nft_element *all =
		arena_grow(set->arena, set->all, set->count, &set->size, sizeof(*all));

	if (!all)
		return -ENOMEM;
	set->all = all;
	return 0;
}

static const unsigned char *keep(struct nft_set *set, const unsigned char *bytes, size_t len)
{
	return (const unsigned char *)arena_text(set->arena, (const char *)bytes, len);
}

/* NFTA_DATA_VALUE inside of a key or data. */
static struct messages_attribute value_of(const struct messages_attribute *data)
{
	struct message_rest inside = messages_inside(data);
	struct messages_attribute attribute;

	while (messages_next(&inside, &attribute)) {
		if (attribute.type == NFTA_DATA_VALUE)
			return attribute;
	}
	return (struct messages_attribute){0};
}

static int read_verdict(
	struct nft_set *set, struct message_rest inside, struct nft_element *element)
{
	struct messages_attribute attribute;
	char name[LONGEST_NAME];

	element->has_verdict = true;
	while (messages_next(&inside, &attribute)) {
		if (attribute.type == NFTA_VERDICT_CODE) {
			element->verdict = (int32_t)messages_be32(&attribute);
		} else if (attribute.type == NFTA_VERDICT_CHAIN) {
			size_t len = messages_text(&attribute, name, sizeof(name));

			element->chain = arena_text(set->arena, name, len);
			if (!element->chain)
				return -ENOMEM;
		}
	}
	return 0;
}

static int read_data(
	struct nft_set *set, const struct messages_attribute *data, struct nft_element *element)
{
	struct message_rest inside = messages_inside(data);
	struct messages_attribute attribute;
	int r = 0;

	while (!r && messages_next(&inside, &attribute)) {
		if (attribute.type == NFTA_DATA_VERDICT) {
			r = read_verdict(set, messages_inside(&attribute), element);
		} else if (attribute.type == NFTA_DATA_VALUE) {
			element->data = keep(set, attribute.bytes, attribute.len);
			element->data_len = attribute.len;
			r = element->data ? 0 : -ENOMEM;
		}
	}
	return r;
}

static int read_element(struct nft_set *set, struct message_rest inside)
{
	struct messages_attribute attribute;
	struct messages_attribute key = {0};
	struct messages_attribute end = {0};
	struct nft_element element = {0};
	uint32_t flags = 0;
	int r = 0;

	while (!r && messages_next(&inside, &attribute)) {
		if (attribute.type == NFTA_SET_ELEM_KEY)
			key = value_of(&attribute);
		else if (attribute.type == NFTA_SET_ELEM_KEY_END)
			end = value_of(&attribute);
		else if (attribute.type == NFTA_SET_ELEM_FLAGS)
			flags = messages_be32(&attribute);
		else if (attribute.type == NFTA_SET_ELEM_DATA)
			r = read_data(set, &attribute, &element);
	}
	if (r || (!key.len && !(flags & NFT_SET_ELEM_CATCHALL)))
		return r;
	element.end = flags & NFT_SET_ELEM_INTERVAL_END;
	element.key_len = key.len;
	if (key.len && !(element.key = keep(set, key.bytes, key.len)))
		return -ENOMEM;
	if (key.len && end.len == key.len && !(element.key_end = keep(set, end.bytes, end.len)))
		return -ENOMEM;
	if (set->count == set->size && grow(set))
		return -ENOMEM;
	set->all[set->count++] = element;
	return 0;
}

int nft_sets_see(void *context, uint16_t type, const void *payload, size_t len)
{
	struct nft_set *set = context;
	struct message_rest attributes = messages_behind(payload, len, sizeof(struct nfgenmsg));
	struct message_rest elements = {0};
	struct messages_attribute attribute;
	int r = 0;

	if (type != ((NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_NEWSETELEM))
		return 0;
	while (messages_next(&attributes, &attribute)) {
		if (attribute.type == NFTA_SET_ELEM_LIST_ELEMENTS)
			elements = messages_inside(&attribute);
	}
	while (!r && messages_next(&elements, &attribute))
		r = set->count < ELEMENTS_MOST ? read_element(set, messages_inside(&attribute))
					       : -EFBIG;
	return r;
}

/* By key; what ends a range comes before what begins at the same place. Catch-all elements last. */
static int by_key(const void *left, const void *right)
{
	const struct nft_element *a = left;
	const struct nft_element *b = right;

	if (!a->key || !b->key)
		return (a->key == NULL) - (b->key == NULL);
	if (a->key_len != b->key_len)
		return a->key_len < b->key_len ? -1 : 1;
	int r = memcmp(a->key, b->key, a->key_len);
	return r ? r : b->end - a->end;
}

/* The key before, in network byte order; that before 0 is the last there is. */
static const unsigned char *key_before(struct nft_set *set, const struct nft_element *element)
{
	char *key = arena_text(set->arena, (const char *)element->key, element->key_len);

	for (size_t i = element->key_len; key && i-- > 0;) {
		key[i] = (char)((unsigned char)key[i] - 1);
		if ((unsigned char)key[i] != 0xff)
			break;
	}
	return (const unsigned char *)key;
}

static const unsigned char *last_key(struct nft_set *set, size_t len)
{
	char *key = arena_alloc(set->arena, len + 1);

	if (key)
		memset(key, 0xff, len);
	return (const unsigned char *)key;
}

int nft_sets_tidy(struct nft_set *set)
{
	bool any = false;
	size_t kept = 0;

	for (size_t i = 0; i < set->count; i++)
		any = any || set->all[i].end;
	if (!any)
		return 0;
	qsort(set->all, set->count, sizeof(*set->all), by_key);
	for (size_t i = 0; i < set->count; i++) {
		struct nft_element element = set->all[i];
		const struct nft_element *next = i + 1 < set->count ? set->all + i + 1 : NULL;

		if (element.end)
			continue;
		if (element.key && !element.key_end) {
			bool ended = next && next->key && next->key_len == element.key_len;

			element.key_end =
				ended ? key_before(set, next) : last_key(set, element.key_len);
			if (!element.key_end)
				return -ENOMEM;
		}
		set->all[kept++] = element;
	}
	set->count = kept;
	return 0;
}
