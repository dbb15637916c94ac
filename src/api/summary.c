// SPDX-License-Identifier: MIT
/*
 * The verdict in plain sentences: who holds the port, and whether it is a wise number for a service
 * here. Each sentence rests on a field of the report and says no more than it; names of processes
 * go in as they are, faces escape them.
 */
#include "api/summary.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "binding/binding.h"

enum {
	MOST_NAMED = 3, /* processes that one sentence names */
};

/* The sockets that make a transport's use what it is: for a listening port, its listeners. */
struct holders {
	const struct berth_socket *first;
	const struct berth_process *named[MOST_NAMED];
	size_t n_named;
	size_t n_processes; /* counted up to MOST_NAMED + 1 */
	int64_t longest_ms; /* of TIME_WAIT, -1: none */
};

static void add_process(struct holders *holders, const struct berth_process *process)
{
	for (size_t i = 0; i < holders->n_named; i++) {
		if (holders->named[i] == process)
			return;
	}
	holders->n_processes++;
	if (holders->n_named < MOST_NAMED)
		holders->named[holders->n_named++] = process;
}

static struct holders find_holders(const struct berth_report *report, enum berth_proto transport)
{
	struct holders holders = {.longest_ms = -1};

	for (size_t i = 0; i < report->n_sockets; i++) {
		const struct berth_socket *socket = report->sockets[i];

		if (binding_use(&socket, 1, transport, 0) != report->verdict.use[transport])
			continue;
		if (!holders.first)
			holders.first = socket;
		if (socket->expires_ms > holders.longest_ms)
			holders.longest_ms = socket->expires_ms;
		for (size_t j = 0; j < socket->n_owners && holders.n_processes <= MOST_NAMED; j++)
			add_process(&holders, socket->owners[j].process);
	}
	return holders;
}

/* "nginx (pid 1, root), nginx (pid 2, www-data) and others"; "The kernel socket of VXLAN interface
 * vx0"; "Somebody" when nobody is known. */
static void put_names(struct buffer *out, const struct holders *holders)
{
	if (!holders->n_named && holders->first && holders->first->maker) {
		buffer_format(out, "The %s", holders->first->reason_text);
		return;
	}
	if (!holders->n_named) {
		buffer_text(out,
			holders->first && holders->first->reason == BERTH_KERNEL_SOCKET
				? "A socket without a process"
				: "Somebody");
		return;
	}
	for (size_t i = 0; i < holders->n_named; i++) {
		const struct berth_process *process = holders->named[i];

		if (i)
			buffer_text(out, i + 1 == holders->n_processes ? " and " : ", ");
		buffer_format(out, "%s (pid %" PRIu32, process->name, process->pid);
		if (process->user)
			buffer_format(out, ", %s", process->user);
		buffer_char(out, ')');
	}
	if (holders->n_processes > holders->n_named)
		buffer_text(out, " and others");
}

static void put_peer(struct buffer *out, const struct berth_socket *socket)
{
	if (socket->peer_text)
		buffer_format(out, socket->family == 6 ? " to [%s]:%u" : " to %s:%u",
			socket->peer_text, (unsigned)socket->peer_port);
}

static void put_closing(
	struct buffer *out, const struct holders *holders, unsigned port, const char *transport)
{
	buffer_format(out, "Only what is left of closed connections has %u/%s", port, transport);
	if (holders->longest_ms >= 0)
		buffer_format(out, ", the last for another %" PRId64 " s",
			(holders->longest_ms + 999) / 1000);
	buffer_text(out, ".");
}

/* Whom a port is held for by another: a unit that is not started yet, a container. */
static void put_served(struct buffer *out, const struct holders *holders)
{
	const struct berth_place *serves = holders->n_named == 1 ? holders->named[0]->serves : NULL;

	if (serves && serves->container)
		buffer_format(out, " for the container %s",
			serves->container_name ? serves->container_name : serves->container);
	else if (holders->first && holders->first->activation_service)
		buffer_format(out, " for %s", holders->first->activation_service);
}

/* One sentence about one transport of a port that is in use. */
static void put_holding(
	struct buffer *out, const struct berth_report *report, enum berth_proto transport)
{
	struct holders holders = find_holders(report, transport);
	const char *name = berth_proto_name(transport);
	unsigned port = report->port;
	bool many = holders.n_processes > 1;

	if (report->verdict.use[transport] == BERTH_USE_CLOSING) {
		put_closing(out, &holders, port, name);
		return;
	}
	put_names(out, &holders);
	switch (report->verdict.use[transport]) {
	case BERTH_USE_LISTENING:
		buffer_format(out,
			transport == BERTH_TCP ? " listen%s on %u/%s" : " receive%s on %u/%s",
			many ? "" : "s", port, name);
		put_served(out, &holders);
		break;
	case BERTH_USE_BOUND:
		buffer_format(out, " %s bound %u/%s without listening", many ? "have" : "has", port,
			name);
		break;
	case BERTH_USE_CONNECTED:
		buffer_format(out, " %s %u/%s as the local port of a connection",
			many ? "have" : "has", port, name);
		if (holders.first)
			put_peer(out, holders.first);
		break;
	case BERTH_USE_CLOSING:
	case BERTH_USE_FREE:
	case BERTH_USE_UNKNOWN:
		break;
	}
	if (!holders.n_named && holders.first && holders.first->reason_text &&
		!holders.first->maker)
		buffer_format(out, "; who is not known here (%s)", holders.first->reason_text);
	buffer_text(out, ".");
}

static bool is_in_use(enum berth_use use)
{
	return use != BERTH_USE_FREE && use != BERTH_USE_UNKNOWN;
}

static void put_gap(struct buffer *out, unsigned gaps)
{
	for (unsigned bit = 1; bit && bit <= gaps; bit <<= 1) {
		if (gaps & bit) {
			buffer_format(out, "Not known: %s.", berth_gap_text((enum berth_gap)bit));
			return;
		}
	}
	buffer_text(out, "Not known: the sockets of this machine were not asked.");
}

/* No socket has the port: free for a plain server, or why not. */
static void put_free(struct buffer *out, const struct berth_report *report)
{
	const char *why = NULL;

	for (unsigned t = BERTH_TCP; t <= BERTH_UDP && !why; t++) {
		if (report->protos & BERTH_PROTO_BIT(t))
			why = report->verdict.bind_why[t];
	}
	buffer_format(out, "Free: no socket in this network namespace has port %u", report->port);
	if (why)
		buffer_format(out, "; yet a bind may fail (%s)", why);
	buffer_text(out, ".");
}

/* ---- Redirects ------------------------------------------------------------------------------- */

/* The first that is for this machine, with those that are certain before others; NULL: none. */
static const struct berth_redirect *find_redirect(
	const struct berth_report *report, enum berth_proto transport)
{
	const struct berth_redirect *doubtful = NULL;

	for (size_t i = 0; i < report->n_redirects; i++) {
		const struct berth_redirect *redirect = report->redirects[i];

		if (redirect->elsewhere || redirect->kind == BERTH_REDIRECT_SK_LOOKUP ||
			!(redirect->protos & BERTH_PROTO_BIT(transport)))
			continue;
		if (!redirect->conditional && !redirect->conditions)
			return redirect;
		doubtful = doubtful ? doubtful : redirect;
	}
	return doubtful;
}

static const char *rule_of(const struct berth_redirect *redirect)
{
	switch (redirect->kind) {
	case BERTH_REDIRECT_NFT:
		return "a rule of nft";
	case BERTH_REDIRECT_IPTABLES:
		return "a rule of iptables";
	case BERTH_REDIRECT_IPVS:
		return "the load balancer IPVS";
	case BERTH_REDIRECT_SK_LOOKUP:
		break;
	}
	return "a program";
}

static const struct berth_process *taker_of(const struct berth_redirect *redirect)
{
	for (size_t i = 0; i < redirect->n_sockets; i++) {
		if (redirect->sockets[i]->n_owners)
			return redirect->sockets[i]->owners[0].process;
	}
	return NULL;
}

/* "a rule of nft sends 80/tcp of traffic from outside to 127.0.0.1:8080, held by nginx (pid 1)" */
static void put_redirect(struct buffer *out, const struct berth_report *report,
	const struct berth_redirect *redirect, enum berth_proto transport)
{
	const struct berth_process *taker = taker_of(redirect);
	const char *whose = strcmp(redirect->hook, "prerouting") == 0 ? " from outside"
		: strcmp(redirect->hook, "output") == 0               ? " of this machine itself"
								      : "";
	bool certain = !redirect->conditional && !redirect->conditions;

	buffer_format(out, "%s %s %u/%s%s", rule_of(redirect), certain ? "sends" : "may send",
		report->port, berth_proto_name(transport), whose);
	if (redirect->address_text)
		buffer_format(out, " for %s", redirect->address_text);
	buffer_format(out, " to %s", redirect->target_text);
	if (taker)
		buffer_format(out, ", held by %s (pid %" PRIu32 ")", taker->name, taker->pid);
	else if (redirect->here && redirect->to_first && !redirect->n_sockets)
		buffer_text(out, ", where no socket is");
}

/* No socket has the port, yet somebody answers. False: no rule catches it. */
static bool put_answered(struct buffer *out, const struct berth_report *report)
{
	bool any = false;

	for (unsigned t = BERTH_TCP; t <= BERTH_UDP; t++) {
		const struct berth_redirect *redirect = report->protos & BERTH_PROTO_BIT(t)
			? find_redirect(report, (enum berth_proto)t)
			: NULL;

		if (!redirect)
			continue;
		buffer_text(out, any ? "; " : "No socket has it, but ");
		put_redirect(out, report, redirect, (enum berth_proto)t);
		any = true;
	}
	if (any)
		buffer_text(out, ".");
	return any;
}

/* A socket has the port, but not all of its traffic. */
static void put_diverted(
	struct buffer *out, const struct berth_report *report, enum berth_proto transport)
{
	const struct berth_redirect *redirect = find_redirect(report, transport);

	if (!redirect)
		return;
	buffer_text(out, " But ");
	put_redirect(out, report, redirect, transport);
	buffer_text(out, ".");
}

/* SCTP and DCCP have no verdict of their own yet: what is seen is said. */
static void put_others(struct buffer *out, const struct berth_report *report)
{
	const struct berth_socket *socket = report->sockets[0];

	buffer_format(out, "A socket in state %s has %u/%s.",
		berth_socket_state_name(socket->proto, socket->state), report->port,
		berth_proto_name(socket->proto));
}

static void put_summary(struct buffer *out, const struct berth_report *report)
{
	bool known = report->has_sockets;

	for (unsigned t = BERTH_TCP; t <= BERTH_UDP; t++) {
		if (!(report->protos & BERTH_PROTO_BIT(t)))
			continue;
		if (is_in_use(report->verdict.use[t])) {
			if (out->len)
				buffer_char(out, ' ');
			put_holding(out, report, (enum berth_proto)t);
			put_diverted(out, report, (enum berth_proto)t);
		}
		known = known && report->verdict.use[t] != BERTH_USE_UNKNOWN;
	}
	if (out->len)
		return;
	if (report->n_sockets)
		put_others(out, report);
	else if (known && put_answered(out, report))
		return;
	else if (known)
		put_free(out, report);
	else
		put_gap(out, report->gaps);
}

/* ---- Advice ---------------------------------------------------------------------------------- */

/* The first name that the registry assigns the port to, for a transport that was asked for. */
static const char *assigned_name(const struct berth_report *report)
{
	for (size_t i = 0; i < report->n_records; i++) {
		if (report->records[i].state == BERTH_ASSIGNED && *report->records[i].name)
			return report->records[i].name;
	}
	return NULL;
}

static bool has_state(const struct berth_report *report, enum berth_state state)
{
	for (unsigned t = BERTH_TCP; t <= BERTH_UDP; t++) {
		if (report->protos & BERTH_PROTO_BIT(t) && report->state[t] == state)
			return true;
	}
	return false;
}

static const char *candidate_name(const struct berth_candidate *candidate)
{
	return candidate->name && *candidate->name ? candidate->name : candidate->service;
}

static void put_ephemeral(struct buffer *out, const struct berth_report *report)
{
	const struct berth_port_range *range = &report->policy.ephemeral;

	buffer_format(out,
		"Not a wise number for a service here: the kernel lends it to outgoing connections "
		"(%u-%u)",
		range->first, range->last);
	if (range->last < UINT16_MAX && range->last >= 49151)
		buffer_format(
			out, "; %u-65535 is free of both IANA and the kernel", range->last + 1U);
	buffer_text(out, ".");
}

static void put_contested(struct buffer *out, const struct berth_de_facto *de_facto)
{
	buffer_text(out, "Expect company: ");
	for (size_t i = 0; i < de_facto->n_candidates && i < MOST_NAMED; i++)
		buffer_format(out, "%s%s", i ? ", " : "", candidate_name(&de_facto->candidates[i]));
	buffer_text(out, " and others use it by habit.");
}

static void put_owned(struct buffer *out, const struct berth_de_facto *de_facto)
{
	const char *name = de_facto->n_candidates ? candidate_name(&de_facto->candidates[0])
						  : de_facto->service;

	buffer_format(out,
		"By custom it is %s's: right for that, and a surprise to everybody for anything "
		"else.",
		name);
}

/* A number that nobody has a better right to. */
static bool put_free_number(struct buffer *out, const struct berth_report *report)
{
	if (!report->policy.has_ephemeral) {
		buffer_text(out,
			"Nobody has a better right to it, but whether this kernel lends it "
			"to outgoing connections is not known.");
		return false;
	}
	buffer_text(out,
		report->range.range == BERTH_RANGE_DYNAMIC
			? "A good number for a service of your own here: it cannot be assigned to "
			  "anyone, and the kernel does not lend it."
			: "Usable for a service of your own: unassigned, and no owner by custom; "
			  "IANA may assign it one day.");
	return true;
}

/* True when it is a wise number for a service of one's own. */
static bool put_advice(struct buffer *out, const struct berth_report *report)
{
	const char *assigned = assigned_name(report);

	if (!report->port)
		buffer_text(
			out, "Port 0 cannot be served on: binding it asks the kernel to choose.");
	else if (report->ephemeral && !report->reserved)
		put_ephemeral(out, report);
	else if (report->de_facto.state == BERTH_OWNED)
		put_owned(out, &report->de_facto);
	else if (report->de_facto.state == BERTH_CONTESTED)
		put_contested(out, &report->de_facto);
	else if (assigned)
		buffer_format(out,
			"Assigned to %s: right for that, and another number is better for anything "
			"else.",
			assigned);
	else if (has_state(report, BERTH_RESERVED))
		buffer_text(out, "IANA keeps it reserved: leave it alone.");
	else if (report->privileged)
		buffer_text(out, "A system port: binding it needs CAP_NET_BIND_SERVICE here.");
	else
		return put_free_number(out, report);
	return false;
}

int summary_write(struct berth_report *report, struct arena *arena)
{
	struct buffer summary = {0};
	struct buffer advice = {0};
	int r = -ENOMEM;

	put_summary(&summary, report);
	report->verdict.wise = put_advice(&advice, report);
	if (!summary.error && !advice.error) {
		report->verdict.summary = arena_text(arena, buffer_string(&summary), summary.len);
		report->verdict.advice = arena_text(arena, buffer_string(&advice), advice.len);
		r = report->verdict.summary && report->verdict.advice ? 0 : -ENOMEM;
	}
	buffer_free(&advice);
	buffer_free(&summary);
	return r;
}
