/* SPDX-License-Identifier: MIT */
/* The rung that always works: reads the descriptors of every process in /proc. */
#ifndef BERTH_SOCKETS_LINUX_SCAN_H
#define BERTH_SOCKETS_LINUX_SCAN_H

#include "sockets/linux/owners.h"
#include "sockets/linux/system.h"

owners_rung scan_proc;

/* The same, and the descriptors of threads that have a table of their own. */
owners_rung scan_threads;

/*
 * Calls `seen` for each link in the descriptor tables of the threads of a process, other than that
 * of the first. *ret_thread is whose table it is meanwhile, 0 in the end. As system_links().
 */
int scan_tables(const struct sockets_system *system, uint32_t pid, system_linked *seen,
	void *context, uint32_t *ret_thread);

#endif
