// SPDX-License-Identifier: MIT
/* berth up: all commands of berth.toml, each with its port, until one of them ends. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "cli/commands.h"
#include "cli/port_hold.h"
#include "cli/project_root.h"
#include "cli/run_words.h"
#include "cli/up_children.h"

static const char localhost[] = "127.0.0.1";

struct part {
	const struct berth_wish *wish;
	struct berth_hold *hold; /* of its port; NULL: it is leased only */
};

struct up {
	struct cli *cli;
	char *folder;
	struct berth_project *project;
	struct part *parts; /* those that are meant */
	struct run_port *ports; /* of each */
	size_t n;
	struct up_child *children; /* of those that have a command */
	size_t n_children;
	struct arena arena;
};

/* ---- The question ---------------------------------------------------------------------------- */

static enum cli_exit read_manifest(struct up *up)
{
	struct buffer path = {0};
	const char *paths[1];

	up->folder = project_root();
	buffer_format(&path, "%s/berth.toml", up->folder ? up->folder : ".");
	paths[0] = buffer_string(&path);
	int r = path.error ? path.error : berth_project_read(paths, 1, NULL, &up->project);
	if (r == -ENOENT)
		cli_complain("there is no %s; berth-up(1) shows one", paths[0]);
	else if (r)
		cli_complain("%s", berth_error());
	buffer_free(&path);
	return r ? CLI_USAGE : CLI_YES;
}

static bool is_meant(const struct up *up, const struct berth_wish *wish)
{
	for (size_t i = 0; i < up->cli->n_operands; i++) {
		if (!strcmp(up->cli->operands[i], wish->name))
			return true;
	}
	return !up->cli->n_operands;
}

static enum cli_exit check_operands(const struct up *up)
{
	for (size_t i = 0; i < up->cli->n_operands; i++) {
		bool known = false;

		for (size_t w = 0; w < up->project->n_wishes && !known; w++)
			known = !strcmp(up->cli->operands[i], up->project->wishes[w].name);
		if (!known) {
			cli_complain("berth.toml has no [%s]", up->cli->operands[i]);
			return CLI_USAGE;
		}
	}
	return CLI_YES;
}

static enum cli_exit no_memory(void)
{
	cli_complain("out of memory");
	return (enum cli_exit)PORT_HOLD_NONE;
}

static enum cli_exit choose(struct up *up)
{
	size_t most = up->project->n_wishes;
	bool has_command = false;

	up->parts = arena_array(&up->arena, most + 1, sizeof(*up->parts));
	up->ports = arena_array(&up->arena, most + 1, sizeof(*up->ports));
	up->children = arena_array(&up->arena, most + 1, sizeof(*up->children));
	if (!up->parts || !up->ports || !up->children)
		return no_memory();
	for (size_t i = 0; i < most; i++) {
		if (!is_meant(up, &up->project->wishes[i]))
			continue;
		has_command = has_command || up->project->wishes[i].n_command;
		up->parts[up->n++].wish = &up->project->wishes[i];
	}
	if (has_command)
		return CLI_YES;
	cli_complain("no command is named in berth.toml; give a table the key \"command\"");
	return CLI_USAGE;
}

/* ---- Ports ----------------------------------------------------------------------------------- */

static enum cli_exit hold_port(struct up *up, size_t index, struct berth_port_range range,
	const struct berth_policy *policy)
{
	const struct berth_wish *wish = up->parts[index].wish;
	const struct berth_hold_ask ask = {.size = sizeof(ask),
		.port = wish->first,
		.name = wish->name,
		.folder = up->folder,
		.range = range};
	enum cli_exit code = port_hold_take(up->cli, &ask, policy, &up->parts[index].hold);

	if (code == CLI_YES)
		up->ports[index].port = up->parts[index].hold->port;
	return code;
}

/* Holding is for TCP; a lease keeps a UDP port from all who ask berth, and ends with us. */
static enum cli_exit lease_port(struct up *up, size_t index, struct berth_port_range range)
{
	const struct berth_wish *wish = up->parts[index].wish;
	const struct berth_lease_ask ask = {.size = sizeof(ask),
		.name = wish->name,
		.folder = up->folder,
		.port = wish->first,
		.range = range,
		.pid = (uint32_t)getpid()};

	if (berth_lease(up->cli->berth, &ask, &up->ports[index].port) >= 0)
		return CLI_YES;
	cli_complain("%s", berth_error());
	return (enum cli_exit)PORT_HOLD_NONE;
}

static enum cli_exit take_port(struct up *up, size_t index, const struct berth_policy *policy)
{
	const struct berth_wish *wish = up->parts[index].wish;
	struct berth_port_range range = wish->range.first ? wish->range : up->project->range;

	up->ports[index].name = wish->name;
	return wish->proto == BERTH_UDP ? lease_port(up, index, range)
					: hold_port(up, index, range, policy);
}

/* Those that are wished for first, so that no other name is given them. */
static enum cli_exit take_ports(struct up *up)
{
	struct berth_snapshot *snapshot = NULL;
	struct berth_policy policy;
	enum cli_exit code = port_hold_policy(up->cli, &snapshot, &policy);

	for (int any = 0; any <= 1; any++) {
		for (size_t i = 0; code == CLI_YES && i < up->n; i++) {
			if ((up->parts[i].wish->first == 0) == any)
				code = take_port(up, i, &policy);
		}
	}
	berth_snapshot_free(snapshot);
	for (size_t i = 0; code == CLI_YES && !up->cli->settings.quiet && i < up->n; i++)
		cli_complain("%s has port %u", up->ports[i].name, up->ports[i].port);
	return code;
}

/* ---- What the commands are told -------------------------------------------------------------- */

static char *keep(struct up *up, struct buffer *text)
{
	char *kept = text->error ? NULL : arena_text(&up->arena, buffer_string(text), text->len);

	buffer_free(text);
	return kept;
}

/* "NAME=port" */
static char *variable(struct up *up, const char *name, uint16_t port)
{
	struct buffer text = {0};

	buffer_format(&text, "%s=%u", name, (unsigned)port);
	return keep(up, &text);
}

/* PORT and HOST, one for each name, and those of "env". */
static bool fill_variables(struct up *up, size_t index, struct up_child *child)
{
	enum {
		FIXED = 3
	};
	const struct berth_wish *wish = up->parts[index].wish;
	size_t n = 0;
	bool good = true;

	child->variables =
		arena_array(&up->arena, FIXED + up->n + wish->n_env, sizeof(*child->variables));
	if (!child->variables)
		return false;
	child->variables[n++] = variable(up, "PORT", up->ports[index].port);
	child->variables[n] = arena_text(&up->arena, "HOST=127.0.0.1", strlen("HOST=127.0.0.1"));
	n++;
	for (size_t i = 0; i < up->n; i++) {
		struct buffer name = {0};

		run_words_variable(up->ports[i].name, &name);
		child->variables[n++] = variable(up, buffer_string(&name), up->ports[i].port);
		buffer_free(&name);
	}
	for (size_t i = 0; i < wish->n_env; i++)
		child->variables[n++] = variable(up, wish->env[i], up->ports[index].port);
	for (size_t i = 0; i < n; i++)
		good = good && child->variables[i];
	child->variables[n] = NULL;
	return good;
}

/* {port} and {NAME} are replaced in a text for the shell as in the words of a list: numbers mean
 * nothing else to a shell, and neither does the address. */
static bool fill_words(struct up *up, size_t index, struct up_child *child)
{
	static char shell[] = "/bin/sh";
	static char option[] = "-c";
	const struct berth_wish *wish = up->parts[index].wish;
	const struct run_words words = {.ports = up->ports, .n_ports = up->n, .host = localhost};
	size_t n = 0;

	child->argv = arena_array(&up->arena, wish->n_command + 3, sizeof(*child->argv));
	if (!child->argv)
		return false;
	if (wish->command_is_shell) {
		child->argv[n++] = shell;
		child->argv[n++] = option;
	}
	for (size_t i = 0; i < wish->n_command; i++) {
		struct buffer word = {0};

		run_words_expand(&words, wish->command[i], up->ports[index].port, &word);
		child->argv[n] = keep(up, &word);
		if (!child->argv[n++])
			return false;
	}
	child->argv[n] = NULL;
	return true;
}

static enum cli_exit make_children(struct up *up)
{
	for (size_t i = 0; i < up->n; i++) {
		struct up_child *child = &up->children[up->n_children];

		if (!up->parts[i].wish->n_command)
			continue;
		*child = (struct up_child){.name = up->parts[i].wish->name, .out = -1};
		if (!fill_variables(up, i, child) || !fill_words(up, i, child))
			return no_memory();
		up->n_children++;
	}
	return CLI_YES;
}

/* ---- Running --------------------------------------------------------------------------------- */

static enum cli_exit run_children(struct up *up)
{
	struct up_children children = {.all = up->children,
		.n = up->n_children,
		.folder = up->folder,
		.output = &up->cli->output};

	for (size_t i = 0; i < up->n_children; i++) {
		size_t width = strlen(up->children[i].name);

		children.width = width > children.width ? width : children.width;
	}
	return (enum cli_exit)up_children_run(&children);
}

static void let_go(struct up *up)
{
	for (size_t i = 0; i < up->n; i++)
		berth_hold_end(up->parts[i].hold);
	berth_project_free(up->project);
	arena_free(&up->arena);
	free(up->folder);
}

static enum cli_exit up_run(struct cli *cli)
{
	struct up up = {.cli = cli};
	enum cli_exit code = CLI_YES;

	if (cli->settings.replay || cli->settings.format != CLI_TEXT) {
		cli_complain("berth up starts commands: %s is nothing for it",
			cli->settings.replay ? "--replay" : "--json");
		code = CLI_USAGE;
	}
	if (code == CLI_YES)
		code = read_manifest(&up);
	if (code == CLI_YES)
		code = check_operands(&up);
	if (code == CLI_YES)
		code = choose(&up);
	if (code == CLI_YES)
		code = cli_open(cli);
	if (code == CLI_YES)
		code = take_ports(&up);
	if (code == CLI_UNKNOWN) /* 3 could be a command's */
		code = (enum cli_exit)PORT_HOLD_NONE;
	if (code == CLI_YES)
		code = make_children(&up);
	if (code == CLI_YES)
		code = run_children(&up);
	let_go(&up);
	return code;
}

const struct command cmd_up = {
	.name = "up",
	.args = "[NAME...]",
	.help = "run the commands of berth.toml, each with its port",
	.run = up_run,
};
