// SPDX-License-Identifier: MIT
/*
 * Takes a picture: rows from the tables, in order, then their owners or makers, then names, then
 * the host's policy. Each part is a file of its own; here they meet.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sockets/linux/makers.h"
#include "sockets/linux/names.h"
#include "sockets/linux/owners.h"
#include "sockets/linux/policy.h"
#include "sockets/linux/redirects.h"
#include "sockets/linux/rows.h"
#include "sockets/linux/system.h"
#include "sockets/linux/tables.h"

/* Neighbours mostly share user and interface, so each is asked for when it changes. */
static int name_rows(struct names *names, struct rows *rows)
{
	int r = 0;

	for (size_t i = 0; !r && i < rows->count; i++) {
		struct berth_socket *row = rows->all + i;

		if (row->has_uid)
			r = names_user(names, row->uid, &row->user);
		if (!r && row->ifindex)
			r = names_interface(names, row->ifindex, &row->interface);
	}
	return r;
}

/*
 * Redirects, and the rows of those ports to which they go: more than was asked for, so
 * rows->question becomes a wider one, *wider, which must live as long.
 */
static int gather_redirects(struct sockets_system *system, struct rows *rows,
	struct sockets_snapshot *snapshot, struct redirects *redirects, struct rows_question *wider)
{
	struct rows_question more = {.protos = BERTH_PROTO_BIT(BERTH_PROTOS) - 1,
		.states = BERTH_STATE_BIT(ROWS_STATES) - 1};
	struct buffer problem = {0};
	unsigned gaps = 0;

	int r = redirects_gather(redirects, rows->question, &snapshot->redirects_unknown);
	if (!r && redirects_want(redirects, rows->question, &more)) {
		*wider = more;
		wider->one_port = 0;
		for (size_t i = 0; i < sizeof(more.ports); i++)
			wider->ports[i] |= rows->question->ports[i];
		rows->question = &more;
		r = tables_gather(system, rows, false, &gaps, &problem);
		r = r == -ENOMEM ? r : 0;
		rows->question = wider;
	}
	buffer_free(&problem);
	return r;
}

/* Puts the rows that were asked for in front; the others are only for redirects. */
static int split(
	struct rows *rows, const struct rows_question *asked, struct sockets_snapshot *snapshot)
{
	size_t others = 0;

	for (size_t i = 0; rows->question != asked && i < rows->count; i++)
		others += !rows_wanted(asked, rows->all + i);
	snapshot->n_sockets = rows->count - others;
	if (!others)
		return 0;
	struct berth_socket *aside = malloc(others * sizeof(*aside));
	size_t kept = 0;
	size_t moved = 0;
	if (!aside)
		return -ENOMEM;
	for (size_t i = 0; i < rows->count; i++) {
		if (rows_wanted(asked, rows->all + i))
			rows->all[kept++] = rows->all[i];
		else
			aside[moved++] = rows->all[i];
	}
	memcpy(rows->all + kept, aside, moved * sizeof(*aside));
	free(aside);
	return 0;
}

static int fill(struct sockets_system *system, const struct berth_ask *ask, struct names *names,
	struct rows *rows, struct sockets_snapshot *snapshot, struct redirects *redirects,
	struct buffer *ret_problem)
{
	const struct rows_question *asked = rows->question;
	struct rows_question wider;
	int r = tables_gather(system, rows, false, &snapshot->gaps, ret_problem);

	if (!r && ask && ask->redirects)
		r = gather_redirects(system, rows, snapshot, redirects, &wider);
	if (r)
		return r;
	rows_sort(rows);
	if (ask && ask->owners)
		r = owners_join(system, names, rows);
	else
		owners_not_asked(rows);
	if (!r && ask && ask->owners)
		r = makers_name(system, rows);
	if (!r)
		r = name_rows(names, rows);
	if (!r)
		r = policy_read(system, &snapshot->arena, &snapshot->policy);
	if (!r)
		r = split(rows, asked, snapshot);
	if (!r)
		r = redirects_join(redirects, rows->all, rows->count);
	rows->question = asked;
	return r;
}

int sockets_snapshot(struct sockets_system *system, const struct berth_ask *ask,
	struct sockets_snapshot **ret_snapshot, struct buffer *ret_problem)
{
	struct sockets_snapshot *snapshot = calloc(1, sizeof(*snapshot));
	struct rows_question *question = malloc(sizeof(*question));
	int r = 0;

	if (!snapshot || !question) {
		r = -ENOMEM;
		goto out;
	}
	rows_question(ask, question);
	snapshot->time_s = system_now_s(system);
	struct names names = {.system = system, .arena = &snapshot->arena};
	struct rows rows = {.question = question, .arena = &snapshot->arena};
	struct redirects redirects = {.system = system, .arena = &snapshot->arena};
	r = fill(system, ask, &names, &rows, snapshot, &redirects, ret_problem);
	if (!r) {
		snapshot->sockets = rows.all;
		snapshot->redirects = redirects.all;
		snapshot->n_redirects = redirects.count;
		rows.all = NULL;
		redirects.all = NULL;
		*ret_snapshot = snapshot;
		snapshot = NULL;
	}
	rows_free(&rows);
	redirects_free(&redirects);
	names_free(&names);
out:
	if (r == -ENOMEM)
		buffer_text(ret_problem, "no memory for the sockets of this machine");
	sockets_snapshot_free(snapshot);
	free(question);
	return r;
}

void sockets_snapshot_free(struct sockets_snapshot *snapshot)
{
	if (!snapshot)
		return;
	free(snapshot->sockets);
	free(snapshot->redirects);
	arena_free(&snapshot->arena);
	free(snapshot);
}
