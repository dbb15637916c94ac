// SPDX-License-Identifier: MIT
/* berth enable and berth disable: what stays in the kernel, so that owners are found faster. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "cli/commands.h"

enum {
	OWNER_ONLY = 0400,
	PERMISSIONS = 0777,
	OCTAL = 8,
};

static const struct command_option enable_options[] = {
	{KEY_MODE, "mode", "OCTAL", "who may read all owners: 0400 (the default), 0440, 0444"},
	{0, NULL, NULL, NULL},
};

static enum cli_exit read_mode(const struct cli *cli, unsigned *ret_mode)
{
	*ret_mode = OWNER_ONLY;
	for (size_t i = 0; i < cli->n_given; i++) {
		const char *value = cli->given[i].value;
		char *end = NULL;
		unsigned long mode = strtoul(value, &end, OCTAL);

		if (*value < '0' || *value > '7' || *end || mode > PERMISSIONS) {
			cli_complain("'%s' are no permissions; try --mode 0444", value);
			return CLI_USAGE;
		}
		*ret_mode = (unsigned)mode;
	}
	return CLI_YES;
}

static enum cli_exit tell(struct cli *cli, bool enabled, unsigned mode)
{
	struct output *output = &cli->output;
	struct json json = {.out = &output->text};

	if (cli->settings.format == CLI_TEXT) {
		if (enabled)
			buffer_format(&output->text,
				"Enabled: the task iterator is pinned with mode %04o.\n", mode);
		else
			buffer_text(
				&output->text, "Disabled: nothing of berth stays in the kernel.\n");
		return CLI_YES;
	}
	json_open_object(&json, NULL);
	json_string(&json, "schema", "berth-enable-1");
	json_bool(&json, "enabled", enabled);
	if (enabled)
		json_uint(&json, "mode", mode);
	else
		json_null(&json, "mode");
	json_close_object(&json);
	int error = output_write(output, "\n", 1);
	return error < 0 ? cli_cannot(cli, error) : CLI_YES;
}

static enum cli_exit enable_run(struct cli *cli)
{
	unsigned mode = 0;
	enum cli_exit code = read_mode(cli, &mode);

	if (code == CLI_YES && cli->n_operands) {
		cli_complain("nothing follows berth enable; try berth help enable");
		code = CLI_USAGE;
	}
	if (code != CLI_YES)
		return code;
	if (berth_enable(mode) < 0) {
		cli_complain("nothing was enabled: %s", berth_error());
		return CLI_UNKNOWN;
	}
	return tell(cli, true, mode);
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
	return tell(cli, false, 0);
}

const struct command cmd_enable = {
	.name = "enable",
	.args = "[--mode OCTAL]",
	.help = "keep what finds owners in the kernel",
	.options = enable_options,
	.run = enable_run,
};

const struct command cmd_disable = {
	.name = "disable",
	.args = "",
	.help = "take back what berth enable did",
	.run = disable_run,
};
