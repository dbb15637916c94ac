// SPDX-License-Identifier: MIT
/* Whatever fsports holds: a range of ports, or none. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "project/fsports.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct berth_port_range range = {1, 0};
	int r = fsports_read((const char *)data, size, &range);

	if (r && r != -ENOENT && r != -EBADMSG)
		abort();
	if (r ? range.first != 1 || range.last : !range.first || range.first > range.last)
		abort();
	return 0;
}
