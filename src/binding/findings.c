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

static int judge_ephemeral(const struct findings_ask *ask, const struct theft_survey *survey,
	findings_seen *seen, void *context)
{
	int r = 0;

	for (size_t i = 0; !r && i < ask->n_sockets; i++) {
		const struct berth_socket *socket = ask->sockets + i;
		struct findings_fact fact = {.kind = BERTH_FINDING_EPHEMERAL_PORT,
			.level = BERTH_LEVEL_NOTE,
			.socket = socket,
			.count = 1,
			.has_probability = true,
			.opens_per_s = survey->opens_per_s};

		/* Of UDP nothing is known of the rate: what is closed leaves no trace. */
		if (socket->proto != BERTH_TCP || socket->state != BERTH_LISTEN ||
			!binding_is_ephemeral(ask->policy, socket->local_port) ||
			binding_is_reserved(ask->policy, socket->local_port) || is_told(ask, i))
			continue;
		fact.probability = theft_chance(survey, socket->local_port, ask->restart_gap_s);
		if (fact.probability >= likely)
			fact.level = BERTH_LEVEL_WARNING;
		r = seen(context, &fact);
	}
	return r;
}

static bool is_served(const struct findings_ask *ask, const struct findings_configured *configured)
{
	for (size_t i = 0; i < ask->n_sockets; i++) {
		if (ask->sockets[i].proto == configured->proto &&
			ask->sockets[i].local_port == configured->first &&
			is_server(ask->sockets + i))
			return true;
	}
	return false;
}

static bool meets_range(
	const struct findings_ask *ask, const struct findings_configured *configured)
{
	const struct berth_port_range *range = &ask->policy->ephemeral;

	if (configured->last < range->first || configured->first > range->last)
		return false;
	return configured->first != configured->last ||
		(!binding_is_reserved(ask->policy, configured->first) &&
			!is_served(ask, configured));
}

/* Files that name a port of the range, or a range that meets it. One that is served now is told of
 * as a listener. */
static int judge_configured(const struct findings_ask *ask, const struct theft_survey *survey,
	findings_seen *seen, void *context)
{
	int r = 0;

	for (size_t i = 0; !r && i < ask->n_configured; i++) {
		const struct findings_configured *configured = &ask->configured[i];
		struct findings_fact fact = {.kind = BERTH_FINDING_CONFIGURED_PORT,
			.level = BERTH_LEVEL_NOTE,
			.count = 1,
			.has_probability = configured->first == configured->last &&
				configured->proto == BERTH_TCP,
			.opens_per_s = survey->opens_per_s,
			.configured = configured};

		if (!meets_range(ask, configured))
			continue;
		if (fact.has_probability)
			fact.probability =
				theft_chance(survey, configured->first, ask->restart_gap_s);
		if (fact.probability >= likely)
			fact.level = BERTH_LEVEL_WARNING;
		r = seen(context, &fact);
	}
	return r;
}

static int judge_thefts(const struct findings_ask *ask, findings_seen *seen, void *context)
{
	struct theft_survey survey = {0};
	int r = theft_survey(ask->policy, ask->sockets, ask->n_sockets, &survey);

	if (!r && survey.known)
		r = judge_ephemeral(ask, &survey, seen, context);
	if (!r && survey.known)
		r = judge_configured(ask, &survey, seen, context);
	return r;
}

/* A destination that has nearly all of the ports already. */
static int judge_exhaustion(const struct findings_ask *ask, findings_seen *seen, void *context)
{
	int r = 0;

	for (size_t i = 0; !r && i < ask->n_destinations; i++) {
		const struct berth_ephemeral_destination *destination = &ask->destinations[i];
		const struct findings_fact fact = {.kind = BERTH_FINDING_EXHAUSTION,
			.level = BERTH_LEVEL_WARNING,
			.count = destination->connections,
			.destination = destination};

		if ((uint64_t)destination->left * FINDINGS_NEARLY_ALL < destination->connections)
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

/* ---- Who is where somebody else is looked for ------------------------------------------------ */

static bool is_wildcard(const struct berth_socket *socket)
{
	static const uint8_t any[sizeof(socket->local)];

	return !memcmp(socket->local, any, sizeof(any));
}

/* NULL: not known, or nobody. */
static const char *program_of(const struct berth_socket *socket)
{
	return socket->n_owners ? socket->owners[0].process->name : NULL;
}

static struct findings_claims claims_of(
	const struct findings_ask *ask, const struct berth_socket *socket)
{
	struct findings_claims claims = {0};

	if (ask->claims)
		ask->claims(ask->context, socket->proto, socket->local_port, &claims);
	return claims;
}

/* What listens there: by its program, or by the port where that cannot be seen or hands on what
 * comes. NULL: not known. */
static const struct custom *custom_of(
	const struct findings_ask *ask, const struct berth_socket *socket)
{
	const char *program = program_of(socket);
	const struct custom *custom =
		program ? customs_of_program(program, socket->local_port) : NULL;

	if (custom || (program && !customs_is_carrier(program)))
		return custom;
	return customs_of_service(claims_of(ask, socket).owner);
}

static bool is_exposed(const struct findings_ask *ask, const struct berth_socket *socket)
{
	const struct custom *custom =
		is_server(socket) && is_wildcard(socket) ? custom_of(ask, socket) : NULL;

	return custom && custom->loopback;
}

static bool is_stranger(const struct findings_ask *ask, const struct berth_socket *socket)
{
	const char *program = is_server(socket) ? program_of(socket) : NULL;
	const struct custom *custom = program && !customs_is_carrier(program)
		? customs_of_service(claims_of(ask, socket).owner)
		: NULL;

	return custom && !customs_has_program(custom, program);
}

static bool has_malware(const struct findings_ask *ask, const struct berth_socket *socket)
{
	/* A port of UDP may be a client's, which waits for its answer as a server does. */
	return is_server(socket) &&
		(socket->proto == BERTH_TCP ||
			!binding_is_ephemeral(ask->policy, socket->local_port)) &&
		claims_of(ask, socket).malware;
}

/* One port is told once: sockets of a port stand side by side. */
static bool is_first(const struct findings_ask *ask, size_t index,
	bool (*test)(const struct findings_ask *ask, const struct berth_socket *socket))
{
	const struct berth_socket *socket = ask->sockets + index;

	for (size_t i = index; i-- > 0 && ask->sockets[i].local_port == socket->local_port;) {
		if (ask->sockets[i].proto == socket->proto && test(ask, ask->sockets + i))
			return false;
	}
	return test(ask, socket);
}

static int judge_customs(const struct findings_ask *ask, findings_seen *seen, void *context)
{
	static const struct {
		bool (*test)(const struct findings_ask *ask, const struct berth_socket *socket);
		enum berth_finding_kind kind;
	} tests[] = {
		{is_exposed, BERTH_FINDING_EXPOSED},
		{is_stranger, BERTH_FINDING_ODD_OWNER},
		{has_malware, BERTH_FINDING_MALWARE_PORT},
	};
	const size_t n = sizeof(tests) / sizeof(*tests);
	int r = 0;

	for (size_t i = 0; !r && i < ask->n_sockets * n; i++) {
		const struct berth_socket *socket = ask->sockets + i / n;
		struct findings_fact fact = {.kind = tests[i % n].kind,
			.level = BERTH_LEVEL_ODDITY,
			.socket = socket,
			.count = 1};

		if (!is_first(ask, i / n, tests[i % n].test))
			continue;
		struct findings_claims claims = claims_of(ask, socket);
		fact.custom = fact.kind == BERTH_FINDING_EXPOSED ? custom_of(ask, socket)
								 : customs_of_service(claims.owner);
		fact.malware = claims.malware;
		r = seen(context, &fact);
	}
	return r;
}

int findings_judge(const struct findings_ask *ask, findings_seen *seen, void *context)
{
	static int (*const judges[])(
		const struct findings_ask *ask, findings_seen *seen, void *context) = {
		judge_thefts,
		judge_exhaustion,
		judge_backlogs,
		judge_close_wait,
		judge_shared,
		judge_splits,
		judge_customs,
	};
	int r = 0;

	for (size_t i = 0; !r && i < sizeof(judges) / sizeof(*judges); i++)
		r = judges[i](ask, seen, context);
	return r;
}
