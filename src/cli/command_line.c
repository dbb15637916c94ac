// SPDX-License-Identifier: MIT
/*
 * Reads the command line with getopt_long, twice. The first pass looks for the command's name
 * behind the options that all commands take; the second one, knowing the command's own options too,
 * reads everything, wherever it stands. What names no command is a port.
 */
#include "cli/command_line.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/handover.h"

enum {
	OPTIONS_MOST = 48,
	LETTERS_MOST = 2 * OPTIONS_MOST + 3,
};

/* Options in the two forms that getopt_long wants. */
struct getopt_tables {
	char letters[LETTERS_MOST];
	size_t n_letters;
	struct option names[OPTIONS_MOST + 1];
	size_t n_names;
};

static void add_options(struct getopt_tables *tables, const struct command_option *options)
{
	for (; options && options->key; options++) {
		if (options->key < KEY_LONG_ONLY && tables->n_letters + 2 < LETTERS_MOST) {
			tables->letters[tables->n_letters++] = (char)options->key;
			if (options->arg)
				tables->letters[tables->n_letters++] = ':';
		}
		if (options->name && tables->n_names < OPTIONS_MOST)
			tables->names[tables->n_names++] = (struct option){
				.name = options->name,
				.has_arg = options->arg ? required_argument : no_argument,
				.val = options->key,
			};
	}
}

/* `mode`: "+:" stops at the first operand, ":" goes on behind it; the colon tells a missing value
 * from an unknown option. */
static void make_tables(
	struct getopt_tables *tables, const char *mode, const struct command *command)
{
	*tables = (struct getopt_tables){.n_letters = strlen(mode)};
	strcpy(tables->letters, mode); /* NOLINT(clang-analyzer-security.insecureAPI.strcpy) */
	add_options(tables, commands_options);
	if (command)
		add_options(tables, command->options);
}

/* *ret_operand: where the command's name stands in argv, 0 when there is none. */
static const struct command *find_command(int argc, char **argv, int *ret_operand)
{
	struct getopt_tables tables;
	const struct command *command;
	int key;

	*ret_operand = 0;
	make_tables(&tables, "+:", NULL);
	optind = 1;
	opterr = 0;
	do {
		key = getopt_long(argc, argv, tables.letters, tables.names, NULL);
	} while (key != -1 && key != '?');
	/* "--" says that no command follows: "berth -- find" asks for the service of that name. */
	if (key == '?' || optind >= argc || strcmp(argv[optind - 1], "--") == 0)
		return &cmd_port;
	command = commands_find(argv[optind]);
	if (!command)
		return &cmd_port;
	*ret_operand = optind;
	return command;
}

static enum cli_exit refuse(const struct command *command, char **argv, int key)
{
	const char *word = argv[optind - 1];
	const char *help = command == &cmd_port ? "" : command->name;
	const char *space = *help ? " " : "";

	handover(); /* C libraries differ in what they tell of a wrong option */
	/* For a long option optopt is 0 or its key; for a letter in a cluster it is the letter. */
	if (key == ':' && optopt && optopt < KEY_LONG_ONLY && word[1] != '-')
		cli_complain("option -%c needs a value; try berth help%s%s", optopt, space, help);
	else if (key == ':')
		cli_complain("option %s needs a value; try berth help%s%s", word, space, help);
	else if (optopt >= '0' && optopt <= '9' && command == &cmd_port)
		cli_complain("-%c is not a port, they go from 0 to 65535; try berth 8080", optopt);
	else if (optopt && optopt < KEY_LONG_ONLY && word[1] != '-')
		cli_complain("there is no option -%c; try berth help%s%s", optopt, space, help);
	else if (optopt)
		cli_complain("option %s takes no value; try berth help%s%s", word, space, help);
	else
		cli_complain("there is no option %s; try berth help%s%s", word, space, help);
	return CLI_USAGE;
}

/* "--port=" and "--port ''" are slips, of a script with an empty variable more often than not. */
static enum cli_exit refuse_empty(
	const struct command *command, const struct getopt_tables *tables, int key)
{
	const char *help = command == &cmd_port ? "" : command->name;
	const char *space = *help ? " " : "";

	for (size_t i = 0; i < tables->n_names; i++) {
		if (tables->names[i].val == key) {
			cli_complain("option --%s needs a value; try berth help%s%s",
				tables->names[i].name, space, help);
			return CLI_USAGE;
		}
	}
	cli_complain("option -%c needs a value; try berth help%s%s", key, space, help);
	return CLI_USAGE;
}

static enum cli_exit set_colour(struct cli_settings *settings, const char *when)
{
	if (strcmp(when, "auto") == 0)
		settings->colour = OUTPUT_COLOUR_AUTO;
	else if (strcmp(when, "always") == 0)
		settings->colour = OUTPUT_COLOUR_ALWAYS;
	else if (strcmp(when, "never") == 0)
		settings->colour = OUTPUT_COLOUR_NEVER;
	else {
		cli_complain("'%s' is no way to colour; try --color=auto, always or never", when);
		return CLI_USAGE;
	}
	return CLI_YES;
}

/* An option that all commands take, or else one more for the command. */
static enum cli_exit take_option(struct cli *cli, int key, const char *value)
{
	struct cli_settings *settings = &cli->settings;

	switch (key) {
	case KEY_JSON:
		settings->format = CLI_JSON;
		break;
	case KEY_JSONL:
		settings->format = CLI_JSONL;
		break;
	case KEY_COLOUR:
		/* getopt_long gave it a value, which clang's analyser cannot know. */
		return set_colour(settings, value ? value : "");
	case KEY_NO_PAGER:
		settings->no_pager = true;
		break;
	case KEY_REPLAY:
		settings->replay = value;
		break;
	case KEY_REGISTRY:
		settings->registry = value;
		break;
	case 'v':
		settings->verbose = true;
		break;
	case 'q':
		settings->quiet = true;
		break;
	case 'h':
		settings->help = true;
		break;
	case 'V':
		settings->version = true;
		break;
	default:
		cli->given[cli->n_given++] = (struct cli_given){key, value};
		break;
	}
	return CLI_YES;
}

/* Of a command that wraps another one, options stand in front of its own name and right behind it.
 */
static int next_option(const struct getopt_tables *tables, int argc, char **argv, int operand)
{
	int key = getopt_long(argc, argv, tables->letters, tables->names, NULL);

	if (key == -1 && tables->letters[0] == '+' && optind == operand) {
		optind++;
		key = getopt_long(argc, argv, tables->letters, tables->names, NULL);
	}
	return key;
}

enum cli_exit command_line_parse(int argc, char **argv, struct cli *cli)
{
	struct getopt_tables tables;
	int operand;
	int key;

	cli->command = find_command(argc, argv, &operand);
	if (!cli->command->run)
		handover();
	/* No more options than letters on the line. */
	size_t most = 1;
	for (int i = 1; i < argc; i++)
		most += strlen(argv[i]) + 1;
	cli->given = calloc(most, sizeof(*cli->given));
	if (!cli->given) {
		cli_complain("out of memory");
		return CLI_UNKNOWN;
	}
	make_tables(&tables, cli->command->wraps ? "+:" : ":", cli->command);
	optind = 0; /* glibc: start anew, with another mode */
	while ((key = next_option(&tables, argc, argv, operand)) != -1) {
		if (key == '?' || key == ':')
			return refuse(cli->command, argv, key);
		if (optarg && !*optarg)
			return refuse_empty(cli->command, &tables, key);
		enum cli_exit code = take_option(cli, key, optarg);
		if (code != CLI_YES)
			return code;
	}
	/* Operands keep their order, so that the command's name is the first of them. */
	optind += operand > 0 && !cli->command->wraps;
	cli->operands = argv + optind;
	cli->n_operands = (size_t)(argc - optind);
	return CLI_YES;
}
