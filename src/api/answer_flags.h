/* SPDX-License-Identifier: MIT */
/* What is worth a warning about who answers. */
#ifndef BERTH_API_ANSWER_FLAGS_H
#define BERTH_API_ANSWER_FLAGS_H

#include <berth.h>

#include "base/arena.h"
#include "binding/answers.h"

/* A destination and what it was judged from. */
struct answer_place {
	const struct berth_destination *destination;
	struct answers_target target;
	const struct berth_socket *const *sockets; /* all that were considered */
	size_t n_sockets;
};

/*
 * Finds all flags of the places and puts them into `answers`. `outside`: one sentence on what comes
 * from outside, or NULL. 0; -ENOMEM.
 */
int answer_flags(struct arena *arena, const struct answer_place *places, size_t n_places,
	const char *outside, struct berth_answers *answers);

#endif
