// SPDX-License-Identifier: MIT
/* A build without BPF: what a bind bucket remembers stays unknown. */
#include "sockets/sockets.h"

#include <errno.h>

int sockets_bucket(
	const struct sockets_system *system, uint16_t port, struct sockets_bucket *ret_bucket)
{
	(void)system, (void)port, (void)ret_bucket;
	return -EOPNOTSUPP;
}
