// SPDX-License-Identifier: MIT
/*
 * Takes a picture: rows from the tables, in order, then their owners, then names, then the host's
 * policy. Each part is a file of its own; here they meet.
 */
#include <errno.h>
#include <stdlib.h>

#include "sockets/linux/names.h"
#include "sockets/linux/netstat.h"
#include "sockets/linux/owners.h"
#include "sockets/linux/policy.h"
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

static int fill(struct sockets_system *system, const struct berth_ask *ask, struct names *names,
	struct rows *rows, struct sockets_snapshot *snapshot, struct buffer *ret_problem)
{
	int r = tables_gather(system, rows, false, &snapshot->gaps, ret_problem);

	if (r)
		return r;
	rows_sort(rows);
	rows_group(rows);
	netstat_read(system, rows, &snapshot->listen_losses);
	if (ask && ask->owners)
		r = owners_join(system, names, rows);
	else
		owners_not_asked(rows);
	if (!r)
		r = name_rows(names, rows);
	if (!r)
		r = policy_read(system, &snapshot->arena, &snapshot->policy);
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
	r = fill(system, ask, &names, &rows, snapshot, ret_problem);
	if (!r) {
		snapshot->sockets = rows.all;
		snapshot->n_sockets = rows.count;
		rows.all = NULL;
		*ret_snapshot = snapshot;
		snapshot = NULL;
	}
	rows_free(&rows);
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
	arena_free(&snapshot->arena);
	free(snapshot);
}
