// SPDX-License-Identifier: MIT
/*
 * berth PORT: the port report, as a card, a table or JSON. All ports of one question are answered
 * from one snapshot, so that they are of one moment.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/json.h"
#include "cli/commands.h"
#include "cli/port_card.h"
#include "cli/port_table.h"
#include "cli/question.h"

enum {
	CARDS_MOST = 16, /* more ports than this become a table */
};

static const struct command_option port_options[] = {
	{'a', "all", NULL, "look for sockets in all states, also when a listener has the port"},
	{KEY_ALL_OWNERS, "all-owners", NULL, "look into all processes for owners"},
	{KEY_RUNG, "rung", "LIST", "look for owners only so: storage,cgroup,iterator,loaded,proc"},
	{KEY_NETNS, "netns", "all|own|NAME|PID|PATH",
		"look into all network namespaces, just ours, or report on this one"},
	{0, NULL, NULL, NULL},
};

struct port {
	struct cli *cli;
	struct berth_query query;
	struct berth_snapshot *snapshot; /* NULL: nothing is known of the machine */
	int (*write)(struct port *port, const struct berth_query_part *part,
		const struct berth_report *report);
	struct port_card card;
	struct port_table *table;
	size_t written;
	bool held;
	berth_rungs rungs; /* as asked; 0: any */
};

/* ---- One report, in each of the forms ----------------------------------------------------------
 */

static int write_card(
	struct port *port, const struct berth_query_part *part, const struct berth_report *report)
{
	struct output *output = &port->cli->output;

	if (port->written) {
		buffer_char(&output->text, '\n');
		for (unsigned i = 0; i < output->width; i++)
			buffer_text(&output->text, "─");
		buffer_text(&output->text, "\n\n");
	}
	port->card.part = part;
	port_card_draw(&port->card, report);
	return output->text.error;
}

static int write_row(
	struct port *port, const struct berth_query_part *part, const struct berth_report *report)
{
	(void)part;
	return port_table_add(port->table, report);
}

static int write_line(
	struct port *port, const struct berth_query_part *part, const struct berth_report *report)
{
	int error = berth_report_json(report, output_write, &port->cli->output);

	(void)part;
	return error ? error : output_write(&port->cli->output, "\n", 1);
}

static int write_member(
	struct port *port, const struct berth_query_part *part, const struct berth_report *report)
{
	int error = port->written ? output_write(&port->cli->output, ",", 1) : 0;

	(void)part;
	return error ? error : berth_report_json(report, output_write, &port->cli->output);
}

/* ---- All reports ------------------------------------------------------------------------------
 */

static int each_report(struct port *port)
{
	int error = 0;

	for (size_t i = 0; i < port->query.n_parts && !error; i++) {
		const struct berth_query_part *part = &port->query.parts[i];

		for (unsigned number = part->first; number <= part->last && !error; number++) {
			struct berth_report *report;

			error = berth_report(
				port->cli->berth, port->snapshot, (uint16_t)number, part, &report);
			if (error)
				break;
			error = port->write(port, part, report);
			port->held |= report->verdict.held;
			port->written++;
			berth_report_free(report);
		}
	}
	return error;
}

static int answer_text(struct port *port)
{
	const struct cli_settings *settings = &port->cli->settings;
	int error;

	if (question_ports(&port->query) > CARDS_MOST && !settings->verbose) {
		port->write = write_row;
		port->table = port_table_new(&port->cli->output);
		error = port->table ? each_report(port) : -ENOMEM;
		if (!error)
			error = port_table_draw(port->table);
		port_table_free(port->table);
		return error;
	}
	port->write = write_card;
	port->card = (struct port_card){
		.card = {.output = &port->cli->output},
		.clock = {.now_s = port->snapshot ? berth_snapshot_time_s(port->snapshot) : 0,
			.utc = settings->replay != NULL,
			.iso = settings->verbose},
		.verbose = settings->verbose,
	};
	error = each_report(port);
	card_free(&port->card.card);
	return error;
}

/* One port is one object; several are an object with a list. */
static int answer_json(struct port *port)
{
	struct output *output = &port->cli->output;
	const char head[] = "{\"schema\":\"berth-reports-1\",\"ports\":[";
	bool several = question_ports(&port->query) != 1;
	int error = several ? output_write(output, head, sizeof(head) - 1) : 0;

	port->write = write_member;
	if (!error)
		error = each_report(port);
	if (!error && several)
		error = output_write(output, "]}", 2);
	return error ? error : output_write(output, "\n", 1);
}

static enum cli_exit answer(struct port *port)
{
	enum cli_exit code = CLI_UNKNOWN;
	int error = 0;

	if (port->snapshot)
		code = cli_gaps(port->cli, berth_snapshot_gaps(port->snapshot));
	switch (port->cli->settings.format) {
	case CLI_TEXT:
		error = answer_text(port);
		break;
	case CLI_JSON:
		error = answer_json(port);
		break;
	case CLI_JSONL:
		port->write = write_line;
		error = each_report(port);
		break;
	}
	if (error < 0)
		return cli_cannot(port->cli, error);
	if (code == CLI_YES && port->snapshot)
		code = question_rungs_used(port->rungs, port->snapshot);
	if (code != CLI_YES)
		return code;
	return port->held ? CLI_YES : CLI_NO;
}

static enum cli_exit read_options(const struct cli *cli, struct berth_ask *ask)
{
	enum cli_exit code = CLI_YES;

	for (size_t i = 0; i < cli->n_given && code == CLI_YES; i++) {
		const struct cli_given *given = &cli->given[i];

		if (given->key == KEY_RUNG)
			code = question_rungs(given->value, &ask->rungs);
		else if (given->key == KEY_NETNS)
			question_netns(given->value, ask);
		else if (given->key == KEY_ALL_OWNERS)
			ask->all_owners = true;
		else
			ask->thorough = true;
	}
	return code;
}

static enum cli_exit port_run(struct cli *cli)
{
	struct port port = {.cli = cli};
	struct berth_ask ask = {.size = sizeof(ask),
		.query = &port.query,
		.owners = true,
		.redirects = true,
		.details = cli->settings.verbose,
		.netns_ask = BERTH_ASK_NAMED};
	enum cli_exit code;

	if (!cli->n_operands) {
		cli_complain("which port? try berth 8080, berth ls or berth help");
		return CLI_USAGE;
	}
	code = read_options(cli, &ask);
	if (code == CLI_YES)
		code = cli_open(cli);
	if (code == CLI_YES)
		code = question_add(cli, cli->operands, cli->n_operands, &port.query);
	if (code == CLI_YES) {
		/* Without a snapshot the registry and the claims still have their say. */
		(void)cli_snapshot(cli, &ask, &port.snapshot);
		port.rungs = ask.rungs;
		code = answer(&port);
	}
	berth_snapshot_free(port.snapshot);
	question_free(&port.query);
	return code;
}

const struct command cmd_port = {
	.name = "port",
	.args = "[-a] [--all-owners] PORT...",
	.help = "report on ports: what is assigned, claimed, and here",
	.options = port_options,
	.run = port_run,
};
