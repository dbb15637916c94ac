/* SPDX-License-Identifier: MIT */
/*
 * The command that berth run starts: how it starts, how signals get to it, how it ends. It runs in
 * our process group, so that a terminal treats both as one job.
 */
#ifndef BERTH_CLI_RUN_CHILD_H
#define BERTH_CLI_RUN_CHILD_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum {
	RUN_CHILD_FIRST_FD = 3, /* SD_LISTEN_FDS_START, sd_listen_fds(3) */
	/* As shells have it: found, but could not be started; not found; by a signal. */
	RUN_CHILD_NOT_STARTED = 126,
	RUN_CHILD_NOT_FOUND = 127,
	RUN_CHILD_BY_SIGNAL = 128,
};

struct run_child {
	pid_t pid;
	sigset_t before; /* which signals were blocked */
	bool has_terminal;
};

/*
 * Starts argv with the descriptors as 3, 4, …, and LISTEN_PID set when there are any. 0; the
 * negative errno of fork(2) or execvp(3).
 */
int run_child_start(struct run_child *child, char *const *argv, const int *fds, size_t n_fds);

/* Called between signals; its answer is how long to wait for the next call, in ms; negative: no
 * more calls. */
typedef int run_child_tick(void *context);

/* Hands signals on until the command ends. Its exit code, or 128 and the signal that ended it. */
int run_child_wait(struct run_child *child, run_child_tick *tick, void *context);

#endif
