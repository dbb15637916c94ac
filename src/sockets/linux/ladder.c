// SPDX-License-Identifier: MIT
/*
 * Chooses among the rungs. A rung that is not possible on this machine says why, and the next one
 * is tried; the last one always works.
 */
#include "sockets/linux/ladder.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "sockets/linux/cgroups.h"
#include "sockets/linux/scan.h"
#include "sockets/linux/storage.h"
#include "sockets/linux/tasks.h"

static const struct ladder_rung rungs[] = {
	{.id = BERTH_RUNG_STORAGE, .exact = true, .look = storage_look},
	{.id = BERTH_RUNG_CGROUP, .one_port = true, .look = cgroups_look},
	{.id = BERTH_RUNG_ITERATOR, .complete = true, .look = tasks_pinned},
	{.id = BERTH_RUNG_LOADED,
		.complete = true,
		.look = tasks_loaded,
		.look_again = tasks_loaded_again},
	{.id = BERTH_RUNG_PROC,
		.complete = true,
		.look = scan_proc,
		.look_again = scan_proc_and_threads},
};

void ladder_begin(struct ladder *ladder)
{
	for (unsigned id = 0; id < BERTH_RUNGS; id++)
		ladder->uses[id] = (struct berth_rung_use){
			.rung = (enum berth_rung)id, .why_not = "every owner was known before"};
}

/* NULL: it may be tried. */
static const char *unsuited(const struct ladder *ladder, const struct ladder_rung *rung)
{
	const struct owners_ask *ask = ladder->ask;

	if (ask->rungs && !(ask->rungs & BERTH_RUNG_BIT(rung->id)))
		return "not among those asked for";
	if (ladder->system->replay && rung->id != BERTH_RUNG_PROC)
		return "a recording holds what /proc says";
	if (ladder->system->tee && rung->id != BERTH_RUNG_PROC)
		return "what is being recorded is what /proc says";
	if (ask->all_owners && !rung->complete && !rung->exact)
		return "it does not look at all processes, as was asked for";
	if (rung->one_port && !ask->one_port)
		return "the question is not about one port";
	return NULL;
}

const struct ladder_rung *ladder_next(const struct ladder *ladder, const struct ladder_rung *after)
{
	for (size_t i = after ? (size_t)(after - rungs) + 1 : 0; i < sizeof(rungs) / sizeof(*rungs);
		i++) {
		const char *why_not = unsuited(ladder, rungs + i);

		if (!why_not)
			return rungs + i;
		ladder->uses[rungs[i].id].why_not = why_not;
	}
	return NULL;
}

static double now_ms(void)
{
	return clock_now_s(CLOCK_MONOTONIC) * 1e3;
}

int ladder_look(struct ladder *ladder, const struct ladder_rung *rung, bool again,
	const struct map *wanted, struct owners_hits *hits)
{
	struct berth_rung_use *use = ladder->uses + rung->id;
	double start_ms = now_ms();
	owners_rung *look = again && rung->look_again ? rung->look_again : rung->look;
	int r = look(ladder->system, wanted, hits);

	use->time_ms += now_ms() - start_ms;
	use->asked += (uint32_t)wanted->count;
	use->used = !r && !hits->why_not;
	use->why_not = use->used ? NULL : hits->why_not ? hits->why_not : strerror(-r);
	return r;
}
