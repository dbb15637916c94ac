/* SPDX-License-Identifier: MIT */
/* Names of users and interfaces, asked for once each. */
#ifndef BERTH_SOCKETS_LINUX_NAMES_H
#define BERTH_SOCKETS_LINUX_NAMES_H

#include "base/arena.h"
#include "base/map.h"
#include "sockets/linux/system.h"

struct names {
	const struct sockets_system *system;
	struct arena *arena; /* holds the names */
	struct map users;
	struct map interfaces;
};

/* NULL when there is none. 0; -ENOMEM. */
int names_user(struct names *names, uint32_t uid, const char **ret_name);
int names_interface(struct names *names, uint32_t ifindex, const char **ret_name);

/* Frees what was kept, not the names. */
void names_free(struct names *names);

#endif
