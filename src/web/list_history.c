// SPDX-License-Identifier: MIT
/* The page of /history: who had which port, and which binds failed, as berthd wrote it down. */
#include "web/lists.h"

static void put_actor(struct lists *lists, const struct berth_actor *actor)
{
	struct buffer phrase = {0};

	describe_text(&phrase, actor->name);
	if (actor->pid)
		buffer_format(&phrase, "[%u]", actor->pid);
	lists_cell_phrase(lists, &phrase);
	if (actor->user || actor->has_uid)
		describe_user(&phrase, actor->user, actor->uid, false);
	lists_cell_phrase(lists, &phrase);
	buffer_free(&phrase);
}

static void put_span(struct lists *lists, const struct berth_span *span)
{
	struct buffer phrase = {0};

	html_open(&lists->html, "tr", NULL);
	lists_port(lists, span->port);
	lists_cell(lists, berth_proto_name(span->proto));
	lists_cell(lists, span->address_text);
	put_actor(lists, &span->actor);
	describe_from(&phrase, &lists->clock, span);
	lists_cell_phrase(lists, &phrase);
	describe_until(&phrase, &lists->clock, span);
	lists_cell_phrase(lists, &phrase);
	html_close(&lists->html, "tr");
	buffer_free(&phrase);
}

static void put_spans(struct lists *lists, const struct berth_history *history)
{
	static const char *const headings[] = {
		"Port", "Protocol", "Address", "Process", "User", "From", "Until", NULL};

	if (!history->n_spans) {
		lists_note(lists, NULL, "No socket is in the history.");
		return;
	}
	lists_open_table(lists, "Who had a port", headings);
	for (size_t i = history->n_spans; i-- > 0;)
		put_span(lists, &history->spans[i]);
	lists_close_table(lists);
}

static void put_event(struct lists *lists, const struct berth_event *event)
{
	html_open(&lists->html, "tr", NULL);
	if (event->port)
		lists_port(lists, event->port);
	else
		lists_cell(lists, NULL);
	lists_cell_time(lists, event->time_s);
	lists_cell(lists, berth_event_kind_name(event->kind));
	lists_cell(lists, event->text);
	html_close(&lists->html, "tr");
}

static void put_events(struct lists *lists, const struct berth_history *history)
{
	static const char *const headings[] = {"Port", "When", "What", "How", NULL};

	if (!history->n_events)
		return;
	lists_open_table(lists, "What failed, and what was missed", headings);
	for (size_t i = history->n_events; i-- > 0;)
		put_event(lists, &history->events[i]);
	lists_close_table(lists);
}

static void put_unwatched(struct lists *lists, const struct berth_history *history)
{
	for (size_t i = 0; i < history->n_unwatched; i++) {
		struct buffer phrase = {0};

		buffer_text(&phrase, "Nobody watched from ");
		describe_time(&phrase, &lists->clock, history->unwatched[i].from_s);
		buffer_text(&phrase, " until ");
		describe_time(&phrase, &lists->clock, history->unwatched[i].until_s);
		html_open(&lists->html, "p", "unknown");
		html_phrase(&lists->html, &phrase);
		html_text(&lists->html, ".");
		html_close(&lists->html, "p");
		buffer_free(&phrase);
	}
}

void list_history_write(
	struct lists *lists, const struct berth_history *history, const uint16_t *port)
{
	lists_open(lists, "History", "Who had which port, from when to when.");
	if (port) {
		html_open(&lists->html, "p", NULL);
		html_format(&lists->html, "Of port %u alone.", *port);
		html_close(&lists->html, "p");
	}
	put_events(lists, history);
	put_spans(lists, history);
	put_unwatched(lists, history);
	if (history->cut)
		lists_note(
			lists, "care", "There is more: berth history --limit 0 shows all of it.");
	lists_close(lists);
}
