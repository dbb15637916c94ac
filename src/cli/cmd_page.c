// SPDX-License-Identifier: MIT
/*
 * berth page: the report of one port as a page of HTML that stands alone. It is made from the same
 * report as the card.
 */
#include "cli/commands.h"
#include "cli/deliver.h"
#include "cli/question.h"
#include "web/page.h"

static const struct command_option page_options[] = {
	{'o', "output", "FILE", "write to this file instead of standard output"},
	{KEY_STATIC, "static", NULL, "leave this machine out: only what holds everywhere"},
	{0, NULL, NULL, NULL},
};

static enum cli_exit write_page(
	struct cli *cli, const char *path, const struct berth_snapshot *snapshot, struct page *page)
{
	struct buffer text = {0};
	enum cli_exit code;

	page->html.out = &text;
	page->clock.now_s = snapshot ? berth_snapshot_time_s(snapshot) : 0;
	page->clock.utc = cli->settings.replay != NULL;
	page_write(page);
	code = deliver_text(cli, path, &text);
	buffer_free(&text);
	return code;
}

/* A recording has no past. */
static struct berth_history *ask_history(
	const struct cli *cli, const struct berth_query *query, struct page *page)
{
	enum {
		MOST = 20
	};
	const struct berth_history_ask ask = {.size = sizeof(ask), .query = query, .most = MOST};
	struct berth_history *history = NULL;

	if (!page->machine || cli->settings.replay)
		return NULL;
	if (berth_history(cli->berth, &ask, &history))
		page->history_why = berth_error();
	page->history = history;
	return history;
}

static enum cli_exit report(struct cli *cli, const char *path, bool machine,
	const struct berth_query_part *part, const struct berth_query *query)
{
	struct berth_ask ask = {.size = sizeof(ask),
		.query = query,
		.owners = true,
		.redirects = true,
		.netns_ask = BERTH_ASK_NAMED};
	struct berth_snapshot *snapshot = NULL;
	struct berth_report *made = NULL;
	struct page page = {.machine = machine};
	enum cli_exit code = CLI_YES;
	int error;

	if (machine) {
		code = cli_snapshot(cli, &ask, &snapshot);
		if (snapshot)
			code = cli_gaps(cli, berth_snapshot_gaps(snapshot));
	}
	error = berth_report(cli->berth, snapshot, part->first, part, &made);
	if (error < 0) {
		code = cli_cannot(cli, error);
	} else {
		struct berth_history *history = ask_history(cli, query, &page);

		page.report = made;
		enum cli_exit written = write_page(cli, path, snapshot, &page);
		berth_history_free(history);
		code = written == CLI_YES ? code : written;
		berth_report_free(made);
	}
	berth_snapshot_free(snapshot);
	return code;
}

static enum cli_exit page_run(struct cli *cli)
{
	struct berth_query query = {0};
	const char *path = NULL;
	bool machine = true;
	enum cli_exit code;

	for (size_t i = 0; i < cli->n_given; i++) {
		if (cli->given[i].key == 'o')
			path = cli->given[i].value;
		else
			machine = false;
	}
	if (cli->n_operands != 1 || (path && !*path)) {
		cli_complain("a page of one port; try berth page 8080 -o 8080.html");
		return CLI_USAGE;
	}
	if (cli->settings.format != CLI_TEXT) {
		cli_complain("a page is HTML; for JSON try berth --json %s", cli->operands[0]);
		return CLI_USAGE;
	}
	code = cli_open(cli);
	if (code == CLI_YES)
		code = question_add(cli, cli->operands, cli->n_operands, &query);
	if (code == CLI_YES && question_ports(&query) != 1) {
		cli_complain("%s is more than one port; a page is about one", cli->operands[0]);
		code = CLI_USAGE;
	}
	if (code == CLI_YES)
		code = report(cli, path, machine, &query.parts[0], &query);
	question_free(&query);
	return code;
}

const struct command cmd_page = {
	.name = "page",
	.args = "[-o FILE] [--static] PORT",
	.help = "the report of a port as one HTML page",
	.options = page_options,
	.run = page_run,
};
