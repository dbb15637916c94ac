// SPDX-License-Identifier: MIT
/* See happened.h. */
#include "cli/happened.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/describe.h"
#include "cli/grid.h"
#include "cli/moment.h"
#include "cli/question.h"

/* berthd writes that it lives at least every minute. */
static const double lives_s = 150;

/* ---- For whom -------------------------------------------------------------------------------- */

static bool is_number(const char *word)
{
	return strchr("0123456789:[*", *word) != NULL;
}

enum cli_exit happened_filter_read(struct cli *cli, char *const *words, size_t n, bool names,
	struct happened_filter *ret_filter)
{
	for (size_t i = 0; i < n; i++) {
		char *word = words[i];

		if (is_number(word) || !names) {
			enum cli_exit code = question_add(cli, &word, 1, &ret_filter->query);

			if (code != CLI_YES)
				return code;
		} else if (ret_filter->name) {
			cli_complain("\"%s\" and \"%s\" are two names; give one", ret_filter->name,
				word);
			return CLI_USAGE;
		} else {
			ret_filter->name = word;
		}
	}
	return CLI_YES;
}

void happened_filter_free(struct happened_filter *filter)
{
	question_free(&filter->query);
}

static bool same(const char *a, const char *b)
{
	return a && !strcmp(a, b);
}

static bool is_called(const struct berth_actor *actor, const char *name)
{
	const char *slash = actor->exe ? strrchr(actor->exe, '/') : NULL;
	size_t len = strlen(name);
	char pid[16];

	(void)snprintf(pid, sizeof(pid), "%u", actor->pid);
	return same(actor->name, name) || same(actor->exe, name) || same(actor->unit, name) ||
		same(actor->container, name) || same(actor->user, name) || same(pid, name) ||
		(slash && same(slash + 1, name)) ||
		(actor->unit && !strncmp(actor->unit, name, len) &&
			same(actor->unit + len, ".service"));
}

bool happened_matches(const struct happened_filter *filter, const struct berth_event *event)
{
	bool port = filter->query.n_parts == 0;

	/* That something was missed is everybody's concern. */
	if (event->kind == BERTH_EVENT_MISSED && !event->port)
		return true;
	for (size_t i = 0; !port && i < filter->query.n_parts; i++) {
		const struct berth_query_part *part = filter->query.parts + i;

		port = event->port >= part->first && event->port <= part->last &&
			(!part->protos || part->protos & BERTH_PROTO_BIT(event->proto));
	}
	return port &&
		(!filter->name || is_called(&event->actor, filter->name) ||
			is_called(&event->holder, filter->name));
}

/* ---- Lines ----------------------------------------------------------------------------------- */

static enum output_style style_of(enum berth_event_kind kind)
{
	switch (kind) {
	case BERTH_EVENT_OPENED:
		return OUTPUT_GOOD;
	case BERTH_EVENT_REFUSED:
		return OUTPUT_BAD;
	case BERTH_EVENT_MISSED:
		return OUTPUT_CARE;
	case BERTH_EVENT_FOUND:
	case BERTH_EVENT_CLOSED:
		break;
	}
	return OUTPUT_FAINT;
}

void happened_line(struct output *output, const struct berth_event *event, double now_s)
{
	const char *kind = berth_event_kind_name(event->kind);

	moment_put(&output->text, event->time_s, now_s, true);
	buffer_char(&output->text, ' ');
	output_styled(output, &output->text, style_of(event->kind), kind, strlen(kind));
	for (size_t len = strlen(kind); len < sizeof("refused"); len++)
		buffer_char(&output->text, ' ');
	describe_text(&output->text, event->text);
	buffer_char(&output->text, '\n');
}

enum cli_exit happened_time(const char *text, double now_s, double *ret_time_s)
{
	if (!moment_parse(text, now_s, ret_time_s))
		return CLI_YES;
	cli_complain("'%s' is no time; try 03:12, '2026-11-23 03:12', 10m or now", text);
	return CLI_USAGE;
}

/* ---- The history ----------------------------------------------------------------------------- */

enum cli_exit happened_history(
	struct cli *cli, const struct berth_history_ask *ask, struct berth_history **ret_history)
{
	if (!berth_history(cli->berth, ask, ret_history))
		return CLI_YES;
	cli_complain("%s", berth_error());
	return CLI_UNKNOWN;
}

enum {
	CELL_FIRST,
	CELL_LAST,
	CELL_PORT,
	CELL_PROTO,
	CELL_ADDRESS,
	CELL_WHAT,
	CELL_PROCESS,
	CELL_PID,
	CELL_USER,
	CELL_UNIT,
	CELLS,
};

struct row {
	struct buffer cells[CELLS];
	double now_s;
};

static void put_actor(struct row *row, const struct berth_actor *actor)
{
	describe_text(&row->cells[CELL_PROCESS], actor->name);
	if (actor->pid)
		buffer_uint(&row->cells[CELL_PID], actor->pid);
	if (actor->has_uid)
		describe_user(&row->cells[CELL_USER], actor->user, actor->uid, false);
	describe_text(&row->cells[CELL_UNIT], actor->container ? actor->container : actor->unit);
}

static void put_place(struct row *row, enum berth_proto proto, const char *address, uint16_t port)
{
	buffer_uint(&row->cells[CELL_PORT], port);
	buffer_text(&row->cells[CELL_PROTO], berth_proto_name(proto));
	describe_text(&row->cells[CELL_ADDRESS], address);
}

static void put_span(struct row *row, const struct berth_span *span)
{
	struct buffer *last = &row->cells[CELL_LAST];

	buffer_text(&row->cells[CELL_FIRST], span->first_exact ? "" : "<");
	moment_put(&row->cells[CELL_FIRST], span->first_s, row->now_s, false);
	if (span->open) {
		buffer_text(last, "open");
	} else {
		buffer_text(last, span->last_exact ? "" : ">");
		moment_put(last, span->last_s, row->now_s, false);
	}
	put_place(row, span->proto, span->address_text, span->port);
	buffer_text(&row->cells[CELL_WHAT], span->listening ? "LISTEN" : "BOUND");
	put_actor(row, &span->actor);
}

static void put_event(struct row *row, const struct berth_event *event)
{
	struct buffer *what = &row->cells[CELL_WHAT];

	moment_put(&row->cells[CELL_FIRST], event->time_s, row->now_s, false);
	moment_put(&row->cells[CELL_LAST], event->time_s, row->now_s, false);
	if (event->port)
		put_place(row, event->proto, event->address_text, event->port);
	if (event->kind == BERTH_EVENT_REFUSED)
		buffer_format(what, "refused, %s",
			event->errno_name ? event->errno_name : "not known why");
	else if (event->count)
		buffer_format(what, "%llu missed", (unsigned long long)event->count);
	else
		buffer_text(what, "some missed");
	put_actor(row, &event->actor);
}

static int add_row(struct grid *grid, struct row *row)
{
	const char *cells[CELLS];
	int error = 0;

	for (size_t i = 0; i < CELLS; i++) {
		cells[i] = buffer_string(&row->cells[i]);
		error = error ? error : row->cells[i].error;
	}
	if (!error)
		error = grid_row(grid, cells);
	for (size_t i = 0; i < CELLS; i++)
		buffer_clear(&row->cells[i]);
	return error;
}

int happened_table(struct cli *cli, const struct berth_history *history, double now_s)
{
	static const struct grid_column columns[CELLS] = {
		[CELL_FIRST] = {"FIRST", .right = true},
		[CELL_LAST] = {"LAST", .right = true},
		[CELL_PORT] = {"PORT", .right = true},
		[CELL_PROTO] = {"PROTO", .right = false},
		[CELL_ADDRESS] = {"ADDRESS", .may_shrink = true},
		[CELL_WHAT] = {"WHAT", .right = false},
		[CELL_PROCESS] = {"PROCESS", .may_shrink = true},
		[CELL_PID] = {"PID", .right = true},
		[CELL_USER] = {"USER", .may_shrink = true},
		[CELL_UNIT] = {"UNIT", .may_shrink = true},
	};
	struct grid *grid = grid_new(&cli->output, columns, CELLS, true);
	struct row row = {.now_s = now_s};
	size_t spans = 0;
	size_t events = 0;
	int error = grid ? 0 : -ENOMEM;

	while (!error && (spans < history->n_spans || events < history->n_events)) {
		bool span = events == history->n_events ||
			(spans < history->n_spans &&
				history->spans[spans].first_s <= history->events[events].time_s);

		if (span)
			put_span(&row, &history->spans[spans++]);
		else
			put_event(&row, &history->events[events++]);
		error = add_row(grid, &row);
	}
	if (!error && spans + events)
		error = grid_draw(grid, &cli->output);
	for (size_t i = 0; i < CELLS; i++)
		buffer_free(&row.cells[i]);
	grid_free(grid);
	return error;
}

int happened_json(struct cli *cli, const struct berth_history *history)
{
	int error = 0;

	if (cli->settings.format == CLI_JSON) {
		error = berth_history_json(history, output_write, &cli->output);
		return error ? error : output_write(&cli->output, "\n", 1);
	}
	for (size_t i = 0; !error && i < history->n_spans; i++) {
		error = berth_span_json(&history->spans[i], output_write, &cli->output);
		if (!error)
			error = output_write(&cli->output, "\n", 1);
	}
	for (size_t i = 0; !error && i < history->n_events; i++) {
		error = berth_event_json(&history->events[i], output_write, &cli->output);
		if (!error)
			error = output_write(&cli->output, "\n", 1);
	}
	return error;
}

bool happened_any(const struct berth_history *history)
{
	for (size_t i = 0; i < history->n_events; i++) {
		if (history->events[i].port)
			return true;
	}
	return history->n_spans > 0;
}

bool happened_was_watched(const struct berth_history *history, double time_s)
{
	if (history->first_s <= 0 || time_s < history->first_s ||
		time_s > history->last_s + lives_s)
		return false;
	for (size_t i = 0; i < history->n_unwatched; i++) {
		if (time_s > history->unwatched[i].from_s && time_s < history->unwatched[i].until_s)
			return false;
	}
	return true;
}

void happened_unwatched(struct cli *cli, const struct berth_history *history, double now_s)
{
	const double worth_s = 1;

	if (cli->settings.quiet)
		return;
	for (size_t i = 0; i < history->n_unwatched; i++) {
		const struct berth_unwatched *gap = history->unwatched + i;
		struct buffer text = {0};

		if (gap->until_s - gap->from_s < worth_s)
			continue;
		buffer_text(&text, "nobody watched from ");
		moment_put(&text, gap->from_s, now_s, false);
		buffer_text(&text, " to ");
		moment_put(&text, gap->until_s, now_s, false);
		cli_complain("%s", buffer_string(&text));
		buffer_free(&text);
	}
	if (history->first_s > 0 && now_s > history->last_s + lives_s) {
		struct buffer text = {0};

		moment_put(&text, history->last_s, now_s, false);
		cli_complain(
			"nobody has watched since %s: berthd does not run", buffer_string(&text));
		buffer_free(&text);
	}
}
