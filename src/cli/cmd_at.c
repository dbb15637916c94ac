// SPDX-License-Identifier: MIT
/* berth at: who had which port at one moment, as berthd wrote it down. */
#include "cli/commands.h"
#include "cli/happened.h"
#include "cli/moment.h"

static const struct command_option at_options[] = {
	{KEY_STATE_FOLDER, "history", "DIR", "where berthd keeps its history"},
	{0, NULL, NULL, NULL},
};

/* Refusals belong to their own moment, which nobody hits by typing a time. */
static enum cli_exit tell(
	struct cli *cli, struct berth_history *history, double time_s, double now_s)
{
	bool watched = happened_was_watched(history, time_s);
	int error = cli->settings.format == CLI_TEXT ? happened_table(cli, history, now_s)
						     : happened_json(cli, history);

	if (error < 0)
		return cli_cannot(cli, error);
	if (!watched) {
		struct buffer text = {0};

		moment_put(&text, time_s, now_s, false);
		cli_complain(
			"nobody watched at %s: what was there is not known", buffer_string(&text));
		buffer_free(&text);
		return CLI_UNKNOWN;
	}
	return history->n_spans ? CLI_YES : CLI_NO;
}

static enum cli_exit at_run(struct cli *cli)
{
	struct happened_filter filter = {0};
	struct berth_history_ask ask = {.size = sizeof(ask), .query = &filter.query};
	struct berth_history *history = NULL;
	double now_s = moment_now();
	double time_s = 0;
	enum cli_exit code = CLI_USAGE;

	if (cli->n_given)
		ask.folder = cli->given[cli->n_given - 1].value;
	if (cli->n_operands)
		code = happened_time(cli->operands[0], now_s, &time_s);
	else
		cli_complain("at which time? try berth at 03:12 8080");
	if (code == CLI_YES && time_s > now_s + 1) {
		cli_complain("'%s' is still to come", cli->operands[0]);
		code = CLI_USAGE;
	}
	if (code == CLI_YES)
		code = cli_open(cli);
	if (code == CLI_YES)
		code = happened_filter_read(
			cli, cli->operands + 1, cli->n_operands - 1, true, &filter);
	if (code == CLI_YES) {
		ask.name = filter.name;
		ask.since_s = ask.until_s = time_s;
		code = happened_history(cli, &ask, &history);
	}
	if (code == CLI_YES)
		code = tell(cli, history, time_s, now_s);
	berth_history_free(history);
	happened_filter_free(&filter);
	return code;
}

const struct command cmd_at = {
	.name = "at",
	.args = "TIME [PORT|NAME...]",
	.help = "who had which port at that time",
	.options = at_options,
	.run = at_run,
};
