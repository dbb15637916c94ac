// SPDX-License-Identifier: MIT
/*
 * Waits for ports. A quick look asks for listeners alone (20 us on a machine with few of them);
 * only when it finds what was waited for, and at the end, a thorough one asks for owners, or for
 * sockets that are bound only, which makes the kernel walk a large table. What a look means is
 * judged in wait_judge.c.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "api/endpoint.h"
#include "api/handle.h"
#include "api/machine.h"
#include "api/wait_behind.h"
#include "api/wait_judge.h"
#include "base/clock.h"

enum {
	MOST_PORTS = 4096,
	FIRST_PAUSE_US = 1000,
	LONGEST_PAUSE_US = 20000,
	THOROUGH_PAUSE_US = 10000, /* after a look that was thorough, and in vain */
	SHARE = 10, /* looking takes no more than this part of the time */
};

/* The public part is first, so that the two can be told from each other's address. */
struct wait_box {
	struct berth_waited waited;
	const struct berth *berth;
	struct berth_wait_ask ask;
	struct arena arena; /* ports */
	struct berth_query_part *parts; /* one port and one protocol each */
	struct berth_waited_port *ports;
	struct berth_query query; /* the parts */
	berth_protos protos;
	struct arena last; /* what the last thorough look found */
	struct berth_snapshot *snapshot;
	int endings; /* a descriptor that tells of sockets that end, or -1 */
	double start_us;
	double pause_us;
};

static double now_us(void)
{
	return clock_now_s(CLOCK_MONOTONIC) * 1e6;
}

/* ---- The question ---------------------------------------------------------------------------- */

static berth_protos protos_of(const struct berth_query_part *part)
{
	return part->protos ? part->protos : BERTH_PROTO_BIT(BERTH_TCP);
}

static size_t count_ports(const struct berth_query *query)
{
	size_t count = 0;

	for (size_t i = 0; i < query->n_parts; i++) {
		unsigned protos = (unsigned)__builtin_popcount(protos_of(query->parts + i));

		count += protos * ((size_t)(query->parts[i].last - query->parts[i].first) + 1);
	}
	return count;
}

static void add_part(struct wait_box *box, const struct berth_query_part *from)
{
	for (uint32_t port = from->first; port <= from->last; port++) {
		for (unsigned proto = 0; proto < BERTH_PROTOS; proto++) {
			size_t at = box->query.n_parts;

			if (!(protos_of(from) & BERTH_PROTO_BIT(proto)))
				continue;
			box->parts[at] = *from;
			box->parts[at].first = box->parts[at].last = (uint16_t)port;
			box->parts[at].protos = BERTH_PROTO_BIT(proto);
			box->ports[at].port = (uint16_t)port;
			box->ports[at].proto = (enum berth_proto)proto;
			box->query.n_parts++;
		}
	}
	box->protos |= protos_of(from);
}

static int take_question(struct wait_box *box, const struct berth_wait_ask *ask)
{
	if (ask->size < sizeof(ask->size) || ask->size > sizeof(box->ask))
		return handle_fail(-EINVAL, "berth_wait_ask.size is %zu, at most %zu is known",
			ask->size, sizeof(box->ask));
	memcpy(&box->ask, ask, ask->size);
	size_t count = box->ask.query ? count_ports(box->ask.query) : 0;
	if (!count)
		return handle_fail(-EINVAL, "no port was named to wait for");
	if (count > MOST_PORTS)
		return handle_fail(-E2BIG, "%zu ports are too many to wait for; at most %d", count,
			MOST_PORTS);
	box->parts = arena_array(&box->arena, count, sizeof(*box->parts));
	box->ports = arena_array(&box->arena, count, sizeof(*box->ports));
	if (!box->parts || !box->ports)
		return handle_fail(-ENOMEM, "out of memory");
	box->query.parts = box->parts;
	for (size_t i = 0; i < box->ask.query->n_parts; i++)
		add_part(box, box->ask.query->parts + i);
	box->waited.free = box->ask.free;
	box->waited.ports = box->ports;
	box->waited.n_ports = box->query.n_parts;
	return 0;
}

/* ---- Looking --------------------------------------------------------------------------------- */

static const berth_states served = BERTH_STATE_BIT(BERTH_LISTEN) | BERTH_STATE_BIT(BERTH_CLOSE);

static int take_snapshot(struct wait_box *box, bool thorough, struct berth_snapshot **ret_snapshot)
{
	const struct berth_ask ask = {
		.size = sizeof(ask),
		.query = &box->query,
		.protos = box->protos,
		.states = served | (thorough ? BERTH_STATE_BIT(BERTH_BOUND) : 0),
		.owners = thorough,
		.all_owners = thorough && box->ask.owner,
	};

	return berth_snapshot(box->berth, &ask, ret_snapshot);
}

static bool has_socket(const struct berth_snapshot *snapshot, const struct berth_query_part *part)
{
	const struct berth_socket *rows;
	size_t n = machine_at_port(snapshot, part->first, &rows);

	for (size_t i = 0; i < n; i++) {
		if (endpoint_has(part, rows + i))
			return true;
	}
	return false;
}

/* Whether a quick look leaves it possible that the waiting is over. 1, 0, or a negative errno. */
static int look_quickly(struct wait_box *box)
{
	struct berth_snapshot *snapshot = NULL;
	int hope = take_snapshot(box, false, &snapshot);

	box->waited.looks++;
	if (hope < 0)
		return hope;
	box->waited.gaps = berth_snapshot_gaps(snapshot);
	hope = 1;
	/* A listener that is not the owner's is as good as none. */
	for (size_t i = 0; hope && i < box->query.n_parts; i++)
		hope = box->ask.free ? box->ask.owner || !has_socket(snapshot, box->parts + i)
				     : has_socket(snapshot, box->parts + i);
	berth_snapshot_free(snapshot);
	return hope;
}

static bool may_be_there(unsigned gaps)
{
	return gaps & (BERTH_GAP_INTERRUPTED | BERTH_GAP_TRUNCATED | BERTH_GAP_REFUSED);
}

static int judge_port(struct wait_box *box, size_t at, struct buffer *text)
{
	struct berth_waited_port *port = box->ports + at;
	const struct berth_process *helper = NULL;
	const struct berth_socket *rows;
	size_t n = machine_at_port(box->snapshot, port->port, &rows);
	const struct berth_socket **sockets = arena_array(&box->last, n, sizeof(void *));
	size_t kept = 0;

	if (!sockets)
		return handle_fail(-ENOMEM, "out of memory");
	for (size_t i = 0; i < n; i++) {
		if (endpoint_has(box->parts + at, rows + i))
			sockets[kept++] = rows + i;
	}
	port->sockets = sockets;
	port->n_sockets = kept;
	enum wait_judge judged = box->ask.free
		? wait_judge_free(sockets, kept, box->ask.owner, text)
		: wait_judge_listening(sockets, kept, box->ask.owner, text, &helper);
	int r = judged == WAIT_JUDGE_HELPER ? wait_behind(box->berth, helper, text)
					    : judged == WAIT_JUDGE_DONE;
	if (r < 0)
		return r;
	/* What was not seen is not gone. */
	port->done = r > 0 && !(box->ask.free && !kept && may_be_there(box->waited.gaps));
	port->text = arena_text(&box->last, buffer_string(text), text->len);
	return port->text && !text->error ? 0 : handle_fail(-ENOMEM, "out of memory");
}

static int look_thoroughly(struct wait_box *box)
{
	struct berth_snapshot *snapshot = NULL;
	struct buffer text = {0};
	bool done = true;
	int r = take_snapshot(box, true, &snapshot);

	box->waited.looks++;
	if (r < 0)
		return r;
	berth_snapshot_free(box->snapshot);
	arena_free(&box->last);
	box->snapshot = snapshot;
	box->waited.gaps = berth_snapshot_gaps(snapshot);
	if (box->waited.gaps & BERTH_GAP_UNSUPPORTED)
		return handle_fail(-ENOSYS, "this build has no backend for this system");
	for (size_t i = 0; !r && i < box->query.n_parts; i++) {
		buffer_clear(&text);
		r = judge_port(box, i, &text);
		done = done && box->ports[i].done;
	}
	box->waited.done = done;
	buffer_free(&text);
	return r;
}

/* ---- Waiting --------------------------------------------------------------------------------- */

static double left_us(const struct wait_box *box)
{
	double waited_us = now_us() - box->start_us;

	if (box->berth->replay)
		return 0;
	return box->ask.timeout_ms < 0 ? 1e12 : (double)box->ask.timeout_ms * 1e3 - waited_us;
}

/* Sleeps until the next look, or until a socket has ended. */
static void pause_for(struct wait_box *box, double pause_us)
{
	struct pollfd word = {.fd = box->endings, .events = POLLIN};
	double us = pause_us < left_us(box) ? pause_us : left_us(box);
	const struct timespec time = {
		.tv_sec = (time_t)(us / 1e6), .tv_nsec = (long)((long long)us % 1000000 * 1000)};

	if (us <= 0)
		return;
	if (ppoll(&word, box->endings >= 0, &time, NULL) > 0)
		sockets_endings_read(box->endings);
}

/* Looks until it is so or the time is over. The last look is a thorough one. */
static int wait_for(struct wait_box *box)
{
	for (;;) {
		double before_us = now_us();
		bool last = left_us(box) <= 0;
		int hope = last ? 1 : look_quickly(box);
		int r = hope > 0 ? look_thoroughly(box) : hope;

		if (r < 0 || box->waited.done || last)
			return r;
		double pause_us = box->pause_us;
		double cost_us = now_us() - before_us;
		if (hope && pause_us < THOROUGH_PAUSE_US)
			pause_us = THOROUGH_PAUSE_US;
		if (pause_us < cost_us * SHARE)
			pause_us = cost_us * SHARE;
		pause_for(box, pause_us);
		box->pause_us *= 1.25;
		if (box->pause_us > LONGEST_PAUSE_US)
			box->pause_us = LONGEST_PAUSE_US;
	}
}

int berth_wait(const struct berth *berth, const struct berth_wait_ask *ask,
	struct berth_waited **ret_waited)
{
	struct wait_box *box = calloc(1, sizeof(*box));

	if (!box)
		return handle_fail(-ENOMEM, "out of memory");
	box->berth = berth;
	box->endings = -1;
	box->pause_us = FIRST_PAUSE_US;
	box->start_us = now_us();
	int r = take_question(box, ask);
	if (!r && box->ask.free)
		box->endings = sockets_endings(berth->system);
	if (!r)
		r = wait_for(box);
	if (box->endings >= 0)
		close(box->endings);
	box->waited.waited_ms = (now_us() - box->start_us) / 1e3;
	if (r < 0)
		berth_waited_free(&box->waited);
	else
		*ret_waited = &box->waited;
	return r < 0 ? r : 0;
}

void berth_waited_free(struct berth_waited *waited)
{
	struct wait_box *box = (struct wait_box *)waited;

	if (!box)
		return;
	berth_snapshot_free(box->snapshot);
	arena_free(&box->last);
	arena_free(&box->arena);
	free(box);
}
