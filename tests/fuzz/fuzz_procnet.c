// SPDX-License-Identifier: MIT
/*
 * Whatever stands in /proc/net: rows are within bounds, and rewriting keeps the length and the
 * number of rows. The first byte chooses the family.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sockets/linux/procnet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int check_row(void *context, const struct berth_socket *row)
{
	size_t *count = context;

	(*count)++;
	if (!row->state || row->state >= ROWS_STATES || row->expires_ms < -1)
		abort();
	return 0;
}

static void change(void *context, uint8_t family, uint8_t address[16])
{
	(void)context;
	memset(address, 0xee, family == 4 ? 4 : 16);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t before = 0;
	size_t after = 0;
	bool malformed = false;

	if (!size)
		return 0;
	const struct procnet_table table = {
		.proto = BERTH_TCP, .family = data[0] & 1 ? 6 : 4, .clock_ticks = 100};
	size_t len = size - 1;
	char *text = malloc(len ? len : 1);
	if (!text)
		return 0;
	memcpy(text, data + 1, len);
	(void)procnet_decode(text, len, &table, check_row, &before, &malformed);
	procnet_rewrite(text, len, table.family, change, NULL);
	(void)procnet_decode(text, len, &table, check_row, &after, &malformed);
	if (before != after)
		abort();
	free(text);
	return 0;
}
