// SPDX-License-Identifier: MIT
/*
 * berth run: gives a command its ports, by variables and words, and takes them back when it ends.
 * How the command is started and ended is in run_child.c.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/describe.h"
#include "cli/port_hold.h"
#include "cli/project_root.h"
#include "cli/run_child.h"
#include "cli/run_words.h"

enum {
	MOST_NAMES = 64,
	LARGEST_PORT = 65535,
	FIRST_PAUSE_MS = 5,
	LONGEST_PAUSE_MS = 250,
	LEFT_MS = 2000, /* for what the command leaves behind, until it is killed */
};

static const struct command_option run_options[] = {
	{KEY_NAME, "name", "NAME", "a port under this name; may be given several times"},
	{KEY_PORT, "port", "PORT", "just this port for the name before"},
	{KEY_ENV, "env", "VAR[=TEXT]", "set this variable too, to the port of the name before"},
	{KEY_HOST, "host", "ADDRESS", "HOST, and where --fd listens; 127.0.0.1"},
	{KEY_FD, "fd", NULL, "listen, and pass the sockets as LISTEN_FDS"},
	{0, NULL, NULL, NULL},
};

/* One port that is wanted, then had. */
struct wish {
	const char *name;
	uint16_t port; /* 0: any */
	struct berth_hold *hold;
	bool seen; /* somebody listens */
};

struct run {
	struct cli *cli;
	struct wish wishes[MOST_NAMES];
	size_t n_wishes;
	bool named; /* the first was given a name */
	struct run_port ports[MOST_NAMES];
	struct run_words words;
	bool fd;
	uint8_t family; /* of the host; 0: all addresses */
	uint8_t address[16];
	char **argv; /* of the command, expanded; NULL-terminated */
	int pause_ms;
};

/* ---- The question ---------------------------------------------------------------------------- */

static enum cli_exit add_name(struct run *run, const char *name)
{
	if (!run_words_is_name(name)) {
		cli_complain("'%s' is no name; letters, digits, '_', '.' and '-' make one", name);
		return CLI_USAGE;
	}
	for (size_t i = 0; run->named && i < run->n_wishes; i++) {
		if (!strcmp(run->wishes[i].name, name)) {
			cli_complain("the name '%s' is given twice", name);
			return CLI_USAGE;
		}
	}
	if (run->n_wishes == MOST_NAMES) {
		cli_complain("more than %d names", MOST_NAMES);
		return CLI_USAGE;
	}
	/* Options in front of the first name are about it too. */
	if (run->named)
		run->n_wishes++;
	run->wishes[run->n_wishes - 1].name = name;
	run->named = true;
	return CLI_YES;
}

static enum cli_exit set_port(struct run *run, const char *value)
{
	uint64_t port = 0;

	if (text_number(value, strlen(value), LARGEST_PORT, &port) || !port) {
		cli_complain("'%s' is not a port number from 1 to 65535", value);
		return CLI_USAGE;
	}
	run->wishes[run->n_wishes - 1].port = (uint16_t)port;
	return CLI_YES;
}

static enum cli_exit set_host(struct run *run, const char *value)
{
	static const uint8_t any[16];
	const char *address = strcmp(value, "localhost") ? value : "127.0.0.1";

	run->words.host = value;
	if (inet_pton(AF_INET, address, run->address) == 1)
		run->family = 4;
	else if (inet_pton(AF_INET6, address, run->address) == 1)
		run->family = memcmp(run->address, any, sizeof(any)) ? 6 : 0;
	else {
		cli_complain("'%s' is no address; try 127.0.0.1, 0.0.0.0 or ::", value);
		return CLI_USAGE;
	}
	return CLI_YES;
}

static enum cli_exit take_option(struct run *run, const struct cli_given *given)
{
	switch (given->key) {
	case KEY_NAME:
		return add_name(run, given->value);
	case KEY_PORT:
		return set_port(run, given->value);
	case KEY_HOST:
		return set_host(run, given->value);
	case KEY_FD:
		run->fd = true;
		break;
	default: /* variables are set when there are ports */
		break;
	}
	return CLI_YES;
}

static enum cli_exit take_question(struct run *run)
{
	const struct cli *cli = run->cli;
	enum cli_exit code = CLI_YES;

	if (!cli->n_operands) {
		cli_complain("run what? try berth run python3 -m http.server {port}");
		return CLI_USAGE;
	}
	if (cli->settings.replay || cli->settings.format != CLI_TEXT) {
		cli_complain("berth run starts a command: %s is nothing for it",
			cli->settings.replay ? "--replay" : "--json");
		return CLI_USAGE;
	}
	const char *slash = strrchr(cli->operands[0], '/');
	run->wishes[0].name = slash ? slash + 1 : cli->operands[0];
	run->n_wishes = 1;
	(void)set_host(run, "127.0.0.1");
	for (size_t i = 0; code == CLI_YES && i < cli->n_given; i++)
		code = take_option(run, cli->given + i);
	return code;
}

/* ---- Ports ----------------------------------------------------------------------------------- */

static enum cli_exit take_port(
	struct run *run, struct wish *wish, const char *folder, const struct berth_policy *policy)
{
	struct berth_hold_ask ask = {.size = sizeof(ask),
		.port = wish->port,
		.listen = run->fd,
		.family = run->family,
		.name = wish->name,
		.folder = folder};

	memcpy(ask.address, run->address, sizeof(ask.address));
	return port_hold_take(run->cli, &ask, policy, &wish->hold);
}

static enum cli_exit take_ports(struct run *run)
{
	struct berth_snapshot *snapshot = NULL;
	struct berth_policy policy;
	char *folder = project_root();
	enum cli_exit code = port_hold_policy(run->cli, &snapshot, &policy);

	if (code != CLI_YES)
		goto out;
	/* Those that are wished for first, so that no other name is given them. */
	for (int any = 0; any <= 1; any++) {
		for (size_t i = 0; code == CLI_YES && i < run->n_wishes; i++) {
			if ((run->wishes[i].port == 0) == any)
				code = take_port(
					run, &run->wishes[i], folder ? folder : "", &policy);
		}
	}
	for (size_t i = 0; code == CLI_YES && i < run->n_wishes; i++)
		run->ports[i] = (struct run_port){run->wishes[i].name, run->wishes[i].hold->port};
	run->words.ports = run->ports;
	run->words.n_ports = run->n_wishes;
out:
	berth_snapshot_free(snapshot);
	free(folder);
	return code;
}

static void release(struct run *run)
{
	for (size_t i = 0; i < run->n_wishes; i++)
		berth_hold_end(run->wishes[i].hold);
	for (size_t i = 0; run->argv && run->argv[i]; i++)
		free(run->argv[i]);
	free(run->argv);
}

/* ---- What the command is told ---------------------------------------------------------------- */

static int set_number(const char *variable, uint64_t number)
{
	struct buffer text = {0};

	buffer_uint(&text, number);
	int r = text.error ? text.error : setenv(variable, buffer_string(&text), 1);
	buffer_free(&text);
	return r;
}

/* VAR, or VAR=TEXT. */
static int set_variable(const struct run *run, const char *given, uint16_t port)
{
	const char *equals = strchr(given, '=');
	struct buffer name = {0};
	struct buffer value = {0};

	buffer_bytes(&name, given, equals ? (size_t)(equals - given) : strlen(given));
	run_words_expand(&run->words, equals ? equals + 1 : "{port}", port, &value);
	int r = name.error || value.error ? -ENOMEM
					  : setenv(buffer_string(&name), buffer_string(&value), 1);
	buffer_free(&name);
	buffer_free(&value);
	return r;
}

/* Those of --env: each is about the name before it. */
static int set_given(const struct run *run)
{
	size_t at = 0;
	bool named = false;
	int r = 0;

	for (size_t i = 0; !r && i < run->cli->n_given; i++) {
		const struct cli_given *given = run->cli->given + i;

		if (given->key == KEY_NAME) {
			at += named;
			named = true;
		} else if (given->key == KEY_ENV) {
			r = set_variable(run, given->value, run->ports[at].port);
		}
	}
	return r;
}

static int set_names(const struct run *run)
{
	struct buffer text = {0};
	int r = 0;

	for (size_t i = 0; !r && run->named && i < run->n_wishes; i++) {
		buffer_clear(&text);
		run_words_variable(run->ports[i].name, &text);
		r = text.error ? text.error : set_number(buffer_string(&text), run->ports[i].port);
	}
	buffer_free(&text);
	return r;
}

/* sd_listen_fds(3); LISTEN_PID is set by the command's process itself. */
static int set_listen(const struct run *run)
{
	struct buffer names = {0};

	(void)unsetenv("LISTEN_PID");
	if (!run->fd) {
		(void)unsetenv("LISTEN_FDS");
		(void)unsetenv("LISTEN_FDNAMES");
		return 0;
	}
	for (size_t i = 0; i < run->n_wishes; i++)
		buffer_format(&names, "%s%s", i ? ":" : "", run->ports[i].name);
	int r = names.error ? names.error : setenv("LISTEN_FDNAMES", buffer_string(&names), 1);
	buffer_free(&names);
	return r ? r : set_number("LISTEN_FDS", run->n_wishes);
}

static int set_environment(const struct run *run)
{
	int r = set_number("PORT", run->ports[0].port);

	if (!r)
		r = setenv("HOST", run->words.host, 1);
	if (!r)
		r = set_names(run);
	if (!r)
		r = set_listen(run);
	return r ? r : set_given(run);
}

static int expand(struct run *run)
{
	struct buffer word = {0};
	int r = 0;

	run->argv = calloc(run->cli->n_operands + 1, sizeof(*run->argv));
	if (!run->argv)
		return -ENOMEM;
	for (size_t i = 0; !r && i < run->cli->n_operands; i++) {
		buffer_clear(&word);
		run_words_expand(&run->words, run->cli->operands[i], run->ports[0].port, &word);
		run->argv[i] = word.error ? NULL : strdup(buffer_string(&word));
		r = run->argv[i] ? 0 : -ENOMEM;
	}
	buffer_free(&word);
	return r;
}

/* ---- While it runs --------------------------------------------------------------------------- */

/* Is it a descendant of ours? */
static bool is_ours(const struct berth_socket *socket)
{
	for (size_t i = 0; i < socket->n_owners; i++) {
		for (const struct berth_process *process = socket->owners[i].process; process;
			process = process->parent) {
			if (process->pid == (uint32_t)getpid())
				return true;
		}
	}
	return false;
}

static void notice(
	const struct run *run, struct wish *wish, const struct berth_socket *sockets, size_t n)
{
	const struct berth_socket *socket = sockets;
	struct buffer who = {0};

	for (size_t i = 0; i < n; i++) {
		if (is_ours(sockets + i))
			socket = sockets + i;
	}

	wish->seen = true;
	if (run->cli->settings.quiet)
		return;
	if (is_ours(socket) || !socket->n_owners) { /* not known: nothing to say */
		if (run->cli->settings.verbose)
			cli_complain("%s listens on port %u", wish->name, socket->local_port);
		return;
	}
	describe_process(&who, socket->owners[0].process);
	cli_complain("port %u was meant for %s, but %s listens there", socket->local_port,
		wish->name, buffer_string(&who));
	buffer_free(&who);
}

/* Who listens on the port of a wish, and their owners where somebody does. NULL: could not be seen.
 */
static struct berth_snapshot *listeners(const struct run *run, const struct wish *wish)
{
	struct berth_query_part part = {.first = wish->hold->port, .last = wish->hold->port};
	const struct berth_query query = {.parts = &part, .n_parts = 1};
	struct berth_ask ask = {.size = sizeof(ask),
		.query = &query,
		.protos = BERTH_PROTO_BIT(BERTH_TCP),
		.states = BERTH_STATE_BIT(BERTH_LISTEN)};
	struct berth_snapshot *snapshot = NULL;
	const struct berth_socket *sockets = NULL;

	if (berth_snapshot(run->cli->berth, &ask, &snapshot) < 0)
		return NULL;
	if (!berth_snapshot_sockets(snapshot, &sockets))
		return snapshot;
	berth_snapshot_free(snapshot);
	ask.owners = true;
	return berth_snapshot(run->cli->berth, &ask, &snapshot) < 0 ? NULL : snapshot;
}

static void look(struct run *run, struct wish *wish)
{
	struct berth_snapshot *snapshot = listeners(run, wish);
	const struct berth_socket *sockets = NULL;
	size_t n = snapshot ? berth_snapshot_sockets(snapshot, &sockets) : 0;

	if (n)
		notice(run, wish, sockets, n);
	berth_snapshot_free(snapshot);
}

/* Do only descendants of ours listen, and somebody does? */
static bool is_left(const struct run *run, const struct wish *wish)
{
	struct berth_snapshot *snapshot = listeners(run, wish);
	const struct berth_socket *sockets = NULL;
	size_t n = snapshot ? berth_snapshot_sockets(snapshot, &sockets) : 0;
	bool left = n > 0;

	for (size_t i = 0; i < n; i++)
		left = left && is_ours(sockets + i);
	berth_snapshot_free(snapshot);
	return left;
}

/* The command is gone, but what it left behind has a port that others are about to be given:
 * workers of a master that was killed, a server that went into the background. */
static void end_left(const struct run *run)
{
	for (size_t i = 0; i < run->n_wishes; i++) {
		const struct wish *wish = &run->wishes[i];
		struct berth_query_part part = {
			.first = wish->hold->port, .last = wish->hold->port};
		const struct berth_query query = {.parts = &part, .n_parts = 1};
		const struct berth_end_ask ask = {.size = sizeof(ask),
			.query = &query,
			.grace_ms = LEFT_MS,
			.force = true,
			.processes = true};
		struct berth_ended *ended = NULL;

		if (is_left(run, wish) && !berth_end(run->cli->berth, &ask, &ended))
			berth_ended_free(ended);
	}
}

/* A run_child_tick: looks until somebody listens on each port. */
static int watch(void *context)
{
	struct run *run = context;
	bool waiting = false;

	for (size_t i = 0; !run->fd && i < run->n_wishes; i++) {
		if (!run->wishes[i].seen)
			look(run, &run->wishes[i]);
		waiting = waiting || !run->wishes[i].seen;
	}
	if (!waiting)
		return -1;
	run->pause_ms =
		run->pause_ms * 3 / 2 < LONGEST_PAUSE_MS ? run->pause_ms * 3 / 2 : LONGEST_PAUSE_MS;
	return run->pause_ms;
}

static void say_ports(const struct run *run)
{
	bool wanted = run->cli->settings.verbose || isatty(STDERR_FILENO);

	for (size_t i = 0; wanted && !run->cli->settings.quiet && i < run->n_wishes; i++)
		cli_complain("%s has port %u", run->ports[i].name, run->ports[i].port);
}

static int start_and_wait(struct run *run)
{
	struct run_child child = {0};
	int fds[MOST_NAMES];

	for (size_t i = 0; i < run->n_wishes; i++)
		fds[i] = run->wishes[i].hold->fd;
	say_ports(run);
	int r = run_child_start(&child, run->argv, fds, run->fd ? run->n_wishes : 0);
	if (r) {
		cli_complain("%s: %s", run->argv[0], strerror(-r));
		return r == -ENOENT ? RUN_CHILD_NOT_FOUND : RUN_CHILD_NOT_STARTED;
	}
	/* From now on only the command listens: when it closes its socket, the port refuses. */
	for (size_t i = 0; run->fd && i < run->n_wishes; i++)
		berth_hold_open(run->wishes[i].hold);
	r = run_child_wait(&child, watch, run);
	end_left(run);
	return r;
}

static enum cli_exit run_run(struct cli *cli)
{
	struct run *run = calloc(1, sizeof(*run));

	if (!run) {
		cli_complain("out of memory");
		return CLI_UNKNOWN;
	}
	run->cli = cli;
	run->pause_ms = FIRST_PAUSE_MS;
	enum cli_exit code = take_question(run);
	if (code == CLI_YES)
		code = cli_open(cli);
	if (code == CLI_YES)
		code = take_ports(run);
	if (code == CLI_UNKNOWN) /* 3 could be the command's */
		code = (enum cli_exit)PORT_HOLD_NONE;
	if (code == CLI_YES && (expand(run) || set_environment(run))) {
		cli_complain("the environment cannot be made: %s", strerror(errno));
		code = (enum cli_exit)PORT_HOLD_NONE;
	}
	if (code == CLI_YES)
		code = (enum cli_exit)start_and_wait(run);
	release(run);
	free(run);
	return code;
}

const struct command cmd_run = {
	.name = "run",
	.args = "[--name NAME] [--port PORT] [--env VAR] [--fd] [--] COMMAND...",
	.help = "run a command with ports of its own",
	.options = run_options,
	.wraps = true,
	.run = run_run,
};
