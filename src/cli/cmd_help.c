// SPDX-License-Identifier: MIT
/*
 * berth help: what the array of commands says of itself. The manual pages say more; this text is
 * what a person needs who has no manual at hand.
 */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
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

static void json_options(struct json *json, const struct command_option *options)
{
	json_open_array(json, "options");
	for (; options && options->key; options++) {
		const char letter = (char)options->key;

		json_open_object(json, NULL);
		if (options->key < KEY_LONG_ONLY)
			json_string_bytes(json, "letter", &letter, 1);
		else
			json_null(json, "letter");
		json_string(json, "name", options->name);
		json_string(json, "argument", options->arg);
		json_string(json, "help", options->help);
		json_close_object(json);
	}
	json_close_array(json);
}

/* `one`: only this command, NULL: all of them. */
static enum cli_exit help_json(struct cli *cli, const struct command *one)
{
	struct json json = {.out = &cli->output.text};

	json_open_object(&json, NULL);
	json_string(&json, "schema", "berth-help-1");
	json_open_array(&json, "commands");
	for (size_t i = 0; commands[i]; i++) {
		if (one && commands[i] != one)
			continue;
		json_open_object(&json, NULL);
		json_string(&json, "name", commands[i]->name);
		json_string(&json, "arguments", commands[i]->args);
		json_string(&json, "help", commands[i]->help);
		json_options(&json, commands[i]->options);
		json_close_object(&json);
	}
	json_close_array(&json);
	json_options(&json, commands_options);
	json_close_object(&json);
	int error = output_write(&cli->output, "\n", 1);
	return error < 0 ? cli_cannot(cli, error) : CLI_YES;
}

/* Runs for "berth help [COMMAND]", and for --help behind any command. */
static enum cli_exit help_run(struct cli *cli)
{
	const struct command *command = cli->command;

	if (command == &cmd_help && cli->n_operands > 1) {
		cli_complain("one command at a time; try berth help %s", cli->operands[0]);
		return CLI_USAGE;
	}
	if (command == &cmd_help && cli->n_operands)
		command = commands_find(cli->operands[0]);
	if (!command) {
		cli_complain("there is no command '%s'; try berth help", cli->operands[0]);
		return CLI_USAGE;
	}
	/* "berth --help" names no command, so the port report is what is left of the line. */
	bool all = command == &cmd_help || (command == &cmd_port && cli->settings.help);

	if (cli->settings.format != CLI_TEXT)
		return help_json(cli, all ? NULL : command);
	if (all)
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
