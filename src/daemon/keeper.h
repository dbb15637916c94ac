/* SPDX-License-Identifier: MIT */
/*
 * Brings events into the history, several in one transaction. As long as that fails, for want of
 * room on the disk or because it may not be written, they are kept here, as many as there is room
 * for; what is dropped then is counted, and the count is written when writing works again.
 */
#ifndef BERTH_DAEMON_KEEPER_H
#define BERTH_DAEMON_KEEPER_H

#include <stdbool.h>

#include <berth.h>

#include "base/arena.h"
#include "history/chronicle.h"

struct keeper {
	struct chronicle_ask ask; /* its texts live as long as the keeper does */
	struct chronicle *chronicle; /* NULL: it could not be opened, or was damaged */
	struct arena arena;
	struct berth_event *all;
	size_t count;
	size_t size;
	size_t bytes; /* of texts, about */
	bool settles; /* what was open before, and is not among them, is closed */
	double flush_s; /* when they are to be written; HUGE_VAL: there are none */
	double lived_s; /* when it was written last that we live */
	double pruned_s;
	uint64_t since_prune; /* events */
	double retry_s; /* how long to wait after the next failure */
	int failing; /* negative errno of the last failure; 0: it works */
	uint64_t dropped;
	uint64_t written;
	bool torn; /* spans in the history cannot be right: everything has to be told anew */
};

/* Opens the history. 0, also when it cannot be written yet, which is said; -EBUSY: another berthd
 * writes it; -EPROTO: it is of a newer berth. */
int keeper_open(struct keeper *keeper, double now_s);

/* Takes copies. 0; -ENOMEM. */
int keeper_take(struct keeper *keeper, const struct berth_event *events, size_t n, double now_s);

/* All that was there was told now: see chronicle_settle(). */
void keeper_settle(struct keeper *keeper, double now_s);

/* Does what is due. Failures are said once, and tried again later. */
void keeper_tick(struct keeper *keeper, double now_s);

/* When keeper_tick() has something to do. */
double keeper_due_s(const struct keeper *keeper);

/* After `torn`: forgets what waits, and begins a new run. */
void keeper_begin_anew(struct keeper *keeper, double now_s);

/* Writes what is left and ends the run. */
void keeper_close(struct keeper *keeper, double now_s);

#endif
