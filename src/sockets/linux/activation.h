/* SPDX-License-Identifier: MIT */
/*
 * Sockets that a service manager holds for services which are not started yet: which .socket unit
 * opened one, and what it starts. Needs no D-Bus.
 */
#ifndef BERTH_SOCKETS_LINUX_ACTIVATION_H
#define BERTH_SOCKETS_LINUX_ACTIVATION_H

#include <berth.h>

#include "base/arena.h"
#include "base/map.h"
#include "sockets/linux/places.h"

struct activation_manager;

struct activation {
	const struct sockets_system *system;
	struct arena *arena;
	struct places *places;
	struct map cgroups; /* id → path within the hierarchy, or NULL */
	unsigned searches; /* ids that were looked up for sockets without an owner */
	struct activation_manager *managers; /* whose units were read */
};

/* Fills in activation_unit, activation_service and made_in of a row whose owners are joined. 0;
 * -ENOMEM. */
int activation_of(struct activation *activation, struct berth_socket *row);

/* Frees what was kept, not what was told. */
void activation_free(struct activation *activation);

#endif
