// SPDX-License-Identifier: MIT
/* See keeper.h. */
#include "daemon/keeper.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/say.h"
#include "history/actor.h"

enum {
	EVENTS_MOST = 20000, /* that wait */
	BYTES_MOST = 4 << 20,
	FLUSH_EVENTS = 2000, /* are written at once */
	PRUNE_EVENTS = 20000,
};

static const double flush_after_s = 0.2;
static const double lives_every_s = 60;
static const double prune_every_s = 3600;
static const double first_retry_s = 1;
static const double longest_retry_s = 30;

static void say_failure(struct keeper *keeper, int error, const char *text)
{
	if (keeper->failing == error)
		return;
	keeper->failing = error;
	say("the history cannot be written: %s; events are kept in memory until it can", text);
}

static void say_recovery(struct keeper *keeper)
{
	if (!keeper->failing)
		return;
	keeper->failing = 0;
	keeper->retry_s = first_retry_s;
	say("the history can be written again");
}

/* ---- Opening --------------------------------------------------------------------------------- */

static int open_chronicle(struct keeper *keeper, double now_s)
{
	struct buffer problem = {0};

	keeper->ask.now_s = now_s;
	int r = chronicle_open(&keeper->ask, &keeper->chronicle, &problem);
	if (r > 0)
		say("%s", buffer_string(&problem));
	else if (r == -EPROTO || (r == -EBUSY && !keeper->failing))
		say("%s", problem.len ? problem.data : strerror(-r));
	else if (r)
		say_failure(keeper, r, problem.len ? problem.data : strerror(-r));
	buffer_free(&problem);
	if (r >= 0)
		say_recovery(keeper);
	keeper->lived_s = now_s;
	return r > 0 ? 0 : r;
}

int keeper_open(struct keeper *keeper, double now_s)
{
	keeper->flush_s = HUGE_VAL;
	keeper->retry_s = first_retry_s;
	int r = open_chronicle(keeper, now_s);
	if (r == -EBUSY || r == -EPROTO)
		return r;
	if (r)
		keeper->flush_s = now_s + keeper->retry_s;
	return 0;
}

/* ---- Taking ---------------------------------------------------------------------------------- */

static void forget(struct keeper *keeper)
{
	arena_free(&keeper->arena);
	free(keeper->all);
	keeper->all = NULL;
	keeper->count = keeper->size = keeper->bytes = 0;
}

static int copy(struct keeper *keeper, const struct berth_event *from, struct berth_event *ret)
{
	*ret = *from;
	ret->address_text = NULL;
	ret->text = NULL;
	ret->errno_name = NULL;
	if (from->cause_text) {
		size_t len = strlen(from->cause_text);

		ret->cause_text = arena_text(&keeper->arena, from->cause_text, len);
		keeper->bytes += len;
	}
	if (from->cause_text && !ret->cause_text)
		return -ENOMEM;
	int r = actor_keep(&keeper->arena, &from->actor, &ret->actor);
	keeper->bytes += sizeof(*ret) + sizeof(from->actor);
	return r ? r : actor_keep(&keeper->arena, &from->holder, &ret->holder);
}

/* There is no room any more: all that waits is dropped, since a part of it would make spans that
 * never end. */
static void drop(struct keeper *keeper, size_t n)
{
	if (!keeper->torn)
		say("no room is left for events that cannot be written: they are only counted");
	keeper->dropped += keeper->count + n;
	keeper->torn = true;
	forget(keeper);
}

int keeper_take(struct keeper *keeper, const struct berth_event *events, size_t n, double now_s)
{
	int r = 0;

	if (keeper->torn || keeper->count + n > EVENTS_MOST || keeper->bytes > BYTES_MOST) {
		drop(keeper, n);
		return 0;
	}
	if (keeper->count + n > keeper->size) {
		size_t size = (keeper->count + n) * 2;
		struct berth_event *all = reallocarray(keeper->all, size, sizeof(*all));

		if (!all)
			return -ENOMEM;
		keeper->all = all;
		keeper->size = size;
	}
	for (size_t i = 0; !r && i < n; i++)
		r = copy(keeper, events + i, &keeper->all[keeper->count++]);
	if (n && !keeper->failing && keeper->flush_s > now_s + flush_after_s)
		keeper->flush_s = now_s + flush_after_s;
	if (keeper->count >= FLUSH_EVENTS && !keeper->failing)
		keeper->flush_s = now_s;
	return r;
}

void keeper_settle(struct keeper *keeper, double now_s)
{
	keeper->settles = true;
	if (!keeper->failing)
		keeper->flush_s = now_s;
}

/* ---- Writing --------------------------------------------------------------------------------- */

static int write_dropped(struct keeper *keeper, double now_s)
{
	const struct berth_event missed = {.kind = BERTH_EVENT_MISSED,
		.time_s = now_s,
		.since_s = keeper->lived_s,
		.count = keeper->dropped};

	return keeper->dropped ? chronicle_event(keeper->chronicle, &missed) : 0;
}

static int write_all(struct keeper *keeper, double now_s)
{
	int r = chronicle_begin(keeper->chronicle);

	if (!r)
		r = write_dropped(keeper, now_s);
	for (size_t i = 0; !r && i < keeper->count; i++)
		r = chronicle_event(keeper->chronicle, keeper->all + i);
	if (!r && keeper->settles)
		r = chronicle_settle(keeper->chronicle);
	if (!r)
		r = chronicle_commit(keeper->chronicle, now_s);
	if (r)
		chronicle_undo(keeper->chronicle);
	return r;
}

/* What failed is tried again. A damaged file is left, and set aside when it is opened anew. */
static void take_failure(struct keeper *keeper, int error, double now_s)
{
	say_failure(keeper, error,
		keeper->chronicle ? chronicle_error(keeper->chronicle) : strerror(-error));
	if (error == -EBADMSG && keeper->chronicle) {
		chronicle_close(keeper->chronicle, 0);
		keeper->chronicle = NULL;
		keeper->torn = true;
		keeper->dropped += keeper->count;
		forget(keeper);
	}
	keeper->flush_s = now_s + keeper->retry_s;
	keeper->retry_s *= 2;
	if (keeper->retry_s > longest_retry_s)
		keeper->retry_s = longest_retry_s;
}

static void flush(struct keeper *keeper, double now_s)
{
	int r = keeper->chronicle ? 0 : open_chronicle(keeper, now_s);

	if (!r)
		r = write_all(keeper, now_s);
	if (r) {
		take_failure(keeper, r, now_s);
		return;
	}
	say_recovery(keeper);
	keeper->written += keeper->count;
	keeper->since_prune += keeper->count;
	keeper->dropped = 0;
	keeper->settles = false;
	keeper->lived_s = now_s;
	keeper->flush_s = HUGE_VAL;
	forget(keeper);
}

static void prune(struct keeper *keeper, double now_s)
{
	int r = chronicle_prune(keeper->chronicle, now_s);

	keeper->pruned_s = now_s;
	keeper->since_prune = 0;
	if (r)
		take_failure(keeper, r, now_s);
}

double keeper_due_s(const struct keeper *keeper)
{
	return fmin(keeper->flush_s, keeper->lived_s + lives_every_s);
}

void keeper_tick(struct keeper *keeper, double now_s)
{
	bool lives = !keeper->failing &&
		(now_s >= keeper->lived_s + lives_every_s || now_s < keeper->lived_s);

	if (now_s >= keeper->flush_s || lives)
		flush(keeper, now_s);
	if (keeper->chronicle && !keeper->failing &&
		(now_s >= keeper->pruned_s + prune_every_s || keeper->since_prune >= PRUNE_EVENTS))
		prune(keeper, now_s);
}

void keeper_begin_anew(struct keeper *keeper, double now_s)
{
	forget(keeper);
	chronicle_close(keeper->chronicle, 0);
	keeper->chronicle = NULL;
	keeper->torn = false;
	if (open_chronicle(keeper, now_s))
		keeper->flush_s = now_s + keeper->retry_s;
}

void keeper_close(struct keeper *keeper, double now_s)
{
	if (keeper->chronicle && (keeper->count || keeper->settles))
		flush(keeper, now_s);
	chronicle_close(keeper->chronicle, now_s);
	forget(keeper);
}
