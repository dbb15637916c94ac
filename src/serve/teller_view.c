// SPDX-License-Identifier: MIT
/* The view of another user; see teller.h. */
#include <errno.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "serve/tell.h"
#include "serve/teller.h"

enum {
	LONGEST_S = 10, /* then it is ended, since others wait */
	BROKEN = 500,
	FORBIDDEN = 403,
};

static int become(uint32_t uid)
{
	const struct passwd *user = getpwuid(uid);
	gid_t group = user ? user->pw_gid : uid;
	int error = user ? initgroups(user->pw_name, group) : setgroups(0, NULL);

	if (error < 0 || setresgid(group, group, group) < 0 || setresuid(uid, uid, uid) < 0)
		return -errno;
	return 0;
}

/* In the other process, which gives up all that it inherited but its rights as that user: the
 * folders of the server's user are none of its business. */
static int look_as(
	const struct serve_settings *settings, const struct wire_question *question, int out)
{
	struct berth_options options =
		settings->options ? *settings->options : (struct berth_options){0};
	struct berth_registry_info info;
	struct wire_head head = {.id = question->id, .status = BROKEN, .type = WIRE_PLAIN};
	struct tell tell = {.utc = settings->utc, .history = settings->history};
	struct buffer text = {0};
	int error = become(question->uid);

	options.size = sizeof(options);
	options.runtime_folder = NULL;
	options.state_folder = NULL;
	if (error) {
		head.status = FORBIDDEN;
		buffer_text(&text, "The server cannot look with your eyes.\n");
	} else if (berth_open(&options, &tell.berth) < 0) {
		tell_failure(-EIO, &head, &text);
	} else {
		berth_registry_info(tell.berth, &info);
		(void)snprintf(tell.date, sizeof(tell.date), "%s", info.date);
		tell_answer(&tell, question, &head, &text);
		head.keep = false;
	}
	return wire_answer(out, head, &text);
}

static bool may_read(int fd)
{
	const int ms = 1000;
	struct pollfd ready = {.fd = fd, .events = POLLIN};
	int n = 0;

	do {
		n = poll(&ready, 1, LONGEST_S * ms);
	} while (n < 0 && errno == EINTR);
	return n > 0;
}

/* Hands on what the other process says: one answer to this question. */
static int hand_on(int wire, const struct wire_question *question, int from)
{
	uint8_t bytes[WIRE_HEAD];
	struct wire_head head = {0};
	struct buffer text = {0};
	int error = may_read(from) ? wire_read(from, bytes, sizeof(bytes)) : -ETIMEDOUT;

	if (!error)
		error = wire_get_head(bytes, &head);
	if (!error && head.id != question->id)
		error = -EBADMSG;
	if (!error && head.len) {
		char *place = buffer_reserve(&text, head.len);

		error = place ? wire_read(from, place, head.len) : -ENOMEM;
		text.len = error ? 0 : head.len;
	}
	if (error) {
		buffer_clear(&text);
		head = (struct wire_head){.id = question->id, .status = BROKEN, .type = WIRE_PLAIN};
		buffer_text(&text, "The answer could not be made.\n");
	}
	error = wire_answer(wire, head, &text);
	buffer_free(&text);
	return error;
}

int teller_view_answer(
	const struct serve_settings *settings, int wire, const struct wire_question *question)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	pid_t child = fork();
	if (!child) {
		(void)close(pair[0]);
		(void)close(wire);
		(void)alarm(LONGEST_S);
		_exit(look_as(settings, question, pair[1]) ? 1 : 0);
	}
	(void)close(pair[1]);
	int error = hand_on(wire, question, pair[0]);
	(void)close(pair[0]);
	if (child > 0) {
		(void)kill(child, SIGKILL);
		(void)waitpid(child, NULL, 0);
	}
	return error;
}
