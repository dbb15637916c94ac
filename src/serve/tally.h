/* SPDX-License-Identifier: MIT */
/*
 * How often binds failed, by port and error, since the server began: counted on from one reading of
 * the history to the next, so that the numbers only grow, also when the history forgets.
 */
#ifndef BERTH_SERVE_TALLY_H
#define BERTH_SERVE_TALLY_H

#include <berth.h>

enum {
	TALLY_ROWS = 256, /* more pairs of port and error than this count as port 0 */
	TALLY_NAME = 24,
};

struct tally_row {
	uint16_t port; /* 0: all that have no row */
	char name[TALLY_NAME]; /* of the error; "unknown" */
	uint64_t count;
};

struct tally {
	struct tally_row *rows;
	size_t n;
	double since_s; /* up to then everything is counted */
	bool known; /* the history could be read */
	bool running; /* berthd has written within the last minutes */
	double last_s; /* when it last did */
};

/* Reads on. A history that cannot be read leaves the numbers as they are, and `known` false. */
void tally_read(struct tally *tally, const struct berth *berth, const char *folder, double now_s);

void tally_free(struct tally *tally);

#endif
