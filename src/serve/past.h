/* SPDX-License-Identifier: MIT */
/*
 * Of which ports there is a history, read now and then, so that a page of a port without one, which
 * nearly all are, asks no database.
 */
#ifndef BERTH_SERVE_PAST_H
#define BERTH_SERVE_PAST_H

#include <berth.h>

enum {
	PAST_BYTES = 65536 / 8,
};

struct past {
	double read_s; /* of CLOCK_MONOTONIC; 0: never */
	int error; /* why there is none */
	char why[160]; /* the same as a phrase */
	struct berth_history since; /* without spans and events */
	uint8_t ports[PAST_BYTES]; /* a bit for each */
};

/*
 * The history of a port, the latest few of it. `busy`: it is in use now, and so may have a history
 * by now. NULL: there is none at all, past->why tells. *ret_owned, NULL before, is for the caller
 * to free when it is done with the answer.
 */
const struct berth_history *past_of(struct past *past, const struct berth *berth,
	const char *folder, uint16_t port, bool busy, struct berth_history **ret_owned);

#endif
