/* SPDX-License-Identifier: MIT */
/*
 * Looks at all sockets of the machine, which the pages of ports are made from, and what is new from
 * one to the next. The page of a port that has no socket, in either of two looks that are alike in
 * what concerns all ports, is the same page but for its time; so the front need not ask for it.
 */
#ifndef BERTH_SERVE_LOOKS_H
#define BERTH_SERVE_LOOKS_H

#include <berth.h>

#include "serve/wire.h"

struct looks {
	struct berth_snapshot *snapshot; /* NULL: none yet */
	double taken_s; /* CLOCK_MONOTONIC */
	bool stale; /* something happened since */
	bool all; /* since looks_news(): what concerns every port changed */
	uint8_t ports[WIRE_PORT_BITS]; /* since then: ports that had a socket */
};

/* Looks again when the last look is older than that. 0; negative errno: see berth_error(). */
int looks_take(struct looks *looks, const struct berth *berth, bool owners, double age_s);

/* What was new since the last call. */
void looks_news(struct looks *looks, struct wire_look *ret_news);

void looks_free(struct looks *looks);

#endif
