// SPDX-License-Identifier: MIT
/* The kernel's counters, as a recording may give them. The first byte chooses the file. */
#include <stdint.h>

#include "sockets/linux/counters.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t count = 0;

	if (!size)
		return 0;
	const char *text = (const char *)data + 1;
	switch (data[0] % 3) {
	case 0:
		(void)counters_established(text, size - 1, &count);
		break;
	case 1:
		(void)counters_time_wait(text, size - 1, &count);
		break;
	default:
		(void)counters_protocol(text, size - 1, "MPTCP", &count);
		break;
	}
	return 0;
}
