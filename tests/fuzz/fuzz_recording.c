// SPDX-License-Identifier: MIT
/* The first file of a recording that somebody sent: it is refused in words, or can be used. */
#include <stdint.h>
#include <stdlib.h>

#include "sockets/linux/replay.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buffer problem = {0};
	struct replay_meta meta;

	int r = replay_parse_meta((const char *)data, size, &meta, &problem);
	if (r ? !problem.len : !meta.clock_ticks || meta.time_s < 0)
		abort();
	buffer_free(&problem);
	return 0;
}
