// SPDX-License-Identifier: MIT
/*
 * Writing and opening images. Whoever can write to the folder can write any image: the checksum
 * finds damage, and the checks behind it see to it that no offset, id or length in the file,
 * whatever it says, leads a look-up out of bounds.
 */
#include "registry/image.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
	VERSION = 1,
	BYTE_ORDER_MARK = 0x01020304,
};

/* Then: set_of, records, states, sets, pool. Each is aligned where the one before it ends. */
struct header {
	char magic[8];
	uint32_t version;
	uint32_t byte_order;
	uint64_t checksum; /* of everything behind it */
	uint32_t n_records;
	uint32_t n_ported;
	uint32_t n_sets;
	uint32_t pool_len;
	struct table_facts facts;
	uint32_t zero;
};

static const char magic[8] = {'b', 'e', 'r', 't', 'h', 'I', 'R', '\n'};

_Static_assert(sizeof(struct table_record) == 48, "no padding in the image");
_Static_assert(sizeof(struct table_facts) == 76, "no padding in the image");
_Static_assert(sizeof(struct header) == 120, "no padding in the image");

#define CHECKED_FROM (offsetof(struct header, checksum) + sizeof(uint64_t))

/* Multiply and fold, eight bytes at a time: a damaged file is to be found, not a forged one. */
static uint64_t checksum(const char *bytes, size_t len)
{
	uint64_t sum = len;

	while (len) {
		uint64_t word = 0;
		size_t step = len < sizeof(word) ? len : sizeof(word);

		memcpy(&word, bytes, step);
		sum = (sum ^ word) * UINT64_C(0x9e3779b97f4a7c15); /* 2^64 / golden ratio, odd */
		sum ^= sum >> 32;
		bytes += step;
		len -= step;
	}
	return sum;
}

void image_seal(char *bytes, size_t len)
{
	if (len < CHECKED_FROM)
		return;
	uint64_t sum = checksum(bytes + CHECKED_FROM, len - CHECKED_FROM);
	memcpy(bytes + offsetof(struct header, checksum), &sum, sizeof(sum));
}

bool image_begins(const char *bytes, size_t len)
{
	return len >= sizeof(magic) && memcmp(bytes, magic, sizeof(magic)) == 0;
}

int image_write(const struct registry *registry, struct buffer *out)
{
	struct header header = {
		.version = VERSION,
		.byte_order = BYTE_ORDER_MARK,
		.n_records = (uint32_t)registry->n_records,
		.n_ported = (uint32_t)registry->n_ported,
		.n_sets = (uint32_t)registry->ports.n_sets,
		.pool_len = (uint32_t)registry->pool_len,
		.facts = registry->facts,
	};
	size_t start = out->len;

	memcpy(header.magic, magic, sizeof(magic));
	buffer_bytes(out, &header, sizeof(header));
	buffer_bytes(out, registry->ports.set_of, SPANS_NUMBERS * sizeof(*registry->ports.set_of));
	buffer_bytes(out, registry->records, registry->n_records * sizeof(*registry->records));
	buffer_bytes(out, registry->states, SPANS_NUMBERS);
	buffer_bytes(
		out, registry->ports.sets, registry->ports.n_sets * sizeof(*registry->ports.sets));
	buffer_bytes(out, registry->pool, registry->pool_len);
	if (out->error)
		return out->error;
	image_seal(out->data + start, out->len - start);
	return 0;
}

/* How long an image with this header is. No overflow: the sizes are 32 bits each. */
static uint64_t image_len(const struct header *header)
{
	return sizeof(*header) + SPANS_NUMBERS * (sizeof(uint32_t) + sizeof(uint8_t)) +
		(uint64_t)header->n_records * sizeof(struct table_record) +
		(uint64_t)header->n_sets * sizeof(uint16_t) + header->pool_len;
}

static int check_header(const struct header *header, const struct buffer *bytes)
{
	if (memcmp(header->magic, magic, sizeof(magic)) != 0 || header->version != VERSION ||
		header->byte_order != BYTE_ORDER_MARK || bytes->len != image_len(header))
		return -EBADMSG;
	if (checksum(bytes->data + CHECKED_FROM, bytes->len - CHECKED_FROM) != header->checksum)
		return -EBADMSG;
	if (header->n_records >= UINT16_MAX || header->n_ported > header->n_records ||
		header->facts.date >= header->pool_len)
		return -EBADMSG;
	return 0;
}

static void lay_out(
	struct registry *registry, const struct header *header, const struct buffer *bytes)
{
	const char *at = bytes->data + sizeof(*header);

	registry->ports.set_of = (const void *)at;
	at += SPANS_NUMBERS * sizeof(*registry->ports.set_of);
	registry->records = (const void *)at;
	registry->n_records = header->n_records;
	registry->n_ported = header->n_ported;
	at += header->n_records * sizeof(*registry->records);
	registry->states = (const void *)at;
	at += SPANS_NUMBERS;
	registry->ports.sets = (const void *)at;
	registry->ports.n_sets = header->n_sets;
	at += header->n_sets * sizeof(*registry->ports.sets);
	registry->pool = at;
	registry->pool_len = header->pool_len;
	registry->facts = header->facts;
}

static bool record_is_sound(const struct registry *registry, size_t id)
{
	const struct table_record *record = &registry->records[id];

	for (size_t i = 0; i < TABLE_TEXTS; i++) {
		if (record->text[i] >= registry->pool_len)
			return false;
	}
	return record->first <= record->last && record->protos &&
		record->protos < 1U << BERTH_TRANSPORTS && record->state <= BERTH_ASSIGNED &&
		record->any_transport <= 1 && record->has_port == (id < registry->n_ported);
}

static int check_arrays(const struct registry *registry)
{
	/* The first text is the empty one, and the last one ends: then all do. */
	if (registry->pool[0] || registry->pool[registry->pool_len - 1])
		return -EBADMSG;
	for (size_t i = 0; i < registry->n_records; i++) {
		if (!record_is_sound(registry, i))
			return -EBADMSG;
	}
	return spans_check(&registry->ports, registry->n_ported);
}

int image_open(struct buffer *bytes, struct registry **ret_registry)
{
	struct header header;

	if (bytes->len < sizeof(header))
		return -EBADMSG;
	memcpy(&header, bytes->data, sizeof(header));
	int r = check_header(&header, bytes);
	if (r)
		return r;
	struct registry *registry = calloc(1, sizeof(*registry));
	if (!registry)
		return -ENOMEM;
	lay_out(registry, &header, bytes);
	r = check_arrays(registry);
	if (r) {
		free(registry);
		return r;
	}
	registry->owned.image = *bytes;
	*bytes = (struct buffer){0};
	*ret_registry = registry;
	return 0;
}
