/* SPDX-License-Identifier: MIT */
/* Whether sockets may be shared: options that the kernel tells only to who has a descriptor. */
#ifndef BERTH_SOCKETS_LINUX_REUSE_H
#define BERTH_SOCKETS_LINUX_REUSE_H

#include "sockets/linux/rows.h"
#include "sockets/linux/system.h"

/* What is asked of one socket; as a recording keeps it. */
struct reuse_answer {
	int32_t reuseaddr; /* 1, 0 */
	int32_t reuseport;
	int32_t v6only; /* 1, 0, or -1: not a socket of IPv6 */
};

/*
 * Fills in has_reuse, reuseaddr, reuseport and v6only of the rows whose owners are known, where we
 * may duplicate a descriptor (pidfd_getfd(2): the right to trace the owner). Those that are left,
 * what is closing among them, are looked for by a BPF program that goes through TCP's tables, where
 * we may load one. 0; -ENOMEM.
 */
int reuse_ask(const struct sockets_system *system, struct rows *rows);

/*
 * Fills in range_first and range_last in the same way, of the first few thousand rows that have an
 * owner. What cannot be asked stays unknown.
 */
void reuse_ranges(const struct sockets_system *system, struct rows *rows);

#endif
