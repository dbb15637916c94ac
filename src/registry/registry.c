// SPDX-License-Identifier: MIT
/*
 * The room's door: parsing, loading images, and the look-ups, which are loads from the table and
 * nothing else.
 */
#include "registry/registry.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "registry/image.h"
#include "registry/table.h"

enum {
	LARGEST_IMAGE = 64 << 20, /* the one of 2026 has 1.5 MB */
};

int registry_image(const struct registry *registry, struct buffer *out)
{
	return image_write(registry, out);
}

int registry_load(const char *path, struct registry **ret_registry)
{
	struct buffer bytes = {0};
	int r = file_read(AT_FDCWD, path, LARGEST_IMAGE, &bytes);

	if (!r)
		r = image_open(&bytes, ret_registry);
	buffer_free(&bytes);
	return r == -EFBIG ? -EBADMSG : r;
}

bool registry_is_image(const char *path)
{
	struct buffer start = {0};
	/* -EFBIG is expected: what was read until then is kept. */
	int r = file_read(AT_FDCWD, path, 0, &start);
	bool is = (!r || r == -EFBIG) && image_begins(buffer_string(&start), start.len);

	buffer_free(&start);
	return is;
}

const struct registry *registry_builtin(void)
{
	return &table_builtin;
}

enum berth_state registry_state(
	const struct registry *registry, uint16_t port, enum berth_proto transport)
{
	/* UDP-Lite uses the numbers assigned for UDP (RFC 3828 section 6), MPTCP is TCP. */
	static const uint8_t transports[BERTH_PROTOS] = {
		[BERTH_TCP] = BERTH_TCP,
		[BERTH_UDP] = BERTH_UDP,
		[BERTH_SCTP] = BERTH_SCTP,
		[BERTH_DCCP] = BERTH_DCCP,
		[BERTH_UDPLITE] = BERTH_UDP,
		[BERTH_MPTCP] = BERTH_TCP,
	};

	return table_state(registry, port, transports[transport]);
}

size_t registry_at(const struct registry *registry, uint16_t port, const uint16_t **ret_ids)
{
	return spans_at(&registry->ports, port, ret_ids);
}

size_t registry_count(const struct registry *registry)
{
	return registry->n_records;
}

void registry_record(const struct registry *registry, uint16_t id, struct berth_record *ret_record)
{
	static const struct table_record none;
	const struct table_record *record =
		id < registry->n_records ? &registry->records[id] : &none;

	*ret_record = (struct berth_record){
		.name = table_text(registry, record, TABLE_NAME),
		.has_port = record->has_port,
		.first = record->first,
		.last = record->last,
		.protos = record->protos,
		.any_transport = record->any_transport,
		.state = (enum berth_state)record->state,
		.description = table_text(registry, record, TABLE_DESCRIPTION),
		.assignee = table_text(registry, record, TABLE_ASSIGNEE),
		.contact = table_text(registry, record, TABLE_CONTACT),
		.registered = table_text(registry, record, TABLE_REGISTERED),
		.modified = table_text(registry, record, TABLE_MODIFIED),
		.reference = table_text(registry, record, TABLE_REFERENCE),
		.service_code = table_text(registry, record, TABLE_SERVICE_CODE),
		.unauthorized = table_text(registry, record, TABLE_UNAUTHORIZED),
		.notes = table_text(registry, record, TABLE_NOTES),
	};
}

const char *registry_date(const struct registry *registry)
{
	return registry->pool + registry->facts.date;
}

void registry_info(const struct registry *registry, struct berth_registry_info *ret_info)
{
	*ret_info = (struct berth_registry_info){
		.date = registry->pool + registry->facts.date,
		.origin = "",
		.records = (uint32_t)registry->n_records,
		.names = registry->facts.names,
		.without_port = registry->facts.without_port,
	};
	memcpy(ret_info->ports, registry->facts.ports, sizeof(ret_info->ports));
}
