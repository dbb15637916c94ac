/* SPDX-License-Identifier: MIT */
/*
 * The sockets that are open now, as far as they wait for anybody: what happens to them, and what a
 * look at all of them shows, becomes news. Pure: whoever uses it asks the kernel and has the clock.
 *
 * What is told of one call of a program comes in pieces: bind(2) began, it succeeded, listen(2)
 * began, and failed. So a piece is held back for a moment, until it is known what it is a part of.
 */
#ifndef BERTH_HISTORY_LIVE_H
#define BERTH_HISTORY_LIVE_H

#include <berth.h>

#include "base/map.h"
#include "sockets/sockets.h"

/* How long each piece is held back, in seconds. */
#define LIVE_HOLD_TRY_S 0.01 /* a bind(2) that did not succeed yet */
#define LIVE_HOLD_AGAIN_S 0.8 /* the same, when nothing seems to be in its way */
#define LIVE_HOLD_BOUND_S 0.1 /* a socket that may be about to listen or to connect */
#define LIVE_HOLD_LISTEN_S 0.003 /* a listen(2) that may fail */

/* A listen(2) that fails stops to listen within this time. */
#define LIVE_LISTEN_FAILS_S 0.05

struct live_socket {
	uint64_t cookie;
	enum berth_proto proto;
	uint8_t family;
	uint8_t address[16];
	uint16_t port;
	uint32_t ifindex;
	bool listening;
	double first_s; /* when it was opened */
	double since_s; /* or seen first, and had not been there at this time; 0: not known */
	bool told; /* that it was opened */
	bool told_bound; /* before listen(2) was called */
	unsigned round; /* the last look that had it */
	uint64_t serial; /* of its place in a queue */
	struct sockets_event by; /* what is held back of it; cookie 0: nothing */
	void *owner; /* for whoever uses it; freed with free(3) */
};

struct live_news {
	enum berth_event_kind kind;
	double time_s;
	double since_s; /* as berth_event.since_s */
	struct live_socket *socket; /* NULL with BERTH_EVENT_MISSED and a bind(2) that failed */
	const struct sockets_event *event; /* that says by whom, and where; NULL: not known */
	const struct berth_socket *row; /* of a look, that may have the owners; NULL */
	bool certain; /* of a bind(2) that failed: it did, for another one followed */
};

/* 0; a negative errno is handed on; 1, of a bind(2) that is not certain to have failed: it is told
 * once more later. */
typedef int live_tell(void *context, const struct live_news *news);

struct live_due {
	uint64_t cookie;
	uint64_t serial;
	double due_s;
};

struct live_queue {
	struct live_due *all;
	size_t first;
	size_t count; /* with those before the first */
	size_t size;
};

enum live_hold {
	LIVE_TRY,
	LIVE_AGAIN,
	LIVE_BOUND,
	LIVE_LISTEN,
	LIVE_HOLDS,
};

struct live {
	live_tell *tell;
	void *context;
	struct map sockets; /* cookie → struct live_socket */
	struct map tries; /* cookie → struct live_try */
	struct live_queue queues[LIVE_HOLDS];
	uint64_t serial;
	unsigned round;
	double looked_s; /* when the last look began; 0: there was none */
	struct map gone; /* cookies of those that closed since the look that goes on began */
	bool looking;
	bool wants_look; /* something happened that only a look can tell */
};

/* Takes what happened. 0; -ENOMEM; or what `tell` answered. */
int live_event(struct live *live, const struct sockets_event *event);

/* Tells what was held back long enough, when all that happened until `known_s` was handed in. As
 * above. */
int live_tick(struct live *live, double known_s);

/* When live_tick() has something to do; HUGE_VAL: never. */
double live_due_s(const struct live *live);

/* Whether it is a socket that waits for anybody: a listener, or bound without a peer. */
bool live_waits(const struct berth_socket *row);

/* Whether a row of a look is not known yet. */
bool live_is_new(const struct live *live, const struct berth_socket *row);

/* A look begins: what happens until live_compare() is taken into account there. */
void live_look(struct live *live);

/*
 * Compares with the sockets of our network namespace, asked for at `begin_s`. `states`: those of
 * TCP in which none can be missing; 0: any can. As live_event().
 */
int live_compare(struct live *live, const struct berth_socket *rows, size_t n, double begin_s,
	berth_states states);

/* Something that happened was lost: what began may have ended well, and only a look can tell. */
void live_lost(struct live *live);

/* Tells once more of all that is open and was told. As live_event(). */
int live_tell_all(struct live *live);

void live_free(struct live *live);

#endif
