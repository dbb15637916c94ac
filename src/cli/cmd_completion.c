// SPDX-License-Identifier: MIT
/*
 * berth completion: prints the script that makes a shell complete berth's words, and, asked by that
 * script, the words themselves. The scripts are the files in completions/, built in.
 */
#include <string.h>

#include "cli/commands.h"
#include "cli/completion_scripts.h"

static enum cli_exit put_script(struct cli *cli, const char *shell)
{
	for (size_t i = 0; completion_scripts[i].shell; i++) {
		if (strcmp(completion_scripts[i].shell, shell) == 0) {
			int error =
				output_write(&cli->output, (const char *)completion_scripts[i].text,
					completion_scripts[i].len);

			return error < 0 ? cli_cannot(cli, error) : CLI_YES;
		}
	}
	cli_complain("there is no completion for '%s'; try bash, zsh or fish", shell);
	return CLI_USAGE;
}

static void put_word(struct cli *cli, const char *prefix, const char *word, const char *help)
{
	buffer_format(&cli->output.text, "%s%s\t%s\n", prefix, word, help);
}

static void put_options(struct cli *cli, const struct command_option *options)
{
	for (; options && options->key; options++) {
		char letter[2] = {(char)options->key, '\0'};

		if (options->name)
			put_word(cli, "--", options->name, options->help);
		if (options->key < KEY_LONG_ONLY)
			put_word(cli, "-", letter, options->help);
	}
}

/* The words that can follow, between spaces in the struct. */
static void put_list(struct cli *cli, const char *words)
{
	while (*words) {
		size_t len = strcspn(words, " ");

		buffer_bytes(&cli->output.text, words, len);
		buffer_text(&cli->output.text, "\t\n");
		words += len;
		words += *words == ' ';
	}
}

/* One word a line: the word, a tab, what it means. */
static enum cli_exit put_words(struct cli *cli, const char *name)
{
	const struct command *command = name ? commands_find(name) : &cmd_port;

	if (!command) {
		cli_complain("there is no command '%s'; try berth help", name);
		return CLI_USAGE;
	}
	for (size_t i = 0; commands[i] && (!name || command == &cmd_help); i++)
		put_word(cli, "", commands[i]->name, commands[i]->help);
	if (command->words)
		put_list(cli, command->words);
	put_options(cli, command->options);
	put_options(cli, commands_options);
	return CLI_YES;
}

static enum cli_exit completion_run(struct cli *cli)
{
	if (cli->n_operands >= 1 && cli->n_operands <= 2 && strcmp(cli->operands[0], "words") == 0)
		return put_words(cli, cli->operands[1]);
	if (cli->n_operands == 1)
		return put_script(cli, cli->operands[0]);
	cli_complain("for which shell? try berth completion bash, zsh or fish");
	return CLI_USAGE;
}

const struct command cmd_completion = {
	.name = "completion",
	.args = "bash|zsh|fish|words [COMMAND]",
	.help = "print the completion of a shell",
	.words = "bash zsh fish",
	.run = completion_run,
};
