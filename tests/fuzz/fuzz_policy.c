// SPDX-License-Identifier: MIT
/* Whatever stands in the port sysctls: ranges that come out are in order. */
#include <stdint.h>
#include <stdlib.h>

#include "sockets/linux/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	const struct berth_port_range *ranges = NULL;
	struct berth_port_range range;
	struct arena arena = {0};
	size_t n_ranges = 0;
	uint32_t start = 0;

	if (!policy_parse_range(text, size, &range) && range.first > range.last)
		abort();
	if (!policy_parse_start(text, size, &start) && start > 65536)
		abort();
	if (!policy_parse_reserved(&arena, text, size, &ranges, &n_ranges)) {
		for (size_t i = 0; i < n_ranges; i++) {
			if (ranges[i].first > ranges[i].last)
				abort();
		}
	}
	arena_free(&arena);
	return 0;
}
