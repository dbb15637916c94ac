/* SPDX-License-Identifier: MIT */
/* A process in short, in one piece of memory with its texts. */
#ifndef BERTH_HISTORY_ACTOR_H
#define BERTH_HISTORY_ACTOR_H

#include <berth.h>

#include "base/arena.h"

/* free(3) it. NULL: no memory. */
struct berth_actor *actor_copy(const struct berth_actor *actor);

/* The same in an arena. 0; -ENOMEM. */
int actor_keep(struct arena *arena, const struct berth_actor *actor, struct berth_actor *ret_actor);

/* What is known of a process; its texts are those of the process. */
struct berth_actor actor_of(const struct berth_process *process);

#endif
