// SPDX-License-Identifier: MIT
/* Whatever stands in /proc/net/netstat: a counter is found or not, and the text is not left. */
#include <stdint.h>
#include <stdlib.h>

#include "sockets/linux/netstat.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = {"ListenOverflows", "ListenDrops", "", "A B"};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		uint64_t value = 17;

		if (netstat_counter((const char *)data, size, "TcpExt", names[i], &value) &&
			value != 17)
			abort();
	}
	return 0;
}
