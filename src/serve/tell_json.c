// SPDX-License-Identifier: MIT
/* The JSON of the command line, made by the same functions: docs/schema is about both. */
#include <errno.h>
#include <stdlib.h>

#include "base/json.h"
#include "cli/ls_json.h"
#include "serve/tell.h"
#include "web/atlas.h"

/* As berth --json PORT. */
static int put_port(struct tell *tell, const struct wire_question *question, struct buffer *out)
{
	struct berth_query_part part;
	const struct berth_query query = tell_query(question, &part);
	const struct berth_ask ask = {.size = sizeof(ask),
		.query = &query,
		.owners = question->view != WIRE_PUBLIC,
		.redirects = true,
		.netns_ask = BERTH_ASK_NAMED};
	struct berth_snapshot *snapshot = NULL;
	struct berth_report *report = NULL;
	int error = berth_snapshot(tell->berth, &ask, &snapshot);

	if (!error)
		error = berth_report(tell->berth, snapshot, part.first, &part, &report);
	if (!error)
		error = berth_report_json(report, buffer_write, out);
	berth_report_free(report);
	berth_snapshot_free(snapshot);
	return error;
}

static int put_sockets(struct tell *tell, const struct wire_question *question, struct buffer *out)
{
	const struct ls_json to = {.text = out, .write = buffer_write, .context = out};
	struct berth_query_part part;
	const struct berth_query query = tell_query(question, &part);
	const struct berth_ask ask = tell_sockets_ask(question, &query);
	struct berth_snapshot *snapshot = NULL;
	int error = berth_snapshot(tell->berth, &ask, &snapshot);

	if (!error)
		error = ls_json_write(&to, snapshot, NULL, NULL);
	berth_snapshot_free(snapshot);
	return error < 0 ? error : 0;
}

static int put_doctor(struct tell *tell, struct buffer *out)
{
	struct berth_doctor *doctor = NULL;
	int error = berth_doctor(tell->berth, NULL, &doctor);

	if (!error)
		error = berth_doctor_json(doctor, buffer_write, out);
	berth_doctor_free(doctor);
	return error;
}

static int put_ephemeral(struct tell *tell, struct buffer *out)
{
	struct berth_ephemeral *ephemeral = NULL;
	int error = berth_ephemeral(tell->berth, NULL, &ephemeral);

	if (!error)
		error = berth_ephemeral_json(ephemeral, buffer_write, out);
	berth_ephemeral_free(ephemeral);
	return error;
}

/* The ledger of a single user is nobody else's. */
static int put_leases(struct tell *tell, const struct wire_question *question, struct buffer *out)
{
	struct berth_leases *leases = NULL;
	int error = berth_leases(tell->berth, &leases);

	if (!error && question->view == WIRE_PUBLIC && !leases->shared)
		error = -EACCES;
	if (!error)
		error = berth_leases_json(leases, buffer_write, out);
	berth_leases_free(leases);
	return error;
}

static int put_history(struct tell *tell, const struct wire_question *question, struct buffer *out)
{
	struct berth_query_part part;
	const struct berth_query query = tell_query(question, &part);
	const struct berth_history_ask ask = tell_history_ask(tell, question, &query);
	struct berth_history *history = NULL;
	int error = berth_history(tell->berth, &ask, &history);

	if (!error)
		error = berth_history_json(history, buffer_write, out);
	berth_history_free(history);
	return error;
}

/* ---- The map ----------------------------------------------------------------------------------
 */

/* The ledger, when there is one for this reader; else NULL. */
static struct berth_leases *leases_of(const struct tell *tell, const struct wire_question *question)
{
	struct berth_leases *leases = NULL;

	if (berth_leases(tell->berth, &leases) < 0)
		return NULL;
	if (question->view != WIRE_PUBLIC || leases->shared)
		return leases;
	berth_leases_free(leases);
	return NULL;
}

/* With ?all, for those who may read it: thousands of rows are read for it. */
static struct berth_history *history_of(
	const struct tell *tell, const struct wire_question *question)
{
	const size_t spans_most = 20000;
	struct berth_history_ask ask = tell_history_ask(tell, question, NULL);
	struct berth_history *history = NULL;

	ask.most = spans_most;
	if (!question->route.all || question->view == WIRE_PUBLIC ||
		berth_history(tell->berth, &ask, &history) < 0)
		return NULL;
	return history;
}

static void write_map(struct buffer *out, const struct atlas *atlas, const struct atlas_here *here)
{
	struct json json = {.out = out};

	json_open_object(&json, NULL);
	json_string(&json, "schema", "berth-map-1");
	json_real(&json, "time_s", berth_snapshot_time_s(here->snapshot), 3);
	json_open_array(&json, "kinds");
	for (unsigned kind = 0; kind < ATLAS_KINDS; kind++)
		json_string(&json, NULL, atlas_paints[kind].name);
	json_close_array(&json);
	json_value_follows(&json, "runs");
	atlas_runs(out, atlas);
	json_bool(&json, "leases", here->leases != NULL);
	if (here->history) {
		json_value_follows(&json, "heat");
		atlas_heat_runs(out, atlas);
	} else {
		json_null(&json, "heat");
	}
	json_close_object(&json);
}

/* What the picture of all ports shows, as runs of bits. */
static int put_map(struct tell *tell, const struct wire_question *question, struct buffer *out)
{
	const double look_age_s = 0.4;
	struct looks *looks = &tell->looks[question->view];
	struct berth_leases *leases = leases_of(tell, question);
	struct berth_history *history = history_of(tell, question);
	struct atlas *atlas = calloc(1, sizeof(*atlas));
	int error = atlas ? 0 : -ENOMEM;

	if (!error)
		error = looks_take(looks, tell->berth, question->view != WIRE_PUBLIC, look_age_s);
	if (!error) {
		const struct atlas_here here = {looks->snapshot, leases, history};

		atlas_fill(atlas, tell->berth, &here, ATLAS_LAYERS_ALL);
		write_map(out, atlas, &here);
	}
	free(atlas);
	berth_history_free(history);
	berth_leases_free(leases);
	return error;
}

static int put(struct tell *tell, const struct wire_question *question, struct buffer *out)
{
	enum route_kind kind = question->route.kind;

	if (kind == ROUTE_API_PORT)
		return put_port(tell, question, out);
	if (kind == ROUTE_API_LS)
		return put_sockets(tell, question, out);
	if (kind == ROUTE_API_DOCTOR)
		return put_doctor(tell, out);
	if (kind == ROUTE_API_EPHEMERAL)
		return put_ephemeral(tell, out);
	if (kind == ROUTE_API_LEASES)
		return put_leases(tell, question, out);
	if (kind == ROUTE_API_HISTORY)
		return put_history(tell, question, out);
	return put_map(tell, question, out);
}

void tell_json(struct tell *tell, const struct wire_question *question, struct wire_head *head,
	struct buffer *out)
{
	int error = put(tell, question, out);

	head->type = WIRE_JSON;
	if (error < 0)
		tell_failure(error, head, out);
	else
		buffer_char(out, '\n');
}
