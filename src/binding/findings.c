// SPDX-License-Identifier: MIT
/* Each kind of finding is one function, called in the order in which they are told. */
#include "binding/findings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "binding/answers.h"
#include "binding/binding.h"
#include "binding/theft.h"

/* From this chance on it is more than a note. */
static const double likely = 0.001;

enum {
	LOOPBACK = 1, /* its index in every network namespace */
	FAMILIES = 2,
};

/* A socket that waits for anybody. */
static bool is_server(const struct berth_socket *socket)
{
	return socket->proto == BERTH_UDP ? socket->state == BERTH_CLOSE
					  : socket->state == BERTH_LISTEN;
}

static bool same_place(const struct berth_socket *a, const struct berth_socket *b)
{
	return a->proto == b->proto && a->family == b->family && a->local_port == b->local_port &&
		a->ifindex == b->ifindex && !memcmp(a->local, b->local, sizeof(a->local));
}

/* ---- A server's port that the kernel gives away ---------------------------------------------- */

/* One port is told once, whatever the number of addresses at which it is served. */
static bool is_told(const struct findings_ask *ask, size_t index)
{
	const struct berth_socket *socket = ask->sockets + index;

	for (size_t i = index; i-- > 0 && ask->sockets[i].local_port == socket->local_port;) {
		if (ask->sockets[i].proto == socket->proto && is_server(ask->sockets + i))
			return true;
	}
	return false;
}

static int judge_ephemeral(const struct findings_ask *ask, findings_seen *seen, void *context)
{
	struct theft_survey survey = {0};
	int r = theft_survey(ask->policy, ask->sockets, ask->n_sockets, &survey);

	for (size_t i = 0; !r && survey.known && i < ask->n_sockets; i++) {
		const struct berth_socket *socket = ask->sockets + i;
		struct findings_fact fact = {.kind = BERTH_FINDING_EPHEMERAL_PORT,
			.level = BERTH_LEVEL_NOTE,
			.socket = socket,
			.count = 1,
			.has_probability = true,
			.opens_per_s = survey.opens_per_s};

		/* Of UDP nothing is known of the rate: what is closed leaves no trace. */
		if (socket->proto != BERTH_TCP || socket->state != BERTH_LISTEN ||
			!binding_is_ephemeral(ask->policy, socket->local_port) ||
			binding_is_reserved(ask->policy, socket->local_port) || is_told(ask, i))
			continue;
		fact.probability = theft_chance(&survey, socket->local_port, ask->restart_gap_s);
		if (fact.probability >= likely)
			fact.level = BERTH_LEVEL_WARNING;
		r = seen(context, &fact);
	}
	return r;
}

/* ---- Backlogs -------------------------------------------------------------------------------- */

static int judge_backlogs(const struct findings_ask *ask, findings_seen *seen, void *context)
{
	int r = 0;

	for (size_t i = 0; !r && i < ask->n_sockets; i++) {
		const struct berth_socket *socket = ask->sockets + i;
		const struct findings_fact fact = {.kind = BERTH_FINDING_BACKLOG_FULL,
			.level = BERTH_LEVEL_WARNING,
			.socket = socket,
			.count = 1};

		/* As berth_socket_backlog(). */
		if (socket->state == BERTH_LISTEN && socket->cookie &&
			socket->receive_queue > socket->send_queue)
			r = seen(context, &fact);
	}
	if (!r && ask->losses.known && ask->losses.overflows) {
		const struct findings_fact fact = {.kind = BERTH_FINDING_BACKLOG_OVERFLOWS,
			.level = BERTH_LEVEL_NOTE,
			.count = (size_t)ask->losses.overflows};

		r = seen(context, &fact);
	}
	return r;
}

/* ---- Connections that nobody closes ---------------------------------------------------------- */

struct waiting {
	const struct berth_process *process;
	const struct berth_socket *socket; /* the first of them */
	size_t count;
};

static int compare_waiting(const void *left, const void *right)
{
	const struct waiting *a = left;
	const struct waiting *b = right;

	if (a->process->pid != b->process->pid)
		return a->process->pid < b->process->pid ? -1 : 1;
	return (a->socket > b->socket) - (a->socket < b->socket);
}

static int judge_close_wait(const struct findings_ask *ask, findings_seen *seen, void *context)
{
	struct waiting *all = calloc(ask->n_sockets + 1, sizeof(*all));
	size_t n = 0;
	int r = 0;

	if (!all)
		return -ENOMEM;
	for (size_t i = 0; i < ask->n_sockets; i++) {
		const struct berth_socket *socket = ask->sockets + i;

		if (socket->state == BERTH_CLOSE_WAIT && socket->n_owners)
			all[n++] = (struct waiting){socket->owners[0].process, socket, 1};
	}
	qsort(all, n, sizeof(*all), compare_waiting);
	for (size_t i = 0, end = 0; !r && i < n; i = end) {
		while (end < n && all[end].process->pid == all[i].process->pid)
			end++;
		const struct findings_fact fact = {.kind = BERTH_FINDING_CLOSE_WAIT,
			.level = BERTH_LEVEL_WARNING,
			.socket = all[i].socket,
			.count = end - i};

		if (fact.count >= FINDINGS_CLOSE_WAIT)
			r = seen(context, &fact);
	}
	free(all);
	return r;
}

/* ---- Strangers at one port ------------------------------------------------------------------- */

/* The sockets of one place stand side by side; connections are passed over. */
static size_t judge_place(
	const struct berth_socket *sockets, size_t n, struct findings_fact *ret_fact)
{
	size_t end = 0;

	for (; end < n && same_place(sockets, sockets + end); end++) {
		if (!is_server(sockets + end))
			continue;
		ret_fact->count++;
		if (!ret_fact->socket)
			ret_fact->socket = sockets + end;
		else if (!ret_fact->other && answers_strangers(ret_fact->socket, sockets + end))
			ret_fact->other = sockets + end;
	}
	return end;
}

static int judge_shared(const struct findings_ask *ask, findings_seen *seen, void *context)
{
	int r = 0;

	for (size_t i = 0; !r && i < ask->n_sockets;) {
		struct findings_fact fact = {
			.kind = BERTH_FINDING_SHARED_PLACE, .level = BERTH_LEVEL_WARNING};

		i += judge_place(ask->sockets + i, ask->n_sockets - i, &fact);
		if (fact.other)
			r = seen(context, &fact);
	}
	return r;
}

/* Who answers on both addresses of localhost; those of a port stand side by side. */
static int judge_port(const struct berth_socket *const *servers, size_t n, enum berth_proto proto,
	const struct berth_socket **list, struct findings_fact *ret_fact)
{
	struct answers_target targets[FAMILIES] = {
		{.family = 4, .address = {127, 0, 0, 1}},
		{.family = 6, .address = {[15] = 1}},
	};
	const struct berth_socket *first[FAMILIES] = {NULL, NULL};

	for (size_t i = 0; i < FAMILIES; i++) {
		targets[i].proto = proto;
		targets[i].port = servers[0]->local_port;
		targets[i].ifindex = LOOPBACK;
		if (answers_judge(targets + i, servers, n, list).n)
			first[i] = list[0];
	}
	if (!first[0] || !first[1] || !answers_strangers(first[0], first[1]))
		return 0;
	*ret_fact = (struct findings_fact){.kind = BERTH_FINDING_SPLIT,
		.level = BERTH_LEVEL_WARNING,
		.socket = first[0],
		.other = first[1],
		.count = 2};
	return 1;
}

static int judge_splits(const struct findings_ask *ask, findings_seen *seen, void *context)
{
	static const enum berth_proto protos[] = {BERTH_TCP, BERTH_UDP};
	const struct berth_socket **servers = calloc(ask->n_sockets + 1, 2 * sizeof(void *));
	int r = servers ? 0 : -ENOMEM;

	for (size_t p = 0; !r && p < sizeof(protos) / sizeof(*protos); p++) {
		for (size_t i = 0, end = 0; !r && i < ask->n_sockets; i = end) {
			struct findings_fact fact;
			size_t n = 0;

			for (end = i; end < ask->n_sockets &&
				ask->sockets[end].local_port == ask->sockets[i].local_port;
				end++) {
				if (ask->sockets[end].proto == protos[p] &&
					is_server(ask->sockets + end))
					servers[n++] = ask->sockets + end;
			}
			if (n > 1 && judge_port(servers, n, protos[p], servers + n, &fact))
				r = seen(context, &fact);
		}
	}
	free(servers);
	return r;
}

int findings_judge(const struct findings_ask *ask, findings_seen *seen, void *context)
{
	static int (*const judges[])(
		const struct findings_ask *ask, findings_seen *seen, void *context) = {
		judge_ephemeral,
		judge_backlogs,
		judge_close_wait,
		judge_shared,
		judge_splits,
	};
	int r = 0;

	for (size_t i = 0; !r && i < sizeof(judges) / sizeof(*judges); i++)
		r = judges[i](ask, seen, context);
	return r;
}
