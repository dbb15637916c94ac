// SPDX-License-Identifier: MIT
/*
 * Whatever rtnetlink, generic netlink, /proc and /sys or a recording of them say: facts are within
 * bounds, and nothing that may hold a key survives the wash. The first byte chooses the decoder.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sockets/linux/inkernel.h"
#include "sockets/linux/tunnels.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static messages_seen *const decoders[] = {tunnels_link, tunnels_wireguard, tunnels_fou,
	tunnels_l2tp, tunnels_tipc, tunnels_mptcp, tunnels_smc};
static inkernel_decode *const texts[] = {inkernel_nfsd_ports, inkernel_nfsd_threads,
	inkernel_nfs_servers, inkernel_ksmbd_stats, inkernel_rxrpc_locals};

enum {
	DECODERS = sizeof(decoders) / sizeof(*decoders),
	TEXTS = sizeof(texts) / sizeof(*texts),
};

static void check(const struct makers_facts *facts)
{
	for (size_t i = 0; i < facts->count; i++) {
		const struct makers_fact *fact = facts->all + i;

		if (!fact->port || !fact->protos || !fact->maker ||
			(fact->has_address && fact->family != 4 && fact->family != 6))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = {0};
	struct makers_facts facts = {.arena = &arena};
	struct tunnels tunnels = {.facts = &facts};

	if (!size)
		return 0;
	size_t choice = data[0] % (DECODERS + TEXTS);
	size_t len = size - 1;
	unsigned char *bytes = malloc(len ? len : 1); /* aligned, and of this length */
	if (!bytes)
		return 0;
	memcpy(bytes, data + 1, len);
	if (choice < DECODERS) {
		struct messages_answer answer = {.seen = decoders[choice], .context = &tunnels};

		if (decoders[choice] == tunnels_wireguard)
			tunnels_wash_wireguard(bytes, len);
		(void)messages_decode(&answer, bytes, len);
	} else {
		(void)texts[choice - DECODERS](&facts, (const char *)bytes, len);
	}
	makers_sort(&facts);
	check(&facts);
	makers_facts_free(&facts);
	arena_free(&arena);
	free(bytes);
	return 0;
}
