// SPDX-License-Identifier: MIT
/* berth serve-leases: the line protocol of berth-protocol(7), until it is ended. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/notify.h"
#include "base/text.h"
#include "cli/commands.h"
#include "desk/desk.h"
#include "serve/serve_listen.h"

static const struct command_option serve_leases_options[] = {
	{KEY_UNIX, "unix", "PATH", "listen at this socket instead"},
	{KEY_MODE, "mode", "MODE", "who may connect to it (0666 for root's, else 0600)"},
	{0, NULL, NULL, NULL},
};

struct desk_place {
	struct cli *cli;
	const char *path; /* NULL: the service manager has opened it */
	char usual[PATH_MAX];
	mode_t mode;
	int listeners[NOTIFY_LISTENERS_MOST];
	size_t n_listeners;
};

/* Of all users when root serves them, else of one. */
static enum cli_exit choose_path(struct desk_place *place)
{
	const char *runtime = place->cli->environment.runtime;

	if (!geteuid())
		(void)snprintf(place->usual, sizeof(place->usual), "/run/berth/leases.sock");
	else if (runtime)
		(void)snprintf(place->usual, sizeof(place->usual), "%s/berth/leases.sock", runtime);
	place->path = place->usual;
	if (*place->usual)
		return CLI_YES;
	cli_complain("there is no runtime folder of yours (XDG_RUNTIME_DIR); try --unix PATH");
	return CLI_USAGE;
}

static enum cli_exit read_question(struct desk_place *place)
{
	const struct cli *cli = place->cli;
	enum cli_exit code = CLI_YES;

	place->mode = geteuid() ? 0600 : 0666;
	for (size_t i = 0; code == CLI_YES && i < cli->n_given; i++) {
		if (cli->given[i].key == KEY_UNIX)
			place->path = cli->given[i].value;
		else
			code = cmd_serve_mode(cli->given[i].value, &place->mode);
	}
	if (code == CLI_YES && (cli->n_operands || cli->settings.format != CLI_TEXT)) {
		cli_complain(cli->n_operands
				? "'%s' is too much; try berth serve-leases --unix PATH"
				: "it answers in lines, and has no JSON",
			cli->n_operands ? cli->operands[0] : "");
		code = CLI_USAGE;
	}
	return code;
}

/* The folder of the usual place may be missing; that of another is made by who names it. */
static enum cli_exit listen_there(struct desk_place *place)
{
	char *slash = strrchr(place->usual, '/');

	if (slash && place->path == place->usual) {
		*slash = '\0';
		(void)file_make_folder(place->usual, geteuid() ? 0700 : 0755);
		*slash = '/';
	}
	int fd = serve_listen_unix(place->path, place->mode);
	if (fd < 0) {
		cli_complain("%s: %s", place->path,
			fd == -EADDRINUSE ? "somebody listens there already" : strerror(-fd));
		return CLI_UNKNOWN;
	}
	place->listeners[place->n_listeners++] = fd;
	return CLI_YES;
}

static void say_ready(void *context)
{
	struct desk_place *place = context;
	struct output *output = &place->cli->output;

	if (place->path) {
		text_escape_terminal(&output->text, place->path, strlen(place->path));
		buffer_char(&output->text, '\n');
		(void)output_finish(output);
	}
	notify_state("READY=1");
}

/* Root's ledger is made when it is read, and others cannot make it. */
static enum cli_exit make_ledger(struct cli *cli)
{
	struct berth_leases *leases = NULL;
	enum cli_exit code = cmd_leases_read(cli, &leases);

	berth_leases_free(leases);
	return code;
}

/* What a project had is remembered for our own user; others' homes are not ours to write to. */
static enum cli_exit serve(struct desk_place *place)
{
	const struct berth_options options = {
		.size = sizeof(options), .registry_path = place->cli->settings.registry};
	struct berth *others = NULL;
	int error = berth_open(&options, &others);

	if (error) {
		cli_complain("%s", berth_error());
		return CLI_UNKNOWN;
	}
	const struct desk_settings settings = {.own = place->cli->berth,
		.others = others,
		.listeners = place->listeners,
		.n_listeners = place->n_listeners,
		.ready = say_ready,
		.context = place};
	error = desk_run(&settings);
	notify_state("STOPPING=1");
	berth_close(others);
	if (error)
		cli_complain("leases cannot be served: %s", strerror(-error));
	return error ? CLI_UNKNOWN : CLI_YES;
}

static enum cli_exit serve_leases_run(struct cli *cli)
{
	struct desk_place place = {.cli = cli};
	unsigned activated = notify_listeners();
	enum cli_exit code = read_question(&place);

	if (code == CLI_YES && cli->settings.replay) {
		cli_complain("a recording has no leases to serve");
		code = CLI_USAGE;
	}
	if (code == CLI_YES && !activated && !place.path)
		code = choose_path(&place);
	if (code == CLI_YES)
		code = make_ledger(cli);
	for (unsigned i = 0; code == CLI_YES && i < activated; i++)
		place.listeners[place.n_listeners++] = notify_listener(i);
	if (code == CLI_YES && !activated)
		code = listen_there(&place);
	if (code == CLI_YES) {
		code = serve(&place);
		if (place.path)
			(void)unlink(place.path);
	}
	return code;
}

const struct command cmd_serve_leases = {
	.name = "serve-leases",
	.args = "",
	.help = "serve leases to programs, over a Unix socket",
	.options = serve_leases_options,
	.run = serve_leases_run,
};
