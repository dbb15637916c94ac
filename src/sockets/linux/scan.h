/* SPDX-License-Identifier: MIT */
/* The rung that always works: reads the descriptors of every process in /proc. */
#ifndef BERTH_SOCKETS_LINUX_SCAN_H
#define BERTH_SOCKETS_LINUX_SCAN_H

#include "sockets/linux/owners.h"

owners_rung scan_proc;

#endif
