// SPDX-License-Identifier: MIT
/*
 * Whatever comes out of rtnetlink or a recording: addresses are of one of two families with a
 * prefix that fits, and rewriting leaves none of the old ones.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sockets/linux/addresses.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct addresses_answer *answer)
{
	for (size_t i = 0; i < answer->count; i++) {
		const struct addresses_row *row = answer->all + i;

		if ((row->family != 4 && row->family != 6) ||
			row->prefix_len > (row->family == 4 ? 32 : 128))
			abort();
		uint32_t found = addresses_incoming(answer, row->family, row->address, 0);
		if (row->ifindex && !found && answer->count == 1)
			abort();
	}
}

static void change(void *context, uint8_t family, uint8_t address[16])
{
	(void)context;
	memset(address, 0xee, family == 4 ? 4 : 16);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct addresses_answer answer = {0};
	void *bytes = malloc(size ? size : 1); /* aligned, which the input need not be */

	if (!bytes)
		return 0;
	if (size)
		memcpy(bytes, data, size);
	(void)addresses_decode(&answer, bytes, size);
	check(&answer);
	addresses_free(&answer);
	size_t sound = addresses_rewrite(bytes, size, change, NULL);
	if (sound > size)
		abort();
	(void)addresses_decode(&answer, bytes, sound);
	for (size_t i = 0; i < answer.count; i++) {
		if (answer.all[i].address[0] != 0xee)
			abort();
	}
	addresses_free(&answer);
	free(bytes);
	return 0;
}
