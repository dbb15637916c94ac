/* SPDX-License-Identifier: MIT */
/*
 * To what processes belong: unit, container, pod. One read of /proc/PID/cgroup each; what a cgroup
 * says is worked out once, and files of engines are read only for containers.
 */
#ifndef BERTH_SOCKETS_LINUX_PLACES_H
#define BERTH_SOCKETS_LINUX_PLACES_H

#include <berth.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/map.h"
#include "sockets/linux/containers.h"

struct places {
	const struct sockets_system *system;
	struct arena *arena; /* holds the places */
	struct containers containers; /* with the same system and arena */
	struct map known; /* hash of what was read → struct places_known */
	struct buffer text;
};

void places_begin(struct places *places, const struct sockets_system *system, struct arena *arena);

/* The place of a process; NULL: not known. 0; -ENOMEM. */
int places_of(struct places *places, uint32_t pid, const struct berth_place **ret_place);

/* Fills in place, serves and serves_port of a process whose other fields are there. 0; -ENOMEM. */
int places_fill(struct places *places, struct berth_process *process);

/* The place that the path of a cgroup of version 2 says, "/system.slice/nginx.service". 0; -ENOMEM.
 */
int places_at(struct places *places, const char *path, const struct berth_place **ret_place);

/* Frees what was kept, not the places. */
void places_free(struct places *places);

#endif
