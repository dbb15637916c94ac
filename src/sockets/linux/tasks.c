// SPDX-License-Identifier: MIT
/*
 * Reads the task iterator. It is loaded as a light skeleton: a program that loads the program, made
 * at build time, so that no library needs to read the kernel's types at run time. The skeleton
 * calls bpf(2) itself.
 */
#include "sockets/linux/tasks.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/types.h>

#include <tasks_bpf.lskel.h>

#include "sockets/linux/bpf/stream.h"
#include "sockets/linux/bpf_call.h"

enum {
	CHUNK = 65536,
	WORDS = 1024, /* of berth_inodes in bpf/tasks.bpf.c */
	WORD_BITS = 64,
};

static const char not_allowed[] = "needs CAP_BPF and CAP_PERFMON";
static const char not_loaded[] = "this kernel does not load the program";
static const char cut_short[] = "the kernel cut the answer short";

const char *tasks_why_not_loaded(int error)
{
	return error == -EPERM || error == -EACCES ? not_allowed : not_loaded;
}

int tasks_read(const struct sockets_system *system, int fd, const struct map *wanted,
	struct owners_hits *hits)
{
	struct tasks_stream stream = {
		.wanted = wanted, .hits = hits, .ticks_per_s = system_clock_ticks(system)};
	size_t before = hits->count;
	char *bytes = malloc(CHUNK);
	ssize_t got = 1;
	int r = bytes ? 0 : -ENOMEM;

	while (!r && got > 0) {
		got = read(fd, bytes, CHUNK);
		if (got > 0)
			r = tasks_stream_decode(&stream, bytes, (size_t)got);
		else if (got < 0 && errno == EINTR)
			got = 1;
		else if (got < 0)
			r = -errno;
	}
	free(bytes);
	if (!r && !stream.done)
		r = -EIO;
	if (r) {
		hits->count = before;
		hits->why_not = cut_short;
	}
	return r;
}

const char *tasks_why_not_opened(int error)
{
	return error == -EACCES ? "who ran berth enable did not open it for us"
				: "nothing is pinned: berth enable does it";
}

/* ---- Pinned ---------------------------------------------------------------------------------- */

int tasks_pinned(
	const struct sockets_system *system, const struct map *wanted, struct owners_hits *hits)
{
	int fd = open(TASKS_FOLDER "/" TASKS_PIN, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		int r = -errno;

		hits->why_not = tasks_why_not_opened(r);
		return r;
	}
	int r = tasks_read(system, fd, wanted, hits);
	close(fd);
	return r;
}

/* ---- Loaded ---------------------------------------------------------------------------------- */

/* The table of the kernel that a socket is in; 0: none that the program knows. */
static uint32_t table_of(const struct berth_socket *row)
{
	if (row->proto == BERTH_UDP)
		return UINT32_C(1) << STREAM_UDP;
	/* Of MPTCP the first subflow is in TCP's tables, and leads to the same file. */
	if (row->proto != BERTH_TCP && row->proto != BERTH_MPTCP)
		return 0;
	return UINT32_C(1) << (row->state == BERTH_LISTEN  ? STREAM_LISTENERS
			       : row->state == BERTH_BOUND ? STREAM_PORTS
							   : STREAM_CONNECTIONS);
}

static void want(struct tasks_bpf *tasks, const struct map *wanted, bool all_files)
{
	uint64_t inode = 0;
	void *value = NULL;
	bool in_tables = !all_files;

	tasks->bss->berth_wanted = (uint32_t)wanted->count;
	for (size_t at = 0; map_next(wanted, &at, &inode, &value);) {
		uint32_t table = table_of(value);

		in_tables = in_tables && table;
		tasks->bss->berth_tables |= table;
		tasks->bss->berth_inodes[inode / WORD_BITS % WORDS] |= UINT64_C(1)
			<< inode % WORD_BITS;
	}
	if (!in_tables)
		tasks->bss->berth_tables = 0;
}

/* The skeleton, loaded; NULL: errno. */
static struct tasks_bpf *load(const struct map *wanted, bool all_files)
{
	struct tasks_bpf *tasks = tasks_bpf__open();

	if (!tasks) {
		errno = ENOMEM;
		return NULL;
	}
	tasks->bss->berth_all = !wanted;
	if (wanted)
		want(tasks, wanted, all_files);
	int r = tasks_bpf__load(tasks);
	if (!r)
		r = tasks_bpf__attach(tasks);
	if (r < 0) {
		tasks_bpf__destroy(tasks);
		errno = -r;
		return NULL;
	}
	return tasks;
}

static int look(const struct sockets_system *system, const struct map *wanted, bool all_files,
	struct owners_hits *hits)
{
	struct tasks_bpf *tasks = load(wanted, all_files);

	if (!tasks) {
		hits->why_not = tasks_why_not_loaded(-errno);
		return -errno;
	}
	int fd = bpf_call_iterator(tasks->links.berth_walk_fd);
	int r = fd < 0 ? fd : tasks_read(system, fd, wanted, hits);
	if (fd < 0)
		hits->why_not = tasks_why_not_loaded(fd);
	else
		close(fd);
	tasks_bpf__destroy(tasks);
	return r;
}

int tasks_loaded(
	const struct sockets_system *system, const struct map *wanted, struct owners_hits *hits)
{
	return look(system, wanted, false, hits);
}

int tasks_loaded_again(
	const struct sockets_system *system, const struct map *wanted, struct owners_hits *hits)
{
	return look(system, wanted, true, hits);
}

/* ---- Pinning --------------------------------------------------------------------------------- */

int tasks_pin(const char *path, unsigned mode, const char **ret_why)
{
	struct tasks_bpf *tasks = load(NULL, true);
	int r = tasks ? bpf_call_pin(tasks->links.berth_walk_fd, path) : -errno;

	if (!r && chmod(path, (mode_t)mode) < 0)
		r = -errno;
	if (r && ret_why)
		*ret_why = tasks ? strerror(-r) : tasks_why_not_loaded(r);
	if (tasks)
		tasks_bpf__destroy(tasks);
	return r;
}
