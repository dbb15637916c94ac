/* SPDX-License-Identifier: MIT */
/*
 * The rungs inside the kernel: a BPF task iterator (bpf/tasks.bpf.c) that walks all descriptor
 * tables, loaded for one question, or pinned by berth enable and read like a file.
 */
#ifndef BERTH_SOCKETS_LINUX_TASKS_H
#define BERTH_SOCKETS_LINUX_TASKS_H

#include "sockets/linux/owners.h"

/* The folder of berth enable in bpffs, and the name of the iterator in it. */
#define TASKS_FOLDER "/sys/fs/bpf/berth"
#define TASKS_PIN "tasks"

owners_rung tasks_pinned;
owners_rung tasks_loaded;
owners_rung tasks_loaded_again; /* looks at all files, whatever the kernel's tables lead to */

/*
 * Pins the iterator as `name` in the folder `dir_fd` of bpffs, with these permissions: whoever may
 * read it sees all owners. 0; -EEXIST; -EPERM: needs CAP_BPF and CAP_PERFMON; another errno of
 * bpf(2); *ret_why (may be NULL) gets a constant sentence.
 */
int tasks_pin(const char *path, unsigned mode, const char **ret_why);

/* Reads an iterator, which tells as bpf/stream.h has it, to its end; hits are taken back when it
 * fails midway. */
int tasks_read(const struct sockets_system *system, int fd, const struct map *wanted,
	struct owners_hits *hits);

/* Why a program could not be loaded or a pin not be opened, in a sentence; `error` is negative. */
const char *tasks_why_not_loaded(int error);
const char *tasks_why_not_opened(int error);

/* ---- Decoding, pure -------------------------------------------------------------------------- */

struct tasks_stream {
	const struct map *wanted;
	struct owners_hits *hits;
	unsigned ticks_per_s;
	struct owners_hit process; /* whose sockets come now */
	size_t first; /* its first hit */
	bool in_process;
	bool done; /* the end was seen */
	size_t n_rest; /* bytes of an element that was cut */
	unsigned char rest[64];
};

/* The next bytes, wherever they were cut. 0; -EBADMSG: not such a stream; -ENOMEM. */
int tasks_stream_decode(struct tasks_stream *stream, const void *bytes, size_t len);

#endif
