// SPDX-License-Identifier: MIT
/* Placeholder until the room is furnished; see registry.h. */
#include "registry/registry.h"

#include <errno.h>

struct registry {
	int empty;
};

const struct registry *registry_builtin(void)
{
	static const struct registry none;
	return &none;
}

int registry_parse(const char *name, const char *bytes, size_t len, struct registry **ret_registry,
	struct buffer *ret_problem)
{
	(void)name, (void)bytes, (void)len, (void)ret_registry, (void)ret_problem;
	return -EBADMSG;
}

int registry_image(const struct registry *registry, struct buffer *out)
{
	(void)registry, (void)out;
	return 0;
}

int registry_load(const char *path, struct registry **ret_registry)
{
	(void)path, (void)ret_registry;
	return -ENOENT;
}

void registry_free(struct registry *registry)
{
	(void)registry;
}

enum berth_state registry_state(
	const struct registry *registry, uint16_t port, enum berth_proto transport)
{
	(void)registry, (void)transport;
	return port >= 49152 ? BERTH_UNASSIGNABLE : BERTH_UNASSIGNED;
}

size_t registry_at(const struct registry *registry, uint16_t port, const uint16_t **ret_ids)
{
	(void)registry, (void)port, (void)ret_ids;
	return 0;
}

size_t registry_count(const struct registry *registry)
{
	(void)registry;
	return 0;
}

void registry_record(const struct registry *registry, uint16_t id, struct berth_record *ret_record)
{
	(void)registry, (void)id;
	*ret_record = (struct berth_record){0};
}

const char *registry_date(const struct registry *registry)
{
	(void)registry;
	return "";
}

void registry_info(const struct registry *registry, struct berth_registry_info *ret_info)
{
	(void)registry;
	*ret_info = (struct berth_registry_info){.date = "", .origin = ""};
}

int registry_diff(const struct registry *before, const struct registry *after,
	berth_change_seen *seen, void *context)
{
	(void)before, (void)after, (void)seen, (void)context;
	return 0;
}
