// SPDX-License-Identifier: MIT
/*
 * The visits. Where a namespace may not be entered, its tables are read from /proc/PID/net of a
 * process in it, which the kernel shows to everybody; it is listed with the reason in any case.
 */
#include "sockets/linux/netns_rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/crew.h"
#include "sockets/linux/names.h"
#include "sockets/linux/policy.h"
#include "sockets/linux/tables.h"

enum {
	THREADS = 4,
};

struct worker {
	struct arena arena;
	struct rows rows;
	unsigned gaps;
};

struct visits {
	struct netns_rows *netns_rows;
	const struct rows_question *question;
	bool again;
	bool policy;
	struct worker workers[THREADS];
};

/* ---- Reasons --------------------------------------------------------------------------------- */

static void give_reason(struct berth_netns *shown, enum berth_reason reason, const char *text)
{
	shown->reason = reason;
	shown->reason_text = text;
}

/* Why the namespace was not entered. `read`: its tables were read nevertheless. */
static void explain(struct berth_netns *shown, int refusal, bool read)
{
	switch (-refusal) {
	case EPERM:
	case EACCES:
		give_reason(shown, BERTH_NEEDS_CAPABILITY,
			read ? "needs CAP_SYS_ADMIN: only what /proc shows of it was read"
			     : "needs CAP_SYS_ADMIN");
		return;
	case ENOENT:
	case ESRCH:
		give_reason(shown, BERTH_PROCESS_ENDED, "gone while we looked");
		return;
	default:
		give_reason(shown, BERTH_UNSUPPORTED, "could not be entered");
		return;
	}
}

/* ---- One visit ------------------------------------------------------------------------------- */

static int name_interfaces(const struct sockets_system *inside, struct worker *worker, size_t first)
{
	struct names names = {.system = inside, .arena = &worker->arena};
	int r = 0;

	for (size_t i = first; !r && i < worker->rows.count; i++) {
		struct berth_socket *row = worker->rows.all + i;

		if (row->ifindex)
			r = names_interface(&names, row->ifindex, &row->interface);
	}
	names_free(&names);
	return r;
}

/* The rows that came from the namespace are marked with it. */
static int take_rows(const struct sockets_system *inside, const struct visits *visits,
	struct worker *worker, struct berth_netns *shown)
{
	size_t first = worker->rows.count;
	struct buffer problem = {0};
	unsigned gaps = 0;

	int r = tables_gather(inside, &worker->rows, visits->again, &gaps, &problem);
	buffer_free(&problem);
	if (!r)
		r = name_interfaces(inside, worker, first);
	for (size_t i = first; i < worker->rows.count; i++)
		worker->rows.all[i].netns = shown;
	if (!visits->again)
		shown->gaps = gaps;
	/* What is less known of one that was not entered is said there. */
	if (inside->netns->inside && !r)
		worker->gaps |= gaps;
	else
		worker->gaps |= BERTH_GAP_NETNS;
	return r;
}

static int read_policy(const struct sockets_system *inside, const struct visits *visits,
	struct worker *worker, struct berth_netns *shown)
{
	struct berth_policy policy;
	int r = policy_read(inside, &worker->arena, visits->netns_rows->policies, &policy);

	if (!r && visits->netns_rows->one)
		visits->netns_rows->policy = policy;
	if (!r && visits->netns_rows->policies && policy.has_ephemeral) {
		struct berth_policy *copy = arena_alloc(&worker->arena, sizeof(*copy));

		if (!copy)
			return -ENOMEM;
		*copy = policy;
		shown->policy = copy;
	}
	return r;
}

static int visit(struct visits *visits, struct worker *worker, size_t number)
{
	const struct netns_list *list = visits->netns_rows->list;
	const struct netns *netns = list->all[number];
	struct berth_netns *shown = list->shown + number;
	struct system_netns place = netns->place;
	struct sockets_system inside = *visits->netns_rows->system;

	int refusal = system_netns_enter(&inside, netns->path, &place);
	place.inside = !refusal;
	inside.netns = &place;
	if (!visits->again && !visits->netns_rows->quick)
		shown->cookie = system_netns_cookie(&inside);
	int r = take_rows(&inside, visits, worker, shown);
	if (r == -ENOMEM)
		return r;
	if (!visits->again && refusal)
		explain(shown, refusal, !r);
	else if (!visits->again && r)
		give_reason(shown, BERTH_UNSUPPORTED, "the kernel did not tell its sockets");
	return visits->policy ? read_policy(&inside, visits, worker, shown) : 0;
}

static bool has_rows(const struct netns_list *list, size_t number)
{
	return list->shown[number].n_sockets > 0;
}

static bool is_wanted(const struct visits *visits, size_t number)
{
	const struct netns_list *list = visits->netns_rows->list;

	if (list->all[number]->own || list->all[number]->skipped)
		return false;
	if (visits->netns_rows->one && number != netns_one(list))
		return false;
	return !visits->again || has_rows(list, number);
}

/* A crew_work. */
static int work(void *context, unsigned worker, size_t item)
{
	struct visits *visits = context;

	return is_wanted(visits, item) ? visit(visits, visits->workers + worker, item) : 0;
}

/* ---- All of them ----------------------------------------------------------------------------- */

static unsigned threads_for(const struct visits *visits)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);

	/* A tee is told of answers one at a time; a thread costs what a quick look does. */
	if (visits->netns_rows->system->tee || visits->netns_rows->quick || processors < 2)
		return 1;
	return processors < THREADS ? (unsigned)processors : THREADS;
}

static void explain_all(struct visits *visits, enum berth_reason reason, const char *text)
{
	struct netns_list *list = visits->netns_rows->list;

	for (size_t i = 0; i < list->count; i++) {
		if (is_wanted(visits, i))
			give_reason(list->shown + i, reason, text);
	}
}

/* What the workers have becomes the rows'. */
static int collect(struct visits *visits, struct rows *rows)
{
	int r = 0;

	for (size_t i = 0; i < THREADS; i++) {
		struct worker *worker = visits->workers + i;

		if (!r)
			r = rows_move(rows, &worker->rows);
		arena_adopt(rows->arena, &worker->arena);
		rows_free(&worker->rows);
		visits->netns_rows->gaps |= worker->gaps;
	}
	return r;
}

static int gather(struct visits *visits, struct rows *rows)
{
	for (size_t i = 0; i < THREADS; i++)
		visits->workers[i].rows = (struct rows){
			.question = visits->question, .arena = &visits->workers[i].arena};
	int r = crew_run(threads_for(visits), visits->netns_rows->list->count, work, visits);
	if (r == -EAGAIN) {
		explain_all(visits, BERTH_UNSUPPORTED, "no thread could be made to look into it");
		visits->netns_rows->gaps |= BERTH_GAP_NETNS;
		r = 0;
	}
	int collected = collect(visits, rows);
	return r ? r : collected;
}

/* What costs little: listeners, and datagram sockets, whose tables have few empty rows. */
static void narrow(struct rows_question *question)
{
	const berth_protos protos = BERTH_PROTO_BIT(BERTH_TCP) | BERTH_PROTO_BIT(BERTH_UDP);
	const berth_states states = BERTH_STATE_BIT(BERTH_LISTEN) | BERTH_STATE_BIT(BERTH_CLOSE);

	question->protos &= protos;
	question->states &= states;
}

static void explain_skipped(struct netns_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		if (list->all[i]->skipped)
			give_reason(list->shown + i, BERTH_NOT_ASKED,
				"more than a quick look takes: --netns all asks it");
	}
}

int netns_rows_gather(struct netns_rows *netns_rows, struct rows *rows)
{
	struct rows_question question = *rows->question;
	struct visits visits = {
		.netns_rows = netns_rows,
		.question = &question,
		.policy = netns_rows->one || netns_rows->policies || netns_rows->system->tee,
	};

	if (netns_rows->quick)
		narrow(&question);
	explain_skipped(netns_rows->list);
	if (netns_rows->list->hidden && !netns_rows->one)
		netns_rows->gaps |= BERTH_GAP_NETNS;
	/* Our own is not visited. */
	return netns_rows->list->count > 1 ? gather(&visits, rows) : 0;
}

int netns_rows_again(void *context, struct rows *ret_rows, unsigned *gaps)
{
	struct netns_rows *netns_rows = context;
	struct visits visits = {
		.netns_rows = netns_rows, .question = ret_rows->question, .again = true};

	int r = gather(&visits, ret_rows);
	for (size_t i = 0; i < THREADS; i++)
		*gaps |= visits.workers[i].gaps;
	return r;
}
