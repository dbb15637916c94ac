// SPDX-License-Identifier: MIT
/*
 * The kernel tells a failed bind(2) to nobody but its caller. Right behind it the rules of the
 * kernel (berth_why()) say what it failed with, and which socket was in the way.
 */
#include "api/refusal.h"

#include <errno.h>
#include <net/if.h>
#include <string.h>

#include "api/handle.h"
#include "binding/verdict.h"
#include "history/actor.h"

enum {
	CAUSES_MOST = 3, /* that are told */
};

static int conclude(struct arena *arena, struct berth_event *event, int errnum,
	enum berth_bind_cause cause, const char *text)
{
	event->errnum = errnum;
	event->errno_name = errnum ? verdict_errno_name(errnum) : NULL;
	event->has_cause = true;
	event->cause = cause;
	event->cause_text = arena_text(arena, text, strlen(text));
	return event->cause_text ? 0 : -ENOMEM;
}

/* Whether the socket has got its port after all. */
static int look(const struct berth *berth, const struct sockets_event *tried, bool *ret_bound)
{
	struct berth_query_part part = {.first = tried->port, .last = tried->port};
	const struct berth_query query = {.parts = &part, .n_parts = 1};
	const struct berth_ask ask = {.size = sizeof(ask),
		.query = &query,
		.protos = BERTH_PROTO_BIT(tried->proto),
		.thorough = true};
	struct sockets_snapshot *snapshot = NULL;
	struct buffer problem = {0};
	int r = sockets_snapshot(berth->system, &ask, &snapshot, &problem);

	buffer_free(&problem);
	if (r)
		return r == -ENOMEM ? r : 0;
	for (size_t i = 0; i < snapshot->n_sockets; i++)
		*ret_bound = *ret_bound || snapshot->sockets[i].cookie == tried->cookie;
	sockets_snapshot_free(snapshot);
	return 0;
}

static struct berth_bind request_of(
	const struct sockets_event *tried, bool listens, char interface[IF_NAMESIZE])
{
	static const uint8_t wildcard[16];
	struct berth_bind bind = {.size = sizeof(bind),
		.proto = tried->proto,
		.port = tried->port,
		.family = tried->family,
		.v6only = tried->v6only,
		.reuseaddr = tried->reuseaddr,
		.reuseport = tried->reuseport,
		.freebind = tried->freebind,
		.listen = listens,
		.has_uid = true,
		.uid = tried->uid,
		.may_bind_low = tried->may_bind_low ? 1 : -1};

	memcpy(bind.address, tried->address, sizeof(bind.address));
	if (tried->family == 6 && !tried->v6only && !memcmp(bind.address, wildcard, 16))
		bind.family = 0;
	if (tried->ifindex && if_indextoname(tried->ifindex, interface))
		bind.interface = interface;
	return bind;
}

static int add_cause(struct arena *arena, struct berth_event *event, struct buffer *text,
	const struct berth_bind_reason *cause)
{
	const struct berth_socket *socket = cause->socket;

	buffer_format(text, "%s%s", text->len ? "; " : "", cause->text);
	if (event->has_cause)
		return 0;
	event->has_cause = true;
	event->cause = cause->kind;
	if (!socket || !socket->n_owners)
		return 0;
	struct berth_actor holder = actor_of(socket->owners[0].process);
	return actor_keep(arena, &holder, &event->holder);
}

static int take_causes(const struct berth_why *why, uint64_t cookie, struct arena *arena,
	struct berth_event *event)
{
	struct buffer text = {0};
	size_t told = 0;
	int r = 0;

	for (size_t i = 0; !r && i < why->n_causes && told < CAUSES_MOST; i++) {
		const struct berth_bind_reason *cause = why->causes + i;

		/* Before listen(2) it was bound itself. */
		if (cause->socket && cause->socket->cookie == cookie)
			continue;
		r = add_cause(arena, event, &text, cause);
		told++;
	}
	if (!r && text.len) {
		event->cause_text = arena_text(arena, buffer_string(&text), text.len);
		r = event->cause_text ? 0 : -ENOMEM;
	}
	buffer_free(&text);
	return r;
}

static int ask_why(const struct berth *berth, const struct sockets_event *tried, bool listens,
	struct arena *arena, struct berth_event *event)
{
	char interface[IF_NAMESIZE] = "";
	const struct berth_bind bind = request_of(tried, listens, interface);
	struct berth_why *why = NULL;
	int r = berth_why(berth, &bind, &why);

	if (r == -ENOMEM)
		return r;
	if (r < 0)
		return 2;
	if (why->verdict == BERTH_BIND_NO) {
		event->errnum = why->errnum;
		event->errno_name = why->errnum ? verdict_errno_name(why->errnum) : NULL;
		r = take_causes(why, tried->cookie, arena, event);
	} else {
		r = 2;
	}
	berth_why_free(why);
	return r;
}

int refusal_judge(const struct berth *berth, const struct sockets_event *tried, bool listens,
	struct arena *arena, struct berth_event *event)
{
	bool bound = false;
	int r = look(berth, tried, &bound);

	if (r)
		return r;
	if (bound && !listens && !tried->was_bound)
		return 1;
	if (tried->was_bound && !listens)
		return conclude(arena, event, EINVAL, BERTH_BIND_INVALID,
			"the socket is bound to a port already");
	return ask_why(berth, tried, listens, arena, event);
}
