// SPDX-License-Identifier: MIT
/* Who may be answered what, and by which part. */
#include "serve/tell.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	DONE = 200,
	FORBIDDEN = 403,
	NOT_FOUND = 404,
	BROKEN = 500,
	UNAVAILABLE = 503,
};

/* A look may be that old, and the front relies on it for twice as long: pages show what is so now,
 * and now is within a second. */
static const double fresh_s = 0.2;

void tell_failure(int error, struct wire_head *head, struct buffer *out)
{
	buffer_clear(out);
	head->type = WIRE_PLAIN;
	head->keep = false;
	head->time_at = 0;
	head->status = error == -EACCES || error == -EPERM ? FORBIDDEN
		: error == -ENOENT                         ? NOT_FOUND
							   : UNAVAILABLE;
	buffer_format(out, "%s.\n", berth_error());
}

struct berth_query tell_query(const struct wire_question *question, struct berth_query_part *part)
{
	*part = (struct berth_query_part){
		.first = question->route.port, .last = question->route.port};
	return (struct berth_query){.parts = part, .n_parts = question->route.has_port};
}

struct berth_ask tell_sockets_ask(
	const struct wire_question *question, const struct berth_query *query)
{
	struct berth_ask ask = {.size = sizeof(ask), .owners = question->view != WIRE_PUBLIC};

	if (question->route.has_port)
		ask.query = query;
	if (!question->route.all)
		ask.states = BERTH_STATE_BIT(BERTH_LISTEN) | BERTH_STATE_BIT(BERTH_CLOSE) |
			BERTH_STATE_BIT(BERTH_BOUND);
	return ask;
}

struct berth_history_ask tell_history_ask(const struct tell *tell,
	const struct wire_question *question, const struct berth_query *query)
{
	enum {
		USUAL_LIMIT = 50, /* of berth history */
	};

	return (struct berth_history_ask){.size = sizeof(struct berth_history_ask),
		.folder = tell->history,
		.query = query,
		.most = question->route.limit ? question->route.limit : USUAL_LIMIT};
}

/* Pages in which processes have names belong to those who may see them. */
static bool is_private(enum route_kind kind)
{
	return kind == ROUTE_DOCTOR || kind == ROUTE_EPHEMERAL || kind == ROUTE_HISTORY ||
		kind == ROUTE_API_DOCTOR || kind == ROUTE_API_EPHEMERAL ||
		kind == ROUTE_API_HISTORY;
}

static void look(struct tell *tell, enum wire_view view, struct wire_head *head, struct buffer *out)
{
	struct wire_look news;
	struct looks *looks = &tell->looks[view];
	int error = looks_take(looks, tell->berth, view != WIRE_PUBLIC, fresh_s);

	if (error < 0)
		looks->all = true; /* whoever asks for a page hears what is wrong */
	looks_news(looks, &news);
	wire_put_look(out, &news);
	head->type = WIRE_LOOK;
}

static void forbid(struct wire_head *head, struct buffer *out)
{
	head->status = FORBIDDEN;
	head->type = WIRE_PLAIN;
	buffer_text(out,
		"This tells of processes, and is for the server's user alone: berth-serve(1) says "
		"how "
		"to prove to be it.\n");
}

void tell_answer(struct tell *tell, const struct wire_question *question,
	struct wire_head *ret_head, struct buffer *out)
{
	*ret_head = (struct wire_head){.id = question->id, .status = DONE, .type = WIRE_PLAIN};
	if (question->view == WIRE_PUBLIC && is_private(question->route.kind)) {
		forbid(ret_head, out);
		return;
	}
	switch (question->route.kind) {
	case ROUTE_INDEX:
	case ROUTE_PORT:
	case ROUTE_LIST:
	case ROUTE_PICTURE:
	case ROUTE_NAMES:
		tell_page(tell, question, ret_head, out);
		break;
	case ROUTE_LS:
	case ROUTE_DOCTOR:
	case ROUTE_EPHEMERAL:
	case ROUTE_LEASES:
	case ROUTE_HISTORY:
		tell_list(tell, question, ret_head, out);
		break;
	case ROUTE_API_PORT:
	case ROUTE_API_LS:
	case ROUTE_API_DOCTOR:
	case ROUTE_API_EPHEMERAL:
	case ROUTE_API_LEASES:
	case ROUTE_API_HISTORY:
	case ROUTE_API_MAP:
		tell_json(tell, question, ret_head, out);
		break;
	case ROUTE_METRICS:
		tell_metrics(tell, question, ret_head, out);
		break;
	case ROUTE_HEALTH:
		buffer_text(out, "ok\n");
		break;
	case ROUTE_LOOK:
		look(tell, question->view, ret_head, out);
		break;
	case ROUTE_EVENTS:
	case ROUTE_STYLE:
	case ROUTE_SCRIPT:
	case ROUTE_ICON:
	case ROUTE_WATCH:
	case ROUTE_BEAT:
	case ROUTE_KINDS:
		ret_head->status = NOT_FOUND;
		break;
	}
	if (out->error) {
		buffer_clear(out);
		*ret_head = (struct wire_head){
			.id = question->id, .status = BROKEN, .type = WIRE_PLAIN};
	}
}

void tell_forget(struct tell *tell)
{
	for (unsigned view = 0; view < WIRE_VIEWS; view++)
		tell->looks[view].stale = true;
}

void tell_free(struct tell *tell)
{
	for (unsigned view = 0; view < WIRE_VIEWS; view++)
		looks_free(&tell->looks[view]);
	tally_free(&tell->tally);
	free(tell->entries);
	arena_free(&tell->names);
}
