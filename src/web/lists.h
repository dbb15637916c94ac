/* SPDX-License-Identifier: MIT */
/*
 * Pages of lists about this machine, as they are served: pure functions from what <berth.h> tells.
 * Each has a file of its own; lists.c has what they share.
 */
#ifndef BERTH_WEB_LISTS_H
#define BERTH_WEB_LISTS_H

#include <berth.h>

#include "base/buffer.h"
#include "cli/describe.h"
#include "web/html.h"

enum {
	LISTS_ROWS_MOST = 2000,
};

/* A page that is being written. */
struct lists {
	struct html html;
	struct describe_clock clock;
	const char *registry_date;
	bool bare; /* without owners, for those who may not see them */
};

/* Everything up to the content of "main", and what follows it. */
void lists_open(struct lists *lists, const char *title, const char *about);
void lists_close(struct lists *lists);

/* A table with its headings, NULL-terminated, and its caption; to be closed by
 * lists_close_table(). */
void lists_open_table(struct lists *lists, const char *caption, const char *const *headings);
void lists_close_table(struct lists *lists);

/* The first cell of a row, which leads to the port's page. */
void lists_port(struct lists *lists, uint16_t port);
void lists_cell(struct lists *lists, const char *text);
void lists_cell_phrase(struct lists *lists, struct buffer *phrase); /* and clears it */
void lists_cell_time(struct lists *lists, double time_s);
void lists_note(struct lists *lists, const char *class_name, const char *text);

/* What a snapshot could not see, one paragraph each. */
void lists_gaps(struct lists *lists, unsigned gaps);

/* `all`: connections too. `port`: this one alone; NULL: all. */
void list_sockets_write(
	struct lists *lists, const struct berth_snapshot *snapshot, bool all, const uint16_t *port);
void list_doctor_write(struct lists *lists, const struct berth_doctor *doctor);
void list_ephemeral_write(struct lists *lists, const struct berth_ephemeral *ephemeral);
void list_leases_write(struct lists *lists, const struct berth_leases *leases);
void list_history_write(
	struct lists *lists, const struct berth_history *history, const uint16_t *port);

/* A page that says no more than why there is none. */
void lists_sentence(struct lists *lists, const char *title, const char *sentence);

#endif
