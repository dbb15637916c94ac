/* SPDX-License-Identifier: MIT */
/* A recording while it is made: the answers of a system, kept in memory until they are written. */
#ifndef BERTH_SOCKETS_LINUX_RECORD_H
#define BERTH_SOCKETS_LINUX_RECORD_H

#include "base/arena.h"
#include "sockets/linux/system.h"

struct record_entry {
	enum system_kind kind;
	const char *path; /* in the recording, "proc/1/stat"; "" for names */
	uint64_t netns; /* of an interface, else 0: elsewhere the path tells it */
	uint32_t number; /* user id or interface index */
	int error; /* the kernel refused: 0 or negative errno */
	bool dropped; /* will not be written */
	size_t order; /* when it was answered; the last answer counts */
	char *bytes; /* with a NUL behind them */
	size_t len;
};

struct record {
	struct arena arena;
	struct record_entry *entries;
	size_t count;
	size_t size;
	int error; /* the first failure: 0 or -ENOMEM */
};

#endif
