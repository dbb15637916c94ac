// SPDX-License-Identifier: MIT
/* See serve_listen.h. */
#include "serve/serve_listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/text.h"

enum {
	BACKLOG = 512,
	IPV4 = 4,
	IPV6 = 6,
};

static bool is_loopback(const struct serve_listen_place *place)
{
	return !strcmp(place->address, "::1") ||
		(place->family == IPV4 && !strncmp(place->address, "127.", 4));
}

int serve_listen_parse(const char *text, struct serve_listen_place *ret_place)
{
	struct serve_listen_place place = {.family = IPV4};
	const char *colon = strrchr(text, ':');
	const char *port = colon ? colon + 1 : text;
	const char *host = text;
	size_t len = colon ? (size_t)(colon - text) : 0;
	struct in6_addr address;
	uint64_t value = 0;

	if (len && *host == '[') {
		if (len < 2 || host[len - 1] != ']')
			return -EINVAL;
		place.family = IPV6;
		host++;
		len -= 2;
	}
	if (len >= sizeof(place.address) || text_number(port, strlen(port), UINT16_MAX, &value))
		return -EINVAL;
	memcpy(place.address, len ? host : "127.0.0.1", len ? len : sizeof("127.0.0.1"));
	if (inet_pton(place.family == IPV6 ? AF_INET6 : AF_INET, place.address, &address) != 1)
		return -EINVAL;
	place.port = (uint16_t)value;
	place.loopback = is_loopback(&place);
	*ret_place = place;
	return 0;
}

static int listen_at(int family, const void *address, socklen_t len)
{
	const int on = 1;
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	if (family != AF_UNIX)
		(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(fd, address, len) < 0 || listen(fd, BACKLOG) < 0) {
		int error = -errno;

		(void)close(fd);
		return error;
	}
	return fd;
}

int serve_listen_tcp(struct serve_listen_place *place)
{
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(place->port)};
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(place->port)};
	socklen_t len = sizeof(v6);
	int fd = -EINVAL;

	if (place->family == IPV4 && inet_pton(AF_INET, place->address, &v4.sin_addr) == 1)
		fd = listen_at(AF_INET, &v4, sizeof(v4));
	else if (place->family == IPV6 && inet_pton(AF_INET6, place->address, &v6.sin6_addr) == 1)
		fd = listen_at(AF_INET6, &v6, sizeof(v6));
	/* The port is at the same place in both. */
	if (fd >= 0 && getsockname(fd, (struct sockaddr *)&v6, &len) == 0)
		place->port = ntohs(v6.sin6_port);
	return fd;
}

/* Whether it is a socket that was left behind: there, and nobody listens. */
static bool is_left(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool left = fd >= 0 &&
		connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 &&
		errno == ECONNREFUSED;

	if (fd >= 0)
		(void)close(fd);
	return left;
}

int serve_listen_unix(const char *path, mode_t mode)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct stat status;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (lstat(path, &status) == 0 && S_ISSOCK(status.st_mode) && is_left(&address))
		(void)unlink(path);
	/* Its mode is there with it: nobody gets in before a chmod(2). */
	mode_t before = umask((mode_t)~mode & (S_IRWXU | S_IRWXG | S_IRWXO));
	int fd = listen_at(AF_UNIX, &address, sizeof(address));
	(void)umask(before);
	return fd;
}
