/* SPDX-License-Identifier: MIT */
/* A public snapshot: the sockets room's own, found by port. */
#ifndef BERTH_API_MACHINE_H
#define BERTH_API_MACHINE_H

#include <berth.h>

#include "sockets/sockets.h"

struct berth_snapshot {
	struct sockets_snapshot *inner;
};

/* The sockets with this local port: where they begin in the snapshot, and how many. */
size_t machine_at_port(const struct berth_snapshot *snapshot, uint16_t port,
	const struct berth_socket **ret_sockets);

#endif
