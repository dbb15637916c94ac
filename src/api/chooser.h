/* SPDX-License-Identifier: MIT */
/*
 * Chooses a port that nobody has, by whatever it is held afterwards: goes through the ports in
 * their order, passes over those that are somebody's by registry, claims or policy, notes its claim
 * in the ledger, looks there whether somebody else has one, and lets the caller take it.
 */
#ifndef BERTH_API_CHOOSER_H
#define BERTH_API_CHOOSER_H

#include <berth.h>

#include "base/arena.h"
#include "leases/ledger.h"
#include "leases/order.h"
#include "sockets/sockets.h"

struct chooser {
	const struct berth *berth;
	struct arena arena; /* of the policy */
	struct berth_policy policy;
	struct sockets_here here;
	struct ledger ledger;
	bool has_ledger;
	int ledger_error; /* why not */
	struct entry_now now;
	bool knows_pidns; /* what follows was asked for */
	int pidns_error; /* why it is not known */
	const uint64_t *pidns; /* of all processes of the machine */
	size_t n_pidns;
};

enum chooser_wants {
	CHOOSER_PROCESSES = 1, /* to judge of processes */
	CHOOSER_LOOKS = 2, /* makes nothing, not even the folders of the ledger */
};

/* Reads what is needed for `wants`, enum chooser_wants. 0; -EROFS: a recording; other negative
 * errnos. To be ended also when it failed. */
int chooser_begin(struct chooser *chooser, const struct berth *berth, unsigned wants);
void chooser_end(struct chooser *chooser);

/* Reads the policy, which whoever chooses a port needs. 0; -ENOMEM. */
int chooser_learn(struct chooser *chooser);

/* The time that leases are counted in: CLOCK_BOOTTIME, which goes on while the machine sleeps and
 * cannot be set. */
int64_t chooser_now_ms(void);

/* The order for a name in a folder (both may be NULL), within the range unless it is 0-0. */
struct order chooser_order(const struct chooser *chooser, const char *name, const char *folder,
	struct berth_port_range range);

/* Why a port is not to be given to just anybody: one phrase; NULL: nothing is against it. A range
 * that was asked for may be lent by the kernel, or privileged. */
const char *chooser_refuses(
	const struct chooser *chooser, uint16_t port, struct berth_port_range range);

/*
 * Notes the entry, and takes it back when somebody else has the port. `wished`: the caller wants
 * just this port, which may be one that berth free printed for him. `patient`: somebody who is
 * about to make way is waited for, a few milliseconds at most. Where the ledger is not that of all
 * users, the number is locked too (sockets_lock): *ret_lock, else -1. 0; -EADDRINUSE; -EDQUOT;
 * -ENOSPC; other negative errnos.
 */
int chooser_claim(
	struct chooser *chooser, struct entry *entry, bool wished, bool patient, int *ret_lock);

/* Whether it could be noted, without writing anything. 0; -EADDRINUSE; other negative errnos. */
int chooser_look(struct chooser *chooser, const struct entry *entry);

/* Takes it back, or gives it up later. */
void chooser_unclaim(struct chooser *chooser, const struct entry *entry, int lock);

/* Sets the end of a note of ours. -EADDRINUSE, -ENOENT: it was over, and is somebody else's. */
int chooser_renew(struct chooser *chooser, struct entry *entry, int64_t ends_ms);

/* From now on a lease of another PID namespace is over when that has no processes any more, as far
 * as this can be seen. */
void chooser_look_everywhere(struct chooser *chooser);

/* Removes notes of ours that stand for nothing any more. */
void chooser_tidy(struct chooser *chooser);

/* The entry that is written for a port. */
struct entry chooser_entry(const struct chooser *chooser, uint16_t port, enum berth_lease_kind kind,
	const char *name, uint64_t project);

#endif
