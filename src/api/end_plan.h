/* SPDX-License-Identifier: MIT */
/* Who is to be ended, and how: pure, from the sockets to steps. */
#ifndef BERTH_API_END_PLAN_H
#define BERTH_API_END_PLAN_H

#include <berth.h>

#include "base/arena.h"

struct end_plan_ask {
	const struct berth_process *self; /* with parents and place; NULL: not of this machine */
	bool force;
	bool processes; /* units and containers do not matter */
};

/*
 * One step for each process that has one of the sockets, and for each unit or container once; those
 * that come later stand last. 0; -ENOMEM.
 */
int end_plan(const struct end_plan_ask *ask, const struct berth_socket *const *sockets, size_t n,
	struct arena *arena, struct berth_end_step **ret_steps, size_t *ret_n_steps);

#endif
