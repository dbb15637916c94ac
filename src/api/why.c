// SPDX-License-Identifier: MIT
/*
 * Why a bind fails: a snapshot of the port with all its sockets and their options, judged by
 * binding/verdict.c, and told with culprit and cure. What could refuse besides is listed, never
 * guessed.
 */
#include "api/why.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/answer_words.h"
#include "api/handle.h"
#include "api/machine.h"
#include "binding/binding.h"

enum {
	EXTRA_TEXTS = 4, /* of ours in cannot_exclude, behind those of the binder */
};

static int no_memory(void)
{
	return handle_fail(-ENOMEM, "out of memory");
}

static const char *keep(struct why_box *box, struct buffer *text)
{
	const char *kept =
		text->error ? NULL : arena_text(&box->arena, buffer_string(text), text->len);

	buffer_free(text);
	return kept;
}

/* ---- The question ---------------------------------------------------------------------------- */

static int take_request(struct why_box *box, const struct berth_bind *bind)
{
	struct berth_bind *request = &box->why.request;

	if (bind->size < sizeof(bind->size) || bind->size > sizeof(*request))
		return handle_fail(-EINVAL, "berth_bind.size is %zu, at most %zu is known",
			bind->size, sizeof(*request));
	memcpy(request, bind, bind->size);
	if (!request->port)
		return handle_fail(
			-EINVAL, "port 0 asks the kernel to choose; name one from 1 to 65535");
	if (request->proto == BERTH_MPTCP)
		return handle_fail(-EINVAL, "MPTCP shares the ports of TCP; ask about /tcp");
	if ((unsigned)request->proto >= BERTH_PROTOS ||
		(request->family != 0 && request->family != 4 && request->family != 6))
		return handle_fail(-EINVAL, "no such protocol or address family");
	return 0;
}

/* One socket stands for both families unless it is said otherwise. */
static void set_address(struct verdict_bind *bind, const struct berth_bind *request)
{
	bool mapped = request->family == 6 && binding_is_mapped(request->address);

	bind->family = request->family == 4 || mapped ? 4 : 6;
	bind->mapped = mapped;
	memcpy(bind->address, request->address + (mapped ? BINDING_MAPPED_PREFIX : 0),
		bind->family == 4 ? 4 : 16);
}

static int set_place(struct why_box *box)
{
	const struct berth_bind *request = &box->why.request;
	char address[INET6_ADDRSTRLEN];
	struct buffer text = {0};

	inet_ntop(request->family == 4 ? AF_INET : AF_INET6, request->address, address,
		sizeof(address));
	answer_words_place(&text, request->family == 4 ? 4 : 6, address, request->port);
	buffer_format(&text, "/%s", berth_proto_name(request->proto));
	if (request->interface)
		buffer_format(&text, " on %s", request->interface);
	box->why.place = keep(box, &text);
	return box->why.place ? 0 : no_memory();
}

/* ---- The machine -------------------------------------------------------------------------------
 */

static bool is_elsewhere(const struct why_box *box)
{
	const struct berth_netns *subject = box->snapshot->inner->subject;

	return subject && !subject->own;
}

static int take_snapshot(struct why_box *box, struct berth_bind *request, char *pid_text)
{
	struct berth_query_part part = {.first = request->port, .last = request->port};
	const struct berth_query query = {.parts = &part, .n_parts = 1};
	struct berth_ask ask = {
		.size = sizeof(ask),
		.query = &query,
		.protos = BERTH_PROTO_BIT(request->proto),
		.owners = true,
		.thorough = true,
		.reuse = true,
		.netns_ask = BERTH_ASK_NAMED,
		.netns = request->netns,
	};

	if (!request->netns && request->pid) {
		(void)snprintf(pid_text, 16, "%" PRIu32, request->pid);
		ask.netns = pid_text;
	}
	if (ask.netns)
		ask.netns_ask = BERTH_ASK_ONE;
	return berth_snapshot(box->berth, &ask, &box->snapshot);
}

static int take_over(struct why_box *box)
{
	const struct berth_bind *request = &box->why.request;
	const struct berth_bind *first = &box->before->why.request;

	if (request->port != first->port || request->proto != first->proto ||
		request->pid != first->pid)
		return handle_fail(-EINVAL, "another port, protocol or pid needs a new answer");
	box->snapshot = box->before->snapshot;
	return 0;
}

static int choose_sockets(struct why_box *box)
{
	const struct berth_socket *rows;
	size_t n = machine_at_port(box->snapshot, box->why.request.port, &rows);

	box->sockets = arena_array(&box->arena, n, sizeof(const struct berth_socket *));
	if (n && !box->sockets)
		return no_memory();
	for (size_t i = 0; i < n; i++) {
		const struct berth_netns *netns = rows[i].netns;

		if (!netns || netns->own || netns == box->snapshot->inner->subject)
			box->sockets[box->n_sockets++] = &rows[i];
	}
	return 0;
}

static int ask_binder(struct why_box *box)
{
	const struct berth_bind *request = &box->why.request;
	int r = sockets_binder(box->berth->system, request->pid, &box->arena, &box->binder);

	if (r == -ESRCH)
		return handle_fail(r, "there is no process %" PRIu32, request->pid);
	if (r == -ENOMEM)
		return no_memory();
	if (r)
		box->binder = (struct sockets_binder){.may_bind_low = -1};
	if (request->has_uid && (!box->binder.has_uid || box->binder.uid != request->uid)) {
		/* Another user's process: root has all capabilities unless it gave them up. */
		box->binder.has_uid = true;
		box->binder.uid = request->uid;
		box->binder.may_bind_low = request->uid == 0 ? -1 : 0;
	}
	if (request->may_bind_low)
		box->binder.may_bind_low = request->may_bind_low > 0;
	return 0;
}

/* The interface by its name, among sockets and addresses of the namespace: only ours is asked. */
static int find_interface(struct why_box *box)
{
	const char *name = box->why.request.interface;

	if (!name)
		return 0;
	if (is_elsewhere(box))
		return handle_fail(
			-EINVAL, "interfaces of another network namespace cannot be named here");
	int r = sockets_ifindex(box->berth->system, name, &box->bind.ifindex);
	return r ? handle_fail(r, "there is no interface %s", name) : 0;
}

static verdict_truth is_local(const struct why_box *box)
{
	static const uint8_t loopback6[16] = {[15] = 1};
	const struct verdict_bind *bind = &box->bind;
	struct sockets_addresses *addresses = NULL;

	if (verdict_is_wildcard(bind))
		return 1;
	bool loopback =
		bind->family == 4 ? bind->address[0] == 127 : !memcmp(bind->address, loopback6, 16);
	if (is_elsewhere(box) || sockets_addresses(box->berth->system, &addresses))
		return loopback ? 1 : -1;
	bool may = sockets_may_bind(addresses, bind->family, bind->address, bind->ifindex);
	sockets_addresses_free(addresses);
	return may;
}

/* ---- Causes ------------------------------------------------------------------------------------
 */

static void put_peer(struct buffer *text, const struct berth_socket *socket)
{
	if (!socket->peer_text)
		return;
	buffer_text(text, " to ");
	answer_words_place(text, socket->family, socket->peer_text, socket->peer_port);
}

static enum berth_bind_cause cause_of(const struct berth_socket *socket)
{
	if (socket->state == BERTH_TIME_WAIT || socket->expires_ms >= 0)
		return BERTH_BIND_TIME_WAIT;
	switch (binding_use(&socket, 1, socket->proto, 0)) {
	case BERTH_USE_LISTENING:
		return socket->proto == BERTH_TCP || socket->proto == BERTH_SCTP
			? BERTH_BIND_LISTENER
			: BERTH_BIND_BOUND;
	case BERTH_USE_CONNECTED:
		return BERTH_BIND_CONNECTION;
	case BERTH_USE_CLOSING:
		return BERTH_BIND_CLOSING;
	case BERTH_USE_BOUND:
	case BERTH_USE_FREE:
	case BERTH_USE_UNKNOWN:
		break;
	}
	return BERTH_BIND_BOUND;
}

static void put_local(struct buffer *text, const struct berth_socket *socket)
{
	answer_words_place(text, socket->family, socket->local_text, socket->local_port);
}

static void put_holding(
	struct buffer *text, enum berth_bind_cause kind, const struct berth_socket *socket)
{
	if (kind == BERTH_BIND_TIME_WAIT) {
		buffer_text(text, "a connection");
		put_peer(text, socket);
		buffer_text(text, " is closed and stays in TIME_WAIT");
		if (socket->expires_ms >= 0)
			buffer_format(
				text, " for %" PRId64 " s more", (socket->expires_ms + 999) / 1000);
		return;
	}
	answer_words_holder(text, socket);
	if (kind == BERTH_BIND_LISTENER) {
		buffer_text(text, " listens on ");
		put_local(text, socket);
	} else if (kind == BERTH_BIND_BOUND) {
		buffer_text(text, " has bound ");
		put_local(text, socket);
		if (socket->proto == BERTH_TCP)
			buffer_text(text, " without listening");
	} else {
		buffer_text(text,
			kind == BERTH_BIND_CLOSING ? " is closing a connection from "
						   : " has a connection from ");
		put_local(text, socket);
		put_peer(text, socket);
	}
}

/* What would let both be there, and why it does not. */
static void put_sharing(
	struct buffer *text, const struct verdict_bind *bind, const struct berth_socket *socket)
{
	if (bind->reuseport && socket->has_reuse && socket->reuseport && socket->has_uid &&
		socket->uid != bind->uid)
		buffer_format(text,
			"; both have SO_REUSEPORT, but it is of uid %" PRIu32
			", and a group is of one user",
			socket->uid);
	else if (bind->reuseaddr && socket->state == BERTH_LISTEN)
		buffer_text(text, "; SO_REUSEADDR does not help against one that listens");
	else if ((bind->reuseaddr || bind->reuseport) && socket->has_reuse)
		buffer_format(text, "; it does not have %s",
			bind->reuseaddr ? "SO_REUSEADDR" : "SO_REUSEPORT");
	else if (bind->reuseaddr || bind->reuseport)
		buffer_format(text, "; whether it has %s cannot be read",
			bind->reuseaddr ? "SO_REUSEADDR" : "SO_REUSEPORT");
}

static int add_cause(struct why_box *box, struct berth_bind_reason *causes,
	enum berth_bind_cause kind, bool certain, struct buffer *text,
	const struct berth_socket *socket)
{
	struct berth_bind_reason *cause = &causes[box->why.n_causes++];

	*cause = (struct berth_bind_reason){
		.kind = kind, .certain = certain, .text = keep(box, text), .socket = socket};
	return cause->text ? 0 : no_memory();
}

static int add_conflicts(struct why_box *box, struct berth_bind_reason *causes, bool certain)
{
	int r = 0;

	for (size_t i = 0; i < box->n_sockets && !r; i++) {
		const struct berth_socket *socket = box->sockets[i];
		struct buffer text = {0};
		enum berth_bind_cause kind = cause_of(socket);

		if (verdict_conflicts(&box->bind, socket) != (certain ? 1 : -1))
			continue;
		put_holding(&text, kind, socket);
		put_sharing(&text, &box->bind, socket);
		r = add_cause(box, causes, kind, certain, &text, socket);
	}
	return r;
}

static int add_check(
	struct why_box *box, struct berth_bind_reason *causes, const struct verdict_check *check)
{
	struct buffer text = {0};

	switch (check->cause) {
	case BERTH_BIND_PRIVILEGE:
		buffer_format(&text, "ports below %" PRIu32 " need CAP_NET_BIND_SERVICE%s",
			box->policy.has_unprivileged ? box->policy.unprivileged_start : 1024,
			check->fails > 0 ? ", which it does not have" : "");
		break;
	case BERTH_BIND_ADDRESS:
		buffer_text(&text,
			check->fails > 0
				? "the address is none of this machine's"
				: "whether the address is one of that network's is not known");
		break;
	case BERTH_BIND_INVALID:
		buffer_text(&text,
			box->bind.mapped
				? "an IPv4 address in a socket that is for IPv6 alone"
				: "a link-local address without its interface, or a multicast "
				  "address for a stream");
		break;
	case BERTH_BIND_NO_LISTEN:
		buffer_format(&text, "%s has no listening: a socket that is bound receives",
			berth_proto_name(box->bind.proto));
		break;
	case BERTH_BIND_LISTENER:
	case BERTH_BIND_BOUND:
	case BERTH_BIND_CONNECTION:
	case BERTH_BIND_CLOSING:
	case BERTH_BIND_TIME_WAIT:
		break;
	}
	return add_cause(box, causes, check->cause, check->fails > 0, &text, NULL);
}

/* ---- The verdict -------------------------------------------------------------------------------
 */

static void conclude(struct why_box *box, verdict_truth fails, int errnum)
{
	struct berth_why *why = &box->why;

	why->verdict = fails > 0 ? BERTH_BIND_NO : fails < 0 ? BERTH_BIND_UNKNOWN : BERTH_BIND_YES;
	why->errnum = fails > 0 ? errnum : 0;
	why->errno_name = why->errnum ? verdict_errno_name(why->errnum) : NULL;
}

/* What is not seen is not free. */
static bool is_blind(const struct why_box *box)
{
	unsigned gaps = box->why.gaps;
	unsigned blind = BERTH_GAP_INTERRUPTED | BERTH_GAP_TRUNCATED | BERTH_GAP_REFUSED |
		BERTH_GAP_UNSUPPORTED;

	if (box->bind.proto == BERTH_TCP)
		blind |= BERTH_GAP_BOUND;
	return gaps & blind;
}

/* What may stand beside others may also match what their bucket remembers, and then passes. */
static bool read_bucket(const struct why_box *box, struct verdict_bucket *ret_bucket)
{
	const struct verdict_bind *bind = &box->bind;
	struct sockets_bucket bucket;

	if (bind->proto != BERTH_TCP || (!bind->reuseaddr && !bind->reuseport) ||
		is_elsewhere(box) || sockets_bucket(box->berth->system, bind->port, &bucket))
		return false;
	*ret_bucket = (struct verdict_bucket){.reuseaddr = bucket.reuseaddr,
		.reuseport = bucket.reuseport,
		.any_address = bucket.any_address,
		.uid = bucket.uid,
		.family = bucket.family,
		.v6only = bucket.v6only};
	memcpy(ret_bucket->address4, bucket.address4, sizeof(bucket.address4));
	memcpy(ret_bucket->address6, bucket.address6, sizeof(bucket.address6));
	return true;
}

static verdict_truth judge_sockets(struct why_box *box)
{
	verdict_truth conflict = verdict_judge(&box->bind, box->sockets, box->n_sockets);

	if (conflict && read_bucket(box, &box->bucket)) {
		box->bind.bucket = &box->bucket;
		conflict = verdict_judge(&box->bind, box->sockets, box->n_sockets);
	}
	return conflict;
}

static int judge(struct why_box *box)
{
	const struct verdict_host host = {
		.policy = &box->policy, .address_is_local = is_local(box)};
	struct verdict_check check = verdict_before(&box->bind, &host);
	verdict_truth conflict = judge_sockets(box);
	const struct verdict_check no_listen = {.fails = verdict_cannot_listen(&box->bind),
		.cause = BERTH_BIND_NO_LISTEN,
		.errnum = EOPNOTSUPP};
	struct berth_bind_reason *causes =
		arena_array(&box->arena, box->n_sockets + 2, sizeof(*causes));
	int r = 0;

	if (!causes)
		return no_memory();
	box->why.causes = causes;
	if (check.fails)
		r = add_check(box, causes, &check);
	if (!r && conflict)
		r = add_conflicts(box, causes, true);
	if (!r && conflict)
		r = add_conflicts(box, causes, false);
	if (!r && no_listen.fails)
		r = add_check(box, causes, &no_listen);
	if (check.fails > 0)
		conclude(box, 1, check.errnum);
	else if (check.fails < 0)
		conclude(box, -1, 0);
	else if (conflict)
		conclude(box, conflict, EADDRINUSE);
	else if (no_listen.fails)
		conclude(box, 1, EOPNOTSUPP);
	else
		conclude(box, is_blind(box) ? -1 : 0, 0);
	return r;
}

/* ---- What stands beside ------------------------------------------------------------------------
 */

/*
 * What a bind with SO_REUSEPORT left in TCP's bucket (inet_csk_update_fastreuse,
 * FASTREUSEPORT_STRICT) stays when its socket is closed, as long as another keeps the bucket: who
 * matches it in user and address is compared with nobody (sk_reuseport_match). Only
 * sockets_bucket() can tell.
 */
static int list_hindrances(struct why_box *box)
{
	const struct berth_bind *request = &box->why.request;
	size_t n = box->binder.n_hindrances;
	const char **texts = arena_array(&box->arena, n + EXTRA_TEXTS, sizeof(*texts));

	if (!texts)
		return no_memory();
	for (size_t i = 0; i < n; i++)
		texts[i] = box->binder.hindrances[i];
	if (is_blind(box))
		texts[n++] = "sockets that this snapshot could not see";
	if (box->why.n_causes && request->proto == BERTH_TCP && request->reuseport &&
		!box->bind.bucket)
		texts[n++] = "a closed socket of the same user with SO_REUSEPORT, beside which the "
			     "kernel lets in others while the port is in use";
	box->why.cannot_exclude = texts;
	box->why.n_cannot_exclude = n;
	return 0;
}

/* Another namespace's sockets are no conflict, and that is worth a word. */
static int list_notes(struct why_box *box)
{
	const struct berth_socket *rows;
	size_t n = machine_at_port(box->snapshot, box->why.request.port, &rows);
	const char **notes = arena_array(&box->arena, n + 1, sizeof(*notes));
	const struct berth_netns *last = NULL;

	if (!notes)
		return no_memory();
	for (size_t i = 0; i < n; i++) {
		const struct berth_netns *netns = rows[i].netns;
		struct buffer text = {0};

		if (!netns || netns->own || netns == box->snapshot->inner->subject || netns == last)
			continue;
		buffer_format(&text,
			"network namespace %s holds the port too, which is no conflict",
			netns->name);
		last = netns;
		notes[box->why.n_notes] = keep(box, &text);
		if (!notes[box->why.n_notes++])
			return no_memory();
	}
	box->why.notes = notes;
	return 0;
}

static int write_summary(struct why_box *box)
{
	struct berth_why *why = &box->why;
	struct buffer text = {0};

	switch (why->verdict) {
	case BERTH_BIND_YES:
		buffer_format(&text, "A bind to %s would succeed.", why->place);
		break;
	case BERTH_BIND_NO:
		buffer_format(&text, "A bind to %s would fail with %s: %s.", why->place,
			why->errno_name, why->n_causes ? why->causes[0].text : "");
		break;
	case BERTH_BIND_UNKNOWN:
		buffer_format(&text, "Whether a bind to %s would succeed is not known: %s.",
			why->place,
			why->n_causes ? why->causes[0].text
				      : "the sockets of this machine could not be read completely");
		break;
	}
	why->summary = keep(box, &text);
	return why->summary ? 0 : no_memory();
}

static int fill_in(struct why_box *box, const struct berth_bind *bind)
{
	struct berth_bind *request = &box->why.request;
	char pid_text[16];
	int r = take_request(box, bind);

	if (!r)
		r = set_place(box);
	if (!r)
		r = ask_binder(box);
	if (!r)
		r = box->before ? take_over(box) : take_snapshot(box, request, pid_text);
	if (!r)
		r = choose_sockets(box);
	if (r)
		return r;
	box->why.gaps = berth_snapshot_gaps(box->snapshot);
	box->why.time_s = berth_snapshot_time_s(box->snapshot);
	berth_snapshot_policy(box->snapshot, &box->policy);
	box->bind = (struct verdict_bind){.proto = request->proto,
		.port = request->port,
		.v6only = request->v6only,
		.reuseaddr = request->reuseaddr,
		.reuseport = request->reuseport,
		.freebind = request->freebind,
		.listen = request->listen,
		.uid = box->binder.uid,
		.may_bind_low = box->binder.may_bind_low};
	set_address(&box->bind, request);
	r = find_interface(box);
	if (!r)
		r = judge(box);
	if (!r)
		r = why_cures(box);
	if (!r)
		r = list_hindrances(box);
	if (!r)
		r = list_notes(box);
	return r ? r : write_summary(box);
}

/* `before`: an earlier answer, whose snapshot is taken over; NULL: a new one is taken. */
static int answer(const struct berth *berth, const struct berth_bind *bind,
	const struct why_box *before, struct berth_why **ret_why)
{
	struct why_box *box = calloc(1, sizeof(*box));

	if (!box)
		return no_memory();
	box->berth = berth;
	box->before = before;
	int r = fill_in(box, bind);
	if (r < 0)
		berth_why_free(&box->why);
	else
		*ret_why = &box->why;
	return r < 0 ? r : 0;
}

int berth_why(const struct berth *berth, const struct berth_bind *bind, struct berth_why **ret_why)
{
	return answer(berth, bind, NULL, ret_why);
}

int berth_why_again(
	const struct berth_why *before, const struct berth_bind *bind, struct berth_why **ret_why)
{
	const struct why_box *box = (const struct why_box *)before;

	return answer(box->berth, bind, box, ret_why);
}

int berth_why_try(const struct berth *berth, const struct berth_bind *bind, struct berth_why *why)
{
	const struct why_box *box = (const struct why_box *)why;
	const struct berth_netns *subject = box->snapshot->inner->subject;
	struct berth_bind wanted = why->request;
	int error = 0;

	wanted.interface = bind->interface;
	if (!wanted.family)
		wanted.family = 6;
	if (wanted.pid && box->binder.has_uid) {
		wanted.has_uid = true;
		wanted.uid = box->binder.uid;
	}
	int r = sockets_try(
		berth->system, &wanted, subject && !subject->own ? subject->path : NULL, &error);
	if (r)
		return handle_fail(r, "the bind could not be tried: %s", strerror(-r));
	why->tried = true;
	why->tried_errnum = error;
	return why->verdict == BERTH_BIND_UNKNOWN || error == why->errnum;
}

void berth_why_free(struct berth_why *why)
{
	struct why_box *box = (struct why_box *)why;

	if (!box)
		return;
	if (!box->before)
		berth_snapshot_free(box->snapshot);
	if (box->history)
		box->free_history(box->history);
	arena_free(&box->arena);
	free(box);
}
