/* SPDX-License-Identifier: MIT */
/*
 * Looks at all descriptors of all processes for network namespaces that they hold open. Costs about
 * 3 us a descriptor.
 */
#ifndef BERTH_SOCKETS_LINUX_NETNS_FDS_H
#define BERTH_SOCKETS_LINUX_NETNS_FDS_H

#include "sockets/linux/system.h"

struct netns_fds {
	const struct sockets_system *system;
	uint32_t *pids; /* of all processes */
	size_t n_pids;
	size_t size;
	bool denied; /* some process may not be looked into */
};

struct netns_fd {
	uint64_t id; /* of the namespace */
	uint32_t pid;
	uint32_t fd;
};

/* Lists the processes. 0; -ENOMEM. */
int netns_fds_processes(struct netns_fds *fds);

/* Calls `seen`, in this thread, for each such descriptor. 0; -ENOMEM; what `seen` answered. */
typedef int netns_fds_seen(void *context, const struct netns_fd *fd);
int netns_fds_find(struct netns_fds *fds, netns_fds_seen *seen, void *context);

void netns_fds_free(struct netns_fds *fds);

#endif
