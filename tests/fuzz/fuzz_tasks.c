// SPDX-License-Identifier: MIT
/* A stream of the task iterator as anybody could have pinned it, cut at a place of its choice. */
#include <stdint.h>
#include <stdlib.h>

#include "sockets/linux/tasks.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void decode(const struct map *wanted, const uint8_t *data, size_t size, size_t cut)
{
	struct owners_hits hits = {0};
	struct tasks_stream stream = {.wanted = wanted, .hits = &hits, .ticks_per_s = 100};

	if (!tasks_stream_decode(&stream, data, cut))
		(void)tasks_stream_decode(&stream, data + cut, size - cut);
	for (size_t i = 0; i < hits.count; i++) {
		if (hits.all[i].fd < 0 || !hits.all[i].pid || hits.all[i].name[15])
			abort();
	}
	owners_hits_free(&hits);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct map wanted = {0};

	if (!size)
		return 0;
	for (uint64_t inode = 0; inode < 256; inode++) {
		if (map_put(&wanted, inode, NULL))
			abort();
	}
	decode(&wanted, data + 1, size - 1, (size_t)data[0] % size);
	map_free(&wanted);
	return 0;
}
