// SPDX-License-Identifier: MIT
/* Index, lists, map, and the pages of ports, from one look at all sockets. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "serve/tell.h"
#include "web/atlas.h"
#include "web/page.h"

/* Older than the front lets its looks get, so that a page rests on the look it just had. */
static const double look_age_s = 0.8;

static int take_look(struct tell *tell, enum wire_view view)
{
	return looks_take(&tell->looks[view], tell->berth, view != WIRE_PUBLIC, look_age_s);
}

/* It has names of processes, and so is for those who may see them. */
static void add_past(struct tell *tell, const struct wire_question *question, struct page *page,
	struct berth_history **ret_owned)
{
	if (question->view == WIRE_PUBLIC || tell->utc) /* a recording has no past */
		return;
	page->history = past_of(&tell->past, tell->berth, tell->history, page->report->port,
		page->report->n_sockets > 0, ret_owned);
	if (!page->history)
		page->history_why = tell->past.why;
}

static void put_port(struct tell *tell, const struct wire_question *question,
	struct wire_head *head, struct buffer *out)
{
	struct looks *looks = &tell->looks[question->view];
	struct page page = {.html = {.out = out}, .machine = true, .site = true, .served = true};
	struct berth_report *report = NULL;
	struct berth_history *history = NULL;
	int error = take_look(tell, question->view);

	if (!error)
		error = berth_report(
			tell->berth, looks->snapshot, question->route.port, NULL, &report);
	if (error < 0 || !report) {
		tell_failure(error, head, out);
		return;
	}
	page.report = report;
	page.clock.now_s = berth_snapshot_time_s(looks->snapshot);
	page.clock.utc = tell->utc;
	add_past(tell, question, &page, &history);
	page_write(&page);
	berth_history_free(history);
	head->keep = true;
	head->time_at = (uint32_t)page.time_at;
	berth_report_free(report);
}

/* What lists and search know of all ports; made once, a third of a second. */
static int make_entries(struct tell *tell)
{
	if (tell->entries)
		return 0;
	struct site_entry *entries = calloc(ATLAS_PORTS, sizeof(*entries));
	int error = entries ? 0 : -ENOMEM;

	for (unsigned port = 0; port < ATLAS_PORTS && !error; port++) {
		struct berth_report *report = NULL;

		error = berth_report(tell->berth, NULL, (uint16_t)port, NULL, &report);
		if (!error)
			entries[port] = site_entry(report, &tell->names);
		berth_report_free(report);
	}
	if (error)
		free(entries);
	else
		tell->entries = entries;
	return error;
}

static void put_list(struct tell *tell, unsigned folder, struct wire_head *head, struct buffer *out)
{
	int error = make_entries(tell);

	if (error)
		tell_failure(error, head, out);
	else
		site_folder_write(out, folder,
			tell->entries + (size_t)folder * SITE_PORTS_OF_FOLDER, tell->date, true);
}

/* The picture as SVG, or what search and picture of the script are made from. */
static void put_atlas(struct tell *tell, const struct wire_question *question,
	struct wire_head *head, struct buffer *out)
{
	struct atlas *atlas = calloc(1, sizeof(*atlas));
	bool names = question->route.kind == ROUTE_NAMES;
	int error = atlas ? take_look(tell, question->view) : -ENOMEM;

	if (!error && names)
		error = make_entries(tell);
	if (error) {
		tell_failure(error, head, out);
	} else {
		const struct atlas_here here = {tell->looks[question->view].snapshot, NULL, NULL};

		atlas_fill(atlas, tell->berth, &here, ATLAS_LAYERS_ALL);
		head->type = names ? WIRE_SCRIPT : WIRE_SVG;
		if (names)
			site_search_write(out, tell->entries, atlas);
		else
			atlas_svg(out, atlas, false);
	}
	free(atlas);
}

void tell_page(struct tell *tell, const struct wire_question *question, struct wire_head *head,
	struct buffer *out)
{
	head->type = WIRE_HTML;
	if (question->route.kind == ROUTE_PORT)
		put_port(tell, question, head, out);
	else if (question->route.kind == ROUTE_LIST)
		put_list(tell, question->route.port, head, out);
	else if (question->route.kind == ROUTE_INDEX)
		site_index_write(out, tell->date, true);
	else
		put_atlas(tell, question, head, out);
}
