/* SPDX-License-Identifier: MIT */
/* What a .socket unit of systemd opens, and what it starts: a pure reader of systemd.socket(5). */
#ifndef BERTH_SOCKETS_LINUX_SOCKET_UNIT_H
#define BERTH_SOCKETS_LINUX_SOCKET_UNIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <berth.h>

#include "base/arena.h"

struct socket_unit_listen {
	struct socket_unit_listen *next;
	bool datagram; /* else stream */
	uint8_t family; /* 4, 6, or 0: every address */
	uint8_t address[16];
	uint16_t port;
};

struct socket_unit {
	const char *name; /* "ssh.socket" */
	struct socket_unit_listen *listens;
	bool accept;
	const char *service; /* Service=, NULL: not set */
};

/*
 * Reads a unit file or a drop-in of unit->name into what was read before of the same unit. What
 * cannot be understood is left out. 0; -ENOMEM.
 */
int socket_unit_read(struct arena *arena, const char *text, size_t len, struct socket_unit *unit);

/* What the unit starts: "ssh.service", and with Accept=yes the template "ftpd@.service". NULL: no
 * memory. */
const char *socket_unit_service(struct arena *arena, const struct socket_unit *unit);

/* Whether the unit opens a socket like this one. */
bool socket_unit_opens(const struct socket_unit *unit, const struct berth_socket *row);

#endif
