// SPDX-License-Identifier: MIT
/*
 * docker-proxy and its kind accept connections as soon as the container starts. Its server is
 * there when a process of the container listens in another network namespace than ours.
 */
#include "api/wait_behind.h"

#include <inttypes.h>
#include <string.h>

#include "api/answer_words.h"

static const char *name_of(const struct berth_place *container)
{
	if (container->container_name)
		return container->container_name;
	return container->container ? container->container : "of unknown name";
}

static bool is_in(const struct berth_place *place, const struct berth_place *container)
{
	for (; place; place = place->inside) {
		if (place->container && container->container &&
			!strcmp(place->container, container->container))
			return true;
	}
	return false;
}

static bool is_server(const struct berth_socket *socket, const struct berth_place *container)
{
	if (!socket->netns || socket->netns->own)
		return false;
	for (size_t i = 0; i < socket->n_owners; i++) {
		if (is_in(socket->owners[i].process->place, container))
			return true;
	}
	return false;
}

/* A namespace that we may not look into may be the container's. */
static const char *unseen(const struct berth_snapshot *snapshot)
{
	const struct berth_netns *netns;
	size_t n = berth_snapshot_netns(snapshot, &netns);

	for (size_t i = 0; i < n; i++) {
		if (netns[i].reason_text)
			return netns[i].reason_text;
	}
	return berth_snapshot_gaps(snapshot) & BERTH_GAP_NETNS
		? "not all network namespaces could be found"
		: NULL;
}

static int judge(const struct berth_snapshot *snapshot, const struct berth_process *helper,
	struct buffer *ret_text)
{
	const struct berth_socket *sockets;
	size_t n = berth_snapshot_sockets(snapshot, &sockets);
	const char *why = unseen(snapshot);

	buffer_format(ret_text, "%s (pid %" PRIu32 ") accepts for container %s", helper->name,
		helper->pid, name_of(helper->serves));
	for (size_t i = 0; i < n; i++) {
		if (!is_server(&sockets[i], helper->serves))
			continue;
		buffer_text(ret_text, ", in which ");
		answer_words_holder(ret_text, &sockets[i]);
		buffer_format(ret_text, " listens on port %u", (unsigned)sockets[i].local_port);
		return 1;
	}
	if (why) {
		buffer_format(ret_text, "; whether a server is there yet cannot be seen: %s", why);
		return 1;
	}
	buffer_text(ret_text, ", in which nobody listens");
	if (helper->serves_port)
		buffer_format(ret_text, " on port %u", (unsigned)helper->serves_port);
	return 0;
}

int wait_behind(
	const struct berth *berth, const struct berth_process *helper, struct buffer *ret_text)
{
	struct berth_query_part part = {.first = helper->serves_port, .last = helper->serves_port};
	const struct berth_query query = {.parts = &part, .n_parts = 1};
	const struct berth_ask ask = {
		.size = sizeof(ask),
		.query = helper->serves_port ? &query : NULL,
		.protos = BERTH_PROTO_BIT(BERTH_TCP),
		.states = BERTH_STATE_BIT(BERTH_LISTEN),
		.owners = true,
		.brief = true,
		.places = true,
		.netns_ask = BERTH_ASK_ALL,
	};
	struct berth_snapshot *snapshot = NULL;
	int r = berth_snapshot(berth, &ask, &snapshot);

	if (r < 0)
		return r;
	r = judge(snapshot, helper, ret_text);
	berth_snapshot_free(snapshot);
	return r;
}
