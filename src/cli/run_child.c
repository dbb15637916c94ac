// SPDX-License-Identifier: MIT
/*
 * Signals are taken one by one (sigtimedwait(2)). One that the terminal sends goes to the whole
 * process group, so the command has it already; only what somebody sent to us alone is handed on.
 * SIGTSTP and its kin stop us as they stop the command.
 */
#include "cli/run_child.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	FAILED = 127, /* of a child that could not become the command: nobody sees it */
	MS = 1000000, /* in nanoseconds */
	SETTLE_MS = 20,
};

static const int handed_on[] = {
	SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH, SIGALRM};

static void fill(sigset_t *set)
{
	sigemptyset(set);
	for (size_t i = 0; i < sizeof(handed_on) / sizeof(*handed_on); i++)
		sigaddset(set, handed_on[i]);
	sigaddset(set, SIGCHLD);
}

/* ---- Starting -------------------------------------------------------------------------------- */

/* Out of the way of 3, 4, … */
static int move_up(int fd, size_t n_fds)
{
	return fcntl(fd, F_DUPFD_CLOEXEC, RUN_CHILD_FIRST_FD + (int)n_fds);
}

static int place_fds(const int *fds, size_t n_fds)
{
	int *moved = calloc(n_fds, sizeof(*moved));
	int r = moved ? 0 : -ENOMEM;

	for (size_t i = 0; !r && i < n_fds; i++) {
		moved[i] = move_up(fds[i], n_fds);
		r = moved[i] < 0 ? -errno : 0;
	}
	/* dup2(2) leaves close-on-exec off. */
	for (size_t i = 0; !r && i < n_fds; i++)
		r = dup2(moved[i], RUN_CHILD_FIRST_FD + (int)i) < 0 ? -errno : 0;
	free(moved);
	return r;
}

static int set_listen_pid(void)
{
	char pid[16];

	(void)snprintf(pid, sizeof(pid), "%d", (int)getpid());
	return setenv("LISTEN_PID", pid, 1) < 0 ? -errno : 0;
}

/* In the child: becomes the command, or tells why not. */
static void become(const struct run_child *child, char *const *argv, const int *fds, size_t n_fds,
	int told, pid_t parent)
{
	int up = move_up(told, n_fds);
	int r = up < 0 ? -errno : 0;

	/* When we are killed, nobody would hand signals on any more, and the port would be given to
	 * others: the command is asked to end too. */
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(FAILED);
	if (!r && n_fds)
		r = place_fds(fds, n_fds);
	if (!r && n_fds)
		r = set_listen_pid();
	(void)sigprocmask(SIG_SETMASK, &child->before, NULL);
	if (!r) {
		(void)execvp(argv[0], argv);
		r = -errno;
	}
	ssize_t written = write(up < 0 ? told : up, &r, sizeof(r));

	(void)written;
	_exit(FAILED);
}

static bool has_terminal(void)
{
	int fd = open("/dev/tty", O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* The pipe closes when the command has begun; else the errno comes through it. */
static int hear(int fd)
{
	int told = 0;
	ssize_t len = 0;

	do {
		len = read(fd, &told, sizeof(told));
	} while (len < 0 && errno == EINTR);
	return len == (ssize_t)sizeof(told) ? told : 0;
}

int run_child_start(struct run_child *child, char *const *argv, const int *fds, size_t n_fds)
{
	const pid_t parent = getpid();
	sigset_t mine;
	int ends[2];

	fill(&mine);
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	(void)signal(SIGCHLD, SIG_DFL); /* ignored, it would take the exit code away (wait(2)) */
	(void)sigprocmask(SIG_BLOCK, &mine, &child->before);
	/* What the command leaves behind becomes our child, so that it can be told from strangers.
	 */
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1);
	child->has_terminal = has_terminal();
	child->pid = fork();
	if (!child->pid)
		become(child, argv, fds, n_fds, ends[1], parent);
	int r = child->pid < 0 ? -errno : 0;
	close(ends[1]);
	if (!r)
		r = hear(ends[0]);
	close(ends[0]);
	if (r && child->pid > 0)
		(void)waitpid(child->pid, NULL, 0);
	if (r)
		(void)sigprocmask(SIG_SETMASK, &child->before, NULL);
	return r;
}

/* ---- Waiting --------------------------------------------------------------------------------- */

/* A job that stops stops as a whole, or the shell would not take its terminal back. Who stops
 * without a terminal is no job, and nobody would ever wake us. */
static void stop_with(const struct run_child *child)
{
	const struct timespec settle = {.tv_nsec = (long)SETTLE_MS * MS};
	siginfo_t still = {0};

	if (!child->has_terminal)
		return;
	/* When the whole job is woken, we may see the command a moment before it is. */
	(void)nanosleep(&settle, NULL);
	if (waitid(P_PID, (id_t)child->pid, &still, WSTOPPED | WNOHANG | WNOWAIT) < 0 ||
		still.si_pid != child->pid)
		return;
	(void)raise(SIGSTOP);
	(void)kill(child->pid, SIGCONT);
}

/* Takes all that ended. True: the command did, *ret_code is how. */
static bool reap(const struct run_child *child, int *ret_code)
{
	siginfo_t info = {0};
	int status = 0;
	pid_t pid = 0;

	if (!waitid(P_PID, (id_t)child->pid, &info, WSTOPPED | WNOHANG | WNOWAIT) &&
		info.si_pid == child->pid)
		stop_with(child);
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid != child->pid)
			continue;
		*ret_code = WIFSIGNALED(status) ? RUN_CHILD_BY_SIGNAL + WTERMSIG(status)
						: WEXITSTATUS(status);
		return true;
	}
	return false;
}

int run_child_wait(struct run_child *child, run_child_tick *tick, void *context)
{
	int pause_ms = tick(context);
	siginfo_t info;
	sigset_t mine;
	int code = 0;

	fill(&mine);
	for (;;) {
		const struct timespec pause = {
			.tv_sec = pause_ms / 1000, .tv_nsec = (long)(pause_ms % 1000) * MS};
		int got = pause_ms < 0 ? sigwaitinfo(&mine, &info)
				       : sigtimedwait(&mine, &info, &pause);

		if (got < 0 && errno == EAGAIN)
			pause_ms = tick(context);
		else if (got == SIGCHLD && reap(child, &code))
			return code;
		else if (got > 0 && got != SIGCHLD && info.si_code != SI_KERNEL)
			(void)kill(child->pid, got);
	}
}
