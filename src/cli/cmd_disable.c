// SPDX-License-Identifier: MIT
/* berth disable: takes back what berth enable did. */
#include <errno.h>

#include "base/json.h"
#include "cli/commands.h"

static enum cli_exit tell(struct cli *cli)
{
	struct output *output = &cli->output;
	struct json json = {.out = &output->text};

	if (cli->settings.format == CLI_TEXT) {
		buffer_text(&output->text, "Disabled: nothing of berth stays in the kernel.\n");
		return CLI_YES;
	}
	json_open_object(&json, NULL);
	json_string(&json, "schema", "berth-enable-1");
	json_bool(&json, "enabled", false);
	json_null(&json, "mode");
	json_bool(&json, "notes", false);
	json_null(&json, "notes_why_not");
	json_close_object(&json);
	int error = output_write(output, "\n", 1);
	return error < 0 ? cli_cannot(cli, error) : CLI_YES;
}

static enum cli_exit disable_run(struct cli *cli)
{
	if (cli->n_operands) {
		cli_complain("nothing follows berth disable; try berth help disable");
		return CLI_USAGE;
	}
	int error = berth_disable();
	if (error == -ENOENT) {
		cli_complain("%s", berth_error());
		return CLI_NO;
	}
	if (error < 0) {
		cli_complain("not disabled: %s", berth_error());
		return CLI_UNKNOWN;
	}
	return tell(cli);
}

const struct command cmd_disable = {
	.name = "disable",
	.args = "",
	.help = "take back what berth enable did",
	.run = disable_run,
};
