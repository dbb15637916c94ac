// SPDX-License-Identifier: MIT
/* The loop of the front; see front.h. */
#include "serve/front.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

static int hear_settings(struct front *front)
{
	uint8_t bytes[WIRE_HEAD];
	struct wire_head head;
	int error = wire_read(FRONT_WIRE, bytes, sizeof(bytes));

	if (!error)
		error = wire_get_head(bytes, &head);
	if (error)
		return error;
	char *text = calloc(1, head.len + 1);
	error = text ? wire_read(FRONT_WIRE, text, head.len) : -ENOMEM;
	if (!error)
		error = front_settings_get(text, head.len, &front->settings);
	if (text)
		explicit_bzero(text, head.len);
	free(text);
	for (size_t i = 0, n = 0; i < FRONT_NAMES; i++) {
		if (*front->settings.names[i])
			front->names[n++] = front->settings.names[i];
	}
	return error;
}

/* A percent sign leads nowhere (route.c), so nothing is to be unescaped. */
static size_t keep_escaped(void *context, struct MHD_Connection *connection, char *text)
{
	(void)context;
	(void)connection;
	return strlen(text);
}

static void say_nothing(void *context, const char *format, va_list arguments)
{
	(void)context;
	(void)format;
	(void)arguments;
}

/* Named after the port, since a cookie goes to all ports of a host (RFC 6265 section 8.5). */
static void name_cookie(struct front *front)
{
	struct sockaddr_in6 bound = {0}; /* the port is where sockaddr_in has it too */
	socklen_t len = sizeof(bound);

	(void)getsockname(FRONT_WIRE + 1, (struct sockaddr *)&bound, &len);
	(void)snprintf(front->cookie, sizeof(front->cookie), "berth-%u",
		bound.sin6_family == AF_UNIX ? 0U : ntohs(bound.sin6_port));
}

static int start(struct front *front)
{
	const union MHD_DaemonInfo *info = NULL;

	front->daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET |
			MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG,
		0, NULL, NULL, front_answers_handle, front, MHD_OPTION_EXTERNAL_LOGGER, say_nothing,
		NULL, MHD_OPTION_CONNECTION_LIMIT, (unsigned)FRONT_CLIENTS,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)FRONT_POOL,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)FRONT_SLOW_S, MHD_OPTION_STRICT_FOR_CLIENT,
		1, MHD_OPTION_UNESCAPE_CALLBACK, keep_escaped, NULL, MHD_OPTION_URI_LOG_CALLBACK,
		front_answers_target, front, MHD_OPTION_NOTIFY_CONNECTION, front_clients_notify,
		front, MHD_OPTION_NOTIFY_COMPLETED, front_clients_completed, front, MHD_OPTION_END);
	if (!front->daemon)
		return -EIO;
	info = MHD_get_daemon_info(front->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	front->polled = info ? info->epoll_fd : -1;
	return front->polled < 0 ? -EIO : 0;
}

/* 0 or the smaller of the two; negative stands for never. */
static double sooner(double a, double b)
{
	if (a < 0)
		return b;
	return b < 0 || a < b ? a : b;
}

static int pause_ms(struct front *front, double due_s)
{
	const double ms = 1000;
	const int longest_ms = 60000;
	MHD_UNSIGNED_LONG_LONG theirs = 0;
	int pause = due_s < 0 ? -1 : longest_ms;

	if (due_s >= 0 && due_s * ms < longest_ms)
		pause = (int)(due_s * ms) + 1;
	if (MHD_get_timeout(front->daemon, &theirs) == MHD_YES &&
		(pause < 0 || theirs < (MHD_UNSIGNED_LONG_LONG)pause))
		pause = theirs < (MHD_UNSIGNED_LONG_LONG)longest_ms ? (int)theirs : longest_ms;
	return pause;
}

/* A sign of life, which the teller hands on: it shows that both processes have one. The first says
 * that requests are answered. */
static double beat(struct front *front, double *next_s)
{
	const struct wire_question question = {.id = UINT32_MAX, .route = {.kind = ROUTE_BEAT}};
	uint8_t bytes[WIRE_QUESTION];

	if (front->settings.beat_s <= 0 && *next_s > 0)
		return -1;
	if (front->now_s >= *next_s) {
		wire_put_question(bytes, &question);
		(void)send(FRONT_WIRE, bytes, sizeof(bytes), MSG_NOSIGNAL | MSG_DONTWAIT);
		*next_s = front->now_s + front->settings.beat_s;
	}
	return front->settings.beat_s > 0 ? *next_s - front->now_s : -1;
}

static int turn(struct front *front, double *beat_s)
{
	enum {
		WIRE,
		POLLED,
		LISTENERS,
	};
	struct pollfd ready[LISTENERS + FRONT_LISTENERS] = {
		[WIRE] = {.fd = FRONT_WIRE, .events = POLLIN},
		[POLLED] = {.fd = front->polled, .events = POLLIN},
	};
	nfds_t n = LISTENERS + front->settings.n_listeners;
	double due_s = sooner(front_clients_tidy(front), front_feed_tidy(front));

	due_s = sooner(due_s, beat(front, beat_s));
	bool accepts = front->now_s >= front->accept_s;
	if (!accepts)
		due_s = sooner(due_s, front->accept_s - front->now_s);
	for (nfds_t i = LISTENERS; i < n; i++)
		ready[i] =
			(struct pollfd){.fd = accepts ? FRONT_WIRE + 1 + (int)(i - LISTENERS) : -1,
				.events = POLLIN};
	if (poll(ready, n, pause_ms(front, due_s)) < 0 && errno != EINTR)
		return -errno;
	front->now_s = clock_now_s(CLOCK_MONOTONIC);
	int error = ready[WIRE].revents ? front_wire_take(front) : 0;
	for (nfds_t i = LISTENERS; i < n && !error; i++) {
		if (ready[i].revents)
			error = front_clients_accept(front, ready[i].fd);
	}
	front_wire_tidy(front);
	if (!error && MHD_run(front->daemon) == MHD_NO)
		error = -EIO;
	return error;
}

/* As many descriptors as there can be connections, and some. */
static void raise_limit(void)
{
	const rlim_t wanted = (rlim_t)2 * FRONT_CLIENTS;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= wanted)
		return;
	limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

static void unblock_signals(void)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigprocmask(SIG_UNBLOCK, &set, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
}

int main(void)
{
	struct front *front = calloc(1, sizeof(*front));
	double beat_s = 0;

	unblock_signals();
	raise_limit();
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	int error = front ? hear_settings(front) : -ENOMEM;
	if (!error)
		error = start(front);
	if (!error)
		name_cookie(front);
	if (!error)
		error = front_cage();
	for (unsigned i = 0; !error && i < FRONT_CLIENTS; i++)
		front->clients[i].fd = -1;
	if (!error)
		front->now_s = clock_now_s(CLOCK_MONOTONIC);
	while (!error)
		error = turn(front, &beat_s);
	_exit(error == -ECONNRESET ? EXIT_SUCCESS : EXIT_FAILURE);
}
