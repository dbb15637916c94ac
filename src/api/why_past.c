// SPDX-License-Identifier: MIT
/* What the history knows of binds that failed. It is freed by a pointer, as why.c is also in the
 * small program, which has no history. */
#include <errno.h>
#include <string.h>

#include "api/handle.h"
#include "api/why.h"

int berth_why_past(const struct berth *berth, const char *folder, struct berth_why *why)
{
	enum {
		MOST = 10
	};
	struct why_box *box = (struct why_box *)why;
	struct berth_query_part part = {.first = why->request.port,
		.last = why->request.port,
		.protos = BERTH_PROTO_BIT(why->request.proto)};
	const struct berth_query query = {.parts = &part, .n_parts = 1};
	const struct berth_history_ask ask = {.size = sizeof(ask),
		.folder = folder,
		.query = &query,
		.refusals_only = true,
		.most = MOST};

	if (box->history)
		return 0;
	why->has_past = true;
	int r = berth_history(berth, &ask, &box->history);
	if (r) {
		why->past_why_not = arena_text(&box->arena, berth_error(), strlen(berth_error()));
		return why->past_why_not ? r : -ENOMEM;
	}
	box->free_history = berth_history_free;
	why->past = box->history->events;
	why->n_past = box->history->n_events;
	return 0;
}
