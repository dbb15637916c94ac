// SPDX-License-Identifier: MIT
/*
 * Whatever comes out of a netlink socket or a recording: rows are within bounds, and rewriting
 * gives no addresses but the new ones. The first 4 bytes choose the protocol.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sockets/linux/diag.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_details(const struct berth_socket_details *details)
{
	if (!details)
		abort();
	if (details->traffic_class < -1 || details->traffic_class > UINT8_MAX ||
		details->options >> BERTH_SOCKET_OPTIONS)
		abort();
	if ((details->congestion && !*details->congestion) || (details->ulp && !*details->ulp))
		abort();
}

static int check_row(void *context, const struct berth_socket *row)
{
	size_t *count = context;

	(*count)++;
	if ((row->family != 4 && row->family != 6) || !row->state || row->state >= ROWS_STATES)
		abort();
	if (row->expires_ms < -1 || row->v6only < -1 || row->v6only > 1)
		abort();
	check_details(row->details);
	return 0;
}

static int check_changed(void *context, const struct berth_socket *row)
{
	(void)context;
	for (size_t i = 0; i < (row->family == 4 ? 4U : 16U); i++) {
		if (row->local[i] != 0xee || row->peer[i] != 0xee)
			abort();
	}
	if (row->details && row->details->has_tcp)
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
	enum {
		FRONT = 4
	};
	size_t count = 0;

	if (size < FRONT)
		return 0;
	size_t len = size - FRONT;
	struct diag_answer answer = {.proto = (enum berth_proto)(data[0] % BERTH_PROTOS),
		.details = true,
		.seen = check_row,
		.context = &count};
	void *bytes = malloc(len ? len : 1); /* aligned, which the input need not be */
	if (!bytes)
		return 0;
	memcpy(bytes, data + FRONT, len);
	(void)diag_decode(&answer, bytes, len);
	if (count > len / 72) /* struct inet_diag_msg */
		abort();
	size_t sound = diag_rewrite(bytes, len, change, NULL);
	if (sound > len)
		abort();
	answer =
		(struct diag_answer){.proto = answer.proto, .details = true, .seen = check_changed};
	(void)diag_decode(&answer, bytes, sound);
	free(bytes);
	return 0;
}
