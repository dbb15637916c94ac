/* SPDX-License-Identifier: MIT */
/*
 * The processes of a snapshot, each read once, with the chain of their parents. The identity of a
 * process is its pid and its start time: a pid alone may be somebody else's a moment later.
 */
#ifndef BERTH_SOCKETS_LINUX_PROCESSES_H
#define BERTH_SOCKETS_LINUX_PROCESSES_H

#include "base/arena.h"
#include "base/map.h"
#include "sockets/linux/names.h"
#include "sockets/linux/owners.h"
#include "sockets/linux/places.h"

struct processes {
	const struct sockets_system *system;
	struct arena *arena; /* holds the processes */
	struct names *names;
	struct map known; /* pid → struct entry */
	unsigned round; /* number of the look for holders that is going on */
	unsigned walk; /* number of the last walk up to the top */
	bool has_boot; /* boot_s was looked for */
	bool brief; /* without command and parents */
	bool whole_parents; /* of parents too, more than name and start */
	struct places *places; /* NULL: nobody asks to what they belong */
	double boot_s; /* when the machine started; 0: not known */
};

/* Begins a new look: what is known of processes is checked again when it is asked for. */
void processes_begin(struct processes *processes);

/*
 * The process that is hit->pid now, provided that its descriptor hit->fd is the socket hit->inode:
 * looked at after everything else was read, and its start time once more after that, so what is
 * told is true of one and the same process. Checked once a look: what else was found under this pid
 * in the same look is the same process's. A hit that knows its process was seen in one moment, and
 * in brief needs no reading at all. Of parents pid, name, start and parent are told: what one
 * reading of their stat says. NULL: it ended, was replaced, or holds the socket no more. 0;
 * -ENOMEM.
 */
int processes_holder(struct processes *processes, const struct owners_hit *hit,
	const struct berth_process **ret_process);

/* The process that has this pid now, with its parents, whatever it holds; NULL: there is none. 0;
 * -ENOMEM. */
int processes_named(
	struct processes *processes, uint32_t pid, const struct berth_process **ret_process);

/* Frees the table, not the processes. */
void processes_free(struct processes *processes);

#endif
