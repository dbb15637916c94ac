// SPDX-License-Identifier: MIT
/*
 * Each command has a process group of its own, so that Ctrl-C comes to us alone and all of a group
 * can be ended together; its standard input is empty. When we are killed, the commands are asked to
 * end by the kernel (PR_SET_PDEATHSIG); what they had started themselves is then on its own.
 */
#include "cli/up_children.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/signals.h"
#include "cli/commands.h"
#include "cli/run_child.h"

enum {
	GRACE_MS = 10000,
	LAST_WORDS_MS = 200, /* for pipes that something left behind keeps open */
	LONGEST_LINE = 65536, /* a longer one is passed on in pieces */
	CHUNK = 16384,
	MS_PER_S = 1000,
	NS_PER_MS = 1000000,
};

struct running {
	struct up_children *children;
	int signals; /* a signalfd */
	sigset_t before; /* which signals were blocked */
	bool stopping;
	bool killed;
	int64_t deadline_ms; /* of the grace */
	int status; /* the exit status; of the first reason to stop */
};

static int64_t now_ms(void)
{
	struct timespec now = {0};

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * MS_PER_S + now.tv_nsec / NS_PER_MS;
}

/* ---- What they print ------------------------------------------------------------------------- */

/* The bytes are the command's own, colours included, as if it had the terminal. */
static void put_line(const struct up_children *children, const struct up_child *child,
	const char *text, size_t len)
{
	struct buffer line = {0};
	struct buffer name = {0};

	buffer_text(&name, child->name);
	while (name.len < children->width && !name.error)
		buffer_char(&name, ' ');
	buffer_text(&name, " | ");
	if (!name.error)
		output_styled(children->output, &line, OUTPUT_HEADING, name.data, name.len);
	buffer_bytes(&line, text, len);
	buffer_char(&line, '\n');
	if (!line.error)
		(void)file_write(children->output->fd, line.data, line.len);
	buffer_free(&line);
	buffer_free(&name);
}

static void put_lines(const struct up_children *children, struct up_child *child)
{
	struct buffer *text = &child->line;
	size_t done = 0;
	const char *end = NULL;

	while (done < text->len &&
		(end = memchr(text->data + done, '\n', text->len - done)) != NULL) {
		put_line(children, child, text->data + done, (size_t)(end - text->data) - done);
		done = (size_t)(end + 1 - text->data);
	}
	if (text->len - done >= LONGEST_LINE) {
		put_line(children, child, text->data + done, text->len - done);
		done = text->len;
	}
	if (done) {
		memmove(text->data, text->data + done, text->len - done);
		text->len -= done;
	}
}

/* Ends with the last line, also without its end. */
static void close_output(const struct up_children *children, struct up_child *child)
{
	if (child->line.len)
		put_line(children, child, child->line.data, child->line.len);
	buffer_free(&child->line);
	close(child->out);
	child->out = -1;
}

static void read_output(const struct up_children *children, struct up_child *child)
{
	char *place = buffer_reserve(&child->line, CHUNK);
	ssize_t len = place ? read(child->out, place, CHUNK) : 0;

	if (len > 0) {
		child->line.len += (size_t)len;
		put_lines(children, child);
	} else if (!len || errno != EINTR) {
		close_output(children, child);
	}
}

/* ---- Starting -------------------------------------------------------------------------------- */

/* In the child: becomes the command, or tells why not. */
static void become(const struct running *running, const struct up_child *child, int out, int told,
	pid_t parent)
{
	int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);

	(void)setpgid(0, 0);
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(RUN_CHILD_NOT_FOUND);
	bool ready = nothing >= 0 && dup2(nothing, STDIN_FILENO) >= 0 &&
		dup2(out, STDOUT_FILENO) >= 0 && dup2(out, STDERR_FILENO) >= 0 &&
		!chdir(running->children->folder);
	for (char **variable = child->variables; ready && *variable; variable++)
		ready = !putenv(*variable);
	(void)sigprocmask(SIG_SETMASK, &running->before, NULL);
	if (ready)
		(void)execvp(child->argv[0], child->argv);
	int error = errno;
	ssize_t written = write(told, &error, sizeof(error));

	(void)written;
	_exit(RUN_CHILD_NOT_FOUND);
}

/* 0 or the errno of what could not be done. */
static int start(const struct running *running, struct up_child *child)
{
	const pid_t parent = getpid();
	int out[2] = {-1, -1};
	int told[2] = {-1, -1};
	int error = 0;

	if (pipe2(out, O_CLOEXEC) < 0)
		return errno;
	if (pipe2(told, O_CLOEXEC) < 0) {
		error = errno;
		close(out[0]);
		close(out[1]);
		return error;
	}
	pid_t pid = fork();
	if (!pid)
		become(running, child, out[1], told[1], parent);
	error = pid < 0 ? errno : 0;
	close(out[1]);
	close(told[1]);
	if (!error && read(told[0], &error, sizeof(error)) != (ssize_t)sizeof(error))
		error = 0; /* closed by its exec */
	close(told[0]);
	if (error) {
		close(out[0]);
		if (pid > 0)
			(void)waitpid(pid, NULL, 0);
		return error;
	}
	(void)setpgid(pid, pid);
	child->pid = pid;
	child->out = out[0];
	return 0;
}

/* ---- Ending ---------------------------------------------------------------------------------- */

static void signal_all(const struct running *running, int number)
{
	const struct up_children *children = running->children;

	for (size_t i = 0; i < children->n; i++) {
		if (children->all[i].pid)
			(void)kill(-children->all[i].pid, number);
	}
}

static void stop(struct running *running, int status)
{
	if (running->stopping)
		return;
	running->stopping = true;
	running->status = status;
	running->deadline_ms = now_ms() + GRACE_MS;
	signal_all(running, SIGTERM);
}

static void kill_all(struct running *running)
{
	running->killed = true;
	signal_all(running, SIGKILL);
}

/* Its group may outlive it: what it left behind has the port, and ends with the others. */
static void bury(struct running *running, struct up_child *child, int status)
{
	int code =
		WIFSIGNALED(status) ? RUN_CHILD_BY_SIGNAL + WTERMSIG(status) : WEXITSTATUS(status);

	(void)kill(-child->pid, SIGTERM);
	child->pid = 0;
	if (!running->stopping && WIFSIGNALED(status))
		cli_complain("%s was ended by signal %d; so the others end", child->name,
			WTERMSIG(status));
	else if (!running->stopping)
		cli_complain("%s has ended with status %d; so the others end", child->name, code);
	stop(running, code);
}

static void reap(struct running *running)
{
	struct up_children *children = running->children;

	for (size_t i = 0; i < children->n; i++) {
		int status = 0;
		pid_t pid = children->all[i].pid;

		if (pid && waitpid(pid, &status, WNOHANG) == pid)
			bury(running, &children->all[i], status);
	}
}

static void take_signal(struct running *running)
{
	struct signalfd_siginfo info;

	if (read(running->signals, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return;
	if (info.ssi_signo == SIGCHLD)
		reap(running);
	else if (running->stopping)
		kill_all(running);
	else
		stop(running, RUN_CHILD_BY_SIGNAL + (int)info.ssi_signo);
}

/* ---- While they run -------------------------------------------------------------------------- */

static size_t count_running(const struct up_children *children)
{
	size_t count = 0;

	for (size_t i = 0; i < children->n; i++)
		count += children->all[i].pid != 0;
	return count;
}

/* How many were ready; those of the pipes are read. */
static int turn(struct running *running, struct pollfd *polled, int timeout_ms)
{
	struct up_children *children = running->children;

	polled[children->n] = (struct pollfd){.fd = running->signals, .events = POLLIN};
	for (size_t i = 0; i < children->n; i++)
		polled[i] = (struct pollfd){.fd = children->all[i].out, .events = POLLIN};
	int ready = poll(polled, children->n + 1, timeout_ms);
	for (size_t i = 0; ready > 0 && i < children->n; i++) {
		if (polled[i].revents)
			read_output(children, &children->all[i]);
	}
	if (ready > 0 && polled[children->n].revents)
		take_signal(running);
	return ready;
}

static void loop(struct running *running, struct pollfd *polled)
{
	while (count_running(running->children)) {
		int64_t left = running->deadline_ms - now_ms();
		int timeout = !running->stopping || running->killed ? -1 : left > 0 ? (int)left : 0;

		if (!timeout)
			kill_all(running);
		else
			(void)turn(running, polled, timeout);
	}
	while (turn(running, polled, LAST_WORDS_MS) > 0)
		continue;
}

static int block_signals(struct running *running)
{
	static const int numbers[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGCHLD};

	(void)signal(SIGCHLD, SIG_DFL); /* ignored, it would take the exit status away (wait(2)) */
	running->signals =
		signals_open(numbers, sizeof(numbers) / sizeof(*numbers), &running->before);
	return running->signals < 0 ? running->signals : 0;
}

static void start_all(struct running *running)
{
	struct up_children *children = running->children;

	for (size_t i = 0; i < children->n; i++)
		children->all[i].out = -1;
	for (size_t i = 0; i < children->n && !running->stopping; i++) {
		int error = start(running, &children->all[i]);

		if (!error)
			continue;
		cli_complain("%s: %s: %s", children->all[i].name, children->all[i].argv[0],
			strerror(error));
		stop(running, error == ENOENT ? RUN_CHILD_NOT_FOUND : RUN_CHILD_NOT_STARTED);
	}
}

int up_children_run(struct up_children *children)
{
	struct running running = {.children = children};
	struct pollfd *polled = calloc(children->n + 1, sizeof(*polled));

	int error = polled ? block_signals(&running) : -ENOMEM;
	if (error) {
		free(polled);
		cli_complain("the commands cannot be started: %s", strerror(-error));
		return RUN_CHILD_NOT_STARTED;
	}
	start_all(&running);
	loop(&running, polled);
	for (size_t i = 0; i < children->n; i++) {
		if (children->all[i].out >= 0)
			close_output(children, &children->all[i]);
	}
	close(running.signals);
	(void)sigprocmask(SIG_SETMASK, &running.before, NULL);
	free(polled);
	return running.status;
}
