// SPDX-License-Identifier: MIT
/*
 * Really binds, in a child process, so that neither user nor network namespace of the caller change
 * and the socket is closed in any case. Between fork() and _exit() only system calls are made.
 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sockets/linux/system.h"

enum {
	COULD_NOT = 1, /* in attempt.stage */
	TRIED,
};

/* What the child says. */
struct attempt {
	int stage;
	int error; /* positive errno, or 0 */
};

struct place {
	struct sockaddr_storage address;
	socklen_t len;
	int domain;
	int type;
	int protocol;
};

static int set(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value)) < 0 ? errno : 0;
}

static struct place place_of(const struct berth_bind *bind, uint32_t ifindex)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	struct place place = {.domain = bind->family == 4 ? AF_INET : AF_INET6,
		.type = bind->proto == BERTH_TCP || bind->proto == BERTH_SCTP ? SOCK_STREAM
									      : SOCK_DGRAM};
	struct sockaddr_in *in = (void *)&place.address;
	struct sockaddr_in6 *in6 = (void *)&place.address;

	if (bind->proto == BERTH_SCTP)
		place.protocol = IPPROTO_SCTP;
	else if (bind->proto == BERTH_UDPLITE)
		place.protocol = IPPROTO_UDPLITE;
	if (bind->family == 4) {
		in->sin_family = AF_INET;
		in->sin_port = htons(bind->port);
		memcpy(&in->sin_addr, bind->address, 4);
		place.len = sizeof(*in);
	} else {
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons(bind->port);
		memcpy(&in6->sin6_addr, bind->address, 16);
		if (memcmp(bind->address, mapped, sizeof(mapped)) != 0)
			in6->sin6_scope_id = ifindex;
		place.len = sizeof(*in6);
	}
	return place;
}

/* IPV6_V6ONLY is always set, since its default is a sysctl (bindv6only). */
static int set_options(int fd, const struct berth_bind *bind)
{
	int r = bind->family == 4 ? 0 : set(fd, IPPROTO_IPV6, IPV6_V6ONLY, bind->v6only);

	if (!r && bind->reuseaddr)
		r = set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (!r && bind->reuseport)
		r = set(fd, SOL_SOCKET, SO_REUSEPORT, 1);
	if (!r && bind->freebind)
		r = set(fd, IPPROTO_IP, IP_FREEBIND, 1);
	if (!r && bind->interface &&
		setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, bind->interface,
			(socklen_t)strlen(bind->interface)) < 0)
		r = errno;
	return r;
}

/* The user last: only who has privileges may enter a namespace or name a device. */
static struct attempt attempt(const struct berth_bind *wanted, int netns)
{
	struct attempt result = {.stage = COULD_NOT};

	if (netns >= 0 && setns(netns, CLONE_NEWNET) < 0) {
		result.error = errno;
		return result;
	}
	struct place place =
		place_of(wanted, wanted->interface ? if_nametoindex(wanted->interface) : 0);
	if (wanted->has_uid && wanted->uid != geteuid() &&
		syscall(SYS_setresuid, wanted->uid, wanted->uid, wanted->uid) < 0) {
		result.error = errno;
		return result;
	}
	int fd = socket(place.domain, place.type | SOCK_CLOEXEC, place.protocol);
	result.error = fd < 0 ? errno : set_options(fd, wanted);
	if (result.error)
		return result;
	result.stage = TRIED;
	if (bind(fd, (struct sockaddr *)&place.address, place.len) < 0 ||
		(wanted->listen && listen(fd, 1) < 0))
		result.error = errno;
	close(fd);
	return result;
}

int sockets_ifindex(const struct sockets_system *system, const char *name, uint32_t *ret_ifindex)
{
	unsigned index = system->replay ? 0 : if_nametoindex(name);

	if (!index)
		return system->replay ? -EOPNOTSUPP : -ENODEV;
	*ret_ifindex = index;
	return 0;
}

static int read_result(int fd, struct attempt *ret)
{
	ssize_t got = read(fd, ret, sizeof(*ret));

	return got == (ssize_t)sizeof(*ret) ? 0 : -EIO;
}

int sockets_try(const struct sockets_system *system, const struct berth_bind *wanted,
	const char *netns_path, int *ret_error)
{
	struct attempt result = {0};
	int ends[2];

	if (system->replay)
		return -EOPNOTSUPP;
	int netns = netns_path ? open(netns_path, O_RDONLY | O_CLOEXEC) : -1;
	if (netns_path && netns < 0)
		return -errno;
	int r = pipe2(ends, O_CLOEXEC) < 0 ? -errno : 0;
	pid_t child = r ? -1 : fork();
	if (!child) {
		result = attempt(wanted, netns);
		_exit(write(ends[1], &result, sizeof(result)) != (ssize_t)sizeof(result));
	}
	if (!r) {
		close(ends[1]);
		r = child < 0 ? -EAGAIN : read_result(ends[0], &result);
		close(ends[0]);
	}
	if (child > 0)
		(void)waitpid(child, NULL, 0);
	if (netns >= 0)
		close(netns);
	if (!r && result.stage == COULD_NOT)
		r = -result.error;
	if (!r)
		*ret_error = result.error;
	return r;
}
