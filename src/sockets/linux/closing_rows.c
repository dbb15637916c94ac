// SPDX-License-Identifier: MIT
/* Decodes what bpf/closing.bpf.c tells. */
#include <errno.h>
#include <string.h>

#include <linux/types.h>

#include "base/map.h"
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

/* The rows that are not known yet, by cookie. */
static int index_rows(const struct rows *rows, struct map *ret_unknown)
{
	int r = 0;

	for (size_t i = 0; !r && i < rows->count; i++) {
		struct berth_socket *row = rows->all + i;

		if (row->cookie && row->proto == BERTH_TCP && !row->has_reuse)
			r = map_put(ret_unknown, row->cookie, row);
	}
	return r;
}

int closing_rows_read(const void *bytes, size_t len, struct rows *rows)
{
	const char *at = bytes;
	struct closing_record record;
	struct map unknown = {0};
	int r = index_rows(rows, &unknown);

	for (; !r && len >= sizeof(record); at += sizeof(record), len -= sizeof(record)) {
		memcpy(&record, at, sizeof(record));
		struct berth_socket *row = map_get(&unknown, record.cookie);
		if (row)
			take(row, &record);
	}
	map_free(&unknown);
	return r;
}

int closing_rows_bucket(const void *bytes, size_t len, struct sockets_bucket *ret_bucket)
{
	struct closing_record record;

	if (len < sizeof(record))
		return -ENOENT;
	memcpy(&record, bytes, sizeof(record));
	*ret_bucket = (struct sockets_bucket){
		.reuseport = record.fastreuseport == CLOSING_REUSEPORT_ANY, .uid = record.fastuid};
	return 0;
}
