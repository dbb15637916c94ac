// SPDX-License-Identifier: MIT
/* Loads bpf/events.bpf.c, attaches its programs for as long as this process lives, and reads the
 * ring buffer. Nothing is pinned. */
#include "sockets/linux/events.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <events_bpf.lskel.h>

#include "sockets/linux/cgroupfs.h"
#include "sockets/linux/tasks.h"

enum {
	ROOM = 1 << 20, /* of the ring, as in the program */
};

struct events_ring {
	struct events_bpf *program;
	uint64_t *consumer; /* a page of its own that we write */
	uint64_t *producer; /* a page of its own that we only read, and the data behind it */
	size_t page;
	bool binds;
};

static int link_program(int program, int target, enum bpf_attach_type type)
{
	int link = skel_link_create(program, target, type);

	return link < 0 ? -errno : link;
}

/* What is refused leaves a negative number in the place of a link, which closing passes over. */
static bool attach_to_cgroups(struct events_bpf *program)
{
	int cgroup = cgroupfs_open();

	if (cgroup < 0)
		return false;
	program->links.berth_tries4_fd =
		link_program(program->progs.berth_tries4.prog_fd, cgroup, BPF_CGROUP_INET4_BIND);
	program->links.berth_tries6_fd =
		link_program(program->progs.berth_tries6.prog_fd, cgroup, BPF_CGROUP_INET6_BIND);
	program->links.berth_binds4_fd = link_program(
		program->progs.berth_binds4.prog_fd, cgroup, BPF_CGROUP_INET4_POST_BIND);
	program->links.berth_binds6_fd = link_program(
		program->progs.berth_binds6.prog_fd, cgroup, BPF_CGROUP_INET6_POST_BIND);
	program->links.berth_closes_fd = link_program(
		program->progs.berth_closes.prog_fd, cgroup, BPF_CGROUP_INET_SOCK_RELEASE);
	close(cgroup);
	return program->links.berth_tries4_fd >= 0 && program->links.berth_tries6_fd >= 0 &&
		program->links.berth_binds4_fd >= 0 && program->links.berth_binds6_fd >= 0 &&
		program->links.berth_closes_fd >= 0;
}

static int map_ring(struct events_ring *events)
{
	int fd = events->program->maps.berth_events.map_fd;

	events->page = (size_t)sysconf(_SC_PAGESIZE);
	void *ours = mmap(NULL, events->page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (ours == MAP_FAILED)
		return -errno;
	events->consumer = ours;
	void *theirs = mmap(NULL, events->page + (size_t)2 * ROOM, PROT_READ, MAP_SHARED, fd,
		(off_t)events->page);
	if (theirs == MAP_FAILED)
		return -errno;
	events->producer = theirs;
	return 0;
}

static int load(struct events_ring *events, uint32_t netns, uint32_t pids, const char **ret_why)
{
	events->program = events_bpf__open();
	if (!events->program)
		return -ENOMEM;
	events->program->bss->berth_net = netns;
	events->program->bss->berth_pids = pids;
	int r = events_bpf__load(events->program);
	if (r < 0) {
		*ret_why = tasks_why_not_loaded(r);
		return r;
	}
	r = skel_raw_tracepoint_open(NULL, events->program->progs.berth_state.prog_fd);
	if (r < 0) {
		*ret_why = "this kernel does not take the hooks";
		return -errno;
	}
	events->program->links.berth_state_fd = r;
	events->binds = attach_to_cgroups(events->program);
	return map_ring(events);
}

int events_bpf_open(
	uint32_t netns, uint32_t pids, struct events_ring **ret_events, const char **ret_why)
{
	struct events_ring *events = calloc(1, sizeof(*events));

	if (!events)
		return -ENOMEM;
	int r = load(events, netns, pids, ret_why);
	if (r < 0)
		events_bpf_close(events);
	else
		*ret_events = events;
	return r < 0 ? r : 0;
}

int events_bpf_fd(const struct events_ring *events)
{
	return events->program->maps.berth_events.map_fd;
}

bool events_bpf_binds(const struct events_ring *events)
{
	return events->binds;
}

int events_bpf_read(struct events_ring *events, events_record *seen, void *context)
{
	uint64_t producer = __atomic_load_n(events->producer, __ATOMIC_ACQUIRE);
	const char *data = (const char *)events->producer + events->page;
	uint64_t consumer = *events->consumer;
	int r = events_records_walk(data, ROOM, producer, &consumer, seen, context);

	/* Only now may the kernel write there again. */
	__atomic_store_n(events->consumer, consumer, __ATOMIC_RELEASE);
	return r ? r : consumer < producer;
}

uint64_t events_bpf_lost(const struct events_ring *events)
{
	return __atomic_load_n(&events->program->bss->berth_lost, __ATOMIC_RELAXED);
}

void events_bpf_close(struct events_ring *events)
{
	if (!events)
		return;
	if (events->consumer)
		munmap(events->consumer, events->page);
	if (events->producer)
		munmap(events->producer, events->page + (size_t)2 * ROOM);
	events_bpf__destroy(events->program);
	free(events);
}
