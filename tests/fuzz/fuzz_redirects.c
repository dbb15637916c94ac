// SPDX-License-Identifier: MIT
/*
 * Whatever nf_tables, iptables, IPVS or a recording of them say: redirects are of ports that were
 * asked for, have all their texts, and are not too many. The first byte chooses the decoder; for
 * nf_tables, two lengths of two bytes follow, and then chains, rules (of every chain) and elements
 * (of every set).
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sockets/linux/ipvs.h"
#include "sockets/linux/nft.h"
#include "sockets/linux/sklookup.h"
#include "sockets/linux/xtables.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	FIRST = 80,
	LAST = 9000,
	STEPS = 20000,
	FRONT = 4,
};

static void check(const struct redirects *redirects)
{
	if (redirects->count > REDIRECTS_MOST || redirects->n_elsewhere > REDIRECTS_ELSEWHERE_MOST)
		abort();
	for (size_t i = 0; i < redirects->count; i++) {
		const struct berth_redirect *one = redirects->all + i;

		if (one->first < FIRST || one->last > LAST || one->first > one->last ||
			!one->protos || !one->hook || !one->target_text ||
			one->to_last < one->to_first || one->address_bits > 128)
			abort();
	}
}

static int decode(messages_seen *seen, void *context, const uint8_t *bytes, size_t len)
{
	struct messages_answer answer = {.seen = seen, .context = context};
	/* As the kernel's answers are, aligned and without anything behind them. */
	uint8_t *copy = malloc(len ? len : 1);

	if (!copy)
		return -ENOMEM;
	if (len)
		memcpy(copy, bytes, len);
	int r = messages_decode(&answer, copy, len);
	free(copy);
	return r;
}

static void run_nft(const uint8_t *data, size_t size, const struct flow_ports *wanted,
	struct redirects *redirects)
{
	struct nft nft = {.redirects = redirects, .left = STEPS};
	struct nft_set set = {.arena = &nft.arena};
	size_t lengths[2];

	if (size < FRONT)
		return;
	lengths[0] = (size_t)(data[0] | data[1] << 8);
	lengths[1] = (size_t)(data[2] | data[3] << 8);
	data += FRONT;
	size -= FRONT;
	if (lengths[0] > size || lengths[1] > size - lengths[0])
		return;
	(void)decode(nft_see_chain, &nft, data, lengths[0]);
	(void)decode(
		nft_sets_see, &set, data + lengths[0] + lengths[1], size - lengths[0] - lengths[1]);
	(void)nft_sets_tidy(&set);
	nft.any_set = &set;
	for (size_t i = 0; i < nft.n_chains && i < 8; i++) {
		struct nft_load load = {.nft = &nft, .chain = nft.chains[i]};

		(void)decode(nft_see_rule, &load, data + lengths[0], lengths[1]);
	}
	nft_walk_all(&nft, wanted);
	nft_free(&nft);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct flow_ports wanted = {.count = 1, .all = {{FIRST, LAST}}};
	struct arena arena = {0};
	struct redirects redirects = {.arena = &arena};

	if (!size)
		return 0;
	size_t len = size - 1;
	uint8_t *bytes = malloc(len ? len : 1);
	if (!bytes)
		return 0;
	memcpy(bytes, data + 1, len);
	switch (data[0] % 5) {
	case 0:
		run_nft(bytes, len, &wanted, &redirects);
		break;
	case 1:
		(void)xtables_decode(4, bytes, len, &wanted, &redirects);
		break;
	case 2:
		(void)xtables_decode(6, bytes, len, &wanted, &redirects);
		break;
	case 3:
		ipvs_decode((const char *)bytes, len, &wanted, &redirects);
		break;
	default:
		sklookup_decode(bytes, len, &wanted, &redirects);
		break;
	}
	check(&redirects);
	redirects_free(&redirects);
	arena_free(&arena);
	free(bytes);
	return 0;
}
