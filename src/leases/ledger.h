/* SPDX-License-Identifier: MIT */
/*
 * The ledger: who leased which port, in files, shared by all users without a daemon and without a
 * lock.
 *
 * A folder that belongs to root and is sticky, like /tmp, holds a folder for each user, and that a
 * file for each lease, named by network namespace and port. Only its owner can write there, and who
 * a lease belongs to is told by the owner of the file, which nobody can forge. A file appears and
 * changes by rename(2), so that a crash leaves the old or the new one. Two leases of one port are
 * kept apart by the lock of the port (sockets_lock), which whoever writes holds for that moment.
 */
#ifndef BERTH_LEASES_LEDGER_H
#define BERTH_LEASES_LEDGER_H

#include "leases/entry.h"

enum {
	LEDGER_USER_MOST = 256, /* leases of one user that count; more are not written, nor read */
};

#define LEDGER_SHARED "/run/berth/leases"

struct ledger {
	int folder; /* of all users; -1: there is none */
	int own; /* our folder in it; -1: none yet */
	uint32_t uid;
	bool shared; /* all users of this machine are in it; false: only this one */
};

/* What was read: a lease and whose it is, or a file that is damaged (entry NULL). Non-zero ends
 * the reading. */
typedef int ledger_seen(void *context, const struct entry *entry, uint32_t uid);

/*
 * Opens the shared ledger, which root makes when it is not there; where there is none, the one of
 * this user in `runtime_folder` (may be NULL). 0; -ENOENT: neither is possible; -EPERM: the folder
 * belongs to somebody else or others may write there; another errno of open(2).
 */
int ledger_open(const char *runtime_folder, struct ledger *ret_ledger);
void ledger_close(struct ledger *ledger);

/* Writes a lease, over one of ours for the same port. Whoever calls it has the lock of the port. 0;
 * -EDQUOT: we have LEDGER_USER_MOST; -ENOSPC and other errnos. */
int ledger_put(struct ledger *ledger, const struct entry *entry);

/* Takes a lease of ours out. 0, also when it was not there; negative errno. */
int ledger_drop(struct ledger *ledger, uint64_t netns, uint16_t port);

/* All leases of one port, of all users. What `seen` returned; 0; -ENOMEM. */
int ledger_of_port(const struct ledger *ledger, uint64_t netns, uint16_t port, ledger_seen *seen,
	void *context);

/* All of ours. The same. */
int ledger_own(struct ledger *ledger, ledger_seen *seen, void *context);

/* All leases. What `seen` returned; 0; -ENOMEM. */
int ledger_each(const struct ledger *ledger, ledger_seen *seen, void *context);

#endif
