// SPDX-License-Identifier: MIT
/* Being told what happens to sockets: by our BPF programs, or by sock_diag of those that ended. */
#include "sockets/linux/events.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"

enum {
	CHUNK = 1 << 16,
	ROOM = 4 << 20, /* for messages that wait; each takes less than 1 KiB */
};

struct sockets_events {
	struct sockets_system *system;
	struct events_ring *bpf; /* NULL: endings only */
	int endings; /* a netlink socket, or -1 */
	uint64_t lost;
	bool more_lost; /* the kernel dropped messages, it does not say how many */
};

struct reading {
	struct events_clock clock;
	sockets_event_seen *seen;
	void *context;
	uint64_t malformed;
};

/* The inode number in the target of a link as "pid:[4026531836]"; 0: not known. */
static uint32_t namespace_number(const struct sockets_system *system, const char *path)
{
	char target[SYSTEM_TARGET];
	uint64_t number = 0;

	if (system_link(system, path, target, sizeof(target)) <= 0)
		return 0;
	const char *digits = strchr(target, '[');
	if (!digits || text_number(digits + 1, strcspn(digits + 1, "]"), UINT32_MAX, &number) < 0)
		return 0;
	return (uint32_t)number;
}

/*
 * Anybody may join (NL_CFG_F_NONROOT_RECV, net/core/sock_diag.c). It takes a bind(2) too: a socket
 * without a number of its own is taken for the kernel's, which tells itself nothing
 * (do_one_broadcast, net/netlink/af_netlink.c).
 */
static int join_endings(void)
{
	const struct sockaddr_nl address = {.nl_family = AF_NETLINK};
	static const int groups[] = {SKNLGRP_INET_TCP_DESTROY, SKNLGRP_INET_UDP_DESTROY,
		SKNLGRP_INET6_TCP_DESTROY, SKNLGRP_INET6_UDP_DESTROY};
	int room = ROOM;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_SOCK_DIAG);

	if (fd < 0)
		return -errno;
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		int r = -errno;

		close(fd);
		return r;
	}
	/* More than net.core.rmem_max takes CAP_NET_ADMIN; what is less is still something. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	for (size_t i = 0; i < sizeof(groups) / sizeof(*groups); i++) {
		if (setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, groups + i,
			    sizeof(*groups)) < 0) {
			int r = -errno;

			close(fd);
			return r;
		}
	}
	return fd;
}

static int open_one(struct sockets_events *events, bool endings_only, const char **ret_why)
{
	if (endings_only) {
		events->endings = join_endings();
		if (events->endings < 0)
			*ret_why = "sock_diag does not tell of sockets that end";
		return events->endings < 0 ? events->endings : 0;
	}
	return events_bpf_open(namespace_number(events->system, "/proc/self/ns/net"),
		namespace_number(events->system, "/proc/self/ns/pid"), &events->bpf, ret_why);
}

int sockets_events_open(struct sockets_system *system, bool endings_only,
	struct sockets_events **ret_events, const char **ret_why)
{
	if (system->replay || system->without_netlink) {
		*ret_why = "a recording does not change";
		return -ENOSYS;
	}
	struct sockets_events *events = calloc(1, sizeof(*events));
	if (!events)
		return -ENOMEM;
	events->system = system;
	events->endings = -1;
	int r = open_one(events, endings_only, ret_why);
	if (r < 0)
		sockets_events_close(events);
	else
		*ret_events = events;
	return r < 0 ? r : 0;
}

int sockets_events_fd(const struct sockets_events *events)
{
	return events->bpf ? events_bpf_fd(events->bpf) : events->endings;
}

bool sockets_events_binds(const struct sockets_events *events)
{
	return events->bpf && events_bpf_binds(events->bpf);
}

static int take_record(void *context, const void *bytes, size_t len)
{
	struct reading *reading = context;
	struct sockets_event event;
	int r = events_records_decode(bytes, len, &reading->clock, &event);

	reading->malformed += r < 0;
	return r ? 0 : reading->seen(reading->context, &event);
}

static int read_endings(struct sockets_events *events, struct reading *reading)
{
	char *bytes = malloc(CHUNK);
	int r = bytes ? 0 : -ENOMEM;

	while (!r) {
		ssize_t len = recv(events->endings, bytes, CHUNK, 0);

		if (len < 0 && errno == ENOBUFS) {
			events->more_lost = true;
			continue;
		}
		if (len < 0)
			break;
		r = events_records_endings(bytes, (size_t)len, clock_now_s(CLOCK_REALTIME),
			reading->seen, reading->context);
		if (r == -EBADMSG) {
			events->more_lost = true;
			r = 0;
		}
	}
	free(bytes);
	return r;
}

int sockets_events_read(struct sockets_events *events, sockets_event_seen *seen, void *context)
{
	struct reading reading = {.seen = seen, .context = context};

	if (!events->bpf)
		return read_endings(events, &reading);
	reading.clock.ahead_s = clock_now_s(CLOCK_REALTIME) - clock_now_s(CLOCK_BOOTTIME);
	reading.clock.ticks = system_clock_ticks(events->system);
	int r = events_bpf_read(events->bpf, take_record, &reading);
	events->lost += reading.malformed;
	return r;
}

uint64_t sockets_events_lost(const struct sockets_events *events, bool *ret_more)
{
	if (events->more_lost)
		*ret_more = true;
	return events->lost + (events->bpf ? events_bpf_lost(events->bpf) : 0);
}

void sockets_events_close(struct sockets_events *events)
{
	if (!events)
		return;
	events_bpf_close(events->bpf);
	if (events->endings >= 0)
		close(events->endings);
	free(events);
}
