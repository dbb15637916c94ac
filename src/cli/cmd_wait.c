// SPDX-License-Identifier: MIT
/* berth wait: until ports listen, or are free. One line for each port, behind the waiting. */
#include <errno.h>
#include <string.h>

#include "base/duration.h"
#include "cli/commands.h"
#include "cli/describe.h"
#include "cli/handover.h"
#include "cli/question.h"

static const struct command_option wait_options[] = {
	{KEY_FREE, "free", NULL, "until nobody has the port"},
	{KEY_TIMEOUT, "timeout", "TIME", "give up after 5, 5s, 500ms, 2m; exit status 124"},
	{KEY_OWNER, "owner", "NAME", "only what this process, unit or container holds counts"},
	{0, NULL, NULL, NULL},
};

static enum cli_exit take_options(const struct cli *cli, struct berth_wait_ask *ask)
{
	for (size_t i = 0; i < cli->n_given; i++) {
		const struct cli_given *given = cli->given + i;

		if (given->key == KEY_FREE)
			ask->free = true;
		else if (given->key == KEY_OWNER)
			ask->owner = given->value;
		else if (duration_parse(given->value, &ask->timeout_ms)) {
			cli_complain("'%s' is no time; try 5, 5s, 500ms or 2m", given->value);
			return CLI_USAGE;
		}
	}
	return CLI_YES;
}

static void put_port(struct output *output, const struct berth_waited_port *port)
{
	struct buffer name = {0};

	buffer_format(&name, "%u/%s", (unsigned)port->port, berth_proto_name(port->proto));
	output_styled(output, &output->text, OUTPUT_HEADING, buffer_string(&name), name.len);
	buffer_text(&output->text, port->done ? " " : " not yet: ");
	describe_text(&output->text, port->text);
	buffer_char(&output->text, '\n');
	buffer_free(&name);
}

static int write_answer(struct cli *cli, const struct berth_waited *waited)
{
	struct output *output = &cli->output;

	if (cli->settings.format != CLI_TEXT) {
		int error = berth_waited_json(waited, output_write, output);

		return error ? error : output_write(output, "\n", 1);
	}
	for (size_t i = 0; !cli->settings.quiet && i < waited->n_ports; i++)
		put_port(output, &waited->ports[i]);
	return output->text.error;
}

/* The small program cannot tell every container by name, nor what is behind its helpers: the whole
 * one looks again, which it does at once when the waiting is over. */
static void hand_over(const struct berth_waited *waited)
{
	for (size_t i = 0; i < waited->n_ports; i++)
		handover_nameless(waited->ports[i].sockets, waited->ports[i].n_sockets);
}

static enum cli_exit answer(struct cli *cli, const struct berth_waited *waited)
{
	enum cli_exit code = cli_gaps(cli, waited->gaps);
	int error = write_answer(cli, waited);

	if (error < 0)
		return cli_cannot(cli, error);
	if (waited->done)
		return CLI_YES;
	return code == CLI_YES ? CLI_TIMEOUT : code;
}

static enum cli_exit wait_run(struct cli *cli)
{
	struct berth_query query = {0};
	struct berth_wait_ask ask = {.size = sizeof(ask), .query = &query, .timeout_ms = -1};
	struct berth_waited *waited = NULL;
	enum cli_exit code = take_options(cli, &ask);

	if (code == CLI_YES && !cli->n_operands) {
		cli_complain("wait for which port? try berth wait 8080");
		code = CLI_USAGE;
	}
	if (code == CLI_YES)
		code = cli_open(cli);
	if (code == CLI_YES)
		code = question_add(cli, cli->operands, cli->n_operands, &query);
	if (code != CLI_YES)
		goto out;
	int error = berth_wait(cli->berth, &ask, &waited);
	if (error < 0) {
		cli_complain("%s", berth_error());
		code = error == -EINVAL || error == -E2BIG ? CLI_USAGE : CLI_UNKNOWN;
		goto out;
	}
	hand_over(waited);
	code = answer(cli, waited);
	berth_waited_free(waited);
out:
	question_free(&query);
	return code;
}

const struct command cmd_wait = {
	.name = "wait",
	.args = "PORT... [--free] [--timeout TIME] [--owner NAME]",
	.help = "wait until ports listen, or are free",
	.options = wait_options,
	.run = wait_run,
};
