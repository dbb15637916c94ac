// SPDX-License-Identifier: MIT
/* Each port is asked in the order of what it costs: tables first, then the lock, then files. */
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
	PAUSES = 10,
	PAUSE_NS = 300000,
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

static bool is_locked(void *context, uint16_t port)
{
	const struct chooser *chooser = context;

	return port != chooser->locked && sockets_is_locked(chooser->berth->system, port);
}

int chooser_learn(struct chooser *chooser)
{
	return sockets_policy(chooser->berth->system, &chooser->arena, &chooser->policy);
}

int chooser_begin(struct chooser *chooser, const struct berth *berth)
{
	*chooser = (struct chooser){.berth = berth, .ledger = {.folder = -1, .own = -1}};
	int r = berth->replay ? -EROFS : sockets_here(berth->system, &chooser->here);
	if (r)
		return r;
	chooser->ledger_error = ledger_open(berth->runtime_folder, &chooser->ledger);
	chooser->has_ledger = !chooser->ledger_error;
	chooser->now = (struct entry_now){.boot_id = chooser->here.boot_id,
		.pidns = chooser->here.pidns,
		.now_ms = chooser_now_ms(),
		.start = start_of,
		.is_locked = is_locked,
		.context = chooser,
		.netns = chooser->here.netns};
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

/* ---- The ledger's word on a port ------------------------------------------------------------- */

struct rivals {
	const struct chooser *chooser;
	const char *name;
	uint64_t project;
};

/* A ledger_seen. Damaged files are nobody's: what is really bound is found by binding. */
static int is_rival(void *context, const struct entry *entry, uint32_t uid)
{
	const struct rivals *rivals = context;
	const struct chooser *chooser = rivals->chooser;

	if (!entry || entry_state(entry, &chooser->now) == BERTH_LEASE_OVER)
		return 0;
	return !rivals->name || uid != chooser->ledger.uid || entry->project != rivals->project ||
		strcmp(entry->name, rivals->name) != 0;
}

/* A ledger_seen. */
static int is_held(void *context, const struct entry *entry, uint32_t uid)
{
	(void)context, (void)uid;
	return entry && entry->kind == BERTH_LEASE_HELD;
}

/* Who writes a lease has the lock for some microseconds: a name that is at home on this port waits
 * for that, and not for those who hold it, or who were stopped just then. */
static int lock(struct chooser *chooser, uint16_t port, bool patient)
{
	const struct timespec pause = {.tv_nsec = PAUSE_NS};
	int fd = sockets_lock(chooser->berth->system, port);

	for (int i = 0; patient && fd == -EADDRINUSE && i < PAUSES; i++) {
		if (chooser->has_ledger &&
			ledger_of_port(&chooser->ledger, chooser->here.netns, port, is_held, NULL))
			break;
		(void)nanosleep(&pause, NULL);
		fd = sockets_lock(chooser->berth->system, port);
	}
	return fd;
}

int chooser_lock(struct chooser *chooser, uint16_t port, const char *name, uint64_t project)
{
	struct rivals rivals = {.chooser = chooser, .name = name, .project = project};
	int fd = lock(chooser, port, name != NULL);

	if (fd < 0)
		return fd;
	chooser->locked = port;
	int r = chooser->has_ledger
		? ledger_of_port(&chooser->ledger, chooser->here.netns, port, is_rival, &rivals)
		: 0;
	if (!r)
		return fd;
	close(fd);
	chooser->locked = 0;
	return r < 0 ? r : -EADDRINUSE;
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

/* A ledger_seen. */
static int is_over(void *context, const struct entry *entry, uint32_t uid)
{
	const struct chooser *chooser = context;

	return entry && uid == chooser->ledger.uid &&
		entry_state(entry, &chooser->now) == BERTH_LEASE_OVER;
}

void chooser_clear(struct chooser *chooser, uint16_t port)
{
	int fd = sockets_lock(chooser->berth->system, port);
	uint16_t before = chooser->locked;

	if (fd < 0)
		return;
	chooser->locked = port;
	if (ledger_of_port(&chooser->ledger, chooser->here.netns, port, is_over, chooser) > 0)
		(void)ledger_drop(&chooser->ledger, chooser->here.netns, port);
	chooser->locked = before;
	close(fd);
}
