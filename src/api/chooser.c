// SPDX-License-Identifier: MIT
/* Each port is asked in the order of what it costs: tables first, then the ledger; the kernel is
 * asked by who takes it. */
#include "api/chooser.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "api/handle.h"
#include "binding/binding.h"
#include "leases/blocked.h"
#include "leases/blocks.h"
#include "leases/hash.h"

enum {
	MS_PER_S = 1000,
	NS_PER_MS = 1000000,
	FRESH_MS = 20,
	TRIES = 8,
	PAUSE_NS = 500000,
};

int64_t chooser_now_ms(void)
{
	struct timespec now = {0};

	(void)clock_gettime(CLOCK_BOOTTIME, &now);
	return (int64_t)now.tv_sec * MS_PER_S + now.tv_nsec / NS_PER_MS;
}

uint64_t berth_project_number(const char *folder)
{
	return folder ? hash_text(HASH_START, folder) | 1 : 0;
}

static int start_of(void *context, uint32_t pid, uint64_t *ret_ticks)
{
	const struct chooser *chooser = context;

	return sockets_start(chooser->berth->system, pid, ret_ticks);
}

static bool is_gone(void *context, uint64_t pidns)
{
	struct chooser *chooser = context;

	if (!chooser->knows_pidns)
		chooser->pidns_error = sockets_pid_namespaces(chooser->berth->system,
			&chooser->arena, &chooser->pidns, &chooser->n_pidns);
	chooser->knows_pidns = true;
	for (size_t i = 0; !chooser->pidns_error && i < chooser->n_pidns; i++) {
		if (chooser->pidns[i] == pidns)
			return false;
	}
	return !chooser->pidns_error;
}

void chooser_look_everywhere(struct chooser *chooser)
{
	chooser->now.gone = is_gone;
}

int chooser_learn(struct chooser *chooser)
{
	return sockets_policy(
		chooser->berth->system, chooser->here.netns, &chooser->arena, &chooser->policy);
}

int chooser_begin(struct chooser *chooser, const struct berth *berth, unsigned wants)
{
	*chooser = (struct chooser){.berth = berth, .ledger = {.folder = -1, .own = -1}};
	int r = berth->replay
		? -EROFS
		: sockets_here(berth->system, wants & CHOOSER_PROCESSES ? SOCKETS_HERE_PIDNS : 0,
			  &chooser->here);
	if (r)
		return r;
	chooser->ledger_error = wants & CHOOSER_LOOKS
		? ledger_find(berth->runtime_folder, &chooser->ledger)
		: ledger_open(berth->runtime_folder, &chooser->ledger);
	chooser->has_ledger = !chooser->ledger_error;
	chooser->now = (struct entry_now){.boot_id = chooser->here.boot_id,
		.pidns = chooser->here.pidns,
		.now_ms = chooser_now_ms(),
		.start = start_of,
		.context = chooser};
	return 0;
}

void chooser_end(struct chooser *chooser)
{
	if (chooser->has_ledger)
		ledger_close(&chooser->ledger);
	arena_free(&chooser->arena);
}

struct order chooser_order(const struct chooser *chooser, const char *name, const char *folder,
	struct berth_port_range range)
{
	struct order order = order_of(&chooser->policy, range);
	uint32_t n_blocks = order_blocks(&order);
	uint64_t project = berth_project_number(folder);

	const char *state = chooser->berth->state_folder;
	uint64_t sum = hash_text(hash_text(HASH_START, folder), name);

	if (name && project && n_blocks)
		order_begin_at(&order, blocks_of_project(state, project, n_blocks),
			blocks_of_name(state, project, name, ORDER_BLOCK), sum);
	else if (name)
		order.start = (uint32_t)(sum >> 32);
	else
		order.start = (uint32_t)(hash_bytes(HASH_START, &chooser->now.now_ms,
						 sizeof(chooser->now.now_ms)) >>
				      32) ^
			(uint32_t)getpid();
	return order;
}

const char *chooser_refuses(
	const struct chooser *chooser, uint16_t port, struct berth_port_range range)
{
	const struct berth_policy *policy = &chooser->policy;
	bool wherever = !range.first && !range.last;
	struct berth_lookup lookup;

	if (binding_is_reserved(policy, port))
		return "reserved by the administrator";
	if (wherever && binding_is_privileged(policy, port))
		return "privileged";
	if (blocked_by_browsers(port))
		return "refused by browsers";
	berth_lookup(chooser->berth, port, &lookup);
	for (unsigned proto = 0; proto < BERTH_TRANSPORTS; proto++) {
		if (lookup.state[proto] == BERTH_ASSIGNED)
			return "assigned by IANA";
		if (lookup.state[proto] == BERTH_RESERVED)
			return "reserved by IANA";
	}
	for (size_t i = 0; i < lookup.n_claims; i++) {
		struct berth_claim claim;

		berth_claim_get(chooser->berth, lookup.claims[i], &claim);
		if (claim.scope != BERTH_POOL)
			return "claimed by name";
	}
	return NULL;
}

/* ---- Claiming -------------------------------------------------------------------------------- */

struct rivals {
	const struct chooser *chooser;
	const struct entry *mine;
	bool wished; /* for just this port */
	bool seen; /* ours is there */
	bool fresh; /* of the same moment: who made it may be about to take it away again */
};

/* Leases of one name and user stand beside each other, so that who was given a port can run
 * something there; what is held is its holder's. What berth free printed is for its user. */
static bool is_compatible(const struct rivals *rivals, const struct entry *entry)
{
	switch (entry->kind) {
	case BERTH_LEASE_PROCESS:
	case BERTH_LEASE_TIMED:
		return entry_key(entry) == entry_key(rivals->mine);
	case BERTH_LEASE_PRINTED:
		return rivals->wished;
	case BERTH_LEASE_HELD:
	case BERTH_LEASE_KINDS:
		break;
	}
	return false;
}

/* A ledger_seen. Damaged notes are nobody's: what is really bound is found by binding. */
static int is_rival(void *context, const struct entry *entry, uint32_t uid)
{
	struct rivals *rivals = context;
	const struct chooser *chooser = rivals->chooser;

	if (!entry)
		return 0;
	if (uid == chooser->ledger.uid && entry->id == rivals->mine->id) {
		rivals->seen = true;
		return 0;
	}
	if (entry_state(entry, &chooser->now) == BERTH_LEASE_OVER ||
		(uid == chooser->ledger.uid && is_compatible(rivals, entry)))
		return 0;
	rivals->fresh = chooser_now_ms() - entry->made_ms < FRESH_MS;
	return 1;
}

/* A ledger_seen. */
static int drop_over(void *context, const struct entry *entry, uint32_t uid)
{
	struct chooser *chooser = context;

	(void)uid;
	if (entry && entry_state(entry, &chooser->now) == BERTH_LEASE_OVER)
		(void)ledger_drop(&chooser->ledger, entry);
	return 0;
}

void chooser_tidy(struct chooser *chooser)
{
	const struct ledger_look ours = {.own = true, .sweep = true};

	chooser_look_everywhere(chooser);
	if (chooser->has_ledger)
		(void)ledger_each(&chooser->ledger, &ours, drop_over, chooser, NULL);
}

/* 0: nobody else has the port; -EADDRINUSE; -EDQUOT: we have more than anybody may have. */
static int look_around(struct chooser *chooser, struct rivals *rivals, uint64_t but)
{
	const struct ledger_look look = {
		.netns = rivals->mine->netns, .port = rivals->mine->port, .but = but};
	unsigned ours = 0;
	int r = ledger_each(&chooser->ledger, &look, is_rival, rivals, &ours);

	if (r)
		return r < 0 ? r : -EADDRINUSE;
	return ours > LEDGER_USER_MOST ? -EDQUOT : 0;
}

static int note(struct chooser *chooser, struct entry *entry, bool wished, bool *ret_fresh)
{
	struct rivals rivals = {.chooser = chooser, .mine = entry, .wished = wished};
	int r = ledger_put(&chooser->ledger, entry);

	if (r)
		return r;
	r = look_around(chooser, &rivals, entry->id);
	if (r == -EDQUOT) {
		chooser_tidy(chooser);
		r = look_around(chooser, &rivals, entry->id);
	}
	if (r)
		(void)ledger_drop(&chooser->ledger, entry);
	*ret_fresh = r == -EADDRINUSE && rivals.fresh;
	return r;
}

/* Two who want the same port at the same moment can both make way: whoever wants just this one
 * tries again, not at the same moment. */
static int note_patiently(struct chooser *chooser, struct entry *entry, bool wished, bool patient)
{
	bool fresh = false;
	int r = note(chooser, entry, wished, &fresh);

	for (unsigned i = 0; patient && fresh && i < TRIES; i++) {
		const struct timespec pause = {.tv_nsec = (long)(entry->id % PAUSE_NS)};

		(void)nanosleep(&pause, NULL);
		r = note(chooser, entry, wished, &fresh);
	}
	return r;
}

int chooser_claim(
	struct chooser *chooser, struct entry *entry, bool wished, bool patient, int *ret_lock)
{
	bool covered = chooser->has_ledger && chooser->ledger.shared;
	int lock = covered ? -1 : sockets_lock(chooser->berth->system, entry->port);

	if (!covered && lock < 0)
		return lock;
	int r = chooser->has_ledger ? note_patiently(chooser, entry, wished, patient) : 0;
	if (r && lock >= 0)
		close(lock);
	if (!r)
		*ret_lock = lock;
	return r;
}

int chooser_look(struct chooser *chooser, const struct entry *entry)
{
	struct rivals rivals = {.chooser = chooser, .mine = entry};
	int r = chooser->has_ledger ? look_around(chooser, &rivals, 0) : 0;

	/* How many leases we have matters to whoever wants one more. */
	return r == -EDQUOT ? 0 : r;
}

int chooser_renew(struct chooser *chooser, struct entry *entry, int64_t ends_ms)
{
	struct rivals rivals = {.chooser = chooser, .mine = entry};
	int r = ledger_renew(&chooser->ledger, entry, ends_ms);

	if (r)
		return r;
	/* Its end may have come in between, for somebody who looked then. */
	r = look_around(chooser, &rivals, 0);
	if (r == -EADDRINUSE)
		(void)ledger_drop(&chooser->ledger, entry);
	if (r && r != -EDQUOT)
		return r;
	return rivals.seen ? 0 : -ENOENT;
}

void chooser_unclaim(struct chooser *chooser, const struct entry *entry, int lock)
{
	if (chooser->has_ledger && entry->id)
		(void)ledger_drop(&chooser->ledger, entry);
	if (lock >= 0)
		close(lock);
}

struct entry chooser_entry(const struct chooser *chooser, uint16_t port, enum berth_lease_kind kind,
	const char *name, uint64_t project)
{
	struct entry entry = {.port = port,
		.kind = kind,
		.netns = chooser->here.netns,
		.project = project,
		.pidns = chooser->here.pidns,
		.made_ms = chooser->now.now_ms,
		.made_at_s = (uint64_t)time(NULL)};

	memcpy(entry.boot_id, chooser->here.boot_id, sizeof(entry.boot_id));
	(void)snprintf(entry.name, sizeof(entry.name), "%s", name);
	return entry;
}
