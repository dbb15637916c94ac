/* SPDX-License-Identifier: MIT */
/*
 * The matches and targets of x_tables (linux/netfilter/xt_*.h), which iptables uses both through
 * its own interface (xtables.h) and through nf_tables (nft_rules.c). Pure: bytes in, a narrower
 * flow out.
 */
#ifndef BERTH_SOCKETS_LINUX_EXTENSIONS_H
#define BERTH_SOCKETS_LINUX_EXTENSIONS_H

#include "sockets/linux/redirects.h"

/* One extension in a rule. */
struct extensions_use {
	const char *name;
	uint8_t revision;
	const unsigned char *info;
	size_t len;
};

/* Narrows the flow by a match. False: nothing is left. */
bool extensions_match(struct flow *flow, const struct extensions_use *use);

enum extensions_verdict {
	EXTENSIONS_CONTINUE, /* the next rule is looked at */
	EXTENSIONS_CATCH, /* *ret_target says where it goes */
	EXTENSIONS_STOP, /* the packet is done here */
};

/* What a target does. Of *ret_target only action, addresses and ports are filled in. */
enum extensions_verdict extensions_target(const struct flow *flow, const struct extensions_use *use,
	struct redirects_target *ret_target);

#endif
