// SPDX-License-Identifier: MIT
/* Decodes what bpf/closing.bpf.c tells. */
#include <errno.h>
#include <string.h>

#include <linux/types.h>

#include "sockets/linux/bpf/closing_record.h"
#include "sockets/linux/closing.h"

static void take(struct berth_socket *row, const struct closing_record *record)
{
	uint32_t bits = record->bits;

	row->has_reuse = true;
	row->reuseaddr = bits & CLOSING_REUSE;
	row->reuseport = bits & CLOSING_REUSEPORT;
	if (row->family == 6)
		row->v6only = (bits & CLOSING_V6ONLY) != 0;
	/* The dump tells none of what has no inode, since older kernels forget it. */
	if (row->expires_ms < 0 && !row->has_uid) {
		row->has_uid = true;
		row->uid = record->uid;
	}
}

void closing_decode(const void *bytes, size_t len, struct rows *rows)
{
	const char *at = bytes;
	struct closing_record record;

	for (; len >= sizeof(record); at += sizeof(record), len -= sizeof(record)) {
		memcpy(&record, at, sizeof(record));
		for (size_t i = 0; record.cookie && i < rows->count; i++) {
			struct berth_socket *row = rows->all + i;

			if (row->cookie == record.cookie && row->proto == BERTH_TCP &&
				!row->has_reuse)
				take(row, &record);
		}
	}
}

int closing_bucket(const void *bytes, size_t len, struct sockets_bucket *ret_bucket)
{
	struct closing_record record;

	if (len < sizeof(record))
		return -ENOENT;
	memcpy(&record, bytes, sizeof(record));
	*ret_bucket = (struct sockets_bucket){
		.reuseport = record.fastreuseport == CLOSING_REUSEPORT_ANY, .uid = record.fastuid};
	return 0;
}
