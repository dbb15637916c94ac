/* SPDX-License-Identifier: MIT */
/* The rung that always works: reads the descriptors of every process in /proc. */
#ifndef BERTH_SOCKETS_LINUX_SCAN_H
#define BERTH_SOCKETS_LINUX_SCAN_H

#include "sockets/linux/owners.h"

owners_rung scan_proc;

/* The same, and then every thread by itself: for what the first did not find. */
owners_rung scan_proc_and_threads;

#endif
