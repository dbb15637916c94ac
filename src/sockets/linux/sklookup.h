/* SPDX-License-Identifier: MIT */
/*
 * BPF programs that choose the socket for a connection
 * (Documentation/bpf/prog_sk_lookup.rst). What they choose cannot be known without running them, so
 * they are told as what they are: programs that may take any port.
 */
#ifndef BERTH_SOCKETS_LINUX_SKLOOKUP_H
#define BERTH_SOCKETS_LINUX_SKLOOKUP_H

#include "sockets/linux/redirects.h"

/* One program, as a recording keeps it. */
struct sklookup_program {
	uint32_t id;
	char name[16];
};

/* 0; -ENOMEM. */
int sklookup_gather(const struct sockets_system *system, const struct flow_ports *wanted,
	struct redirects *redirects);

/* An array of struct sklookup_program. */
void sklookup_decode(const void *bytes, size_t len, const struct flow_ports *wanted,
	struct redirects *redirects);

#endif
