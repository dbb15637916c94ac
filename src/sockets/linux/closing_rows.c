// SPDX-License-Identifier: MIT
/* Decodes what bpf/closing.bpf.c and bpf/bind_bucket.bpf.c tell. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/types.h>

#include "base/map.h"
#include "sockets/linux/bpf/bind_bucket_record.h"
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
	struct bind_bucket_record record;
	struct sockets_bucket bucket = {0};

	if (len != sizeof(record))
		return -EBADMSG;
	memcpy(&record, bytes, sizeof(record));
	if (!record.found)
		return -ENOENT;
	bucket.reuseaddr = record.fastreuse > 0;
	bucket.reuseport = record.fastreuseport > 0;
	bucket.any_address = record.fastreuseport == BIND_BUCKET_ANY;
	bucket.uid = record.fastuid;
	bucket.family = record.family == AF_INET6 ? 6 : 4;
	bucket.v6only = record.v6only;
	memcpy(bucket.address4, record.address4, sizeof(bucket.address4));
	memcpy(bucket.address6, record.address6, sizeof(bucket.address6));
	*ret_bucket = bucket;
	return 0;
}
