/* SPDX-License-Identifier: MIT */
/*
 * The rung that looks where an owner should be: in the cgroup that the socket was made in, which
 * the kernel tells (INET_DIAG_CGROUP_ID, since 5.8). With a cgroup for each service that is a
 * handful of processes instead of all.
 *
 * What it finds is true, but need not be all: the cgroup is where the socket was made, and a
 * process may have moved since, or the socket been handed to another.
 */
#ifndef BERTH_SOCKETS_LINUX_CGROUPS_H
#define BERTH_SOCKETS_LINUX_CGROUPS_H

#include "sockets/linux/owners.h"

owners_rung cgroups_look;

#endif
