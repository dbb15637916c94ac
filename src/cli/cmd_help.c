// SPDX-License-Identifier: MIT
/*
 * berth help: what the array of commands says of itself. The manual pages say more; this text is
 * what a person needs who has no manual at hand.
 */
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"

enum {
	HELP_COLUMN = 26,
};

static void heading(struct cli *cli, const char *text)
{
	output_styled(&cli->output, &cli->output.text, OUTPUT_HEADING, text, strlen(text));
	buffer_char(&cli->output.text, '\n');
}

/* "  left      right", with the right side always in the same column. */
static void entry(struct cli *cli, const char *left, const char *right)
{
	buffer_format(&cli->output.text, "  %-*s  %s\n", HELP_COLUMN, left, right);
}

static void put_options(struct cli *cli, const struct command_option *options)
{
	for (; options && options->key; options++) {
		char left[64];
		char letter[8] = "    ";

		if (options->key < KEY_LONG_ONLY)
			snprintf(letter, sizeof(letter), "-%c%s", options->key,
				options->name ? ", " : "");
		snprintf(left, sizeof(left), "%s%s%s%s%s", letter, options->name ? "--" : "",
			options->name ? options->name : "", options->arg ? " " : "",
			options->arg ? options->arg : "");
		entry(cli, left, options->help);
	}
}

static void put_usage(struct cli *cli, const struct command *command)
{
	buffer_format(&cli->output.text, "berth %s%s%s\n", command->name, *command->args ? " " : "",
		command->args);
}

static void help_all(struct cli *cli)
{
	struct buffer *text = &cli->output.text;

	heading(cli, "Everything about a port number");
	buffer_text(text,
		"\n"
		"  berth PORT...               8080, 8080/udp, 3000-3010, 80,443, [::1]:80, a\n"
		"                              service: what is assigned, claimed, and here\n");
	for (size_t i = 1; commands[i]; i++) {
		char left[64];

		snprintf(left, sizeof(left), "berth %s", commands[i]->name);
		entry(cli, left, commands[i]->help);
	}
	buffer_char(text, '\n');
	heading(cli, "Options of every command");
	put_options(cli, commands_options);
	buffer_text(text,
		"\nExit status: 0 yes or done, 1 no, 2 usage, 3 could not find out.\n"
		"More: berth help COMMAND, man berth.\n");
}

static void help_one(struct cli *cli, const struct command *command)
{
	struct buffer *text = &cli->output.text;

	put_usage(cli, command);
	buffer_format(text, "\n  %c%s.\n", command->help[0] - 'a' + 'A', command->help + 1);
	if (command->options && command->options->key) {
		buffer_char(text, '\n');
		heading(cli, "Options");
		put_options(cli, command->options);
	}
	buffer_char(text, '\n');
	heading(cli, "Options of every command");
	put_options(cli, commands_options);
	buffer_format(text, "\nMore: man berth-%s.\n", command->name);
}

/* Runs for "berth help [COMMAND]", and for --help behind any command. */
static enum cli_exit help_run(struct cli *cli)
{
	const struct command *command = cli->command;

	if (command == &cmd_help && cli->n_operands)
		command = commands_find(cli->operands[0]);
	if (!command) {
		cli_complain("there is no command '%s'; try berth help", cli->operands[0]);
		return CLI_USAGE;
	}
	/* "berth --help" names no command, so the port report is what is left of the line. */
	if (command == &cmd_help || (command == &cmd_port && cli->settings.help))
		help_all(cli);
	else
		help_one(cli, command);
	return CLI_YES;
}

const struct command cmd_help = {
	.name = "help",
	.args = "[COMMAND]",
	.help = "explain the commands",
	.run = help_run,
};
