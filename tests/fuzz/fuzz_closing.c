// SPDX-License-Identifier: MIT
/* What a recording says that BPF programs told of bind buckets (odd first byte) and of closed
 * connections. */
#include <stdint.h>
#include <stdlib.h>

#include "sockets/linux/closing.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	ROWS = 16,
};

static void read_rows(const uint8_t *data, size_t size)
{
	struct berth_socket all[ROWS];
	struct rows rows = {.all = all, .count = ROWS};

	for (size_t i = 0; i < ROWS; i++)
		all[i] = (struct berth_socket){.cookie = i,
			.proto = BERTH_TCP,
			.family = i % 2 ? 4 : 6,
			.expires_ms = -1,
			.v6only = -1};
	if (closing_rows_read(data, size, &rows))
		abort();
	for (size_t i = 0; i < ROWS; i++) {
		if ((all[i].family == 4 || !all[i].has_reuse) && all[i].v6only != -1)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sockets_bucket bucket;

	if (!size)
		return 0;
	if (data[0] % 2 == 0)
		read_rows(data + 1, size - 1);
	else if (!closing_rows_bucket(data + 1, size - 1, &bucket) && bucket.family != 4 &&
		bucket.family != 6)
		abort();
	return 0;
}
