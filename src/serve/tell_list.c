// SPDX-License-Identifier: MIT
/* The lists of this machine as pages. */
#include <errno.h>

#include "serve/tell.h"

static void put_sockets(struct tell *tell, struct lists *lists,
	const struct wire_question *question, struct wire_head *head)
{
	struct berth_query_part part;
	const struct berth_query query = tell_query(question, &part);
	struct berth_ask ask = tell_sockets_ask(question, &query);
	struct berth_snapshot *snapshot = NULL;
	int error = berth_snapshot(tell->berth, &ask, &snapshot);

	if (error < 0) {
		tell_failure(error, head, lists->html.out);
		return;
	}
	lists->clock.now_s = berth_snapshot_time_s(snapshot);
	list_sockets_write(lists, snapshot, question->route.all,
		question->route.has_port ? &question->route.port : NULL);
	berth_snapshot_free(snapshot);
}

static void put_doctor(struct tell *tell, struct lists *lists, struct wire_head *head)
{
	struct berth_doctor *doctor = NULL;
	int error = berth_doctor(tell->berth, NULL, &doctor);

	if (error < 0) {
		tell_failure(error, head, lists->html.out);
		return;
	}
	list_doctor_write(lists, doctor);
	berth_doctor_free(doctor);
}

static void put_ephemeral(struct tell *tell, struct lists *lists, struct wire_head *head)
{
	struct berth_ephemeral *ephemeral = NULL;
	int error = berth_ephemeral(tell->berth, NULL, &ephemeral);

	if (error < 0) {
		tell_failure(error, head, lists->html.out);
		return;
	}
	list_ephemeral_write(lists, ephemeral);
	berth_ephemeral_free(ephemeral);
}

static void put_leases(struct tell *tell, struct lists *lists, struct wire_head *head)
{
	struct berth_leases *leases = NULL;
	int error = berth_leases(tell->berth, &leases);

	if (error == -ENOENT) {
		lists_sentence(
			lists, "Leases", "There is no ledger yet: nobody has leased a port.");
		return;
	}
	if (error < 0) {
		tell_failure(error, head, lists->html.out);
		return;
	}
	if (lists->bare && !leases->shared)
		lists_sentence(lists, "Leases", "The ledger is one of the server’s user alone.");
	else
		list_leases_write(lists, leases);
	berth_leases_free(leases);
}

static void put_history(struct tell *tell, struct lists *lists,
	const struct wire_question *question, struct wire_head *head)
{
	struct berth_query_part part;
	const struct berth_query query = tell_query(question, &part);
	const struct berth_history_ask ask = tell_history_ask(tell, question, &query);
	struct berth_history *history = NULL;
	int error = berth_history(tell->berth, &ask, &history);

	if (error == -ENOENT) {
		lists_sentence(lists, "History", berth_error());
		return;
	}
	if (error < 0) {
		tell_failure(error, head, lists->html.out);
		return;
	}
	lists->clock.now_s = history->last_s;
	list_history_write(lists, history, question->route.has_port ? &question->route.port : NULL);
	berth_history_free(history);
}

void tell_list(struct tell *tell, const struct wire_question *question, struct wire_head *head,
	struct buffer *out)
{
	struct lists lists = {.html = {.out = out},
		.clock = {.utc = tell->utc},
		.registry_date = tell->date,
		.bare = question->view == WIRE_PUBLIC};

	head->type = WIRE_HTML;
	if (question->route.kind == ROUTE_LS)
		put_sockets(tell, &lists, question, head);
	else if (question->route.kind == ROUTE_DOCTOR)
		put_doctor(tell, &lists, head);
	else if (question->route.kind == ROUTE_EPHEMERAL)
		put_ephemeral(tell, &lists, head);
	else if (question->route.kind == ROUTE_LEASES)
		put_leases(tell, &lists, head);
	else
		put_history(tell, &lists, question, head);
}
