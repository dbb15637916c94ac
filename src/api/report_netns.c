// SPDX-License-Identifier: MIT
/*
 * The network namespaces of a port report. Each has its own ports, so what another one holds is
 * told apart from the sockets of the report, and no judgement sees it.
 */
#include "api/report_netns.h"

#include <errno.h>

bool report_netns_is_subject(
	const struct sockets_snapshot *inner, const struct berth_socket *socket)
{
	if (inner->subject)
		return socket->netns == inner->subject;
	return !socket->netns || socket->netns->own;
}

static bool is_unseen(const struct berth_netns *netns)
{
	return netns->reason != BERTH_KNOWN;
}

static void count_others(const struct sockets_snapshot *inner, struct berth_report *report)
{
	for (size_t i = 0; i < inner->n_netns; i++) {
		const struct berth_netns *netns = inner->netns + i;

		if (netns->own)
			continue;
		report->n_netns_unseen += is_unseen(netns);
		report->n_netns_seen += !is_unseen(netns);
	}
}

/* Rows of one port stand together by namespace, so each begins a use or goes on with one. */
static int add_uses(
	const struct berth_snapshot *snapshot, struct arena *arena, struct berth_report *report)
{
	const struct berth_socket *rows;
	size_t count = machine_at_port(snapshot, report->port, &rows);
	struct berth_netns_use *uses = arena_array(arena, count, sizeof(*uses));
	const struct berth_socket **sockets = arena_array(arena, count, sizeof(void *));
	size_t n_uses = 0;
	size_t n_sockets = 0;

	if (!uses || !sockets)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		const struct berth_netns *netns = rows[i].netns;

		if (report_netns_is_subject(snapshot->inner, rows + i) ||
			!(report->protos & BERTH_PROTO_BIT(rows[i].proto)))
			continue;
		if (!n_uses || uses[n_uses - 1].netns != netns)
			uses[n_uses++] = (struct berth_netns_use){
				.netns = netns, .sockets = sockets + n_sockets};
		sockets[n_sockets++] = rows + i;
		uses[n_uses - 1].n_sockets++;
	}
	report->other_netns = uses;
	report->n_other_netns = n_uses;
	return 0;
}

int report_netns_add(
	const struct berth_snapshot *snapshot, struct arena *arena, struct berth_report *report)
{
	const struct sockets_snapshot *inner = snapshot->inner;

	report->netns_ask = inner->netns_ask;
	report->netns = inner->subject && !inner->subject->own ? inner->subject : NULL;
	/* Most snapshots are of our own alone. */
	if (inner->netns_ask == BERTH_ASK_ONE || inner->n_netns < 2)
		return 0;
	count_others(inner, report);
	return add_uses(snapshot, arena, report);
}
