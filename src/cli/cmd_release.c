// SPDX-License-Identifier: MIT
/* berth release: ends leases, by name or by port. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/project_root.h"

enum {
	LARGEST_PORT = 65535,
};

static const struct command_option release_options[] = {
	{KEY_GLOBAL, "global", NULL, "the name belongs to the user, not to the project"},
	{0, NULL, NULL, NULL},
};

static enum cli_exit release_one(struct cli *cli, const char *what, const char *folder)
{
	uint64_t port = 0;
	bool by_port = !text_number(what, strlen(what), LARGEST_PORT, &port) && port;
	int error = berth_release(cli->berth, by_port ? NULL : what, folder, (uint16_t)port);

	if (!error)
		return CLI_YES;
	cli_complain("%s: %s", what, berth_error());
	return cmd_lease_code(error);
}

static enum cli_exit release_run(struct cli *cli)
{
	char *folder = cli->n_given ? NULL : project_root();
	enum cli_exit worst = CLI_YES;
	enum cli_exit code = CLI_YES;

	if (!cli->n_operands) {
		cli_complain("which lease? try berth release web, or its port");
		code = CLI_USAGE;
	}
	if (code == CLI_YES)
		code = cli_open(cli);
	for (size_t i = 0; code == CLI_YES && i < cli->n_operands; i++) {
		enum cli_exit one = release_one(cli, cli->operands[i], folder);

		worst = one > worst ? one : worst;
	}
	free(folder);
	return code == CLI_YES ? worst : code;
}

const struct command cmd_release = {
	.name = "release",
	.args = "NAME|PORT...",
	.help = "end leases",
	.options = release_options,
	.run = release_run,
};
