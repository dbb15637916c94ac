// SPDX-License-Identifier: MIT
/* Sets, seeds, pins and reads the owners that are noted with sockets (bpf/storage.bpf.c). */
#include "sockets/linux/storage.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <storage_bpf.lskel.h>

#include "base/text.h"
#include "sockets/linux/bpf/stream.h"
#include "sockets/linux/bpf_call.h"
#include "sockets/linux/cgroupfs.h"
#include "sockets/linux/system.h"
#include "sockets/linux/tasks.h"

#define OWNERS TASKS_FOLDER "/owners"

/* The number of the namespace in which we see processes; 0: not known. */
static uint32_t own_space(const struct sockets_system *system)
{
	static const char front[] = "pid:[";
	char target[SYSTEM_TARGET];
	uint64_t number = 0;

	if (system_link(system, "/proc/self/ns/pid", target, sizeof(target)) <= 0 ||
		strncmp(target, front, sizeof(front) - 1) != 0)
		return 0;
	const char *digits = target + sizeof(front) - 1;
	(void)text_number(digits, strcspn(digits, "]"), UINT32_MAX, &number);
	return (uint32_t)number;
}

/* What sock_diag told with the rows: to be checked, and others may hold the socket too. */
static int look_at_notes(
	const struct sockets_system *system, const struct map *wanted, struct owners_hits *hits)
{
	uint32_t space = own_space(system);
	uint64_t inode = 0;
	void *value = NULL;
	int r = 0;

	for (size_t at = 0; !r && space && map_next(wanted, &at, &inode, &value);) {
		const struct stream_note *note = map_get(hits->notes, inode);

		for (uint32_t i = 0; !r && note && i < note->n_spaces && i < STREAM_SPACES; i++) {
			if (note->spaces[i].space == space && note->fd <= INT32_MAX)
				r = owners_hit(hits,
					&(struct owners_hit){.inode = inode,
						.pid = note->spaces[i].pid,
						.fd = (int32_t)note->fd});
		}
	}
	hits->partial = true;
	return r;
}

int storage_notes(void)
{
	static const char path[] = TASKS_FOLDER "/notes";
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.pathname = (uint64_t)(uintptr_t)path;
	attr.file_flags = BPF_F_RDONLY;
	int fd = (int)syscall(__NR_bpf, BPF_OBJ_GET, &attr, sizeof(attr));
	return fd < 0 ? 0 : fd;
}

int storage_look(
	const struct sockets_system *system, const struct map *wanted, struct owners_hits *hits)
{
	if (hits->notes && hits->notes->count)
		return look_at_notes(system, wanted, hits);
	int fd = open(OWNERS, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		int r = -errno;

		hits->why_not = tasks_why_not_opened(r);
		return r;
	}
	int r = tasks_read(system, fd, wanted, hits);
	close(fd);
	return r;
}

/* ---- Pinning --------------------------------------------------------------------------------- */

static int link_program(int program, int target, unsigned type)
{
	int link = skel_link_create(program, target, (enum bpf_attach_type)type);

	return link < 0 ? -errno : link;
}

/* An iterator over what is stored in one map (struct bpf_iter_link_info). */
static int link_to_map(int program, int map)
{
	union bpf_iter_link_info info;
	union bpf_attr attr;

	memset(&info, 0, sizeof(info));
	memset(&attr, 0, sizeof(attr));
	info.map.map_fd = (uint32_t)map;
	attr.link_create.prog_fd = (uint32_t)program;
	attr.link_create.attach_type = BPF_TRACE_ITER;
	attr.link_create.iter_info = (uint64_t)(uintptr_t)&info;
	attr.link_create.iter_info_len = sizeof(info);
	int link = (int)syscall(__NR_bpf, BPF_LINK_CREATE, &attr, sizeof(attr));
	return link < 0 ? -errno : link;
}

static int attach(struct storage_bpf *storage)
{
	int cgroup = cgroupfs_open();

	storage->links.berth_listens_fd =
		skel_raw_tracepoint_open(NULL, storage->progs.berth_listens.prog_fd);
	/* Without cgroups of version 2 only listeners are noted; the rest is found otherwise. */
	if (cgroup >= 0) {
		storage->links.berth_binds4_fd = link_program(
			storage->progs.berth_binds4.prog_fd, cgroup, BPF_CGROUP_INET4_POST_BIND);
		storage->links.berth_binds6_fd = link_program(
			storage->progs.berth_binds6.prog_fd, cgroup, BPF_CGROUP_INET6_POST_BIND);
		close(cgroup);
	}
	storage->links.berth_seed_fd =
		link_program(storage->progs.berth_seed.prog_fd, 0, BPF_TRACE_ITER);
	storage->links.berth_tell_fd =
		link_to_map(storage->progs.berth_tell.prog_fd, storage->maps.berth_notes.map_fd);
	if (storage->links.berth_listens_fd < 0 || storage->links.berth_seed_fd < 0 ||
		storage->links.berth_tell_fd < 0)
		return -EOPNOTSUPP;
	return 0;
}

/* Notes what is older than the hooks. */
static int seed(const struct storage_bpf *storage)
{
	struct buffer nothing = {0};
	int r = bpf_call_read_all(storage->links.berth_seed_fd, &nothing);

	buffer_free(&nothing);
	return r;
}

static int pin_all(const struct storage_bpf *storage, unsigned mode)
{
	int r = bpf_call_pin(storage->links.berth_listens_fd, TASKS_FOLDER "/listens");

	if (!r && storage->links.berth_binds4_fd > 0)
		r = bpf_call_pin(storage->links.berth_binds4_fd, TASKS_FOLDER "/binds4");
	if (!r && storage->links.berth_binds6_fd > 0)
		r = bpf_call_pin(storage->links.berth_binds6_fd, TASKS_FOLDER "/binds6");
	if (!r)
		r = bpf_call_pin(storage->maps.berth_notes.map_fd, TASKS_FOLDER "/notes");
	if (!r)
		r = bpf_call_pin(storage->links.berth_tell_fd, OWNERS);
	if (!r &&
		(chmod(OWNERS, (mode_t)mode) < 0 || chmod(TASKS_FOLDER "/notes", (mode_t)mode) < 0))
		r = -errno;
	return r;
}

int storage_pin(unsigned mode, const char **ret_why)
{
	struct storage_bpf *storage = storage_bpf__open();
	int r = storage ? storage_bpf__load(storage) : -ENOMEM;

	if (r < 0) {
		*ret_why = tasks_why_not_loaded(r);
	} else {
		r = attach(storage);
		r = r ? r : seed(storage);
		r = r ? r : pin_all(storage, mode);
		if (r)
			*ret_why = "this kernel does not take the hooks";
	}
	storage_bpf__destroy(storage);
	return r;
}

bool storage_unpin(int folder)
{
	static const char *const pins[] = {"owners", "notes", "listens", "binds4", "binds6"};
	bool any = false;

	for (size_t i = 0; i < sizeof(pins) / sizeof(*pins); i++)
		any = !unlinkat(folder, pins[i], 0) || any;
	return any;
}
