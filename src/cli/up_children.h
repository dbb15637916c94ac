/* SPDX-License-Identifier: MIT */
/* The commands that berth up runs side by side: their start, what they print, and their end. */
#ifndef BERTH_CLI_UP_CHILDREN_H
#define BERTH_CLI_UP_CHILDREN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/buffer.h"
#include "cli/output.h"

struct up_child {
	const char *name;
	char **argv; /* NULL-terminated */
	char **variables; /* "NAME=value", set beside what we have; NULL-terminated */
	/* The rest is filled in. */
	pid_t pid; /* and process group; 0: it has ended, and was waited for */
	int out; /* what it prints, standard error too; -1: closed */
	struct buffer line; /* of it, not complete yet */
};

struct up_children {
	struct up_child *all;
	size_t n;
	const char *folder; /* in which they run */
	struct output *output;
	size_t width; /* of the longest name */
};

/*
 * Starts all, passes on what they print, each line behind its name, until the first has ended or a
 * signal comes, and then ends the others: SIGTERM to each process group, SIGKILL to what is left
 * ten seconds later or when the signal comes again. The exit status: of the first that ended, 128
 * and the number of the signal, or 126 and 127 as shells have them for one that could not start.
 */
int up_children_run(struct up_children *children);

#endif
