/* SPDX-License-Identifier: MIT */
/*
 * Chooses a port that nobody has, by whatever it is held afterwards: goes through the ports in
 * their order, passes over those that are somebody's by registry, claims or policy, locks the
 * number, looks into the ledger, and lets the caller take it.
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
	uint16_t locked; /* by us, so that a lock on it says nothing */
};

/* Reads what is needed. 0; -EROFS: a recording; other negative errnos. To be ended also when it
 * failed. */
int chooser_begin(struct chooser *chooser, const struct berth *berth);
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
 * Locks a port and looks whether it is leased by anybody else; a lease of ours under this name and
 * project is none of others (name NULL: all are others'). The lock; -EADDRINUSE: it is locked or
 * leased; other negative errnos.
 */
int chooser_lock(struct chooser *chooser, uint16_t port, const char *name, uint64_t project);

/*
 * Takes out what we leased of a port, provided that it is over: under the lock of the port, since
 * what was over a moment ago may have been leased anew.
 */
void chooser_clear(struct chooser *chooser, uint16_t port);

/* The entry that is written for a port. */
struct entry chooser_entry(const struct chooser *chooser, uint16_t port, enum berth_lease_kind kind,
	const char *name, uint64_t project);

#endif
