// SPDX-License-Identifier: MIT
/* berth watch: what happens to ports, a line for each event, until it is interrupted. */
#include <errno.h>
#include <string.h>

#include "base/duration.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/happened.h"
#include "cli/moment.h"

static const struct command_option watch_options[] = {
	{KEY_TIMEOUT, "timeout", "TIME", "end after 5, 5s, 500ms, 2m; exit status 124"},
	{KEY_LIMIT, "limit", "N", "end after so many events"},
	{KEY_FOUND, "found", NULL, "tell first what is there already"},
	{KEY_POLL, "poll", NULL, "ask, even where the kernel would tell by BPF"},
	{0, NULL, NULL, NULL},
};

struct question {
	struct happened_filter filter;
	int64_t timeout_ms;
	uint64_t limit;
	bool found;
	bool poll;
};

static enum cli_exit read_option(const struct cli_given *given, struct question *question)
{
	if (given->key == KEY_FOUND) {
		question->found = true;
	} else if (given->key == KEY_POLL) {
		question->poll = true;
	} else if (given->key == KEY_TIMEOUT) {
		if (duration_parse(given->value, &question->timeout_ms)) {
			cli_complain("'%s' is no time; try 5, 5s, 500ms or 2m", given->value);
			return CLI_USAGE;
		}
	} else if (text_number(given->value, strlen(given->value), UINT32_MAX, &question->limit) ||
		!question->limit) {
		cli_complain("'%s' is no number of events", given->value);
		return CLI_USAGE;
	}
	return CLI_YES;
}

static int write_event(struct cli *cli, const struct berth_event *event)
{
	if (cli->settings.format == CLI_TEXT) {
		happened_line(&cli->output, event, moment_now());
		return cli->output.text.error;
	}
	int error = berth_event_json(event, output_write, &cli->output);
	return error ? error : output_write(&cli->output, "\n", 1);
}

/* Those that are wanted. Their number, or negative errno. */
static int write_events(
	struct cli *cli, const struct question *question, const struct berth_event *events, int n)
{
	int written = 0;
	int error = 0;

	for (int i = 0; !error && i < n; i++) {
		if ((events[i].kind == BERTH_EVENT_FOUND && !question->found) ||
			!happened_matches(&question->filter, events + i))
			continue;
		if (question->limit && (uint64_t)written == question->limit)
			break;
		error = write_event(cli, events + i);
		written++;
	}
	/* Whoever waits for a line gets it now. */
	if (!error && written)
		error = output_finish(&cli->output);
	return error ? error : written;
}

static void say_way(const struct cli *cli, const struct berth_watch *watch)
{
	const char *why = berth_watch_why_not(watch);

	if (cli->settings.quiet)
		return;
	switch (berth_watch_way(watch)) {
	case BERTH_WATCH_BPF:
		cli_complain("watching: the kernel tells everything (BPF)");
		break;
	case BERTH_WATCH_BPF_LISTEN:
		cli_complain("watching: the kernel tells of listeners (BPF), others are asked for: "
			     "%s",
			why);
		break;
	case BERTH_WATCH_ENDINGS:
	case BERTH_WATCH_POLL:
		cli_complain("watching: berth asks again and again, and sees no bind that fails: "
			     "no BPF, %s",
			why);
		break;
	}
}

static enum cli_exit follow(struct cli *cli, struct question *question, struct berth_watch *watch)
{
	const double ms = 1000;
	double until_s = moment_now() + (double)question->timeout_ms / ms;
	const struct berth_event *events = NULL;
	bool told = false;

	for (;;) {
		double left_s = until_s - moment_now();
		int64_t left_ms = question->timeout_ms < 0 ? -1
			: left_s > 0                       ? (int64_t)(left_s * ms) + 1
							   : 0;
		int n = berth_watch_next(watch, left_ms, &events);

		if (n < 0 && n != -EINTR) {
			cli_complain("%s", berth_error());
			return CLI_UNKNOWN;
		}
		/* Only now is everything that comes later told. */
		if (!told)
			say_way(cli, watch);
		told = true;
		n = n > 0 ? write_events(cli, question, events, n) : 0;
		if (n < 0)
			return cli_cannot(cli, n);
		if (question->limit) {
			question->limit -= (uint64_t)n;
			if (!question->limit)
				return CLI_YES;
		}
		if (question->timeout_ms >= 0 && moment_now() >= until_s)
			return CLI_TIMEOUT;
	}
}

static enum cli_exit watch_run(struct cli *cli)
{
	struct question question = {.timeout_ms = -1};
	struct berth_watch *watch = NULL;
	enum cli_exit code = CLI_YES;

	for (size_t i = 0; code == CLI_YES && i < cli->n_given; i++)
		code = read_option(cli->given + i, &question);
	if (code == CLI_YES)
		code = cli_open(cli);
	if (code == CLI_YES)
		code = happened_filter_read(
			cli, cli->operands, cli->n_operands, true, &question.filter);
	if (code != CLI_YES)
		goto out;
	const struct berth_watch_ask ask = {.size = sizeof(ask), .no_bpf = question.poll};
	if (berth_watch_open(cli->berth, &ask, &watch) < 0) {
		cli_complain("%s", berth_error());
		code = CLI_UNKNOWN;
		goto out;
	}
	cli->output.pager = NULL; /* lines come one by one, and there is no end */
	code = follow(cli, &question, watch);
	berth_watch_close(watch);
out:
	happened_filter_free(&question.filter);
	return code;
}

const struct command cmd_watch = {
	.name = "watch",
	.args = "[PORT|NAME...] [--timeout TIME] [--limit N]",
	.help = "tell what happens to ports, as it happens",
	.options = watch_options,
	.run = watch_run,
};
