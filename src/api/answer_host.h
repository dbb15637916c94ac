/* SPDX-License-Identifier: MIT */
/* What somebody asks of berth_answers(): a host, a port, a protocol. */
#ifndef BERTH_API_ANSWER_HOST_H
#define BERTH_API_ANSWER_HOST_H

#include <berth.h>

#include "base/arena.h"

struct answer_address {
	uint8_t family; /* 4 or 6; IPv4 in IPv6 form is 4 */
	uint8_t address[16];
	uint32_t scope; /* the interface of a link-local address, or 0 */
};

struct answer_host {
	const char *name; /* as it was written, without port and brackets */
	bool loopback; /* localhost or nothing: addresses that every machine has, or had */
	uint16_t port;
	enum berth_proto proto; /* BERTH_TCP, BERTH_UDP, BERTH_UDPLITE */
	const struct answer_address *addresses; /* each once */
	size_t n_addresses; /* never 0 */
};

/* See berth_answers(). Texts and addresses belong to the arena. 0, or a failure that is explained.
 */
int answer_host(const struct berth *berth, const char *text, struct arena *arena,
	struct answer_host *ret_host);

#endif
