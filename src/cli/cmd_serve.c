// SPDX-License-Identifier: MIT
/*
 * berth serve: pages, JSON and metrics over HTTP, until it is ended. This file reads what is
 * wanted, opens the sockets, and keeps the token; src/serve does the rest.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/notify.h"
#include "base/text.h"
#include "cli/commands.h"
#include "serve/serve.h"
#include "serve/serve_listen.h"

static const struct command_option serve_options[] = {
	{KEY_LISTEN, "listen", "ADDRESS:PORT",
		"listen there (127.0.0.1, and the port it had last)"},
	{KEY_UNIX, "unix", "PATH", "listen at a socket in the file system instead"},
	{KEY_MODE, "mode", "MODE", "who may connect to that socket (0600)"},
	{KEY_TOKEN, "token", "FILE", "keep the token in this file"},
	{KEY_NO_TOKEN, "no-token", NULL, "ask for no token, and tell of no owners"},
	{KEY_SHARE, "share", NULL, "show everybody who may connect what this user sees"},
	{KEY_HOST, "host", "NAME", "answer to this host name too"},
	{KEY_STATE_FOLDER, "history", "DIR", "where berthd keeps its history"},
	{0, NULL, NULL, NULL},
};

enum {
	OCTAL = 8,
	NAMES_MOST = 8,
	TOKEN_FILE_MOST = 256,
};

struct wanted {
	struct cli *cli;
	struct serve_settings settings;
	bool has_place;
	struct serve_listen_place place;
	const char *path; /* of the Unix socket; NULL: TCP */
	bool has_mode;
	mode_t mode;
	const char *token_file;
	bool no_token;
	const char *names[NAMES_MOST + 1];
	size_t n_names;
	int listeners[FRONT_LISTENERS];
	char token[ROUTE_TOKEN + 1];
	char *token_path; /* where it is kept; NULL: nowhere */
	struct berth_hold *hold; /* of the port that berth chose */
	bool activated; /* by a service manager */
};

/* ---- The command line -------------------------------------------------------------------------
 */

enum cli_exit cmd_serve_mode(const char *text, mode_t *ret_mode)
{
	char *end = NULL;
	unsigned long mode = strtoul(text, &end, OCTAL);

	if (*text < '0' || *text > '7' || *end || mode > (S_IRWXU | S_IRWXG | S_IRWXO)) {
		cli_complain("'%s' is no mode; try 0600, 0660 or 0666", text);
		return CLI_USAGE;
	}
	*ret_mode = (mode_t)mode;
	return CLI_YES;
}

static enum cli_exit read_place(const char *text, struct wanted *wanted)
{
	if (serve_listen_parse(text, &wanted->place)) {
		cli_complain(
			"'%s' is no address with a port; try 127.0.0.1:8080 or [::1]:8080", text);
		return CLI_USAGE;
	}
	wanted->has_place = true;
	return CLI_YES;
}

static enum cli_exit read_name(const char *name, struct wanted *wanted)
{
	const size_t longest = 127;

	if (wanted->n_names == NAMES_MOST || strlen(name) > longest || strpbrk(name, ":/ \n")) {
		cli_complain("'%s' is no host name, or there are more than %d", name, NAMES_MOST);
		return CLI_USAGE;
	}
	wanted->names[wanted->n_names++] = name;
	return CLI_YES;
}

static enum cli_exit read_option(const struct cli_given *given, struct wanted *wanted)
{
	switch (given->key) {
	case KEY_LISTEN:
		return read_place(given->value, wanted);
	case KEY_UNIX:
		wanted->path = given->value;
		break;
	case KEY_MODE:
		wanted->has_mode = true;
		return cmd_serve_mode(given->value, &wanted->mode);
	case KEY_TOKEN:
		wanted->token_file = given->value;
		break;
	case KEY_NO_TOKEN:
		wanted->no_token = true;
		break;
	case KEY_SHARE:
		wanted->settings.share = true;
		break;
	case KEY_HOST:
		return read_name(given->value, wanted);
	default:
		wanted->settings.history = given->value;
		break;
	}
	return CLI_YES;
}

static const char *contradiction(const struct wanted *wanted)
{
	const struct cli *cli = wanted->cli;

	if (cli->n_operands)
		return "it takes no operand; try berth serve --listen 127.0.0.1:8080";
	if (cli->settings.format != CLI_TEXT)
		return "a server answers over HTTP: its JSON is below /api/";
	if (wanted->path && (wanted->has_place || wanted->token_file || wanted->no_token))
		return "--unix stands for itself: the kernel tells who is connected, without a "
		       "token";
	if (wanted->has_mode && !wanted->path)
		return "--mode is about the socket of --unix";
	if (wanted->token_file && wanted->no_token)
		return "--token and --no-token contradict each other";
	if (wanted->settings.share && !wanted->path && !wanted->no_token && !wanted->activated)
		return "--share is for --unix or --no-token: a token shows everything already";
	if (wanted->no_token && wanted->has_place && !wanted->place.loopback)
		return "--no-token is for loopback addresses: others could be asked from anywhere";
	return NULL;
}

static enum cli_exit read_wanted(struct wanted *wanted)
{
	const struct cli *cli = wanted->cli;
	enum cli_exit code = CLI_YES;

	for (size_t i = 0; code == CLI_YES && i < cli->n_given; i++)
		code = read_option(&cli->given[i], wanted);
	if (code != CLI_YES)
		return code;
	const char *what = contradiction(wanted);
	if (what) {
		cli_complain("%s", what);
		return CLI_USAGE;
	}
	return CLI_YES;
}

/* ---- The token --------------------------------------------------------------------------------
 */

static enum cli_exit bad_token(const char *path, const char *why)
{
	cli_complain("%s: %s", path, why);
	return CLI_UNKNOWN;
}

/* A file that others can read keeps no secret. */
static enum cli_exit read_token(const char *path, int fd, struct wanted *wanted)
{
	struct buffer text = {0};
	struct stat status;
	enum cli_exit code = CLI_YES;

	if (fstat(fd, &status) < 0 || file_read_open(fd, TOKEN_FILE_MOST, &text) < 0)
		code = bad_token(path, "the token cannot be read");
	else if (status.st_uid != geteuid() || status.st_mode & (S_IRWXG | S_IRWXO))
		code = bad_token(path, "others can read the token, or it is theirs; chmod 600 it");
	if (code == CLI_YES) {
		const char *token = buffer_string(&text);
		size_t len = text_trim(&token, text.len);

		if (route_is_token(token, len))
			memcpy(wanted->token, token, ROUTE_TOKEN);
		else
			code = bad_token(
				path, "this is no token of berth's; remove it for a new one");
	}
	buffer_free(&text);
	return code;
}

static enum cli_exit make_token(const char *path, struct wanted *wanted)
{
	int fd =
		open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);
	int error = fd < 0 ? -errno : serve_token(wanted->token);

	if (!error)
		error = file_write(fd, wanted->token, ROUTE_TOKEN);
	if (!error)
		error = file_write(fd, "\n", 1);
	if (fd >= 0)
		(void)close(fd);
	return error ? bad_token(path, strerror(-error)) : CLI_YES;
}

/* Where it is kept when nothing is said: beside what berth remembers for this user. */
static char *usual_path(const struct cli *cli)
{
	const char *folder = cli->environment.user_state;
	char *path = NULL;

	if (!folder || file_make_folder(folder, S_IRWXU) < 0 ||
		asprintf(&path, "%s/serve.token", folder) < 0)
		return NULL;
	return path;
}

static enum cli_exit find_token(struct wanted *wanted)
{
	if (wanted->no_token)
		return CLI_YES;
	wanted->settings.token = wanted->token;
	wanted->token_path =
		wanted->token_file ? strdup(wanted->token_file) : usual_path(wanted->cli);
	if (!wanted->token_path)
		return serve_token(wanted->token) ? cli_cannot(wanted->cli, -EIO) : CLI_YES;
	int fd = open(wanted->token_path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return make_token(wanted->token_path, wanted);
	if (fd < 0)
		return bad_token(wanted->token_path, strerror(errno));
	enum cli_exit code = read_token(wanted->token_path, fd, wanted);
	(void)close(fd);
	return code;
}

/* ---- Listening --------------------------------------------------------------------------------
 */

/* The port that berth gives to itself: free, unlikely to be wanted by others, the same as last
 * time. Where no lease can be written, any such port. */
static int choose_port(struct wanted *wanted)
{
	struct berth_hold_ask ask = {.size = sizeof(ask),
		.name = "berth",
		.listen = true,
		.family = 4,
		.address = {127, 0, 0, 1}};
	int error = berth_hold(wanted->cli->berth, &ask, &wanted->hold);

	ask.name = NULL;
	if (error)
		error = berth_hold(wanted->cli->berth, &ask, &wanted->hold);
	if (error)
		return error;
	(void)serve_listen_parse("127.0.0.1:0", &wanted->place);
	wanted->place.port = wanted->hold->port;
	int fd = fcntl(wanted->hold->fd, F_DUPFD_CLOEXEC, 0);
	(void)fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

static enum cli_exit listen_unix(struct wanted *wanted)
{
	int fd = serve_listen_unix(
		wanted->path, wanted->has_mode ? wanted->mode : S_IRUSR | S_IWUSR);

	if (fd < 0) {
		cli_complain("%s: %s", wanted->path, strerror(-fd));
		return CLI_UNKNOWN;
	}
	wanted->listeners[wanted->settings.n_listeners++] = fd;
	return CLI_YES;
}

static enum cli_exit listen_tcp(struct wanted *wanted)
{
	int fd = wanted->has_place ? serve_listen_tcp(&wanted->place) : choose_port(wanted);

	if (fd == -EADDRINUSE && wanted->has_place) {
		cli_complain("%s:%u is taken; berth why %u tells by whom", wanted->place.address,
			wanted->place.port, wanted->place.port);
		return CLI_UNKNOWN;
	}
	if (fd < 0) {
		cli_complain("%s",
			wanted->has_place ? strerror(-fd) : "no port could be found to listen at");
		return CLI_UNKNOWN;
	}
	wanted->settings.open = wanted->no_token && !wanted->settings.share;
	wanted->listeners[wanted->settings.n_listeners++] = fd;
	return CLI_YES;
}

static bool is_tcp(int fd)
{
	struct sockaddr_storage address = {0};
	socklen_t len = sizeof(address);

	return getsockname(fd, (struct sockaddr *)&address, &len) == 0 &&
		address.ss_family != AF_UNIX;
}

/* Sockets that the service manager opened. */
static enum cli_exit take_sockets(struct wanted *wanted, unsigned n)
{
	bool tcp = false;
	bool local = false;

	for (unsigned i = 0; i < n; i++) {
		int fd = notify_listener(i);

		wanted->listeners[wanted->settings.n_listeners++] = fd;
		tcp |= is_tcp(fd);
		local |= !is_tcp(fd);
	}
	if (tcp && local && wanted->no_token) {
		cli_complain("--no-token is for TCP alone, and one of the sockets is another one");
		return CLI_USAGE;
	}
	wanted->settings.open = tcp && wanted->no_token && !wanted->settings.share;
	return tcp ? find_token(wanted) : CLI_YES;
}

static enum cli_exit open_sockets(struct wanted *wanted, unsigned activated)
{
	if (activated)
		return take_sockets(wanted, activated);
	if (wanted->path)
		return listen_unix(wanted);
	enum cli_exit code = find_token(wanted);
	return code == CLI_YES ? listen_tcp(wanted) : code;
}

/* ---- Serving ----------------------------------------------------------------------------------
 */

/* The address to open, for a person; and how to ask, for programs. */
static void say_ready(void *context)
{
	const struct wanted *wanted = context;
	struct cli *cli = wanted->cli;
	struct buffer *out = &cli->output.text;
	bool v6 = wanted->place.family == 6;

	if (wanted->activated) {
		notify_state("READY=1");
		return;
	}
	if (wanted->path) {
		text_escape_terminal(out, wanted->path, strlen(wanted->path));
		buffer_char(out, '\n');
	} else {
		buffer_format(out, "http://%s%s%s:%u/%s%s\n", v6 ? "[" : "", wanted->place.address,
			v6 ? "]" : "", wanted->place.port,
			wanted->no_token ? "" : "?token=", wanted->token);
	}
	(void)output_finish(&cli->output);
	if (!cli->settings.quiet && wanted->token_path)
		cli_complain("the token is kept in %s; whoever has it sees what you see",
			wanted->token_path);
	if (!cli->settings.quiet && !wanted->path && !wanted->place.loopback)
		cli_complain("this is not a loopback address: others on the way can read the token "
			     "and the pages");
	notify_state("READY=1");
}

static enum cli_exit serve(struct wanted *wanted)
{
	const struct environment *environment = &wanted->cli->environment;
	const char *folders[] = {ENVIRONMENT_SYSTEM_CLAIMS, environment->user_claims, NULL};
	struct berth_options options = {.size = sizeof(options),
		.replay = wanted->cli->settings.replay,
		.registry_path = wanted->cli->settings.registry};
	const char *problem = NULL;

	if (!options.replay) {
		options.claims_folders = folders;
		options.services_path = ENVIRONMENT_SERVICES;
		options.runtime_folder = environment->runtime;
		options.state_folder = environment->user_state;
		if (!options.registry_path)
			options.registry_path = environment_image(environment);
	}
	wanted->settings.options = &options;
	wanted->settings.listeners = wanted->listeners;
	wanted->settings.names = wanted->names;
	wanted->settings.utc = options.replay;
	wanted->settings.ready = say_ready;
	wanted->settings.context = wanted;
	int error = serve_run(&wanted->settings, &problem);
	notify_state("STOPPING=1");
	if (error) {
		cli_complain("%s: %s", problem, strerror(-error));
		return CLI_UNKNOWN;
	}
	return CLI_YES;
}

static enum cli_exit serve_run_command(struct cli *cli)
{
	unsigned activated = notify_listeners();
	struct wanted wanted = {.cli = cli, .activated = activated > 0};
	enum cli_exit code = read_wanted(&wanted);

	if (code == CLI_YES)
		code = cli_open(cli);
	if (code == CLI_YES)
		code = open_sockets(&wanted, activated);
	if (code == CLI_YES)
		code = serve(&wanted);
	if (wanted.path && wanted.settings.n_listeners && !activated)
		(void)unlink(wanted.path);
	berth_hold_end(wanted.hold);
	explicit_bzero(wanted.token, sizeof(wanted.token));
	free(wanted.token_path);
	return code;
}

const struct command cmd_serve = {
	.name = "serve",
	.args = "[--listen ADDRESS:PORT | --unix PATH]",
	.help = "serve pages, JSON and metrics over HTTP",
	.options = serve_options,
	.run = serve_run_command,
};
