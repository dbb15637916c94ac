// SPDX-License-Identifier: MIT
/*
 * Snapshots and recordings of the machine, as the public header gives them.
 */
#include "api/machine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/handle.h"

/* What a sockets call failed with, in its own words when it had some. */
static int fail_with(int error, const struct buffer *problem)
{
	return handle_fail(error, "%s", problem->len ? problem->data : strerror(-error));
}

int berth_snapshot(const struct berth *berth, const struct berth_ask *ask,
	struct berth_snapshot **ret_snapshot)
{
	struct buffer problem = {0};
	struct berth_ask wanted = {0};

	if (ask->size < sizeof(ask->size) || ask->size > sizeof(wanted))
		return handle_fail(-EINVAL, "berth_ask.size is %zu, at most %zu is known",
			ask->size, sizeof(wanted));
	memcpy(&wanted, ask, ask->size);
	struct berth_snapshot *snapshot = calloc(1, sizeof(*snapshot));
	if (!snapshot)
		return handle_fail(-ENOMEM, "out of memory");
	int r = sockets_snapshot(berth->system, &wanted, &snapshot->inner, &problem);
	if (r < 0) {
		(void)fail_with(r, &problem);
		free(snapshot);
	} else {
		*ret_snapshot = snapshot;
	}
	buffer_free(&problem);
	return r;
}

void berth_snapshot_free(struct berth_snapshot *snapshot)
{
	if (!snapshot)
		return;
	sockets_snapshot_free(snapshot->inner);
	free(snapshot);
}

size_t berth_snapshot_sockets(
	const struct berth_snapshot *snapshot, const struct berth_socket **ret_sockets)
{
	*ret_sockets = snapshot->inner->sockets;
	return snapshot->inner->n_sockets;
}

size_t berth_snapshot_redirects(
	const struct berth_snapshot *snapshot, const struct berth_redirect **ret_redirects)
{
	*ret_redirects = snapshot->inner->redirects;
	return snapshot->inner->n_redirects;
}

const char *berth_snapshot_redirects_unknown(const struct berth_snapshot *snapshot)
{
	return snapshot->inner->redirects_unknown;
}

unsigned berth_snapshot_gaps(const struct berth_snapshot *snapshot)
{
	return snapshot->inner->gaps;
}

berth_states berth_snapshot_unasked(const struct berth_snapshot *snapshot)
{
	return snapshot->inner->unasked;
}

size_t berth_snapshot_rungs(
	const struct berth_snapshot *snapshot, const struct berth_rung_use **ret_rungs)
{
	*ret_rungs = snapshot->inner->rungs;
	return snapshot->inner->n_rungs;
}

size_t berth_snapshot_netns(
	const struct berth_snapshot *snapshot, const struct berth_netns **ret_netns)
{
	*ret_netns = snapshot->inner->netns;
	return snapshot->inner->n_netns;
}

double berth_snapshot_time_s(const struct berth_snapshot *snapshot)
{
	return snapshot->inner->time_s;
}

void berth_snapshot_policy(const struct berth_snapshot *snapshot, struct berth_policy *ret_policy)
{
	*ret_policy = snapshot->inner->policy;
}

void berth_snapshot_listen_losses(
	const struct berth_snapshot *snapshot, struct berth_listen_losses *ret_losses)
{
	*ret_losses = snapshot->inner->listen_losses;
}

bool berth_socket_backlog(const struct berth_socket *socket, struct berth_backlog *ret_backlog)
{
	/* /proc/net has no cookies, and no limits either. */
	bool has_limit = socket->cookie != 0;

	if (socket->state != BERTH_LISTEN)
		return false;
	*ret_backlog = (struct berth_backlog){.used = socket->receive_queue,
		.has_limit = has_limit,
		.limit = has_limit ? socket->send_queue : 0,
		.full = has_limit && socket->receive_queue > socket->send_queue};
	return true;
}

/* The index of the first socket whose local port is at least `port`. */
static size_t lower_bound(const struct sockets_snapshot *inner, uint32_t port)
{
	size_t low = 0;
	size_t high = inner->n_sockets;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (inner->sockets[middle].local_port < port)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

size_t machine_at_port(const struct berth_snapshot *snapshot, uint16_t port,
	const struct berth_socket **ret_sockets)
{
	size_t first = lower_bound(snapshot->inner, port);
	size_t end = lower_bound(snapshot->inner, port + UINT32_C(1));

	*ret_sockets = end > first ? snapshot->inner->sockets + first : NULL;
	return end - first;
}

int berth_record(const struct berth *berth, const char *path, bool scrub)
{
	struct buffer problem = {0};
	int r = sockets_record(berth->system, path, scrub, &problem);

	if (r < 0)
		(void)fail_with(r, &problem);
	buffer_free(&problem);
	return r;
}

int berth_enable(unsigned mode)
{
	struct buffer problem = {0};
	int r = sockets_enable(mode, &problem);

	if (r)
		(void)fail_with(r, &problem);
	buffer_free(&problem);
	return r;
}

int berth_disable(void)
{
	struct buffer problem = {0};
	int r = sockets_disable(&problem);

	if (r < 0)
		(void)fail_with(r, &problem);
	buffer_free(&problem);
	return r;
}
