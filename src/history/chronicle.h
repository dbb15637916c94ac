/* SPDX-License-Identifier: MIT */
/*
 * The history in a file: a database of SQLite, in WAL mode. Its tables are in
 * schema.h: a span for each socket from first to last, a happening for each refusal, a run for each
 * time that berthd watched, and an actor for each program that did something.
 *
 * Events are written in transactions, one for all that came in a moment. When one fails, nothing of
 * it is there, and the caller has the events still: it hands them in once more.
 */
#ifndef BERTH_HISTORY_CHRONICLE_H
#define BERTH_HISTORY_CHRONICLE_H

#include <berth.h>

#include "base/arena.h"
#include "base/buffer.h"

#define CHRONICLE_FILE "history.db"

struct chronicle;

struct chronicle_limits {
	double age_s; /* what ended before is forgotten; 0: never */
	uint64_t bytes; /* how large the file may grow; 0: as it will */
};

struct chronicle_ask {
	const char *folder; /* made when it is not there */
	const char *boot; /* tells the runs of the machine apart */
	uint64_t netns; /* inode of the network namespace */
	enum berth_watch_way way;
	double now_s;
	bool readable; /* by everybody; else by its owner alone */
	struct chronicle_limits limits;
};

/*
 * Opens the history for writing, and begins a run. A file that is damaged is set aside under
 * another name, which *ret_problem (appended to) says; then this is 1. 0; negative errno:
 * *ret_problem says why. -EBUSY: another one writes this history already; -EPROTO: it is of a newer
 * berth.
 */
int chronicle_open(const struct chronicle_ask *ask, struct chronicle **ret_chronicle,
	struct buffer *ret_problem);

/* A transaction. Everything between is undone when chronicle_commit() fails, or by
 * chronicle_undo(). */
int chronicle_begin(struct chronicle *chronicle);
int chronicle_event(struct chronicle *chronicle, const struct berth_event *event);

/*
 * All that was there when the watch began was told: what an earlier run left open and was not among
 * it was closed at some time since that run wrote last.
 */
int chronicle_settle(struct chronicle *chronicle);

/* `now_s`: the run lived then. */
int chronicle_commit(struct chronicle *chronicle, double now_s);
void chronicle_undo(struct chronicle *chronicle);

/* Forgets what the limits say. 0, or as sql_errno(). */
int chronicle_prune(struct chronicle *chronicle, double now_s);

/* What the last failure was, a few words: "database or disk is full". */
const char *chronicle_error(const struct chronicle *chronicle);

/* Ends the run when `now_s` is not 0; never fails. */
void chronicle_close(struct chronicle *chronicle, double now_s);

/* See berth_history(). `netns` 0: of all. *ret_problem (appended to) says what failed. */
int chronicle_read(const struct berth_history_ask *ask, uint64_t netns,
	struct berth_history **ret_history, struct buffer *ret_problem);
/* Its rows, to add texts to them, and an arena for those. */
struct arena *chronicle_read_parts(struct berth_history *history, struct berth_span **ret_spans,
	struct berth_event **ret_events);
void chronicle_read_free(struct berth_history *history);

#endif
