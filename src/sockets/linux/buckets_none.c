// SPDX-License-Identifier: MIT
/* A build without BPF: which ports were chosen by bind() is seen by listeners and the like alone.
 */
#include <errno.h>

#include "sockets/sockets.h"

int sockets_bound_ports(const struct sockets_system *system, const struct berth_port_range *range,
	sockets_bound_port *seen, void *context)
{
	(void)system, (void)range, (void)seen, (void)context;
	return -EOPNOTSUPP;
}
