// SPDX-License-Identifier: MIT
/* berth blame: who failed to get a port, and who had it, as berthd saw it. */
#include <string.h>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/happened.h"
#include "cli/moment.h"

static const struct command_option blame_options[] = {
	{KEY_LIMIT, "limit", "N", "the newest N; 0: all (10)"},
	{KEY_STATE_FOLDER, "history", "DIR", "where berthd keeps its history"},
	{0, NULL, NULL, NULL},
};

enum {
	USUAL_LIMIT = 10,
};

static bool can_see_refusals(const struct berth_history *history)
{
	return history->first_s > 0 && history->way == BERTH_WATCH_BPF;
}

static enum cli_exit tell(struct cli *cli, const struct berth_history *history, double now_s)
{
	int error = 0;

	if (cli->settings.format != CLI_TEXT)
		error = happened_json(cli, history);
	for (size_t i = 0; cli->settings.format == CLI_TEXT && i < history->n_events; i++) {
		if (history->events[i].kind == BERTH_EVENT_REFUSED)
			happened_line(&cli->output, &history->events[i], now_s);
	}
	if (error < 0)
		return cli_cannot(cli, error);
	if (history->n_events)
		return CLI_YES;
	if (!can_see_refusals(history)) {
		cli_complain("berthd cannot see binds that fail here: it takes BPF, see berthd(8)");
		return CLI_UNKNOWN;
	}
	happened_unwatched(cli, history, now_s);
	return CLI_NO;
}

static enum cli_exit read_options(struct cli *cli, struct berth_history_ask *ask)
{
	for (size_t i = 0; i < cli->n_given; i++) {
		const struct cli_given *given = cli->given + i;
		uint64_t limit = 0;

		if (given->key == KEY_STATE_FOLDER) {
			ask->folder = given->value;
		} else if (text_number(given->value, strlen(given->value), UINT32_MAX, &limit)) {
			cli_complain("'%s' is no number of lines", given->value);
			return CLI_USAGE;
		} else {
			ask->most = (size_t)limit;
		}
	}
	return CLI_YES;
}

static enum cli_exit blame_run(struct cli *cli)
{
	struct happened_filter filter = {0};
	struct berth_history_ask ask = {.size = sizeof(ask),
		.query = &filter.query,
		.refusals_only = true,
		.most = USUAL_LIMIT};
	struct berth_history *history = NULL;
	enum cli_exit code = read_options(cli, &ask);

	if (code == CLI_YES && !cli->n_operands) {
		cli_complain("blame for which port? try berth blame 8080");
		code = CLI_USAGE;
	}
	if (code == CLI_YES)
		code = cli_open(cli);
	if (code == CLI_YES)
		code = happened_filter_read(cli, cli->operands, cli->n_operands, false, &filter);
	if (code == CLI_YES)
		code = happened_history(cli, &ask, &history);
	if (code == CLI_YES)
		code = tell(cli, history, moment_now());
	berth_history_free(history);
	happened_filter_free(&filter);
	return code;
}

const struct command cmd_blame = {
	.name = "blame",
	.args = "PORT...",
	.help = "who failed to get a port, and who had it",
	.options = blame_options,
	.run = blame_run,
};
