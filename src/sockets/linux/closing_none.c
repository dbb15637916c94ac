// SPDX-License-Identifier: MIT
/* A build without BPF: how sockets without a process may be shared stays unknown. */
#include "sockets/linux/closing.h"

#include <errno.h>

int sockets_bucket(
	const struct sockets_system *system, uint16_t port, struct sockets_bucket *ret_bucket)
{
	(void)system, (void)port, (void)ret_bucket;
	return -EOPNOTSUPP;
}

int closing_ask(const struct sockets_system *system, struct rows *rows)
{
	(void)system, (void)rows;
	return 0;
}
