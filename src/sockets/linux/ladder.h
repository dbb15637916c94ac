/* SPDX-License-Identifier: MIT */
/*
 * The ladder: the ways to look for owners, in the order in which they are tried. Which there are,
 * which suit a question, and what became of each, is known here; what is done with their finds, in
 * owners.c.
 */
#ifndef BERTH_SOCKETS_LINUX_LADDER_H
#define BERTH_SOCKETS_LINUX_LADDER_H

#include "sockets/linux/owners.h"

struct ladder {
	const struct sockets_system *system;
	const struct owners_ask *ask;
	struct berth_rung_use *uses; /* BERTH_RUNGS of them */
};

struct ladder_rung {
	enum berth_rung id;
	bool complete; /* sees all processes: nobody needs to be asked behind it */
	bool exact; /* tells of a socket all who hold it, or nobody */
	bool one_port; /* suits a question about one port only */
	owners_rung *look;
	owners_rung *look_again; /* more thoroughly, for what was not found; NULL: the same */
};

/* Readies the uses: no rung was tried yet. */
void ladder_begin(struct ladder *ladder);

/* The next rung that may be tried; NULL: there is none. Start with `after` NULL. */
const struct ladder_rung *ladder_next(const struct ladder *ladder, const struct ladder_rung *after);

/* Looks with one rung, for the first or the second time, and keeps count. 0; -ENOMEM; another
 * negative errno: not possible here. */
int ladder_look(struct ladder *ladder, const struct ladder_rung *rung, bool again,
	const struct map *wanted, struct owners_hits *hits);

#endif
