/* SPDX-License-Identifier: MIT */
/* Why a bind(2) or listen(2) that was seen to fail did so. */
#ifndef BERTH_API_REFUSAL_H
#define BERTH_API_REFUSAL_H

#include <berth.h>

#include "base/arena.h"
#include "sockets/sockets.h"

/*
 * Judges it from what is there now, and fills in errnum, errno_name, cause, cause_text and holder;
 * texts are in the arena. `listens`: it was listen(2). 1: it was no failure, the socket is bound;
 * 2: nothing is in the way, so it may not have come to its end yet; 0; -ENOMEM.
 */
int refusal_judge(const struct berth *berth, const struct sockets_event *tried, bool listens,
	struct arena *arena, struct berth_event *event);

#endif
