// SPDX-License-Identifier: MIT
/* A port that was in use for less than the time between two readings shows that much later. */
#include "serve/past.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"

static const double fresh_s = 5;

enum {
	SPANS_MOST = 20000,
	OF_PORT_MOST = 20,
	BITS = 8,
};

static void mark(struct past *past, uint16_t port)
{
	past->ports[port / BITS] |= (uint8_t)(1U << port % BITS);
}

static bool is_marked(const struct past *past, uint16_t port)
{
	return past->ports[port / BITS] >> port % BITS & 1;
}

static void look(struct past *past, const struct berth *berth, const char *folder)
{
	const struct berth_history_ask ask = {
		.size = sizeof(ask), .folder = folder, .most = SPANS_MOST};
	struct berth_history *history = NULL;
	double now_s = clock_now_s(CLOCK_MONOTONIC);

	if (past->read_s > 0 && now_s - past->read_s < fresh_s)
		return;
	past->read_s = now_s;
	past->error = berth_history(berth, &ask, &history);
	memset(past->ports, 0, sizeof(past->ports));
	if (past->error) {
		(void)snprintf(past->why, sizeof(past->why), "%s", berth_error());
		return;
	}
	for (size_t i = 0; i < history->n_spans; i++)
		mark(past, history->spans[i].port);
	for (size_t i = 0; i < history->n_events; i++)
		mark(past, history->events[i].port);
	past->since =
		(struct berth_history){.first_s = history->first_s, .last_s = history->last_s};
	berth_history_free(history);
}

const struct berth_history *past_of(struct past *past, const struct berth *berth,
	const char *folder, uint16_t port, bool busy, struct berth_history **ret_owned)
{
	struct berth_query_part part = {.first = port, .last = port};
	const struct berth_query query = {.parts = &part, .n_parts = 1};
	const struct berth_history_ask ask = {
		.size = sizeof(ask), .folder = folder, .query = &query, .most = OF_PORT_MOST};

	look(past, berth, folder);
	if (past->error)
		return NULL;
	if (busy) /* it will have one, also when it is free again before we look */
		mark(past, port);
	if (is_marked(past, port) && !berth_history(berth, &ask, ret_owned))
		return *ret_owned;
	return &past->since;
}
