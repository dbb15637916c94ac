// SPDX-License-Identifier: MIT
/*
 * Speaks netlink: sends one request, hands each received chunk on. It decides nothing; what happens
 * after an interruption or a loss is for tables.c.
 */
#include "sockets/linux/netlink.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	/* The kernel fills up to 32 KiB a time when the reader has room for it (netlink_dump in
	 * net/netlink/af_netlink.c, since 3.16). */
	CHUNK = 32768
};

/* One datagram that the kernel sent: nobody else's is believed. Its length. */
static ssize_t receive_chunk(int fd, void *bytes)
{
	struct sockaddr_nl from = {0};
	struct iovec part = {.iov_base = bytes, .iov_len = CHUNK};
	struct msghdr datagram = {
		.msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &part, .msg_iovlen = 1};

	for (;;) {
		ssize_t got = recvmsg(fd, &datagram, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (datagram.msg_flags & MSG_TRUNC)
			return -ENOSPC;
		if (!from.nl_pid)
			return got ? got : -EPIPE;
	}
}

static int receive(int fd, void *bytes, system_wash *wash, system_chunk *chunk, void *context)
{
	int r = 0;

	while (!r) {
		ssize_t got = receive_chunk(fd, bytes);

		if (wash && got > 0)
			wash(bytes, (size_t)got);
		r = got < 0 ? (int)got : chunk(context, bytes, (size_t)got);
	}
	return r < 0 ? r : 0;
}

int netlink_ask(int family, const void *request, size_t len, system_wash *wash, system_chunk *chunk,
	void *context)
{
	const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	void *bytes = malloc(CHUNK);

	if (!bytes)
		return -ENOMEM;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, family);
	int r = fd < 0 ? -errno : 0;
	if (!r && sendto(fd, request, len, 0, (const void *)&kernel, sizeof(kernel)) < 0)
		r = -errno;
	if (!r)
		r = receive(fd, bytes, wash, chunk, context);
	if (fd >= 0)
		close(fd);
	if (wash) /* also what was not received whole */
		explicit_bzero(bytes, CHUNK);
	free(bytes);
	return r;
}
