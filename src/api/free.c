// SPDX-License-Identifier: MIT
/* Ports that are free and likely to stay so, each kept for the caller for some minutes, or just
 * looked for. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/chooser.h"
#include "api/handle.h"
#include "binding/binding.h"
#include "binding/portlist.h"

enum {
	MOST = 128,
	KEPT_MS = 3 * 60 * 1000,
};

struct free_box {
	struct berth_free free;
	struct berth_free_port ports[MOST];
	struct chooser chooser;
	struct berth_free_ask ask;
	struct entry entries[MOST];
	int locks[MOST]; /* until all are found; -1: none is needed */
};

static int take_ask(struct free_box *box, const struct berth_free_ask *ask)
{
	struct berth_free_ask *mine = &box->ask;

	if (ask->size < sizeof(ask->size) || ask->size > sizeof(*mine))
		return handle_fail(-EINVAL, "berth_free_ask.size is %zu, at most %zu is known",
			ask->size, sizeof(*mine));
	memcpy(mine, ask, ask->size);
	const berth_protos known = BERTH_PROTO_BIT(BERTH_TCP) | BERTH_PROTO_BIT(BERTH_UDP);
	mine->protos = mine->protos ? mine->protos : known;
	mine->count = mine->count ? mine->count : 1;
	mine->name = mine->name ? mine->name : "free";
	if (mine->count > MOST)
		return handle_fail(-EINVAL, "at most %d ports at a time", MOST);
	if (mine->protos & ~known)
		return handle_fail(-EINVAL, "free ports are found for TCP and UDP");
	if (!entry_is_name(mine->name))
		return handle_fail(-EINVAL, "'%s' is no name for a lease", mine->name);
	if (mine->range.first > mine->range.last)
		return handle_fail(-EINVAL, "the range ends before it begins");
	return 0;
}

static const char *why(const struct free_box *box, uint16_t port)
{
	const struct berth_policy *policy = &box->chooser.policy;

	if (binding_is_ephemeral(policy, port))
		return "free in both families, but the kernel lends it to clients";
	if (policy->has_ephemeral && port > policy->ephemeral.last)
		return "free in both families, above the range that the kernel lends to clients, "
		       "nobody's by registry or claim";
	return "free in both families, outside the range that the kernel lends to clients, "
	       "nobody's by registry or claim";
}

static void let_go(struct free_box *box)
{
	for (size_t i = 0; i < box->free.n_ports; i++)
		chooser_unclaim(&box->chooser, &box->entries[i], box->locks[i]);
	box->free.n_ports = 0;
}

/* 0: it is ours, and noted unless nothing is to be; -EADDRINUSE, -EACCES: it is not to be had. */
static int take(struct free_box *box, uint16_t port)
{
	struct chooser *chooser = &box->chooser;
	size_t n = box->free.n_ports;
	struct entry *entry = &box->entries[n];

	if (chooser_refuses(chooser, port, box->ask.range))
		return -EADDRINUSE;
	*entry = chooser_entry(chooser, port, BERTH_LEASE_PRINTED, box->ask.name, 0);
	entry->ends_ms = entry->made_ms + KEPT_MS;
	box->locks[n] = -1;
	int r = box->ask.no_keep ? chooser_look(chooser, entry)
				 : chooser_claim(chooser, entry, false, false, &box->locks[n]);
	if (r)
		return r;
	r = sockets_is_free(chooser->berth->system, port, box->ask.protos);
	if (r) {
		chooser_unclaim(chooser, entry, box->locks[n]);
		return r;
	}
	box->ports[n] = (struct berth_free_port){.port = port, .text = why(box, port)};
	box->free.n_ports++;
	return 0;
}

static int find_any(struct free_box *box, const struct order *order)
{
	uint16_t port = 0;
	int r = 0;

	for (uint32_t n = 0; box->free.n_ports < box->ask.count; n++) {
		port = order_nth(order, n);
		r = port ? take(box, port) : -ENOENT;
		if (r && r != -EADDRINUSE && r != -EACCES)
			break;
	}
	return r == -ENOENT ? -EADDRINUSE : box->free.n_ports == box->ask.count ? 0 : r;
}

/* Neighbours: a run of ports is begun anew behind each that is not to be had. */
static int find_run(struct free_box *box, const struct order *order)
{
	uint16_t last = 0;
	uint16_t port = 0;

	for (uint32_t n = 0; box->free.n_ports < box->ask.count; n++) {
		port = order_nth(order, n);
		if (!port)
			break;
		if (port != last + 1)
			let_go(box);
		int r = take(box, port);
		if (r == -EADDRINUSE || r == -EACCES)
			let_go(box);
		else if (r)
			return r;
		last = port;
	}
	return box->free.n_ports == box->ask.count ? 0 : -EADDRINUSE;
}

struct used {
	struct chooser *chooser;
	struct portlist ports; /* that somebody has bound */
	unsigned printed;
};

/* A ledger_seen. */
static int count_printed(void *context, const struct entry *entry, uint32_t uid)
{
	struct used *used = context;

	(void)uid;
	used->printed += entry && entry->kind == BERTH_LEASE_PRINTED;
	return 0;
}

static int see(
	const struct berth *berth, struct used *used, enum berth_proto proto, berth_states states)
{
	const struct berth_ask ask = {
		.size = sizeof(ask), .protos = BERTH_PROTO_BIT(proto), .states = states};
	const struct berth_socket *sockets = NULL;
	struct berth_snapshot *snapshot = NULL;
	int r = berth_snapshot(berth, &ask, &snapshot);

	if (r < 0)
		return r;
	size_t n = berth_snapshot_sockets(snapshot, &sockets);
	for (size_t i = 0; i < n; i++)
		portlist_add_range(&used->ports, sockets[i].local_port, sockets[i].local_port);
	berth_snapshot_free(snapshot);
	return 0;
}

/* A ledger_seen. A printed port that somebody has bound since then is protected by that; when it is
 * free again it may be given again. */
static int clear_used(void *context, const struct entry *entry, uint32_t uid)
{
	const struct used *used = context;
	struct chooser *chooser = used->chooser;

	(void)uid;
	if (entry && entry->kind == BERTH_LEASE_PRINTED &&
		(entry_state(entry, &chooser->now) == BERTH_LEASE_OVER ||
			portlist_has(&used->ports, entry->port)))
		(void)ledger_drop(&chooser->ledger, entry);
	return 0;
}

/* The kernel is asked, and nothing bound: a server may be about to start there. */
static void clear(struct chooser *chooser)
{
	const struct ledger_look ours = {.netns = chooser->here.netns, .own = true};
	struct used used = {.chooser = chooser};

	if (!ledger_each(&chooser->ledger, &ours, count_printed, &used, NULL) && used.printed &&
		!see(chooser->berth, &used, BERTH_TCP,
			BERTH_STATE_BIT(BERTH_LISTEN) | BERTH_STATE_BIT(BERTH_BOUND)) &&
		!see(chooser->berth, &used, BERTH_UDP, BERTH_STATE_BIT(BERTH_CLOSE)))
		(void)ledger_each(&chooser->ledger, &ours, clear_used, &used, NULL);
}

static int explain(int error)
{
	if (error == -EADDRINUSE)
		return handle_fail(error, "there are not so many free ports");
	if (error == -EROFS)
		return handle_fail(error, "a recording has no ports to give");
	if (error == -EDQUOT)
		return handle_fail(
			error, "you have %d leases, and more nobody may have", LEDGER_USER_MOST);
	return handle_fail(error, "no free ports could be found: %s", strerror(-error));
}

static int find(struct free_box *box, const struct berth *berth)
{
	struct chooser *chooser = &box->chooser;
	int r = chooser_begin(
		chooser, berth, CHOOSER_PROCESSES | (box->ask.no_keep ? CHOOSER_LOOKS : 0));

	if (!r)
		r = chooser_learn(chooser);

	if (!r && !chooser->has_ledger && !box->ask.no_keep)
		return handle_fail(chooser->ledger_error,
			"there is no ledger to keep ports in: " LEDGER_SHARED
			" is not there, nor a runtime folder of yours");
	if (!r) {
		if (!box->ask.no_keep)
			clear(chooser);
		struct order order = chooser_order(chooser, NULL, NULL, box->ask.range);
		r = box->ask.consecutive ? find_run(box, &order) : find_any(box, &order);
	}
	if (r)
		let_go(box);
	return r ? explain(r) : 0;
}

int berth_free_ports(
	const struct berth *berth, const struct berth_free_ask *ask, struct berth_free **ret_free)
{
	struct free_box *box = calloc(1, sizeof(*box));

	if (!box)
		return handle_fail(-ENOMEM, "out of memory");
	int r = take_ask(box, ask);
	if (!r) {
		r = find(box, berth);
		for (size_t i = 0; i < box->free.n_ports; i++) {
			if (box->locks[i] >= 0)
				close(box->locks[i]);
		}
		box->free = (struct berth_free){.ports = box->ports,
			.n_ports = box->free.n_ports,
			.kept_s = box->ask.no_keep ? 0 : KEPT_MS / 1000.0,
			.shared = box->chooser.has_ledger && box->chooser.ledger.shared};
		chooser_end(&box->chooser);
	}
	if (r)
		free(box);
	else
		*ret_free = &box->free;
	return r;
}

void berth_free_free(struct berth_free *found)
{
	free(found);
}
