// SPDX-License-Identifier: MIT
/* berth version, and --version everywhere. */
#include "base/json.h"
#include "cli/commands.h"

static enum cli_exit version_run(struct cli *cli)
{
	struct output *output = &cli->output;
	struct json json = {.out = &output->text};

	if (cli->command == &cmd_version && cli->n_operands) {
		cli_complain("berth version takes no words; try berth help version");
		return CLI_USAGE;
	}
	if (cli->settings.format == CLI_TEXT) {
		buffer_format(&output->text, "berth %s\n", berth_version());
		return CLI_YES;
	}
	json_open_object(&json, NULL);
	json_string(&json, "schema", "berth-version-1");
	json_string(&json, "version", berth_version());
	json_close_object(&json);
	int error = output_write(output, "\n", 1);
	return error < 0 ? cli_cannot(cli, error) : CLI_YES;
}

const struct command cmd_version = {
	.name = "version",
	.args = "",
	.help = "print the version",
	.run = version_run,
};
