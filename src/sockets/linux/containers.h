/* SPDX-License-Identifier: MIT */
/*
 * Containers by name: what the files of their engines add to what a cgroup says. Engines are not
 * asked, their files are read where we may; what cannot be read stays unknown.
 */
#ifndef BERTH_SOCKETS_LINUX_CONTAINERS_H
#define BERTH_SOCKETS_LINUX_CONTAINERS_H

#include <berth.h>

#include "base/arena.h"
#include "sockets/linux/system.h"

struct containers_docker;
struct engine_facts;

struct containers {
	const struct sockets_system *system;
	struct arena *arena; /* holds the texts */
	bool has_docker; /* all of Docker's containers were read */
	struct containers_docker *docker;
	const struct engine_facts *stored; /* what a recording was told of containers.json */
};

/* Fills in name, image and pod of place->container, and which engine it is of when that was not
 * certain. 0; -ENOMEM. */
int containers_describe(struct containers *containers, struct berth_place *place);

/*
 * The container of an OCI runtime that nobody above it manages, by the last two components of its
 * cgroup; what runc, crun and containerd's ctr know under that name is one. Fills in engine and
 * container. 0; -ENOMEM.
 */
int containers_of_runtime(struct containers *containers, const char *parent, const char *name,
	struct berth_place *place);

/* The running container of Docker that has the address. *ret_place is left as it is when there is
 * none that we may know of. 0; -ENOMEM. */
int containers_by_address(
	struct containers *containers, const char *address, const struct berth_place **ret_place);

#endif
