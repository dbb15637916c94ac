// SPDX-License-Identifier: MIT
/*
 * berth completion: prints the script that makes a shell complete berth's words, and, asked by that
 * script, the words themselves. The scripts are the files in completions/, built in.
 */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "cli/commands.h"
#include "cli/completion_scripts.h"

static int script_json(struct output *output, const struct completion_script *script)
{
	struct json json = {.out = &output->text};

	json_open_object(&json, NULL);
	json_string(&json, "schema", "berth-completion-1");
	json_string(&json, "shell", script->shell);
	json_string_bytes(&json, "script", (const char *)script->text, script->len);
	json_close_object(&json);
	return output_write(output, "\n", 1);
}

static enum cli_exit put_script(struct cli *cli, const char *shell)
{
	const struct completion_script *script = completion_scripts;
	int error;

	while (script->shell && strcmp(script->shell, shell) != 0)
		script++;
	if (!script->shell) {
		cli_complain("there is no completion for '%s'; try bash, zsh or fish", shell);
		return CLI_USAGE;
	}
	error = cli->settings.format == CLI_TEXT
		? output_write(&cli->output, (const char *)script->text, script->len)
		: script_json(&cli->output, script);
	return error < 0 ? cli_cannot(cli, error) : CLI_YES;
}

/* Words go out as lines, or into the array of a JSON object. */
struct words {
	struct buffer *out;
	struct json *json; /* NULL: lines */
};

static void put_word(
	const struct words *words, const char *prefix, const char *word, const char *help)
{
	struct buffer whole = {0};

	buffer_text(&whole, prefix);
	buffer_text(&whole, word);
	if (words->json) {
		json_open_object(words->json, NULL);
		json_string(words->json, "word", buffer_string(&whole));
		json_string(words->json, "help", help);
		json_close_object(words->json);
	} else {
		buffer_format(words->out, "%s\t%s\n", buffer_string(&whole), help ? help : "");
	}
	buffer_free(&whole);
}

static void put_options(const struct words *words, const struct command_option *options)
{
	for (; options && options->key; options++) {
		const char letter[2] = {(char)options->key, '\0'};

		if (options->name)
			put_word(words, "--", options->name, options->help);
		if (options->key < KEY_LONG_ONLY)
			put_word(words, "-", letter, options->help);
	}
}

/* The words that can follow, between spaces in the struct. */
static void put_list(const struct words *words, const char *list)
{
	while (*list) {
		size_t len = strcspn(list, " ");
		char word[32];

		snprintf(word, sizeof(word), "%.*s", (int)len, list);
		put_word(words, "", word, NULL);
		list += len;
		list += *list == ' ';
	}
}

static void put_all(const struct words *words, const struct command *command, bool names)
{
	for (size_t i = 0; names && commands[i]; i++)
		put_word(words, "", commands[i]->name, commands[i]->help);
	if (command->words)
		put_list(words, command->words);
	put_options(words, command->options);
	put_options(words, commands_options);
}

/* One word a line: the word, a tab, what it means. */
static enum cli_exit put_words(struct cli *cli, const char *name)
{
	const struct command *command = name ? commands_find(name) : &cmd_port;
	struct output *output = &cli->output;
	struct json json = {.out = &output->text};

	if (!command) {
		cli_complain("there is no command '%s'; try berth help", name);
		return CLI_USAGE;
	}
	bool names = !name || command == &cmd_help;

	if (cli->settings.format == CLI_TEXT) {
		put_all(&(struct words){.out = &output->text}, command, names);
		return CLI_YES;
	}
	json_open_object(&json, NULL);
	json_string(&json, "schema", "berth-words-1");
	json_open_array(&json, "words");
	put_all(&(struct words){.out = &output->text, .json = &json}, command, names);
	json_close_array(&json);
	json_close_object(&json);
	int error = output_write(output, "\n", 1);
	return error < 0 ? cli_cannot(cli, error) : CLI_YES;
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
