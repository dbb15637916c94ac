// SPDX-License-Identifier: MIT
/*
 * Watching: what the kernel tells (sockets_events_…) and what it is asked (sockets_snapshot()) go
 * into one table of what is open (history/live.h), whose news become events with owners and words.
 */
#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "api/event_words.h"
#include "api/handle.h"
#include "api/refusal.h"
#include "base/clock.h"
#include "base/map.h"
#include "history/actor.h"
#include "history/live.h"

enum {
	ACTORS_MOST = 512, /* that are kept */
	PORTS_MOST = 256, /* owners of more new ports than that are looked for on all */
	MISSED_PORTS = 8, /* at which sockets were missed are told one by one */
	BOUND_EVERY = 8, /* looks; the kernel walks a large table for them */
};

/* How often is asked, in seconds. */
static const double told_look_s = 60; /* when everything is told */
static const double longest_s = 2;
static const double shortest_s = 0.02;
static const double quiet_share = 0.0005; /* of the time, while nothing happens */
static const double missed_every_s = 1;
static const double busy_share = 0.05; /* and while much does */

struct berth_watch {
	const struct berth *berth;
	struct sockets_events *events; /* NULL: nobody tells */
	enum berth_watch_way way;
	const char *why_not;
	struct live live;
	int epoll;
	int timer;
	struct arena arena; /* of the events that were handed out */
	struct berth_event *all;
	size_t count;
	size_t size;
	bool began;
	bool again; /* everything is to be told once more */
	unsigned looks;
	double next_look_s;
	double pause_s;
	double known_s; /* until when all that happened was told */
	struct map actors; /* pid → struct berth_actor, as read lately */
	const struct map *owners; /* cookie → struct berth_socket, while a look is compared */
	struct sockets_event missed[MISSED_PORTS]; /* one of each port */
	uint64_t missed_counts[MISSED_PORTS];
	size_t n_missed;
	uint64_t missed_elsewhere;
	double missed_due_s; /* when they are told; 0: there are none */
	uint64_t lost;
	bool told_more; /* that an unknown number was lost */
};

static double now_s(void)
{
	return clock_now_s(CLOCK_REALTIME);
}

/* ---- Actors ---------------------------------------------------------------------------------- */

static void forget_actors(struct berth_watch *watch)
{
	uint64_t pid = 0;
	void *value = NULL;

	for (size_t at = 0; map_next(&watch->actors, &at, &pid, &value);)
		free(value);
	map_free(&watch->actors);
}

/* Reads who it was, unless that is known; the name changes with execve(2). */
static int read_actor(struct berth_watch *watch, const struct sockets_event *event,
	struct berth_actor **ret_actor)
{
	const struct berth_process *process = NULL;
	struct berth_actor actor = {.pid = event->pid,
		.start_ticks = event->start_ticks,
		.has_uid = true,
		.uid = event->uid,
		.name = event->name};
	struct arena arena = {0};
	int r = sockets_process(
		watch->berth->system, event->pid, event->start_ticks, &arena, &process);

	if (!r && process) {
		actor = actor_of(process);
		actor.name = event->name;
	}
	if (!r) {
		*ret_actor = actor_copy(&actor);
		r = *ret_actor ? 0 : -ENOMEM;
	}
	arena_free(&arena);
	return r;
}

static int actor_of_event(struct berth_watch *watch, const struct sockets_event *event,
	const struct berth_actor **ret_actor)
{
	struct berth_actor *known = map_get(&watch->actors, event->pid);

	if (known && known->start_ticks == event->start_ticks &&
		!strcmp(known->name, event->name) && known->uid == event->uid) {
		*ret_actor = known;
		return 0;
	}
	if (watch->actors.count >= ACTORS_MOST)
		forget_actors(watch);
	known = NULL;
	int r = read_actor(watch, event, &known);
	if (r)
		return r;
	free(map_take(&watch->actors, event->pid));
	r = map_put(&watch->actors, event->pid, known);
	if (r)
		free(known);
	else
		*ret_actor = known;
	return r;
}

/* ---- Events ---------------------------------------------------------------------------------- */

static struct berth_event *add_event(struct berth_watch *watch)
{
	if (watch->count == watch->size) {
		size_t size = watch->size ? watch->size * 2 : 64;
		struct berth_event *all = reallocarray(watch->all, size, sizeof(*all));

		if (!all)
			return NULL;
		watch->all = all;
		watch->size = size;
	}
	struct berth_event *event = &watch->all[watch->count++];
	*event = (struct berth_event){0};
	return event;
}

static int fill_opened(
	struct berth_watch *watch, const struct live_news *news, struct berth_event *event)
{
	struct live_socket *socket = news->socket;
	const struct berth_socket *row =
		news->row && watch->owners ? map_get(watch->owners, news->row->cookie) : NULL;
	const struct berth_actor *known = NULL;
	struct berth_actor actor = {0};
	int r = 0;

	if (news->event) {
		r = actor_of_event(watch, news->event, &known);
	} else if (row && row->n_owners) {
		actor = actor_of(row->owners[0].process);
		known = &actor;
	} else if (news->row && news->row->has_uid) {
		actor = (struct berth_actor){
			.has_uid = true, .uid = news->row->uid, .user = news->row->user};
		known = &actor;
	} else if (socket && socket->owner) { /* told before */
		return actor_keep(&watch->arena, socket->owner, &event->actor);
	}
	if (r || !known || !socket)
		return r;
	free(socket->owner);
	socket->owner = actor_copy(known);
	return socket->owner ? actor_keep(&watch->arena, known, &event->actor) : -ENOMEM;
}

static void take_socket(struct berth_event *event, const struct live_socket *socket)
{
	event->proto = socket->proto;
	event->family = socket->family;
	memcpy(event->address, socket->address, sizeof(event->address));
	event->port = socket->port;
	event->ifindex = socket->ifindex;
	event->cookie = socket->cookie;
	event->listening = socket->listening;
}

static void take_place(struct berth_event *event, const struct sockets_event *happened)
{
	event->proto = happened->proto;
	event->family = happened->family;
	memcpy(event->address, happened->address, sizeof(event->address));
	event->port = happened->port;
	event->ifindex = happened->ifindex;
	event->cookie = happened->cookie;
}

static int fill_closed(
	struct berth_watch *watch, const struct live_socket *socket, struct berth_event *event)
{
	if (!socket)
		return 0;
	event->opened_s = socket->first_s;
	return socket->owner ? actor_keep(&watch->arena, socket->owner, &event->actor) : 0;
}

/* 1: it cannot be told yet; 2: there is nothing to tell. */
static int fill_refused(
	struct berth_watch *watch, const struct live_news *news, struct berth_event *event)
{
	const struct berth_actor *loser = NULL;

	take_place(event, news->event);
	event->listening = news->event->kind == SOCKETS_LISTENS;
	int r = refusal_judge(watch->berth, news->event, event->listening, &watch->arena, event);
	if (r == 1)
		return 2;
	if (r == 2 && !news->certain)
		return 1;
	if (r == 2) {
		event->cause_text = "nothing is in its way any more";
		r = 0;
	}
	if (!r)
		r = actor_of_event(watch, news->event, &loser);
	return r ? r : actor_keep(&watch->arena, loser, &event->actor);
}

static int fill(struct berth_watch *watch, const struct live_news *news, struct berth_event *event)
{
	event->kind = news->kind;
	event->time_s = news->time_s;
	event->since_s = news->since_s;
	if (news->socket)
		take_socket(event, news->socket);
	switch (news->kind) {
	case BERTH_EVENT_FOUND:
	case BERTH_EVENT_OPENED:
		return fill_opened(watch, news, event);
	case BERTH_EVENT_CLOSED:
		return fill_closed(watch, news->socket, event);
	case BERTH_EVENT_REFUSED:
		return fill_refused(watch, news, event);
	case BERTH_EVENT_MISSED: /* is gathered first */
		break;
	}
	return 0;
}

static int finish(struct berth_watch *watch, struct berth_event *event)
{
	event->address_text = event->family
		? event_words_address(&watch->arena, event->family, event->address)
		: "";
	return event->address_text ? event_words_text(&watch->arena, event) : -ENOMEM;
}

/* Clients of UDP can be missed by the thousand: they are counted for a while, by port if few. */
static void count_missed(struct berth_watch *watch, const struct sockets_event *ended)
{
	size_t at = 0;

	while (at < watch->n_missed &&
		(watch->missed[at].port != ended->port || watch->missed[at].proto != ended->proto))
		at++;
	if (watch->missed_due_s <= 0)
		watch->missed_due_s = now_s() + missed_every_s;
	if (at == MISSED_PORTS) {
		watch->missed_elsewhere++;
		return;
	}
	if (at == watch->n_missed) {
		watch->missed[at] = *ended;
		watch->missed_counts[at] = 0;
		watch->n_missed++;
	}
	watch->missed_counts[at]++;
}

static int add_missed(struct berth_watch *watch, const struct sockets_event *where, uint64_t count)
{
	struct berth_event *event = add_event(watch);

	if (!event)
		return -ENOMEM;
	event->kind = BERTH_EVENT_MISSED;
	event->time_s = now_s();
	event->since_s = watch->live.looked_s;
	event->count = count;
	if (where)
		take_place(event, where);
	event->cookie = 0;
	return finish(watch, event);
}

static int tell_missed(struct berth_watch *watch)
{
	int r = 0;

	if (watch->missed_due_s <= 0 || now_s() < watch->missed_due_s)
		return 0;
	for (size_t i = 0; !r && i < watch->n_missed; i++)
		r = add_missed(watch, &watch->missed[i], watch->missed_counts[i]);
	if (!r && watch->missed_elsewhere)
		r = add_missed(watch, NULL, watch->missed_elsewhere);
	watch->n_missed = 0;
	watch->missed_elsewhere = 0;
	watch->missed_due_s = 0;
	return r;
}

/* A live_tell. */
static int tell(void *context, const struct live_news *news)
{
	struct berth_watch *watch = context;
	struct berth_event *event = NULL;

	if (news->kind == BERTH_EVENT_MISSED) {
		count_missed(watch, news->event);
		return 0;
	}
	event = add_event(watch);
	int r = event ? fill(watch, news, event) : -ENOMEM;
	if (!r)
		return finish(watch, event);
	if (r > 0)
		watch->count--;
	return r == 2 ? 0 : r;
}

static int tell_lost(struct berth_watch *watch)
{
	bool more = false;
	uint64_t lost = watch->events ? sockets_events_lost(watch->events, &more) : 0;

	if (lost == watch->lost && (!more || watch->told_more))
		return 0;
	uint64_t count = lost - watch->lost;
	watch->lost = lost;
	watch->told_more = watch->told_more || more;
	live_lost(&watch->live);
	return add_missed(watch, NULL, count);
}

/* ---- Looks ----------------------------------------------------------------------------------- */

static int take_event(void *context, const struct sockets_event *event)
{
	struct berth_watch *watch = context;

	return live_event(&watch->live, event);
}

static int drain(struct berth_watch *watch)
{
	double begin_s = now_s();
	int r = watch->events ? sockets_events_read(watch->events, take_event, watch) : 0;

	if (!r)
		watch->known_s = begin_s;
	return r < 0 ? r : 0;
}

static int take_snapshot(struct berth_watch *watch, const struct berth_ask *ask,
	struct sockets_snapshot **ret_snapshot)
{
	struct buffer problem = {0};
	int r = sockets_snapshot(watch->berth->system, ask, ret_snapshot, &problem);

	if (r < 0)
		(void)handle_fail(r, "%s", problem.len ? problem.data : strerror(-r));
	buffer_free(&problem);
	return r;
}

/* The owners of what is new in a look, by cookie. */
static int find_owners(struct berth_watch *watch, const struct sockets_snapshot *seen,
	struct sockets_snapshot **ret_snapshot, struct map *owners)
{
	struct berth_query_part parts[PORTS_MOST];
	struct berth_query query = {.parts = parts};
	struct berth_ask ask = {
		.size = sizeof(ask), .owners = true, .places = true, .thorough = true};
	size_t new_rows = 0;

	for (size_t i = 0; i < seen->n_sockets; i++) {
		const struct berth_socket *row = seen->sockets + i;

		if (!live_is_new(&watch->live, row))
			continue;
		if (new_rows++ < PORTS_MOST)
			parts[query.n_parts++] = (struct berth_query_part){
				.first = row->local_port, .last = row->local_port};
	}
	if (!new_rows)
		return 0;
	ask.query = new_rows <= PORTS_MOST ? &query : NULL;
	ask.states = BERTH_STATE_BIT(BERTH_LISTEN) | BERTH_STATE_BIT(BERTH_CLOSE) |
		BERTH_STATE_BIT(BERTH_BOUND);
	int r = take_snapshot(watch, &ask, ret_snapshot);
	for (size_t i = 0; !r && i < (*ret_snapshot)->n_sockets; i++) {
		struct berth_socket *row = (*ret_snapshot)->sockets + i;

		if (row->cookie)
			r = map_put(owners, row->cookie, row);
	}
	return r;
}

/* Looks for what changed; `bound`: among sockets of TCP that are bound only too. */
static int look(struct berth_watch *watch, bool bound)
{
	const unsigned torn = BERTH_GAP_INTERRUPTED | BERTH_GAP_TRUNCATED | BERTH_GAP_REFUSED;
	berth_states states = BERTH_STATE_BIT(BERTH_LISTEN) | BERTH_STATE_BIT(BERTH_CLOSE) |
		(bound ? BERTH_STATE_BIT(BERTH_BOUND) : 0);
	const struct berth_ask ask = {.size = sizeof(ask), .states = states};
	struct sockets_snapshot *seen = NULL;
	struct sockets_snapshot *owned = NULL;
	struct map owners = {0};

	live_look(&watch->live);
	int r = take_snapshot(watch, &ask, &seen);
	if (!r)
		r = drain(watch);
	if (!r && (seen->gaps & BERTH_GAP_UNSUPPORTED))
		r = handle_fail(-ENOSYS, "this build has no backend for this system");
	if (!r)
		r = find_owners(watch, seen, &owned, &owners);
	if (!r) {
		watch->owners = &owners;
		r = live_compare(&watch->live, seen->sockets, seen->n_sockets, seen->time_s,
			seen->gaps & torn ? 0 : states);
		watch->owners = NULL;
	}
	map_free(&owners);
	sockets_snapshot_free(owned);
	sockets_snapshot_free(seen);
	return r;
}

/* Sooner while things change, later while they do not, and never for more than its share. */
static void plan_look(struct berth_watch *watch, double cost_s, bool changed)
{
	double most_s = cost_s / quiet_share;
	double least_s = cost_s / busy_share;

	if (watch->way == BERTH_WATCH_BPF || watch->way == BERTH_WATCH_BPF_LISTEN) {
		watch->pause_s = watch->way == BERTH_WATCH_BPF ? told_look_s : longest_s;
	} else {
		const double slower = 1.25;

		watch->pause_s = changed ? least_s : watch->pause_s * slower;
		if (watch->pause_s > most_s)
			watch->pause_s = most_s;
		if (watch->pause_s > longest_s)
			watch->pause_s = longest_s;
		if (watch->pause_s < shortest_s)
			watch->pause_s = shortest_s;
	}
	watch->next_look_s = now_s() + watch->pause_s;
}

static int look_if_due(struct berth_watch *watch)
{
	double begin_s = now_s();
	size_t before = watch->count;
	bool told = watch->way == BERTH_WATCH_BPF;

	/* The clock was set back. */
	if (watch->next_look_s > begin_s + told_look_s)
		watch->next_look_s = begin_s;
	if (!watch->live.wants_look && begin_s < watch->next_look_s)
		return 0;
	bool bound = told || watch->looks++ % BOUND_EVERY == 0;
	int r = look(watch, bound);
	if (!r)
		plan_look(watch, now_s() - begin_s, watch->count > before);
	return r;
}

/* ---- Waiting --------------------------------------------------------------------------------- */

static int round_once(struct berth_watch *watch)
{
	int r = drain(watch);

	if (!r && watch->again) {
		watch->again = false;
		r = live_tell_all(&watch->live);
	}

	/* What ended may begin again at once. */
	if (!r && watch->way == BERTH_WATCH_ENDINGS && watch->count &&
		watch->next_look_s > now_s() + shortest_s)
		watch->next_look_s = now_s() + shortest_s;
	if (!r)
		r = tell_lost(watch);
	if (!r)
		r = live_tick(&watch->live, watch->known_s);
	if (!r)
		r = tell_missed(watch);
	if (!r)
		r = look_if_due(watch);
	watch->began = watch->began || !r;
	return r;
}

/* Wakes us up when something that is held back is due, or the next look is. */
static void arm(struct berth_watch *watch)
{
	const double nanoseconds = 1e9;
	double due_s = fmin(live_due_s(&watch->live), watch->next_look_s);
	if (watch->missed_due_s > 0)
		due_s = fmin(due_s, watch->missed_due_s);
	double wait_s = fmax(due_s - now_s(), 1e-6);
	const struct itimerspec time = {
		.it_value = {.tv_sec = (time_t)wait_s,
			.tv_nsec = (long)((wait_s - floor(wait_s)) * nanoseconds)}};

	(void)timerfd_settime(watch->timer, 0, &time, NULL);
}

/* 1: something is there; 0: the time is over; -EINTR. */
static int pause_for(struct berth_watch *watch, int64_t timeout_ms)
{
	struct epoll_event ready[2];
	uint64_t times;

	arm(watch);
	int n = epoll_wait(watch->epoll, ready, 2, timeout_ms < 0 ? -1 : (int)timeout_ms);
	if (n < 0)
		return -errno;
	(void)!read(watch->timer, &times, sizeof(times));
	return n > 0;
}

int berth_watch_next(
	struct berth_watch *watch, int64_t timeout_ms, const struct berth_event **ret_events)
{
	const double ms = 1000;
	const int64_t longest_ms = 1000000000;
	double until_s = now_s() + (double)timeout_ms / ms;
	bool began = watch->began;
	int r = 1;

	watch->count = 0;
	arena_free(&watch->arena);
	while (r > 0) {
		r = round_once(watch);
		if (r < 0) {
			if (r == -ENOMEM)
				(void)handle_fail(r, "out of memory");
			return r;
		}
		if (watch->count || !began)
			break;
		double left_ms = timeout_ms < 0 ? -1 : fmax((until_s - now_s()) * ms, 0);
		r = timeout_ms && left_ms != 0
			? pause_for(
				  watch, left_ms > longest_ms ? longest_ms : (int64_t)ceil(left_ms))
			: 0;
		if (r < 0)
			return r;
	}
	arm(watch);
	*ret_events = watch->all;
	return (int)watch->count;
}

/* ---- Opening --------------------------------------------------------------------------------- */

static int choose_way(struct berth_watch *watch, bool no_bpf)
{
	const char *why = NULL;
	struct sockets_system *system = watch->berth->system;
	int r = no_bpf ? -EPERM : sockets_events_open(system, false, &watch->events, &why);

	if (!r) {
		bool all = sockets_events_binds(watch->events);

		watch->way = all ? BERTH_WATCH_BPF : BERTH_WATCH_BPF_LISTEN;
		watch->why_not = all ? NULL : "no cgroups of version 2 are mounted here";
		return 0;
	}
	watch->why_not = no_bpf ? "it was not to be used" : why;
	if (r == -ENOMEM)
		return r;
	r = sockets_events_open(system, true, &watch->events, &why);
	watch->way = r ? BERTH_WATCH_POLL : BERTH_WATCH_ENDINGS;
	return r == -ENOMEM ? r : 0;
}

static int add_fd(struct berth_watch *watch, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

	return epoll_ctl(watch->epoll, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

static int open_watch(struct berth_watch *watch, bool no_bpf)
{
	watch->epoll = epoll_create1(EPOLL_CLOEXEC);
	watch->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (watch->epoll < 0 || watch->timer < 0)
		return handle_fail(-errno, "%s", strerror(errno));
	int r = choose_way(watch, no_bpf);
	if (!r)
		r = add_fd(watch, watch->timer);
	if (!r && watch->events)
		r = add_fd(watch, sockets_events_fd(watch->events));
	return r ? handle_fail(r, "%s", strerror(-r)) : 0;
}

int berth_watch_open(const struct berth *berth, const struct berth_watch_ask *ask,
	struct berth_watch **ret_watch)
{
	struct berth_watch_ask wanted = {0};

	if (ask && (ask->size < sizeof(ask->size) || ask->size > sizeof(wanted)))
		return handle_fail(-EINVAL, "berth_watch_ask.size is %zu, at most %zu is known",
			ask->size, sizeof(wanted));
	if (ask)
		memcpy(&wanted, ask, ask->size);
	if (berth->replay)
		return handle_fail(-EROFS, "a recording does not change: nothing can be watched");
	struct berth_watch *watch = calloc(1, sizeof(*watch));
	if (!watch)
		return handle_fail(-ENOMEM, "out of memory");
	watch->berth = berth;
	watch->live = (struct live){.tell = tell, .context = watch};
	watch->epoll = watch->timer = -1;
	int r = open_watch(watch, wanted.no_bpf);
	if (r < 0)
		berth_watch_close(watch);
	else
		*ret_watch = watch;
	return r;
}

enum berth_watch_way berth_watch_way(const struct berth_watch *watch)
{
	return watch->way;
}

const char *berth_watch_why_not(const struct berth_watch *watch)
{
	return watch->why_not;
}

void berth_watch_again(struct berth_watch *watch)
{
	watch->again = true;
}

int berth_watch_fd(const struct berth_watch *watch)
{
	return watch->epoll;
}

void berth_watch_close(struct berth_watch *watch)
{
	if (!watch)
		return;
	sockets_events_close(watch->events);
	live_free(&watch->live);
	forget_actors(watch);
	arena_free(&watch->arena);
	free(watch->all);
	if (watch->epoll >= 0)
		close(watch->epoll);
	if (watch->timer >= 0)
		close(watch->timer);
	free(watch);
}
