// SPDX-License-Identifier: MIT
/*
 * Takes a picture: rows from the tables, of our network namespace and others, in order, then their
 * owners or makers, then names, then the host's policy. Each part is a file of its own; here they
 * meet.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sockets/linux/makers.h"
#include "sockets/linux/names.h"
#include "sockets/linux/netns_rows.h"
#include "sockets/linux/netstat.h"
#include "sockets/linux/owners.h"
#include "sockets/linux/policy.h"
#include "sockets/linux/redirects.h"
#include "sockets/linux/reuse.h"
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
		/* Interfaces of other namespaces were named there. */
		if (!r && row->ifindex && (!row->netns || row->netns->own))
			r = names_interface(names, row->ifindex, &row->interface);
	}
	return r;
}

/* What is put together; the parts fill in what is theirs. */
struct picture {
	struct sockets_system *system;
	const struct berth_ask *ask;
	struct names names;
	struct rows rows;
	struct netns_list list;
	struct netns_rows others;
	struct redirects redirects;
	struct rows_question wider; /* than what was asked, for redirects */
	struct sockets_snapshot *snapshot;
};

static enum berth_netns_ask netns_ask(const struct picture *picture)
{
	return picture->ask ? picture->ask->netns_ask : BERTH_ASK_OWN;
}

/*
 * Redirects, and the rows of those ports to which they go: more than was asked for, so
 * rows->question becomes the wider one.
 */
static int gather_redirects(struct picture *picture)
{
	struct redirects *redirects = &picture->redirects;
	struct rows *rows = &picture->rows;
	struct rows_question more = {.protos = BERTH_PROTO_BIT(BERTH_PROTOS) - 1,
		.states = BERTH_STATE_BIT(ROWS_STATES) - 1};
	struct buffer problem = {0};
	unsigned gaps = 0;

	int r = redirects_gather(redirects, rows->question, &picture->snapshot->redirects_unknown);
	if (!r && redirects_want(redirects, rows->question, &more)) {
		picture->wider = more;
		picture->wider.one_port = 0;
		for (size_t i = 0; i < sizeof(more.ports); i++)
			picture->wider.ports[i] |= rows->question->ports[i];
		rows->question = &more;
		r = tables_gather(picture->system, rows, false, &gaps, &problem);
		r = r == -ENOMEM ? r : 0;
		rows->question = &picture->wider;
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

/* The rows of the namespaces that are wanted, ours first. */
static int gather(struct picture *picture, struct buffer *ret_problem)
{
	enum berth_netns_ask wanted = netns_ask(picture);
	struct sockets_snapshot *snapshot = picture->snapshot;
	const struct netns_list *list = &picture->list;
	bool ours = wanted != BERTH_ASK_ONE || !netns_one(list);
	int r = 0;

	if (ours)
		r = tables_gather(
			picture->system, &picture->rows, false, &snapshot->gaps, ret_problem);
	if (!r && ours && picture->ask && picture->ask->redirects)
		r = gather_redirects(picture);
	for (size_t i = 0; !r && list->count && i < picture->rows.count; i++)
		picture->rows.all[i].netns = list->shown;
	if (!r && wanted != BERTH_ASK_NAMED)
		r = netns_rows_gather(&picture->others, &picture->rows);
	rows_sort(&picture->rows);
	return r;
}

/* A quick look adds rows whose owners nobody asked for. */
static int gather_quickly(struct picture *picture)
{
	struct rows quick = {.question = picture->rows.question, .arena = picture->rows.arena};
	int r = netns_rows_gather(&picture->others, &quick);

	owners_not_asked(&quick);
	if (!r)
		r = rows_move(&picture->rows, &quick);
	rows_sort(&picture->rows);
	rows_free(&quick);
	return r;
}

/* What is learnt of each namespace is told in its public form. */
static void count_rows(struct picture *picture)
{
	for (size_t i = 0; i < picture->list.count; i++)
		picture->list.shown[i].n_sockets = 0;
	for (size_t i = 0; picture->list.count && i < picture->rows.count; i++)
		picture->list.shown[picture->rows.all[i].netns - picture->list.shown].n_sockets++;
}

static bool has_policies(const struct picture *picture)
{
	return picture->ask && picture->ask->policies;
}

static int read_policy(struct picture *picture)
{
	struct sockets_snapshot *snapshot = picture->snapshot;

	if (snapshot->subject && !snapshot->subject->own) {
		snapshot->policy = picture->others.policy;
		return 0;
	}
	int r = policy_read(
		picture->system, &snapshot->arena, has_policies(picture), &snapshot->policy);
	/* Our own is the first, see netns.h. */
	if (!r && has_policies(picture) && picture->list.count)
		picture->list.shown->policy = &snapshot->policy;
	return r;
}

/* A quick look is a courtesy: what it could not see is no gap in the answer. */
static void tell_netns(struct picture *picture)
{
	struct sockets_snapshot *snapshot = picture->snapshot;

	snapshot->netns_ask = netns_ask(picture);
	snapshot->netns = picture->list.shown;
	snapshot->n_netns = picture->list.count;
	if (snapshot->netns_ask != BERTH_ASK_NAMED)
		snapshot->gaps |= picture->others.gaps;
	if (snapshot->netns_ask == BERTH_ASK_ONE)
		snapshot->subject = picture->list.shown + netns_one(&picture->list);
	count_rows(picture);
}

static int join_owners(struct picture *picture)
{
	const struct owners_ask ask = {.one_port = picture->rows.question->one_port,
		.all_owners = picture->ask->all_owners,
		.brief = picture->ask->brief,
		.whole_parents = picture->ask->thorough,
		.places = picture->ask->places,
		.rungs = picture->ask->rungs};

	picture->snapshot->n_rungs = BERTH_RUNGS;
	return owners_join(
		picture->system, &ask, &picture->names, &picture->rows, picture->snapshot->rungs);
}

static int fill(struct picture *picture, struct buffer *ret_problem)
{
	const struct rows_question *asked = picture->rows.question;
	enum berth_netns_ask wanted = netns_ask(picture);
	struct rows *rows = &picture->rows;
	int r = 0;

	if (wanted != BERTH_ASK_OWN)
		r = netns_find(&picture->list, picture->ask, ret_problem);
	if (!r)
		r = gather(picture, ret_problem);
	if (r)
		return r;
	rows_group(rows);
	netstat_read(picture->system, rows, &picture->snapshot->listen_losses);
	tell_netns(picture);
	if (picture->list.count && wanted != BERTH_ASK_NAMED) {
		rows->again = netns_rows_again;
		rows->again_context = &picture->others;
	}
	picture->snapshot->unasked = rows->unasked;
	if (picture->ask && (picture->ask->owners || picture->ask->port_ranges))
		r = join_owners(picture);
	else
		owners_not_asked(rows);
	if (!r && picture->ask && picture->ask->owners)
		r = makers_name(picture->system, rows);
	if (!r && picture->ask && picture->ask->reuse)
		r = reuse_ask(picture->system, rows);
	if (!r && picture->ask && picture->ask->port_ranges)
		reuse_ranges(picture->system, rows);
	if (!r && wanted == BERTH_ASK_NAMED && picture->list.count) {
		r = gather_quickly(picture);
		count_rows(picture);
	}
	if (!r)
		r = name_rows(&picture->names, rows);
	if (!r)
		r = read_policy(picture);
	if (!r)
		r = split(rows, asked, picture->snapshot);
	if (!r)
		r = redirects_join(&picture->redirects, rows->all, rows->count);
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
	struct picture picture = {
		.system = system,
		.ask = ask,
		.names = {.system = system, .arena = &snapshot->arena},
		.rows = {.question = question, .arena = &snapshot->arena},
		.list = {.system = system, .arena = &snapshot->arena},
		.redirects = {.system = system, .arena = &snapshot->arena},
		.others = {.system = system, .list = &picture.list},
		.snapshot = snapshot,
	};
	picture.others.quick = netns_ask(&picture) == BERTH_ASK_NAMED;
	picture.others.one = netns_ask(&picture) == BERTH_ASK_ONE;
	picture.others.policies = has_policies(&picture);
	r = fill(&picture, ret_problem);
	if (!r) {
		snapshot->sockets = picture.rows.all;
		snapshot->redirects = picture.redirects.all;
		snapshot->n_redirects = picture.redirects.count;
		picture.rows.all = NULL;
		picture.redirects.all = NULL;
		*ret_snapshot = snapshot;
		snapshot = NULL;
	}
	rows_free(&picture.rows);
	redirects_free(&picture.redirects);
	netns_free(&picture.list);
	names_free(&picture.names);
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
