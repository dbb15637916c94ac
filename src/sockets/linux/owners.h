/* SPDX-License-Identifier: MIT */
/*
 * Joins sockets with the processes that hold them, and says why an owner is not known.
 *
 * How holders are found is a step of its own, a rung (ladder.h): it gets a set of inodes and
 * answers with (inode, process, descriptor).
 */
#ifndef BERTH_SOCKETS_LINUX_OWNERS_H
#define BERTH_SOCKETS_LINUX_OWNERS_H

#include "base/map.h"
#include "sockets/linux/names.h"
#include "sockets/linux/rows.h"

struct owners_hit {
	uint64_t inode;
	uint32_t pid;
	uint32_t tid; /* of the thread whose table it is in; 0: the process's own */
	int32_t fd;
	/* From here on only of a rung that sees process and descriptor in one moment, so that
	 * nothing needs to be read and checked again. */
	bool has_process;
	uint32_t parent;
	uint32_t uid; /* effective */
	uint64_t start_ticks; /* as field 22 of /proc/PID/stat */
	char name[16]; /* comm, NUL-terminated */
};

struct owners_hits {
	struct owners_hit *all;
	size_t count;
	size_t size;
	const struct map *notes; /* what came with the rows: inode → struct stream_note; or NULL */
	bool partial; /* who was found need not be the only one, whatever is true of the rung */
	bool denied; /* some process may not be looked into */
	const char *why_not; /* the rung could not look: a constant sentence; NULL: it did */
};

/* 0; -ENOMEM. */
int owners_hit(struct owners_hits *hits, const struct owners_hit *hit);
void owners_hits_free(struct owners_hits *hits);

/*
 * A rung: adds every (inode, pid, fd) of a wanted inode that it finds, in any order; may find the
 * same twice. `wanted` maps inodes to their rows (struct berth_socket). 0 also when it could see
 * nothing; -ENOMEM; another negative errno when it is not possible here, best with
 * hits->why_not.
 */
typedef int owners_rung(
	const struct sockets_system *system, const struct map *wanted, struct owners_hits *hits);

struct owners_ask {
	bool one_port;
	bool all_owners; /* look into all processes */
	bool whole_parents; /* all of parents too */
	bool brief; /* pid, start, user and name are enough */
	bool places; /* and the places */
	berth_rungs rungs; /* 0: all */
};

/*
 * Fills in owners, reason, reason_text, capabilities and owners_partial of all rows, and what
 * became of each rung. 0; -ENOMEM.
 */
int owners_join(const struct sockets_system *system, const struct owners_ask *ask,
	struct names *names, struct rows *rows, struct berth_rung_use ret_uses[BERTH_RUNGS]);

/* The same for a snapshot without owners: BERTH_NOT_ASKED everywhere. */
void owners_not_asked(struct rows *rows);

#endif
