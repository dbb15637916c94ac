/* SPDX-License-Identifier: MIT */
/* The answers to the front's questions: pages, the command line's JSON, metrics. */
#ifndef BERTH_SERVE_TELL_H
#define BERTH_SERVE_TELL_H

#include <berth.h>

#include "base/arena.h"
#include "serve/looks.h"
#include "serve/past.h"
#include "serve/tally.h"
#include "serve/wire.h"
#include "web/lists.h"
#include "web/site.h"

struct tell {
	struct berth *berth;
	bool utc; /* times in UTC: of a recording */
	const char *history; /* the folder; NULL: the usual one */
	struct looks looks[WIRE_VIEWS]; /* at all sockets, by whose eyes */
	struct site_entry *entries; /* of all ports; NULL until they are needed */
	struct arena names;
	char date[16]; /* of the registry */
	struct tally tally; /* of binds that failed */
	struct past past; /* of which ports there is a history */
};

/* Appends the answer to `out` and fills in the head but for its length. */
void tell_answer(struct tell *tell, const struct wire_question *question,
	struct wire_head *ret_head, struct buffer *out);

/* Forgets what was seen: something has happened since. */
void tell_forget(struct tell *tell);

void tell_free(struct tell *tell);

/* The parts. Each takes a head with status 200, its type unset. */
void tell_page(struct tell *tell, const struct wire_question *question, struct wire_head *head,
	struct buffer *out);
void tell_list(struct tell *tell, const struct wire_question *question, struct wire_head *head,
	struct buffer *out);
void tell_json(struct tell *tell, const struct wire_question *question, struct wire_head *head,
	struct buffer *out);
void tell_metrics(struct tell *tell, const struct wire_question *question, struct wire_head *head,
	struct buffer *out);

/* What /ls and /api/ls ask for, as berth ls does; `query` of one port is the caller's. */
struct berth_ask tell_sockets_ask(
	const struct wire_question *question, const struct berth_query *query);
/* The same for the history. */
struct berth_history_ask tell_history_ask(const struct tell *tell,
	const struct wire_question *question, const struct berth_query *query);
/* A query of the question's port; `part` is its memory. */
struct berth_query tell_query(const struct wire_question *question, struct berth_query_part *part);

/* The answer is that there is none, and why: berth_error() of a negative errno. */
void tell_failure(int error, struct wire_head *head, struct buffer *out);

#endif
