// SPDX-License-Identifier: MIT
/* Leases that outlive the call that makes them: made, renewed, ended and listed. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/chooser.h"
#include "api/handle.h"

/* ---- One lease ------------------------------------------------------------------------------- */

struct leasing {
	struct chooser chooser;
	struct berth_lease_ask ask;
	uint64_t project;
	struct entry old; /* the lease that the name has; port 0: none */
	uint64_t start_ticks; /* of the process */
};

static int take_ask(struct leasing *leasing, const struct berth_lease_ask *ask)
{
	if (ask->size < sizeof(ask->size) || ask->size > sizeof(leasing->ask))
		return handle_fail(-EINVAL, "berth_lease_ask.size is %zu, at most %zu is known",
			ask->size, sizeof(leasing->ask));
	memcpy(&leasing->ask, ask, ask->size);
	if (!ask->name || !entry_is_name(ask->name))
		return handle_fail(-EINVAL,
			"a lease needs a name of 1 to 127 bytes, without slashes and control "
			"characters");
	if (!leasing->ask.pid && leasing->ask.ttl_ms <= 0)
		return handle_fail(-EINVAL, "a lease needs a process or a time that ends it");
	leasing->project = berth_project_number(leasing->ask.folder);
	return 0;
}

static int explain_begin(const struct chooser *chooser, int error)
{
	if (error == -EROFS)
		return handle_fail(error, "a recording has no leases");
	if (error == -ENOENT || error == -EPERM || error == -EACCES)
		return handle_fail(error,
			"there is no ledger: " LEDGER_SHARED " %s, and no runtime folder of yours "
			"is there",
			error == -EPERM ? "belongs to somebody else" : "is not there");
	(void)chooser;
	return handle_fail(error, "the ledger cannot be read: %s", strerror(-error));
}

static int begin(struct chooser *chooser, const struct berth *berth, bool processes)
{
	int r = chooser_begin(chooser, berth, processes ? CHOOSER_PROCESSES : 0);

	if (!r)
		r = chooser->ledger_error;
	return r ? explain_begin(chooser, r) : 0;
}

/* Is it that of our holder? */
static bool is_same(const struct leasing *leasing, const struct entry *entry)
{
	return entry->pid == leasing->ask.pid && entry->start_ticks == leasing->start_ticks;
}

/* A ledger_seen: that of our name, best that of our holder. */
static int find_old(void *context, const struct entry *entry, uint32_t uid)
{
	struct leasing *leasing = context;

	(void)uid;
	if (!entry || entry->project != leasing->project ||
		strcmp(entry->name, leasing->ask.name) != 0 ||
		entry_state(entry, &leasing->chooser.now) == BERTH_LEASE_OVER)
		return 0;
	if (!leasing->old.port || leasing->old.kind == BERTH_LEASE_HELD || is_same(leasing, entry))
		leasing->old = *entry;
	return 0;
}

static struct entry entry_for(const struct leasing *leasing, uint16_t port)
{
	const struct berth_lease_ask *ask = &leasing->ask;
	struct entry entry = chooser_entry(&leasing->chooser, port,
		ask->pid ? BERTH_LEASE_PROCESS : BERTH_LEASE_TIMED, ask->name, leasing->project);

	entry.pid = ask->pid;
	entry.start_ticks = leasing->start_ticks;
	if (ask->ttl_ms > 0)
		entry.ends_ms = entry.made_ms + ask->ttl_ms;
	return entry;
}

/* `ours`: the name has it already, so that a server of its own may be bound there. */
static int take(struct leasing *leasing, uint16_t port, bool ours)
{
	struct chooser *chooser = &leasing->chooser;
	struct entry entry = entry_for(leasing, port);
	bool wished = leasing->ask.port != 0;
	int lock = -1;
	int r = chooser_claim(chooser, &entry, wished, wished || ours, &lock);

	if (r)
		return r;
	if (!ours)
		r = sockets_is_free(chooser->berth->system, port,
			BERTH_PROTO_BIT(BERTH_TCP) | BERTH_PROTO_BIT(BERTH_UDP));
	if (r)
		chooser_unclaim(chooser, &entry, lock);
	else if (lock >= 0) /* it was for this moment */
		close(lock);
	return r;
}

/* The lease that the name has: the same one with another end, or beside it one of this holder. */
static int take_again(struct leasing *leasing)
{
	struct entry *old = &leasing->old;
	struct entry entry = entry_for(leasing, old->port);

	if (old->kind == BERTH_LEASE_HELD)
		return -EADDRINUSE;
	if (old->kind != entry.kind || old->pid != entry.pid ||
		old->start_ticks != entry.start_ticks || old->pidns != entry.pidns)
		return take(leasing, old->port, true);
	int r = chooser_renew(&leasing->chooser, old, entry.ends_ms);
	return r == -ENOENT ? -EADDRINUSE : r;
}

static int take_any(struct leasing *leasing, uint16_t *ret_port)
{
	const struct berth_lease_ask *ask = &leasing->ask;
	uint16_t port = 0;
	int learnt = chooser_learn(&leasing->chooser);
	if (learnt)
		return learnt;
	struct order order = chooser_order(&leasing->chooser, ask->name, ask->folder, ask->range);
	for (uint32_t n = 0; (port = order_nth(&order, n)) != 0; n++) {
		if (chooser_refuses(&leasing->chooser, port, ask->range))
			continue;
		int r = take(leasing, port, false);
		if (!r)
			*ret_port = port;
		if (r != -EADDRINUSE && r != -EACCES)
			return r;
	}
	return -EADDRINUSE;
}

static int explain(int error, const struct berth_lease_ask *ask)
{
	if (error == -EADDRINUSE && ask->port)
		return handle_fail(error, "port %u is taken", ask->port);
	if (error == -EADDRINUSE)
		return handle_fail(error, "no port is left");
	if (error == -EACCES && ask->port)
		return handle_fail(error, "port %u needs CAP_NET_BIND_SERVICE", ask->port);
	if (error == -EDQUOT)
		return handle_fail(
			error, "you have %d leases, and more nobody may have", LEDGER_USER_MOST);
	return handle_fail(error, "the lease cannot be written: %s", strerror(-error));
}

static int lease(struct leasing *leasing, uint16_t *ret_port)
{
	const struct berth_lease_ask *ask = &leasing->ask;
	struct chooser *chooser = &leasing->chooser;
	int r = 0;

	if (ask->pid)
		r = sockets_start(chooser->berth->system, ask->pid, &leasing->start_ticks);
	if (r)
		return handle_fail(r,
			r == -ESRCH ? "there is no process %u" : "process %u cannot be seen",
			(unsigned)ask->pid);
	const struct ledger_look look = {.netns = chooser->here.netns,
		.key = entry_key_of(leasing->project, ask->name),
		.own = true,
		.near = true};
	r = ledger_each(&chooser->ledger, &look, find_old, leasing, NULL);
	if (r < 0)
		return explain(r, ask);
	uint16_t old = leasing->old.port;
	if (old && (!ask->port || ask->port == old)) {
		r = take_again(leasing);
		if (!r) {
			*ret_port = old;
			return 1;
		}
		if (r != -EADDRINUSE)
			return explain(r, ask);
	}
	uint16_t port = ask->port;
	r = port ? take(leasing, port, false) : take_any(leasing, &port);
	if (r)
		return explain(r, ask);
	if (old && leasing->old.kind != BERTH_LEASE_HELD)
		(void)ledger_drop(&chooser->ledger, &leasing->old);
	*ret_port = port;
	return 0;
}

int berth_lease(const struct berth *berth, const struct berth_lease_ask *ask, uint16_t *ret_port)
{
	struct leasing leasing = {0};
	int r = take_ask(&leasing, ask);

	if (r)
		return r;
	r = begin(&leasing.chooser, berth, true);
	if (!r)
		r = lease(&leasing, ret_port);
	chooser_end(&leasing.chooser);
	return r;
}

/* ---- Its end --------------------------------------------------------------------------------- */

struct ending {
	struct chooser *chooser;
	const char *name; /* NULL: by port */
	uint64_t project;
	uint16_t port;
	int result; /* -ENOENT: none was found */
};

/* A ledger_seen. */
static int end_one(void *context, const struct entry *entry, uint32_t uid)
{
	struct ending *ending = context;
	struct chooser *chooser = ending->chooser;

	/* Whether its process has ended makes no difference to who ends it. */
	if (!entry || entry_is_expired(entry, &chooser->now))
		return 0;
	if (ending->name &&
		(entry->project != ending->project || strcmp(entry->name, ending->name) != 0))
		return 0;
	int r = uid != chooser->ledger.uid        ? -EPERM
		: entry->kind == BERTH_LEASE_HELD ? -EBUSY
						  : ledger_drop(&chooser->ledger, entry);
	/* That one was ended counts more than that another cannot be. */
	if (ending->result)
		ending->result = r;
	return 0;
}

int berth_release(const struct berth *berth, const char *name, const char *folder, uint16_t port)
{
	struct chooser chooser;
	struct ending ending = {.chooser = &chooser,
		.name = name,
		.project = berth_project_number(folder),
		.port = port,
		.result = -ENOENT};
	int r = begin(&chooser, berth, false);

	if (!r) {
		struct ledger_look look = {.netns = chooser.here.netns,
			.port = name ? 0 : port,
			.key = name ? entry_key_of(ending.project, name) : 0,
			.own = name != NULL,
			.near = name != NULL};

		r = ledger_each(&chooser.ledger, &look, end_one, &ending, NULL);
		if (!r && ending.result == -ENOENT && look.near) {
			look.near = false;
			r = ledger_each(&chooser.ledger, &look, end_one, &ending, NULL);
		}
		r = r < 0 ? r : ending.result;
		if (r == -ENOENT)
			r = handle_fail(r, "there is no such lease of yours");
		else if (r == -EPERM)
			r = handle_fail(r, "the lease of port %u is another user's", port);
		else if (r == -EBUSY)
			r = handle_fail(r, "a process holds the port: the lease ends with it");
		else if (r)
			r = handle_fail(r, "the lease cannot be ended: %s", strerror(-r));
	}
	chooser_end(&chooser);
	return r;
}

/* ---- The list -------------------------------------------------------------------------------- */

struct list_box {
	struct berth_leases list;
	struct chooser *chooser;
	struct berth_lease *all;
	size_t size;
	struct arena arena;
};

static int grow(struct list_box *box)
{
	size_t size = box->size ? 2 * box->size : 16;
	struct berth_lease *all = realloc(box->all, size * sizeof(*all));

	if (!all)
		return -ENOMEM;
	box->all = all;
	box->size = size;
	return 0;
}

/* A ledger_seen. Files of ours that stand for nothing any more are taken out on the way. */
static int list_one(void *context, const struct entry *entry, uint32_t uid)
{
	struct list_box *box = context;
	struct chooser *chooser = box->chooser;

	if (!entry) {
		box->list.damaged++;
		return 0;
	}
	enum berth_lease_state state = entry_state(entry, &chooser->now);
	if (box->list.n_leases == box->size && grow(box))
		return -ENOMEM;
	struct berth_lease *lease = box->all + box->list.n_leases;
	*lease = (struct berth_lease){.port = entry->port,
		.name = arena_text(&box->arena, entry->name, strlen(entry->name)),
		.kind = entry->kind,
		.state = state,
		.uid = uid,
		.pid = entry->pid,
		.project = entry->project,
		.netns = entry->netns,
		.here = entry->netns == chooser->here.netns,
		.made_s = (double)entry->made_at_s,
		.left_s =
			entry->ends_ms ? (double)(entry->ends_ms - chooser->now.now_ms) / 1e3 : -1};
	if (!lease->name)
		return -ENOMEM;
	if (lease->left_s < 0 && entry->ends_ms)
		lease->left_s = 0;
	box->list.n_leases++;
	if (state == BERTH_LEASE_OVER && uid == chooser->ledger.uid)
		(void)ledger_drop(&chooser->ledger, entry);
	return 0;
}

static int compare(const void *left, const void *right)
{
	const struct berth_lease *a = left;
	const struct berth_lease *b = right;

	if (a->port != b->port)
		return a->port < b->port ? -1 : 1;
	return a->uid < b->uid ? -1 : a->uid > b->uid;
}

int berth_leases(const struct berth *berth, struct berth_leases **ret_leases)
{
	struct chooser chooser;
	struct list_box *box = calloc(1, sizeof(*box));

	if (!box)
		return handle_fail(-ENOMEM, "out of memory");
	box->chooser = &chooser;
	int r = begin(&chooser, berth, true);
	if (!r) {
		const struct ledger_look all = {.sweep = true};

		chooser_look_everywhere(&chooser);
		r = ledger_each(&chooser.ledger, &all, list_one, box, NULL);
		if (r)
			r = handle_fail(r, "the ledger cannot be read: %s", strerror(-r));
	}
	if (!r) {
		if (box->list.n_leases)
			qsort(box->all, box->list.n_leases, sizeof(*box->all), compare);
		box->list.leases = box->all;
		box->list.shared = chooser.ledger.shared;
		*ret_leases = &box->list;
	}
	chooser_end(&chooser);
	if (r)
		berth_leases_free(&box->list);
	return r;
}

void berth_leases_free(struct berth_leases *leases)
{
	struct list_box *box = (struct list_box *)leases;

	if (!box)
		return;
	free(box->all);
	arena_free(&box->arena);
	free(box);
}
