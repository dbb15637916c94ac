// SPDX-License-Identifier: MIT
/* Pieces of what happened become news; see live.h. */
#include "history/live.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A bind(2) that began. */
struct live_try {
	struct sockets_event event;
	uint64_t serial;
	bool again; /* it was told once, and not believed */
};

static double hold_s(enum live_hold hold)
{
	switch (hold) {
	case LIVE_TRY:
		return LIVE_HOLD_TRY_S;
	case LIVE_AGAIN:
		return LIVE_HOLD_AGAIN_S;
	case LIVE_BOUND:
		return LIVE_HOLD_BOUND_S;
	case LIVE_LISTEN:
		return LIVE_HOLD_LISTEN_S;
	case LIVE_HOLDS:
		break;
	}
	return 0;
}

/* ---- Queues ---------------------------------------------------------------------------------- */

static int put(struct live *live, enum live_hold hold, uint64_t cookie, double time_s)
{
	struct live_queue *queue = live->queues + hold;

	if (queue->first && queue->first * 2 >= queue->count) {
		queue->count -= queue->first;
		memmove(queue->all, queue->all + queue->first, queue->count * sizeof(*queue->all));
		queue->first = 0;
	}
	if (queue->count == queue->size) {
		size_t size = queue->size ? queue->size * 2 : 64;
		struct live_due *all = reallocarray(queue->all, size, sizeof(*all));

		if (!all)
			return -ENOMEM;
		queue->all = all;
		queue->size = size;
	}
	queue->all[queue->count++] = (struct live_due){
		.cookie = cookie, .serial = live->serial, .due_s = time_s + hold_s(hold)};
	return 0;
}

double live_due_s(const struct live *live)
{
	double due_s = HUGE_VAL;

	for (size_t i = 0; i < LIVE_HOLDS; i++) {
		const struct live_queue *queue = live->queues + i;

		if (queue->first < queue->count && queue->all[queue->first].due_s < due_s)
			due_s = queue->all[queue->first].due_s;
	}
	return due_s;
}

/* ---- Telling --------------------------------------------------------------------------------- */

static int tell_opened(struct live *live, struct live_socket *socket)
{
	const struct live_news news = {.kind = BERTH_EVENT_OPENED,
		.time_s = socket->first_s,
		.since_s = socket->since_s,
		.socket = socket,
		.event = socket->by.cookie ? &socket->by : NULL};

	socket->told = true;
	int r = live->tell(live->context, &news);
	socket->by.cookie = 0;
	return r < 0 ? r : 0;
}

static void forget(struct live *live, struct live_socket *socket)
{
	(void)map_take(&live->sockets, socket->cookie);
	free(socket->owner);
	free(socket);
}

/* Closed at time_s, or since it was seen last. */
static int tell_closed(struct live *live, struct live_socket *socket, double time_s, double since_s)
{
	const struct live_news news = {
		.kind = BERTH_EVENT_CLOSED, .time_s = time_s, .since_s = since_s, .socket = socket};
	int r = socket->told ? 0 : tell_opened(live, socket);

	if (!r)
		r = live->tell(live->context, &news);
	if (r >= 0 && live->looking)
		r = map_put(&live->gone, socket->cookie, live);
	forget(live, socket);
	return r < 0 ? r : 0;
}

static int tell_try(struct live *live, const struct live_try *try, bool certain)
{
	const struct live_news news = {.kind = BERTH_EVENT_REFUSED,
		.time_s = try->event.time_s,
		.since_s = try->event.time_s,
		.event = &try->event,
		.certain = certain};

	return live->tell(live->context, &news);
}

/* ---- What happens ---------------------------------------------------------------------------- */

static bool can_listen(enum berth_proto proto)
{
	return proto != BERTH_UDP && proto != BERTH_UDPLITE;
}

static void take_place(struct live_socket *socket, const struct sockets_event *event)
{
	socket->proto = event->proto;
	socket->family = event->family;
	memcpy(socket->address, event->address, sizeof(socket->address));
	socket->port = event->port;
	socket->ifindex = event->ifindex;
	socket->first_s = socket->since_s = event->time_s;
}

static int open_socket(
	struct live *live, const struct sockets_event *event, struct live_socket **ret_socket)
{
	struct live_socket *socket = map_get(&live->sockets, event->cookie);

	if (!socket) {
		socket = calloc(1, sizeof(*socket));
		if (!socket || map_put(&live->sockets, event->cookie, socket)) {
			free(socket);
			return -ENOMEM;
		}
		socket->cookie = event->cookie;
		socket->round = live->round;
	}
	socket->by = *event;
	socket->serial = ++live->serial;
	*ret_socket = socket;
	return 0;
}

/* The try of a socket that went on: whether it failed is known now. */
static int end_try(struct live *live, uint64_t cookie, bool failed)
{
	struct live_try *try = map_take(&live->tries, cookie);
	int r = try && failed ? tell_try(live, try, true) : 0;

	free(try);
	return r < 0 ? r : 0;
}

static int see_try(struct live *live, const struct sockets_event *event)
{
	int r = end_try(live, event->cookie, true);
	struct live_try *try = r ? NULL : calloc(1, sizeof(*try));

	if (!try)
		return r ? r : -ENOMEM;
	*try = (struct live_try){.event = *event, .serial = ++live->serial};
	r = put(live, LIVE_TRY, event->cookie, event->time_s);
	if (!r)
		r = map_put(&live->tries, event->cookie, try);
	if (r)
		free(try);
	return r;
}

static int see_bound(struct live *live, const struct sockets_event *event)
{
	struct live_socket *socket = map_get(&live->sockets, event->cookie);
	int r = end_try(live, event->cookie, false);

	/* It was unbound unseen, as connect(2) to AF_UNSPEC does. */
	if (!r && socket)
		r = tell_closed(live, socket, event->time_s, live->looked_s);
	if (!r)
		r = open_socket(live, event, &socket);
	if (r)
		return r;
	take_place(socket, event);
	if (!can_listen(event->proto))
		return tell_opened(live, socket);
	return put(live, LIVE_BOUND, event->cookie, event->time_s);
}

static int see_listens(struct live *live, const struct sockets_event *event)
{
	struct live_socket *socket = NULL;

	/* The kernel is yet to choose the port (inet_csk_listen_start). */
	if (!event->port) {
		live->wants_look = true;
		return 0;
	}
	int r = open_socket(live, event, &socket);
	if (r)
		return r;
	/* What was told to be bound began then. */
	if (!socket->told)
		take_place(socket, event);
	socket->listening = true;
	socket->told_bound = socket->told;
	socket->told = false;
	return put(live, LIVE_LISTEN, event->cookie, event->time_s);
}

static bool failed_to_listen(const struct live_socket *socket, const struct sockets_event *event)
{
	return !socket->told && socket->by.kind == SOCKETS_LISTENS && !event->shut &&
		socket->by.thread == event->thread &&
		event->time_s - socket->by.time_s < LIVE_LISTEN_FAILS_S;
}

/* It is as it was before: bound. */
static int see_no_listen(struct live *live, struct live_socket *socket)
{
	const struct live_news news = {.kind = BERTH_EVENT_REFUSED,
		.time_s = socket->by.time_s,
		.since_s = socket->by.time_s,
		.socket = socket,
		.event = &socket->by,
		.certain = true};
	int r = live->tell(live->context, &news);

	socket->listening = false;
	socket->told = socket->told_bound;
	if (r < 0 || socket->told)
		return r < 0 ? r : 0;
	socket->by.kind = SOCKETS_BOUND;
	socket->serial = ++live->serial;
	return put(live, LIVE_BOUND, socket->cookie, socket->by.time_s);
}

/* A look that goes on may show it still. */
static int is_gone(struct live *live, uint64_t cookie)
{
	return live->looking ? map_put(&live->gone, cookie, live) : 0;
}

static int see_stops(struct live *live, const struct sockets_event *event)
{
	struct live_socket *socket = map_get(&live->sockets, event->cookie);

	if (!socket)
		return is_gone(live, event->cookie);
	if (!socket->listening)
		return 0;
	if (failed_to_listen(socket, event))
		return see_no_listen(live, socket);
	return tell_closed(live, socket, event->time_s, event->time_s);
}

static int see_closes(struct live *live, const struct sockets_event *event)
{
	struct live_socket *socket = map_get(&live->sockets, event->cookie);
	int r = end_try(live, event->cookie, true);

	if (r)
		return r;
	if (!socket)
		return is_gone(live, event->cookie);
	return tell_closed(live, socket, event->time_s, event->time_s);
}

static int see_connects(struct live *live, const struct sockets_event *event)
{
	struct live_socket *socket = map_get(&live->sockets, event->cookie);

	if (!socket)
		return is_gone(live, event->cookie);
	if (socket->told)
		return tell_closed(live, socket, event->time_s, event->time_s);
	forget(live, socket); /* a client that chose its port */
	return 0;
}

static int see_ended(struct live *live, const struct sockets_event *event)
{
	const struct live_news news = {.kind = BERTH_EVENT_MISSED,
		.time_s = event->time_s,
		.since_s = live->looked_s,
		.event = event};
	struct live_socket *socket = map_get(&live->sockets, event->cookie);

	if (socket)
		return tell_closed(live, socket, event->time_s, event->time_s);
	/* Before the first look nobody knows what was there. */
	int r = live->looked_s > 0 ? live->tell(live->context, &news) : 0;
	return r < 0 ? r : is_gone(live, event->cookie);
}

int live_event(struct live *live, const struct sockets_event *event)
{
	if (!event->cookie)
		return 0;
	switch (event->kind) {
	case SOCKETS_TRIES:
		return see_try(live, event);
	case SOCKETS_BOUND:
		return see_bound(live, event);
	case SOCKETS_LISTENS:
		return see_listens(live, event);
	case SOCKETS_STOPS:
		return see_stops(live, event);
	case SOCKETS_CONNECTS:
		return see_connects(live, event);
	case SOCKETS_CLOSES:
		return see_closes(live, event);
	case SOCKETS_ENDED:
		return see_ended(live, event);
	}
	return 0;
}

/* ---- What was held back ---------------------------------------------------------------------- */

static int end_hold_of_try(struct live *live, const struct live_due *due, double now_s)
{
	struct live_try *try = map_get(&live->tries, due->cookie);

	if (!try || try->serial != due->serial)
		return 0;
	int r = tell_try(live, try, try->again);
	if (r > 0 && !try->again) {
		try->again = true;
		try->serial = ++live->serial;
		return put(live, LIVE_AGAIN, due->cookie, now_s);
	}
	free(map_take(&live->tries, due->cookie));
	return r < 0 ? r : 0;
}

static int end_hold(
	struct live *live, enum live_hold hold, const struct live_due *due, double now_s)
{
	struct live_socket *socket = map_get(&live->sockets, due->cookie);

	if (hold == LIVE_TRY || hold == LIVE_AGAIN)
		return end_hold_of_try(live, due, now_s);
	return socket && socket->serial == due->serial && !socket->told ? tell_opened(live, socket)
									: 0;
}

int live_tick(struct live *live, double known_s)
{
	int r = 0;

	for (size_t i = 0; i < LIVE_HOLDS; i++) {
		struct live_queue *queue = live->queues + i;

		while (!r && queue->first < queue->count &&
			queue->all[queue->first].due_s <= known_s) {
			const struct live_due due = queue->all[queue->first++];

			r = end_hold(live, (enum live_hold)i, &due, known_s);
		}
		if (queue->first == queue->count)
			queue->first = queue->count = 0;
	}
	return r;
}

/* ---- Looks ----------------------------------------------------------------------------------- */

/* Where there are no cookies (/proc/net), the inode is as good as long as the socket lives. */
static uint64_t key_of(const struct berth_socket *row)
{
	return row->cookie ? row->cookie : row->inode | UINT64_C(1) << 63;
}

bool live_waits(const struct berth_socket *row)
{
	if (!row->local_port || row->netns)
		return false;
	if (row->state == BERTH_LISTEN || row->state == BERTH_BOUND)
		return true;
	return !can_listen(row->proto) && row->state == BERTH_CLOSE;
}

bool live_is_new(const struct live *live, const struct berth_socket *row)
{
	uint64_t key = key_of(row);

	return live_waits(row) && !map_has(&live->sockets, key) && !map_has(&live->tries, key);
}

void live_look(struct live *live)
{
	live->looking = true;
	live->wants_look = false;
}

static int see_new_row(struct live *live, const struct berth_socket *row, double begin_s)
{
	const struct sockets_event event = {.cookie = key_of(row),
		.time_s = begin_s,
		.proto = row->proto,
		.family = row->family,
		.port = row->local_port,
		.ifindex = row->ifindex};
	struct live_socket *socket = NULL;
	int r = open_socket(live, &event, &socket);

	if (r)
		return r;
	take_place(socket, &event);
	memcpy(socket->address, row->local, sizeof(socket->address));
	socket->since_s = live->looked_s;
	socket->listening = row->state == BERTH_LISTEN;
	socket->by.cookie = 0;
	socket->told = true;
	const struct live_news news = {
		.kind = live->looked_s > 0 ? BERTH_EVENT_OPENED : BERTH_EVENT_FOUND,
		.time_s = begin_s,
		.since_s = live->looked_s,
		.socket = socket,
		.row = row};
	r = live->tell(live->context, &news);
	return r < 0 ? r : 0;
}

/* A socket that was bound listens now, and nobody told. */
static int see_row_listens(struct live *live, struct live_socket *socket,
	const struct berth_socket *row, double begin_s)
{
	const struct live_news news = {.kind = BERTH_EVENT_OPENED,
		.time_s = begin_s,
		.since_s = live->looked_s,
		.socket = socket,
		.row = row};

	socket->listening = true;
	int r = live->tell(live->context, &news);
	return r < 0 ? r : 0;
}

static int see_row(struct live *live, const struct berth_socket *row, double begin_s)
{
	struct live_socket *socket = map_get(&live->sockets, key_of(row));

	if (live_is_new(live, row) && !map_has(&live->gone, key_of(row)))
		return see_new_row(live, row, begin_s);
	if (!socket)
		return 0;
	socket->round = live->round;
	if (row->state == BERTH_LISTEN && !socket->listening && socket->told)
		return see_row_listens(live, socket, row, begin_s);
	return 0;
}

static enum berth_socket_state state_of(const struct live_socket *socket)
{
	if (socket->listening)
		return BERTH_LISTEN;
	return can_listen(socket->proto) ? BERTH_BOUND : BERTH_CLOSE;
}

/* Those that the look does not have any more. Telling one takes it out of the map, so they are
 * gathered first. */
static int close_missing(struct live *live, double begin_s, berth_states states)
{
	struct live_socket **missing =
		calloc(live->sockets.count + 1, sizeof(struct live_socket *));
	uint64_t cookie = 0;
	void *value = NULL;
	size_t count = 0;
	int r = 0;

	if (!missing)
		return -ENOMEM;
	for (size_t at = 0; map_next(&live->sockets, &at, &cookie, &value);) {
		struct live_socket *socket = value;

		if (socket->round != live->round && socket->told && socket->first_s < begin_s &&
			states & BERTH_STATE_BIT(state_of(socket)))
			missing[count++] = socket;
	}
	for (size_t i = 0; !r && i < count; i++)
		r = tell_closed(live, missing[i], begin_s, live->looked_s);
	free(missing);
	return r;
}

int live_compare(struct live *live, const struct berth_socket *rows, size_t n, double begin_s,
	berth_states states)
{
	int r = 0;

	live->round++;
	for (size_t i = 0; !r && i < n; i++) {
		if (live_waits(rows + i))
			r = see_row(live, rows + i, begin_s);
	}
	if (!r && states)
		r = close_missing(live, begin_s, states);
	live->looking = false;
	map_free(&live->gone);
	live->looked_s = begin_s;
	return r;
}

void live_lost(struct live *live)
{
	uint64_t cookie = 0;
	void *value = NULL;

	for (size_t at = 0; map_next(&live->tries, &at, &cookie, &value);)
		free(value);
	map_free(&live->tries);
	live->wants_look = true;
}

int live_tell_all(struct live *live)
{
	uint64_t cookie = 0;
	void *value = NULL;
	int r = 0;

	for (size_t at = 0; r >= 0 && map_next(&live->sockets, &at, &cookie, &value);) {
		struct live_socket *socket = value;
		const struct live_news news = {
			.kind = BERTH_EVENT_FOUND, .time_s = socket->first_s, .socket = socket};

		r = socket->told ? live->tell(live->context, &news) : 0;
	}
	return r < 0 ? r : 0;
}

void live_free(struct live *live)
{
	uint64_t cookie = 0;
	void *value = NULL;

	for (size_t at = 0; map_next(&live->sockets, &at, &cookie, &value);) {
		struct live_socket *socket = value;

		free(socket->owner);
		free(socket);
	}
	for (size_t at = 0; map_next(&live->tries, &at, &cookie, &value);)
		free(value);
	for (size_t i = 0; i < LIVE_HOLDS; i++)
		free(live->queues[i].all);
	map_free(&live->sockets);
	map_free(&live->tries);
	map_free(&live->gone);
	*live = (struct live){0};
}
