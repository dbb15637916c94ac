// SPDX-License-Identifier: MIT
/* Without clang and bpftool there is no program to load. */
#include <errno.h>

#include "sockets/linux/events.h"

int events_bpf_open(
	uint32_t netns, uint32_t pids, struct events_ring **ret_events, const char **ret_why)
{
	(void)netns, (void)pids, (void)ret_events;
	*ret_why = "this berth was built without BPF (clang and bpftool make it)";
	return -EOPNOTSUPP;
}

int events_bpf_fd(const struct events_ring *events)
{
	(void)events;
	return -1;
}

bool events_bpf_binds(const struct events_ring *events)
{
	(void)events;
	return false;
}

int events_bpf_read(struct events_ring *events, events_record *seen, void *context)
{
	(void)events, (void)seen, (void)context;
	return 0;
}

uint64_t events_bpf_lost(const struct events_ring *events)
{
	(void)events;
	return 0;
}

void events_bpf_close(struct events_ring *events)
{
	(void)events;
}
