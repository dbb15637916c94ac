/* SPDX-License-Identifier: MIT */
/*
 * Joins sockets with the processes that hold them, and says why an owner is not known.
 *
 * How holders are found is a step of its own, a rung: it gets a set of inodes and answers with
 * (inode, process, descriptor). Today there is one rung, the scan of /proc (scan.h).
 */
#ifndef BERTH_SOCKETS_LINUX_OWNERS_H
#define BERTH_SOCKETS_LINUX_OWNERS_H

#include "base/map.h"
#include "sockets/linux/names.h"
#include "sockets/linux/rows.h"

struct owners_hit {
	uint64_t inode;
	uint32_t pid;
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
	bool denied; /* some process may not be looked into */
};

/* 0; -ENOMEM. */
int owners_hit(struct owners_hits *hits, const struct owners_hit *hit);
void owners_hits_free(struct owners_hits *hits);

/*
 * A rung: adds every (inode, pid, fd) of a wanted inode that it finds, in any order; may find the
 * same twice. 0 also when it could see nothing; -ENOMEM.
 */
typedef int owners_rung(
	const struct sockets_system *system, const struct map *wanted, struct owners_hits *hits);

/* Fills in owners, reason, reason_text and capabilities of all rows. 0; -ENOMEM. */
int owners_join(const struct sockets_system *system, struct names *names, struct rows *rows);

/* The same for a snapshot without owners: BERTH_NOT_ASKED everywhere. */
void owners_not_asked(struct rows *rows);

#endif
