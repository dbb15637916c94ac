/* SPDX-License-Identifier: MIT */
/* Where a cgroup is, by the number that sockets carry. */
#ifndef BERTH_SOCKETS_LINUX_CGROUPFS_H
#define BERTH_SOCKETS_LINUX_CGROUPFS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * The path of the folder of a cgroup (version 2) of this machine, NUL-terminated. Its length;
 * -ESTALE or -ENOENT: the cgroup is gone; -ENOSYS: no cgroup2 is mounted here; -ERANGE: the path
 * does not fit.
 */
ssize_t cgroupfs_path(uint64_t id, char *ret_path, size_t size);

/* A descriptor of the top of the cgroups (version 2) that we see; -ENOSYS: none is mounted here. */
int cgroupfs_open(void);

#endif
