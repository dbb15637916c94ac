// SPDX-License-Identifier: MIT
/*
 * Holds a port: a socket that keeps it from the kernel's own choice, or one that listens already,
 * and beside it the lock that keeps other holders out.
 *
 * The lock is a socket of AF_UNIX in the abstract namespace, which is one for each network
 * namespace, as ports are: the kernel gives the name to one socket only, of whatever user, and
 * takes it back when the holder ends, however it ends. Nothing can be left over.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "api/handle.h"
#include "api/machine.h"
#include "binding/binding.h"

enum {
	FIRST_USER_PORT = 1024,
	LAST_PORT = 65535,
	MOST_NAME = 4096,
};

/* The public part is first, so that the two can be told from each other's address. */
struct hold_box {
	struct berth_hold hold;
	int lock;
};

struct choice {
	const struct berth *berth;
	const struct berth_hold_ask *ask;
	const struct berth_policy *policy;
	uint32_t start; /* where to begin, by the name or by chance */
};

/* -EADDRINUSE: another holder has it. */
static int lock_port(uint16_t port)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	int len = snprintf(name.sun_path + 1, sizeof(name.sun_path) - 1, "berth/port/%u", port);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	/* A NUL in front makes the name abstract (unix(7)). */
	size_t size = offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)len;
	if (!bind(fd, (const struct sockaddr *)&name, (socklen_t)size))
		return fd;
	int r = -errno;
	close(fd);
	return r;
}

static int take(const struct berth *berth, const struct berth_hold_ask *ask, uint16_t port,
	struct hold_box *box)
{
	int lock = lock_port(port);
	if (lock < 0)
		return lock;
	int fd = ask->listen ? sockets_listen(berth->system, ask->family, ask->address, port)
			     : sockets_hold(berth->system, port);
	if (fd < 0) {
		close(lock);
		return fd;
	}
	box->hold.port = port;
	box->hold.fd = fd;
	box->lock = lock;
	return 0;
}

/* FNV-1a (draft-eastlake-fnv), spread over the upper bits. */
static uint32_t start_of(const char *name)
{
	uint64_t sum = UINT64_C(0xcbf29ce484222325);
	struct timespec now;

	if (!name) {
		(void)clock_gettime(CLOCK_MONOTONIC, &now);
		sum ^= (uint64_t)now.tv_nsec ^ (uint64_t)getpid() << 32;
		name = "";
		sum *= UINT64_C(0x100000001b3);
	}
	for (size_t i = 0; name[i] && i < MOST_NAME; i++)
		sum = (sum ^ (unsigned char)name[i]) * UINT64_C(0x100000001b3);
	return (uint32_t)(sum ^ sum >> 32);
}

/* Neither assigned nor claimed by name, nor kept back, nor lent to clients by the kernel. */
static bool is_nobodys(const struct choice *choice, uint16_t port)
{
	struct berth_lookup lookup;

	if (binding_is_ephemeral(choice->policy, port) ||
		binding_is_reserved(choice->policy, port) ||
		binding_is_privileged(choice->policy, port))
		return false;
	berth_lookup(choice->berth, port, &lookup);
	for (size_t i = 0; i < lookup.n_claims; i++) {
		struct berth_claim claim;

		berth_claim_get(choice->berth, lookup.claims[i], &claim);
		if (claim.scope != BERTH_POOL)
			return false;
	}
	return lookup.n_records == 0;
}

/* The first of a range that can be had. -EADDRINUSE: none. */
static int take_from(
	const struct choice *choice, uint32_t first, uint32_t last, struct hold_box *box)
{
	for (uint32_t i = 0; first <= last && i <= last - first; i++) {
		uint16_t port = (uint16_t)(first + (choice->start + i) % (last - first + 1));
		int r = is_nobodys(choice, port) ? take(choice->berth, choice->ask, port, box)
						 : -EADDRINUSE;

		if (r != -EADDRINUSE && r != -EACCES)
			return r;
	}
	return -EADDRINUSE;
}

static int choose(const struct berth *berth, const struct berth_hold_ask *ask, struct hold_box *box)
{
	struct berth_query_part part = {.first = 0, .last = 0};
	const struct berth_query query = {.parts = &part, .n_parts = 1};
	const struct berth_ask nothing = {.size = sizeof(nothing),
		.query = &query,
		.protos = BERTH_PROTO_BIT(BERTH_TCP),
		.states = BERTH_STATE_BIT(BERTH_LISTEN)};
	struct berth_snapshot *snapshot = NULL;
	struct berth_policy policy;
	int r = berth_snapshot(berth, &nothing, &snapshot);

	if (r < 0)
		return r;
	berth_snapshot_policy(snapshot, &policy);
	const struct choice choice = {
		.berth = berth, .ask = ask, .policy = &policy, .start = start_of(ask->name)};
	uint32_t last = policy.has_ephemeral ? policy.ephemeral.last : 0;
	r = take_from(&choice, last < FIRST_USER_PORT ? FIRST_USER_PORT : last + 1, LAST_PORT, box);
	if (r == -EADDRINUSE && last)
		r = take_from(&choice, FIRST_USER_PORT, last, box);
	berth_snapshot_free(snapshot);
	return r == -EADDRINUSE ? handle_fail(r, "no port is left") : r;
}

static int explain(int error, uint16_t port)
{
	if (error == -EADDRINUSE && port)
		return handle_fail(error, "port %u is taken", port);
	if (error == -EACCES)
		return handle_fail(error, "port %u needs CAP_NET_BIND_SERVICE", port);
	return handle_fail(error, "no port could be held: %s", strerror(-error));
}

int berth_hold(
	const struct berth *berth, const struct berth_hold_ask *ask, struct berth_hold **ret_hold)
{
	struct berth_hold_ask wanted = {0};
	struct hold_box *box = calloc(1, sizeof(*box));

	if (!box)
		return handle_fail(-ENOMEM, "out of memory");
	int r = 0;
	if (ask->size < sizeof(ask->size) || ask->size > sizeof(wanted))
		r = handle_fail(-EINVAL, "berth_hold_ask.size is %zu, at most %zu is known",
			ask->size, sizeof(wanted));
	else if (berth->replay)
		r = handle_fail(-EROFS, "a recording has no ports to hold");
	if (!r) {
		memcpy(&wanted, ask, ask->size);
		r = wanted.port ? take(berth, &wanted, wanted.port, box)
				: choose(berth, &wanted, box);
		if (r && (wanted.port || r != -EADDRINUSE))
			(void)explain(r, wanted.port);
	}
	if (r)
		free(box);
	else
		*ret_hold = &box->hold;
	return r;
}

void berth_hold_open(struct berth_hold *hold)
{
	if (hold->fd >= 0)
		close(hold->fd);
	hold->fd = -1;
}

void berth_hold_end(struct berth_hold *hold)
{
	struct hold_box *box = (struct hold_box *)hold;

	if (!box)
		return;
	berth_hold_open(hold);
	close(box->lock);
	free(box);
}
