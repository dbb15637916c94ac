// SPDX-License-Identifier: MIT
/* berth kill: ends who listens on a port. What it does and what it leaves alone is in berth.h. */
#include <errno.h>
#include <string.h>

#include "base/duration.h"
#include "base/signals.h"
#include "cli/commands.h"
#include "cli/describe.h"
#include "cli/handover.h"
#include "cli/question.h"

enum {
	GRACE_MS = 5000,
};

static const struct command_option kill_options[] = {
	{'s', "signal", "SIGNAL", "send this instead of TERM: a name or a number"},
	{KEY_GRACE, "grace", "TIME", "how long to wait for the end: 5s, 500ms; 5 seconds"},
	{'f', "force", NULL, "send KILL after that time; end also what berth was started by"},
	{'n', "dry-run", NULL, "look and check all the same, and do nothing"},
	{'y', "yes", NULL, "run the command that stops a unit or container"},
	{KEY_PROCESSES, "processes", NULL,
		"signal processes also where a unit or container runs them"},
	{0, NULL, NULL, NULL},
};

static enum cli_exit take_option(const struct cli_given *given, struct berth_end_ask *ask)
{
	switch (given->key) {
	case 's':
		ask->signal = signals_parse(given->value);
		if (ask->signal > 0)
			break;
		cli_complain("'%s' is no signal; try TERM, INT, HUP, KILL or 15", given->value);
		return CLI_USAGE;
	case KEY_GRACE:
		if (!duration_parse(given->value, &ask->grace_ms))
			break;
		cli_complain("'%s' is no time; try 5, 5s, 500ms or 2m", given->value);
		return CLI_USAGE;
	case 'f':
		ask->force = true;
		break;
	case 'n':
		ask->dry_run = true;
		break;
	case 'y':
		ask->run_commands = true;
		break;
	case KEY_PROCESSES:
		ask->processes = true;
		break;
	default:
		break;
	}
	return CLI_YES;
}

static void put_step(struct output *output, const struct berth_end_step *step)
{
	struct buffer place = {0};

	describe_local(&place, step->socket);
	buffer_format(&place, "/%s", berth_proto_name(step->socket->proto));
	output_styled(output, &output->text, OUTPUT_HEADING, buffer_string(&place), place.len);
	buffer_char(&output->text, ' ');
	describe_text(&output->text, step->text);
	buffer_char(&output->text, '\n');
	buffer_free(&place);
}

static int write_text(struct cli *cli, const struct berth_ended *ended)
{
	struct output *output = &cli->output;

	if (cli->settings.quiet)
		return 0;
	for (size_t i = 0; i < ended->n_steps; i++)
		put_step(output, &ended->steps[i]);
	if (!ended->listened) {
		buffer_text(&output->text, ended->text ? "nobody listens: " : "nobody listens");
		describe_text(&output->text, ended->text);
		buffer_char(&output->text, '\n');
	} else if (!ended->dry_run && ended->waited_ms > 0) {
		describe_text(&output->text, ended->text ? ended->text : "nobody listens");
		buffer_format(&output->text, ", after %.2f s\n", ended->waited_ms / 1000);
	}
	return output->text.error;
}

static int write_json(struct cli *cli, const struct berth_ended *ended)
{
	int error = berth_ended_json(ended, output_write, &cli->output);

	return error ? error : output_write(&cli->output, "\n", 1);
}

/* A command that was only told, because nobody said --yes. */
static bool has_told(const struct berth_ended *ended)
{
	for (size_t i = 0; i < ended->n_steps; i++) {
		const struct berth_end_step *step = ended->steps + i;

		if (step->kind == BERTH_END_COMMAND && !step->by_hand &&
			step->outcome == BERTH_END_PLANNED)
			return true;
	}
	return false;
}

static enum cli_exit complain(const struct berth_ended *ended)
{
	if (!ended->listened)
		return CLI_NO;
	if (has_told(ended) && !ended->dry_run)
		cli_complain("not ended: a unit or container runs it; --yes runs the command");
	else
		cli_complain("%s%s%s", ended->dry_run ? "could not be ended" : "not ended",
			ended->text ? ": " : "", ended->text ? ended->text : "");
	return CLI_UNKNOWN;
}

static enum cli_exit answer(struct cli *cli, const struct berth_ended *ended)
{
	enum cli_exit code = cli_gaps(cli, ended->gaps);
	int error =
		cli->settings.format == CLI_TEXT ? write_text(cli, ended) : write_json(cli, ended);

	if (error < 0)
		return cli_cannot(cli, error);
	if (ended->ended)
		return CLI_YES;
	return code == CLI_YES ? complain(ended) : code;
}

/* What lacks a name must be known before anything is done: a dry run goes ahead of the act. */
static int end(struct cli *cli, const struct berth_end_ask *ask, struct berth_ended **ret_ended)
{
	struct berth_end_ask dry = *ask;

	dry.dry_run = true;
	if (handover_possible()) {
		int error = berth_end(cli->berth, &dry, ret_ended);

		for (size_t i = 0; !error && i < (*ret_ended)->n_steps; i++)
			handover_nameless(&(*ret_ended)->steps[i].socket, 1);
		if (error || ask->dry_run)
			return error;
		berth_ended_free(*ret_ended);
	}
	return berth_end(cli->berth, ask, ret_ended);
}

static enum cli_exit kill_run(struct cli *cli)
{
	struct berth_query query = {0};
	struct berth_end_ask ask = {.size = sizeof(ask), .query = &query, .grace_ms = GRACE_MS};
	struct berth_ended *ended = NULL;
	enum cli_exit code = CLI_YES;
	int error = 0;

	for (size_t i = 0; code == CLI_YES && i < cli->n_given; i++)
		code = take_option(cli->given + i, &ask);
	if (code == CLI_YES && !cli->n_operands) {
		cli_complain("end who listens on which port? try berth kill 8080");
		code = CLI_USAGE;
	}
	if (code == CLI_YES)
		code = cli_open(cli);
	if (code == CLI_YES)
		code = question_add(cli, cli->operands, cli->n_operands, &query);
	if (code != CLI_YES)
		goto out;
	error = end(cli, &ask, &ended);
	if (error < 0) {
		cli_complain("nothing was ended: %s", berth_error());
		code = error == -EINVAL ? CLI_USAGE : CLI_UNKNOWN;
		goto out;
	}
	code = answer(cli, ended);
	berth_ended_free(ended);
out:
	question_free(&query);
	return code;
}

const struct command cmd_kill = {
	.name = "kill",
	.args = "PORT... [-s SIGNAL] [--grace TIME] [--force] [--dry-run] [--yes]",
	.help = "end who listens on a port, and nobody else",
	.options = kill_options,
	.run = kill_run,
};
