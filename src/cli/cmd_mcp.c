// SPDX-License-Identifier: MIT
/* berth mcp: the Model Context Protocol on standard input and output, for coding agents. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/project_root.h"
#include "mcp/mcp.h"

static const struct command_option mcp_options[] = {
	{KEY_ALLOW_LEASES, "allow-leases", NULL, "also offer to lease ports and to give them back"},
	{0, NULL, NULL, NULL},
};

static enum cli_exit serve_mcp(struct cli *cli)
{
	char *folder = project_root();
	const struct mcp_settings settings = {.allow_leases = cli->n_given > 0, .folder = folder};
	int error = mcp_run(cli->berth, &settings, STDIN_FILENO, STDOUT_FILENO);

	free(folder);
	if (!error)
		return CLI_YES;
	cli_complain("the conversation broke off: %s", strerror(-error));
	return CLI_UNKNOWN;
}

static enum cli_exit run_mcp(struct cli *cli)
{
	enum cli_exit code = CLI_YES;

	if (cli->n_operands) {
		cli_complain(
			"berth mcp takes no \"%s\"; a client says what it wants", cli->operands[0]);
		return CLI_USAGE;
	}
	if (isatty(STDIN_FILENO) && !cli->settings.quiet)
		cli_complain("this is for programs that speak the Model Context Protocol; "
			     "Ctrl-D ends it, and man berth-mcp says more");
	code = cli_open(cli);
	return code == CLI_YES ? serve_mcp(cli) : code;
}

const struct command cmd_mcp = {
	.name = "mcp",
	.args = "[--allow-leases]",
	.help = "answer coding agents by the Model Context Protocol",
	.options = mcp_options,
	.run = run_mcp,
};
