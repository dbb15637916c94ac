/* SPDX-License-Identifier: MIT */
/*
 * The ledger: who leased which port, shared by all users without a daemon and without a lock.
 *
 * A folder that belongs to root and is sticky, like /tmp, holds a folder for each user, and that a
 * note for each lease: a symbolic link that leads nowhere, whose target is the lease as text. Its
 * name has what is looked for, and a number that never comes again. So a note is made, renewed and
 * removed by one system call each: nothing can be half done, and nothing that was removed can be
 * mistaken for what was made in its place. No file is ever opened to be written.
 *
 * Nobody waits for anybody. Whoever wants a port makes a note first and looks for notes of others
 * then: of two who want one port at least one sees the other, takes its own note away and goes on
 * to the next port. A process that was stopped keeps the ports of its notes and nothing else.
 *
 * Whose a lease is, the owners of folder and link tell, which nobody can forge.
 */
#ifndef BERTH_LEASES_LEDGER_H
#define BERTH_LEASES_LEDGER_H

#include "leases/entry.h"

enum {
	LEDGER_USER_MOST = 256, /* leases of one user that count; of one who has more, none does */
};

#define LEDGER_SHARED "/run/berth/leases"

struct ledger {
	int folder; /* of all users; -1: there is none */
	int own; /* our folder in it; -1: none yet */
	uint64_t own_inode;
	uint32_t uid;
	bool shared; /* all users of this machine are in it; false: only this one */
};

/* What was read: a lease and whose it is, or a note that is damaged (entry NULL). Non-zero ends
 * the reading. */
typedef int ledger_seen(void *context, const struct entry *entry, uint32_t uid);

/* Which notes are read. */
struct ledger_look {
	uint64_t netns; /* 0: of all network namespaces */
	uint16_t port; /* 0: of all */
	uint64_t key; /* entry_key(); 0: of all */
	uint64_t but; /* not the one with this id */
	bool own; /* ours alone */
	bool near; /* with `own`: only in the folder that has our number for a name, which is nearly
		      always the only one */
	bool sweep; /* damaged ones of ours are told and removed */
};

/*
 * Opens the shared ledger, which root makes when it is not there; where there is none, the one of
 * this user in `runtime_folder` (may be NULL). 0; -ENOENT: neither is possible; -EPERM: the folder
 * belongs to somebody else or others may write there; another errno of open(2).
 */
int ledger_open(const char *runtime_folder, struct ledger *ret_ledger);
/* The same for who only reads: makes nothing, so -ENOENT says that there are no leases yet. */
int ledger_find(const char *runtime_folder, struct ledger *ret_ledger);
void ledger_close(struct ledger *ledger);

/* Notes a lease, whose entry->id is set. 0; -ENOSPC and other errnos. */
int ledger_put(struct ledger *ledger, struct entry *entry);

/* Takes a note of ours out. 0, also when it was not there; negative errno. */
int ledger_drop(struct ledger *ledger, const struct entry *entry);

/* Sets the end of a note of ours; 0: it has none. -ENOENT: it is gone. */
int ledger_renew(struct ledger *ledger, const struct entry *entry, int64_t ends_ms);

/*
 * Reads notes. What `seen` returned, or 0; -ENOMEM, -EMFILE, …: not all could be looked at, so what
 * was not seen may be there. *ret_ours (may be NULL): how many notes we have in all.
 */
int ledger_each(struct ledger *ledger, const struct ledger_look *look, ledger_seen *seen,
	void *context, unsigned *ret_ours);

#endif
