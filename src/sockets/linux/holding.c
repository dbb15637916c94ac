// SPDX-License-Identifier: MIT
/*
 * Sockets that are made for others: one that keeps a port from the kernel's own choice until a
 * server has bound it, and one that listens already when the server starts.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "sockets/sockets.h"

/* A NUL in front makes the name abstract (unix(7)). */
static socklen_t name_lock(uint16_t port, struct sockaddr_un *ret_name)
{
	*ret_name = (struct sockaddr_un){.sun_family = AF_UNIX};
	int len = snprintf(ret_name->sun_path + 1, sizeof(ret_name->sun_path) - 1, "berth/port/%u",
		(unsigned)port);

	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)len);
}

int sockets_lock(struct sockets_system *system, uint16_t port)
{
	struct sockaddr_un name;
	socklen_t len = name_lock(port, &name);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)system;
	if (fd < 0)
		return -errno;
	if (!bind(fd, (const struct sockaddr *)&name, len))
		return fd;
	int r = -errno;
	close(fd);
	return r;
}

static int set(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value)) < 0 ? -errno : 0;
}

static int bind_to(int fd, uint8_t family, const uint8_t address[16], uint16_t port)
{
	struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(port)};
	int r = 0;

	memcpy(&six.sin6_addr, address, sizeof(six.sin6_addr));
	memcpy(&four.sin_addr, address, sizeof(four.sin_addr));
	if (family == 6)
		r = bind(fd, (const struct sockaddr *)&six, sizeof(six));
	else
		r = bind(fd, (const struct sockaddr *)&four, sizeof(four));
	return r < 0 ? -errno : 0;
}

static int try(int type, uint8_t family, uint16_t port)
{
	static const uint8_t any[16];
	int fd = socket(family == 6 ? AF_INET6 : AF_INET, type | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	int r = family == 6 ? set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0) : 0;
	if (!r)
		r = bind_to(fd, family, any, port);
	close(fd);
	return r;
}

int sockets_is_free(struct sockets_system *system, uint16_t port, berth_protos protos)
{
	static const int types[] = {[BERTH_TCP] = SOCK_STREAM, [BERTH_UDP] = SOCK_DGRAM};
	int r = 0;

	(void)system;
	for (unsigned proto = BERTH_TCP; !r && proto <= BERTH_UDP; proto++) {
		if (!(protos & BERTH_PROTO_BIT(proto)))
			continue;
		r = try(types[proto], 6, port);
		if (r == -EAFNOSUPPORT || r == -EADDRNOTAVAIL)
			r = try(types[proto], 4, port);
	}
	return r;
}

/* A socket of one family, bound with SO_REUSEADDR, so that closing connections are no hindrance. */
static int make(uint8_t family, const uint8_t address[16], uint16_t port)
{
	int fd = socket(family == 6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	int r = set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (!r && family == 6)
		r = set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
	if (!r)
		r = bind_to(fd, family, address, port);
	if (!r)
		return fd;
	close(fd);
	return r;
}

/* All addresses of both families, or of IPv4 where there is no IPv6. */
static int make_anywhere(uint16_t port)
{
	static const uint8_t any[16];
	int fd = make(6, any, port);

	return fd == -EAFNOSUPPORT || fd == -EADDRNOTAVAIL ? make(4, any, port) : fd;
}

/*
 * Two sockets may be bound to one port when both have SO_REUSEADDR and none listens, or both have
 * SO_REUSEPORT and one user (inet_csk_bind_conflict, as of 6.18). So a server with either of them
 * passes, while the kernel does not give the port to clients. SO_REUSEPORT is only set behind the
 * bind: before, we would pass a listener of our own user.
 */
int sockets_hold(struct sockets_system *system, uint16_t port)
{
	(void)system;
	int fd = make_anywhere(port);
	int r = fd < 0 ? fd : set(fd, SOL_SOCKET, SO_REUSEPORT, 1);

	if (r && fd >= 0)
		close(fd);
	return r ? r : fd;
}

int sockets_listen(
	struct sockets_system *system, uint8_t family, const uint8_t address[16], uint16_t port)
{
	(void)system;
	int fd = family ? make(family, address, port) : make_anywhere(port);
	if (fd < 0 || !listen(fd, SOMAXCONN))
		return fd;
	int r = -errno;
	close(fd);
	return r;
}
