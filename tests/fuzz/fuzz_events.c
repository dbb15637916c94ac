// SPDX-License-Identifier: MIT
/* What the kernel tells of sockets: the first byte chooses between a record, the ring with records,
 * and messages of endings. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sockets/linux/events.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct events_clock clock_of_test = {.ahead_s = 1e9, .ticks = 100};

static void check(const struct sockets_event *event)
{
	if ((event->family != 4 && event->family != 6) || event->proto >= BERTH_PROTOS ||
		event->name[sizeof(event->name) - 1])
		abort();
}

static int see_event(void *context, const struct sockets_event *event)
{
	(void)context;
	check(event);
	return 0;
}

static int see_record(void *context, const void *bytes, size_t len)
{
	struct sockets_event event;

	(void)context;
	if (!events_records_decode(bytes, len, &clock_of_test, &event))
		check(&event);
	return 0;
}

/* Twice behind each other, as the kernel maps it. */
static void walk(const uint8_t *data, size_t size)
{
	enum {
		RING = 4096
	};
	static _Alignas(8) uint8_t ring[2 * RING];
	uint64_t consumer = 0;

	memset(ring, 0, sizeof(ring));
	memcpy(ring, data, size < RING ? size : RING);
	memcpy(ring + RING, ring, RING);
	(void)events_records_walk(
		ring, RING, size < RING ? size / 8 * 8 : RING, &consumer, see_record, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	uint8_t *copy = malloc(size); /* so that reading behind the end is noticed */
	if (!copy)
		return 0;
	memcpy(copy, data + 1, size - 1);
	if (data[0] % 3 == 0)
		(void)see_record(NULL, copy, size - 1);
	else if (data[0] % 3 == 1)
		walk(copy, size - 1);
	else
		(void)events_records_endings(copy, size - 1, 1e9, see_event, NULL);
	free(copy);
	return 0;
}
