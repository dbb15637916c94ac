// SPDX-License-Identifier: MIT
/* berth history: who had which port, from when to when, as berthd wrote it down. */
#include <string.h>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/happened.h"
#include "cli/moment.h"

static const struct command_option history_options[] = {
	{KEY_SINCE, "since", "TIME", "what was still there then, or later"},
	{KEY_UNTIL, "until", "TIME", "what was there then already"},
	{KEY_LIMIT, "limit", "N", "the newest N; 0: all (50)"},
	{KEY_STATE_FOLDER, "history", "DIR", "where berthd keeps its history"},
	{0, NULL, NULL, NULL},
};

enum {
	USUAL_LIMIT = 50,
};

static enum cli_exit read_option(
	const struct cli_given *given, double now_s, struct berth_history_ask *ask)
{
	uint64_t limit = 0;

	if (given->key == KEY_SINCE)
		return happened_time(given->value, now_s, &ask->since_s);
	if (given->key == KEY_UNTIL)
		return happened_time(given->value, now_s, &ask->until_s);
	if (given->key == KEY_STATE_FOLDER) {
		ask->folder = given->value;
		return CLI_YES;
	}
	if (text_number(given->value, strlen(given->value), UINT32_MAX, &limit)) {
		cli_complain("'%s' is no number of rows", given->value);
		return CLI_USAGE;
	}
	ask->most = (size_t)limit;
	return CLI_YES;
}

/* A word can be the name of a process and of a service: the former goes first. */
static enum cli_exit ask_again(struct cli *cli, struct happened_filter *filter,
	struct berth_history_ask *ask, struct berth_history **history)
{
	struct berth_query *service = NULL;

	if (!filter->name || happened_any(*history) ||
		berth_query_parse(cli->berth, filter->name, &service) < 0)
		return CLI_YES;
	const struct berth_query *before = ask->query;
	berth_history_free(*history);
	*history = NULL;
	ask->name = NULL;
	ask->query = service;
	enum cli_exit code = happened_history(cli, ask, history);
	ask->query = before;
	berth_query_free(service);
	return code;
}

static enum cli_exit tell(struct cli *cli, const struct berth_history *history, double now_s)
{
	int error = cli->settings.format == CLI_TEXT ? happened_table(cli, history, now_s)
						     : happened_json(cli, history);

	if (error < 0)
		return cli_cannot(cli, error);
	happened_unwatched(cli, history, now_s);
	if (history->cut && !cli->settings.quiet)
		cli_complain("there is more: --limit 0 shows all of it");
	return happened_any(history) ? CLI_YES : CLI_NO;
}

static enum cli_exit history_run(struct cli *cli)
{
	struct happened_filter filter = {0};
	struct berth_history_ask ask = {.size = sizeof(ask), .most = USUAL_LIMIT};
	struct berth_history *history = NULL;
	double now_s = moment_now();
	enum cli_exit code = CLI_YES;

	for (size_t i = 0; code == CLI_YES && i < cli->n_given; i++)
		code = read_option(cli->given + i, now_s, &ask);
	if (code == CLI_YES && ask.until_s > 0 && ask.until_s < ask.since_s) {
		cli_complain("--until is before --since");
		code = CLI_USAGE;
	}
	if (code == CLI_YES)
		code = cli_open(cli);
	if (code == CLI_YES)
		code = happened_filter_read(cli, cli->operands, cli->n_operands, true, &filter);
	if (code == CLI_YES) {
		ask.query = &filter.query;
		ask.name = filter.name;
		code = happened_history(cli, &ask, &history);
	}
	if (code == CLI_YES)
		code = ask_again(cli, &filter, &ask, &history);
	if (code == CLI_YES)
		code = tell(cli, history, now_s);
	berth_history_free(history);
	happened_filter_free(&filter);
	return code;
}

const struct command cmd_history = {
	.name = "history",
	.args = "[PORT|NAME...] [--since TIME] [--until TIME]",
	.help = "who had which port, from when to when",
	.options = history_options,
	.run = history_run,
};
