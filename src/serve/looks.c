// SPDX-License-Identifier: MIT
/* See looks.h. */
#include "serve/looks.h"

#include <string.h>

#include "base/clock.h"

enum {
	BYTE = 8,
};

static bool same_text(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

static bool same_range(struct berth_port_range a, struct berth_port_range b)
{
	return a.first == b.first && a.last == b.last;
}

static bool same_policy(const struct berth_policy *a, const struct berth_policy *b)
{
	if (a->has_ephemeral != b->has_ephemeral || !same_range(a->ephemeral, b->ephemeral) ||
		a->has_reserved != b->has_reserved || a->n_reserved != b->n_reserved ||
		a->has_unprivileged != b->has_unprivileged ||
		a->unprivileged_start != b->unprivileged_start ||
		a->may_bind_low != b->may_bind_low || a->nonlocal_bind != b->nonlocal_bind ||
		a->nonlocal_bind6 != b->nonlocal_bind6)
		return false;
	for (size_t i = 0; i < a->n_reserved; i++) {
		if (!same_range(a->reserved[i], b->reserved[i]))
			return false;
	}
	return true;
}

static bool same_namespaces(const struct berth_snapshot *a, const struct berth_snapshot *b)
{
	const struct berth_netns *of_a = NULL;
	const struct berth_netns *of_b = NULL;
	size_t n = berth_snapshot_netns(a, &of_a);

	if (berth_snapshot_netns(b, &of_b) != n)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (of_a[i].inode != of_b[i].inode || of_a[i].gaps != of_b[i].gaps ||
			!same_text(of_a[i].name, of_b[i].name) ||
			!same_text(of_a[i].reason_text, of_b[i].reason_text))
			return false;
	}
	return true;
}

/* Whether all that is told of a port without sockets is the same. A rule that redirects could
 * catch any port, and its target changes with sockets, so with rules nothing is. */
static bool alike(const struct berth_snapshot *a, const struct berth_snapshot *b)
{
	const struct berth_redirect *rules = NULL;
	struct berth_policy of_a;
	struct berth_policy of_b;

	berth_snapshot_policy(a, &of_a);
	berth_snapshot_policy(b, &of_b);
	return !berth_snapshot_redirects(a, &rules) && !berth_snapshot_redirects(b, &rules) &&
		berth_snapshot_gaps(a) == berth_snapshot_gaps(b) &&
		same_text(
			berth_snapshot_redirects_unknown(a), berth_snapshot_redirects_unknown(b)) &&
		same_policy(&of_a, &of_b) && same_namespaces(a, b);
}

static void mark(struct looks *looks, const struct berth_snapshot *snapshot)
{
	const struct berth_socket *sockets = NULL;
	size_t n = berth_snapshot_sockets(snapshot, &sockets);

	for (size_t i = 0; i < n; i++) {
		unsigned port = sockets[i].local_port;

		looks->ports[port / BYTE] |= (uint8_t)(1U << port % BYTE);
	}
}

int looks_take(struct looks *looks, const struct berth *berth, bool owners, double age_s)
{
	const struct berth_ask ask = {.size = sizeof(ask),
		.owners = owners,
		.redirects = true,
		.netns_ask = BERTH_ASK_NAMED};
	struct berth_snapshot *snapshot = NULL;

	if (looks->snapshot && !looks->stale &&
		clock_now_s(CLOCK_MONOTONIC) - looks->taken_s <= age_s)
		return 0;
	double began_s = clock_now_s(CLOCK_MONOTONIC);
	int error = berth_snapshot(berth, &ask, &snapshot);
	if (error < 0)
		return error;
	if (!looks->snapshot || !alike(looks->snapshot, snapshot))
		looks->all = true;
	else
		mark(looks, looks->snapshot);
	mark(looks, snapshot);
	berth_snapshot_free(looks->snapshot);
	looks->snapshot = snapshot;
	looks->taken_s = began_s;
	looks->stale = false;
	return 0;
}

void looks_news(struct looks *looks, struct wire_look *ret_news)
{
	ret_news->time_s = looks->snapshot ? (int64_t)berth_snapshot_time_s(looks->snapshot) : 0;
	ret_news->all = looks->all;
	memcpy(ret_news->ports, looks->ports, sizeof(looks->ports));
	looks->all = false;
	memset(looks->ports, 0, sizeof(looks->ports));
	/* What has a socket now may be another page at the next look, without opening or closing.
	 */
	if (looks->snapshot)
		mark(looks, looks->snapshot);
}

void looks_free(struct looks *looks)
{
	berth_snapshot_free(looks->snapshot);
	looks->snapshot = NULL;
}
