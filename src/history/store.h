/* SPDX-License-Identifier: MIT */
/*
 * The history in a file: a database of SQLite, in WAL mode. Its tables are in
 * schema.h: a span for each socket from first to last, a happening for each refusal, a run for each
 * time that berthd watched, and an actor for each program that did something.
 *
 * Events are written in transactions, one for all that came in a moment. When one fails, nothing of
 * it is there, and the caller has the events still: it hands them in once more.
 */
#ifndef BERTH_HISTORY_STORE_H
#define BERTH_HISTORY_STORE_H

#include <berth.h>

#include "base/arena.h"
#include "base/buffer.h"

#define STORE_FILE "history.db"

struct store;

struct store_limits {
	double age_s; /* what ended before is forgotten; 0: never */
	uint64_t bytes; /* how large the file may grow; 0: as it will */
};

struct store_ask {
	const char *folder; /* made when it is not there */
	const char *boot; /* tells the runs of the machine apart */
	uint64_t netns; /* inode of the network namespace */
	enum berth_watch_way way;
	double now_s;
	bool readable; /* by everybody; else by its owner alone */
	struct store_limits limits;
};

/*
 * Opens the history for writing, and begins a run. A file that is damaged is set aside under
 * another name, which *ret_problem (appended to) says; then this is 1. 0; negative errno:
 * *ret_problem says why. -EBUSY: another one writes this history already; -EPROTO: it is of a newer
 * berth.
 */
int store_open(const struct store_ask *ask, struct store **ret_store, struct buffer *ret_problem);

/* A transaction. Everything between is undone when store_commit() fails, or by store_undo(). */
int store_begin(struct store *store);
int store_event(struct store *store, const struct berth_event *event);

/*
 * All that was there when the watch began was told: what an earlier run left open and was not among
 * it was closed at some time since that run wrote last.
 */
int store_settle(struct store *store);

/* `now_s`: the run lived then. */
int store_commit(struct store *store, double now_s);
void store_undo(struct store *store);

/* Forgets what the limits say. 0, or as sql_errno(). */
int store_prune(struct store *store, double now_s);

/* What the last failure was, a few words: "database or disk is full". */
const char *store_error(const struct store *store);

/* Ends the run when `now_s` is not 0; never fails. */
void store_close(struct store *store, double now_s);

/* See berth_history(). `netns` 0: of all. *ret_problem (appended to) says what failed. */
int store_read(const struct berth_history_ask *ask, uint64_t netns,
	struct berth_history **ret_history, struct buffer *ret_problem);
/* What lives as long as it does: for texts that are added. */
struct arena *store_read_arena(struct berth_history *history);
void store_read_free(struct berth_history *history);

#endif
