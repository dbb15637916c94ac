// SPDX-License-Identifier: MIT
/*
 * berth: reads the command line, runs the command, and makes sure that the answer got out. What the
 * commands do is in cmd_*.c; what they know comes from libberth.
 */
#include <locale.h>
#include <signal.h>
#include <string.h>

#include "cli/command_line.h"
#include "cli/commands.h"
#include "cli/handover.h"

static enum cli_exit run(struct cli *cli)
{
	if (environment_read(&cli->environment) < 0) {
		cli_complain("out of memory");
		return CLI_UNKNOWN;
	}
	output_init(&cli->output, &cli->environment, cli->settings.colour, cli->settings.no_pager);
	if (cli->settings.version)
		return cmd_version.run(cli);
	const struct command *command = cli->settings.help ? &cmd_help : cli->command;

	if (command->run)
		return command->run(cli);
	handover();
	return CLI_UNKNOWN;
}

int main(int argc, char **argv)
{
	struct cli cli = {0};
	enum cli_exit code;

	/* A reader that has seen enough ends us, quietly, as it ends cat(1); whoever started us may
	 * have had SIGPIPE ignored. */
	signal(SIGPIPE, SIG_DFL);
	handover_prepare(argv);
	code = command_line_parse(argc, argv, &cli);
	if (code == CLI_YES)
		code = run(&cli);
	int error = output_finish(&cli.output);
	if (error < 0) {
		cli_complain("the answer could not be written: %s", strerror(-error));
		code = CLI_UNKNOWN;
	}
	cli_say_warnings(&cli);
	cli_say_gaps(&cli);
	cli_close(&cli);
	return (int)code;
}
