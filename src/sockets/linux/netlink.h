/* SPDX-License-Identifier: MIT */
/* One netlink exchange with the kernel; what is asked and answered is in diag.h. */
#ifndef BERTH_SOCKETS_LINUX_NETLINK_H
#define BERTH_SOCKETS_LINUX_NETLINK_H

#include "sockets/linux/system.h"

/* As system_ask_washed(), of this machine. */
int netlink_ask(int family, const void *request, size_t len, system_wash *wash, system_chunk *chunk,
	void *context);

#endif
