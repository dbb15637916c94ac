// SPDX-License-Identifier: MIT
/* berth record: the kernel's own answers in a folder, for --replay. */
#include <string.h>

#include "base/json.h"
#include "cli/commands.h"
#include "cli/describe.h"
#include "cli/handover.h"

static const struct command_option record_options[] = {
	{KEY_SCRUB, "scrub", NULL, "replace names, addresses and arguments by substitutes"},
	{0, NULL, NULL, NULL},
};

static int write_answer(struct cli *cli, const char *path, bool scrub)
{
	struct output *output = &cli->output;
	struct json json = {.out = &output->text};

	if (cli->settings.format != CLI_TEXT) {
		json_open_object(&json, NULL);
		json_string(&json, "schema", "berth-recording-1");
		json_string(&json, "path", path);
		json_bool(&json, "scrubbed", scrub);
		json_close_object(&json);
		return output_write(output, "\n", 1);
	}
	if (cli->settings.quiet)
		return 0;
	buffer_text(&output->text, "Recorded to ");
	describe_text(&output->text, path);
	buffer_text(&output->text, scrub ? ", scrubbed.\n" : ".\n");
	return 0;
}

static enum cli_exit record_run(struct cli *cli)
{
	bool scrub = cli->n_given > 0;
	enum cli_exit code;
	int error;

	if (cli->n_operands != 1 || !*cli->operands[0]) {
		cli_complain("record to one new folder; try berth record DIR");
		return CLI_USAGE;
	}
	handover(); /* a recording keeps what container engines know, which is JSON */
	code = cli_open(cli);
	if (code != CLI_YES)
		return code;
	error = berth_record(cli->berth, cli->operands[0], scrub);
	if (error < 0) {
		cli_complain("nothing was recorded: %s", berth_error());
		return CLI_UNKNOWN;
	}
	error = write_answer(cli, cli->operands[0], scrub);
	return error < 0 ? cli_cannot(cli, error) : CLI_YES;
}

const struct command cmd_record = {
	.name = "record",
	.args = "[--scrub] DIR",
	.help = "record what the kernel answers now, for --replay",
	.options = record_options,
	.run = record_run,
};
