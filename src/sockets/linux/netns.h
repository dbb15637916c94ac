/* SPDX-License-Identifier: MIT */
/*
 * Which network namespaces there are, how each is reached and what a person calls it. What they
 * hold is asked in netns_rows.c.
 */
#ifndef BERTH_SOCKETS_LINUX_NETNS_H
#define BERTH_SOCKETS_LINUX_NETNS_H

#include "base/arena.h"
#include "base/map.h"
#include "sockets/linux/places.h"
#include "sockets/linux/system.h"

struct netns {
	struct system_netns place;
	enum berth_netns_kind kind;
	const char *path; /* leads to it */
	const char *name; /* NULL while it has none */
	uint32_t pid; /* of a process in it, or that has it open; 0: none */
	bool own;
	bool twice; /* the same as another one of the list */
	bool skipped; /* it is more than a quick look takes */
};

struct netns_list {
	const struct sockets_system *system;
	struct arena *arena; /* holds all that is below but the array itself */
	struct netns **all; /* our own first, the others by name */
	struct berth_netns *shown; /* the same in the public form */
	size_t count;
	size_t size;
	struct map known; /* id → struct netns, while they are gathered */
	struct map mounts; /* ids of mount namespaces whose table was read */
	struct places places; /* for names */
	bool hidden; /* more may be where we may not look */
};

/*
 * Finds those that ask->netns_ask wants, and our own in any case; with BERTH_ASK_NAMED none at all
 * when none has a name. 0; -ENOMEM; with BERTH_ASK_ONE -ENOENT, -EACCES, -EINVAL, and *ret_problem
 * (appended to) says why.
 */
int netns_find(struct netns_list *list, const struct berth_ask *ask, struct buffer *ret_problem);

/* With BERTH_ASK_ONE: the one. */
size_t netns_one(const struct netns_list *list);

/* Frees what was needed while they were gathered, not what is in the arena. */
void netns_free(struct netns_list *list);

#endif
