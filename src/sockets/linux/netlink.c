// SPDX-License-Identifier: MIT
/*
 * Speaks netlink through libmnl: sends one request, hands each received chunk on. It
 * decides nothing; what happens after an interruption or a loss is for tables.c.
 */
#include "sockets/linux/netlink.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <libmnl/libmnl.h>

enum {
	/* The kernel fills up to 32 KiB a time when the reader has room for it (netlink_dump in
	 * net/netlink/af_netlink.c, since 3.16). */
	CHUNK = 32768
};

static int receive(const struct mnl_socket *socket, void *bytes, system_wash *wash,
	system_chunk *chunk, void *context)
{
	int r = 0;

	while (!r) {
		ssize_t got = mnl_socket_recvfrom(socket, bytes, CHUNK);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (wash)
			wash(bytes, (size_t)got);
		r = got ? chunk(context, bytes, (size_t)got) : -EPIPE;
	}
	return r < 0 ? r : 0;
}

int netlink_ask(int family, const void *request, size_t len, system_wash *wash, system_chunk *chunk,
	void *context)
{
	void *bytes = malloc(CHUNK);

	if (!bytes)
		return -ENOMEM;
	struct mnl_socket *socket = mnl_socket_open2(family, SOCK_CLOEXEC);
	int r = socket ? 0 : -errno;
	if (!r && mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0)
		r = -errno;
	if (!r && mnl_socket_sendto(socket, request, len) < 0)
		r = -errno;
	if (!r)
		r = receive(socket, bytes, wash, chunk, context);
	if (socket)
		mnl_socket_close(socket);
	if (wash) /* also what was not received whole */
		explicit_bzero(bytes, CHUNK);
	free(bytes);
	return r;
}
