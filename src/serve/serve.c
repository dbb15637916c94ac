// SPDX-License-Identifier: MIT
/* Starts the front, with its settings over the wire: a command line can be read by everybody. */
#include "serve/serve.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/notify.h"
#include "base/signals.h"
#include "serve/teller.h"
#include "serve/wire.h"

int serve_token(char ret_token[ROUTE_TOKEN + 1])
{
	static const char letters[] = "0123456789abcdef";
	enum {
		BITS = 4,
		LOW = 15,
	};
	unsigned char bytes[ROUTE_TOKEN / 2];

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return -EIO;
	for (size_t i = 0; i < ROUTE_TOKEN; i++)
		ret_token[i] = letters[i % 2 ? bytes[i / 2] & LOW : bytes[i / 2] >> BITS];
	ret_token[ROUTE_TOKEN] = '\0';
	return 0;
}

/* ---- The front --------------------------------------------------------------------------------
 */

/* The wire to its place, and the listeners behind it. What stands there already is moved away. */
static void arrange(const struct serve_settings *settings, int wire)
{
	int moved[FRONT_LISTENERS + 1];
	size_t n = settings->n_listeners;

	for (size_t i = 0; i <= n; i++)
		moved[i] = fcntl(i ? settings->listeners[i - 1] : wire, F_DUPFD_CLOEXEC,
			FRONT_WIRE + FRONT_LISTENERS + 1);
	for (size_t i = 0; i <= n; i++)
		(void)dup2(moved[i], FRONT_WIRE + (int)i);
}

/* In a build folder the two programs are neighbours. */
static void become(char *const argv[])
{
	char *const environment[] = {NULL};
	char path[PATH_MAX];

	if (file_neighbour("berth-front", path, sizeof(path)))
		(void)execve(path, argv, environment);
	(void)execve(BERTH_FRONT, argv, environment);
}

static void start(const struct serve_settings *settings, int wire)
{
	char name[] = "berth-front";
	char *const argv[] = {name, NULL};

	/* It has nothing to say, and what it could say should reach no terminal. */
	int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int fd = STDIN_FILENO; nothing >= 0 && fd <= STDERR_FILENO; fd++)
		(void)dup2(nothing, fd);
	arrange(settings, wire);
	become(argv);
	_exit(EXIT_FAILURE);
}

static int greet(const struct serve_settings *settings, int wire, double beat_s)
{
	struct front_settings front = {.n_listeners = (uint32_t)settings->n_listeners,
		.has_token = settings->token,
		.share = settings->share,
		.uid = geteuid(),
		.beat_s = beat_s};
	struct buffer text = {0};

	if (settings->token)
		(void)snprintf(front.token, sizeof(front.token), "%s", settings->token);
	for (size_t i = 0; settings->names && settings->names[i] && i < FRONT_NAMES; i++)
		(void)snprintf(front.names[i], sizeof(front.names[i]), "%s", settings->names[i]);
	front_settings_put(&text, &front);
	const struct wire_head head = {.id = 1, .type = WIRE_PLAIN, .status = FRONT_GREETING};
	int error = wire_answer(wire, head, &text);
	buffer_free(&text);
	explicit_bzero(&front, sizeof(front));
	return error;
}

int serve_run(const struct serve_settings *settings, const char **ret_problem)
{
	int wire[2] = {-1, -1};
	static const int ends[] = {SIGTERM, SIGINT}; /* the teller, which takes the front with it */
	int signals = signals_open(ends, sizeof(ends) / sizeof(*ends), NULL);
	double beat_s = notify_watchdog_s();
	pid_t front = -1;
	int error = signals < 0 ? signals : 0;

	*ret_problem = "the server could not be started";
	(void)signal(SIGPIPE, SIG_IGN);
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (!error && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, wire) < 0)
		error = -errno;
	if (!error) {
		front = fork();
		error = front < 0 ? -errno : 0;
	}
	if (!front)
		start(settings, wire[1]);
	if (!error) {
		(void)close(wire[1]);
		for (size_t i = 0; i < settings->n_listeners; i++)
			(void)close(settings->listeners[i]);
		error = greet(settings, wire[0], beat_s);
	}
	if (!error)
		error = teller_run(settings, wire[0], signals, ret_problem);
	if (wire[0] >= 0)
		(void)close(wire[0]);
	if (front > 0) {
		(void)kill(front, SIGKILL);
		(void)waitpid(front, NULL, 0);
	}
	if (signals >= 0)
		(void)close(signals);
	return error;
}
