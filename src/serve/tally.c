// SPDX-License-Identifier: MIT
/* See tally.h. */
#include "serve/tally.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct tally_row *find(struct tally *tally, uint16_t port, const char *name)
{
	for (size_t i = 0; i < tally->n; i++) {
		if (tally->rows[i].port == port && !strcmp(tally->rows[i].name, name))
			return &tally->rows[i];
	}
	return NULL;
}

static void count(struct tally *tally, const struct berth_event *event)
{
	const char *name = event->errno_name ? event->errno_name : "unknown";
	uint16_t port = tally->n < TALLY_ROWS ? event->port : 0;
	struct tally_row *row = find(tally, event->port, name);

	if (!row)
		row = find(tally, port, name);
	/* Errors have few names: there is room for each of them behind the ports. */
	if (!row && tally->n < (size_t)2 * TALLY_ROWS) {
		if (!tally->rows)
			tally->rows = calloc((size_t)2 * TALLY_ROWS, sizeof(*tally->rows));
		if (!tally->rows)
			return;
		row = &tally->rows[tally->n++];
		row->port = port;
		(void)snprintf(row->name, sizeof(row->name), "%s", name);
	}
	if (row)
		row->count++;
}

void tally_read(struct tally *tally, const struct berth *berth, const char *folder, double now_s)
{
	const double alive_s = 150; /* berthd writes each minute that it lives */
	const struct berth_history_ask ask = {.size = sizeof(ask),
		.folder = folder,
		.since_s = tally->since_s,
		.refusals_only = true};
	struct berth_history *history = NULL;

	tally->known = berth_history(berth, &ask, &history) >= 0;
	if (!tally->known)
		return;
	double latest_s = tally->since_s;
	for (size_t i = 0; i < history->n_events; i++) {
		const struct berth_event *event = &history->events[i];

		if (event->kind != BERTH_EVENT_REFUSED || event->time_s <= tally->since_s)
			continue;
		count(tally, event);
		if (event->time_s > latest_s)
			latest_s = event->time_s;
	}
	tally->since_s = latest_s;
	tally->last_s = history->last_s;
	tally->running = now_s - history->last_s < alive_s;
	berth_history_free(history);
}

void tally_free(struct tally *tally)
{
	free(tally->rows);
	tally->rows = NULL;
	tally->n = 0;
}
