// SPDX-License-Identifier: MIT
/*
 * The ports that the kernel lends: a snapshot of everything, what the binding room makes of it in
 * each network namespace, and what IANA says of the same numbers.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/handle.h"
#include "api/machine.h"
#include "binding/exhaustion.h"

struct ephemeral_box {
	struct berth_ephemeral ephemeral; /* first: it is what is handed out */
	struct berth_snapshot *snapshot;
	struct berth_ephemeral_space *spaces;
	struct berth_policy policy; /* of our own, or the one that was asked for */
	struct arena arena;
};

/* A sockets_bound_port. */
static void add_bound(void *context, uint16_t port)
{
	portlist_add_range(context, port, port);
}

static const char *why_not_exact(const struct berth *berth, int error, bool elsewhere)
{
	if (berth->replay)
		return "the kernel's own table is not in a recording";
	if (elsewhere)
		return "the kernel's table was not asked in another network namespace";
	if (error == -EPERM || error == -EACCES)
		return "the kernel's own table needs CAP_BPF and CAP_PERFMON";
	return "the kernel's own table could not be read";
}

static uint32_t count_assigned(const struct berth *berth, const struct berth_port_range *range)
{
	uint32_t count = 0;

	for (uint32_t port = range->first; port <= range->last; port++) {
		struct berth_lookup found;

		berth_lookup(berth, (uint16_t)port, &found);
		count += found.state[BERTH_TCP] == BERTH_ASSIGNED;
	}
	return count;
}

static int survey(struct ephemeral_box *box, const struct berth *berth,
	const struct berth_netns *netns, const struct berth_policy *policy,
	struct berth_ephemeral_space *space)
{
	const struct sockets_snapshot *inner = box->snapshot->inner;
	struct exhaustion_ask ask = {.policy = policy,
		.sockets = inner->sockets,
		.n_sockets = inner->n_sockets,
		.netns = netns};
	bool elsewhere = netns && !netns->own;
	struct portlist bound;
	int asked = 0;

	space->netns = netns;
	if (!policy || !policy->has_ephemeral)
		return 0;
	memset(&bound, 0, sizeof(bound));
	if (!elsewhere)
		asked = sockets_bound_ports(berth->system, &policy->ephemeral, add_bound, &bound);
	space->bound_exact = !elsewhere && !asked;
	if (space->bound_exact)
		ask.bound = &bound;
	else
		space->bound_why_not = why_not_exact(berth, asked, elsewhere);
	space->assigned_lent = count_assigned(berth, &policy->ephemeral);
	return exhaustion_survey(&ask, &box->arena, space);
}

/* One space for each namespace that was looked into; without a question for others just ours. */
static int survey_all(struct ephemeral_box *box, const struct berth *berth)
{
	const struct sockets_snapshot *inner = box->snapshot->inner;
	size_t n = inner->n_netns && !inner->subject ? inner->n_netns : 1;
	int r = 0;

	box->spaces = calloc(n, sizeof(*box->spaces));
	if (!box->spaces)
		return -ENOMEM;
	berth_snapshot_policy(box->snapshot, &box->policy);
	if (n == 1)
		r = survey(box, berth,
			inner->subject || !inner->n_netns ? inner->subject : inner->netns,
			&box->policy, box->spaces);
	for (size_t i = 0; !r && n > 1 && i < n; i++)
		r = survey(box, berth, inner->netns + i, inner->netns[i].policy, box->spaces + i);
	box->ephemeral.spaces = box->spaces;
	box->ephemeral.n_spaces = n;
	return r;
}

static int examine(struct ephemeral_box *box, const struct berth *berth,
	const struct berth_ephemeral_ask *wanted)
{
	const struct berth_ask ask = {.size = sizeof(ask),
		.protos = BERTH_PROTO_BIT(BERTH_TCP) | BERTH_PROTO_BIT(BERTH_UDP),
		.owners = true,
		.brief = true,
		.netns_ask = wanted->netns_ask,
		.netns = wanted->netns,
		.policies = true,
		.port_ranges = true};
	int r = berth_snapshot(berth, &ask, &box->snapshot);

	if (r < 0)
		return r;
	box->ephemeral.gaps = berth_snapshot_gaps(box->snapshot);
	box->ephemeral.time_s = berth_snapshot_time_s(box->snapshot);
	r = survey_all(box, berth);
	return r ? handle_fail(r, "out of memory") : 0;
}

int berth_ephemeral(const struct berth *berth, const struct berth_ephemeral_ask *ask,
	struct berth_ephemeral **ret_ephemeral)
{
	struct berth_ephemeral_ask wanted = {0};

	if (ask && (ask->size < sizeof(ask->size) || ask->size > sizeof(wanted)))
		return handle_fail(-EINVAL, "berth_ephemeral_ask.size is %zu, at most %zu is known",
			ask->size, sizeof(wanted));
	if (ask)
		memcpy(&wanted, ask, ask->size);
	if (wanted.netns_ask == BERTH_ASK_NAMED)
		return handle_fail(-EINVAL, "a quick look does not see connections");
	struct ephemeral_box *box = calloc(1, sizeof(*box));
	if (!box)
		return handle_fail(-ENOMEM, "out of memory");
	int r = examine(box, berth, &wanted);
	if (r < 0)
		berth_ephemeral_free(&box->ephemeral);
	else
		*ret_ephemeral = &box->ephemeral;
	return r;
}

void berth_ephemeral_free(struct berth_ephemeral *ephemeral)
{
	struct ephemeral_box *box = (struct ephemeral_box *)ephemeral;

	if (!box)
		return;
	berth_snapshot_free(box->snapshot);
	free(box->spaces);
	arena_free(&box->arena);
	free(box);
}
