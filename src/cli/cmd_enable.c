// SPDX-License-Identifier: MIT
/* berth enable: what stays in the kernel, so that owners are found faster. */
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

/* `why_not`: no owners are noted with sockets; NULL: they are. */
static enum cli_exit tell(struct cli *cli, unsigned mode, const char *why_not)
{
	struct output *output = &cli->output;
	struct json json = {.out = &output->text};

	if (cli->settings.format == CLI_TEXT) {
		buffer_format(&output->text, "Enabled, with mode %04o: %sthe task iterator.\n",
			mode, why_not ? "" : "the notes of owners and ");
		if (why_not)
			cli_complain("%s", why_not);
		return CLI_YES;
	}
	json_open_object(&json, NULL);
	json_string(&json, "schema", "berth-enable-1");
	json_bool(&json, "enabled", true);
	json_uint(&json, "mode", mode);
	json_bool(&json, "notes", !why_not);
	json_string(&json, "notes_why_not", why_not);
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
	int enabled = berth_enable(mode);
	if (enabled < 0) {
		cli_complain("nothing was enabled: %s", berth_error());
		return CLI_UNKNOWN;
	}
	return tell(cli, mode, enabled ? berth_error() : NULL);
}

const struct command cmd_enable = {
	.name = "enable",
	.args = "[--mode OCTAL]",
	.help = "keep what finds owners in the kernel",
	.options = enable_options,
	.run = enable_run,
};
