// SPDX-License-Identifier: MIT
/*
 * The backend that knows nothing: for systems without one, and the template for a new one. It is
 * built and tested in CI, so it cannot rot. Everything it is asked it answers with "not known".
 */
#include "sockets/sockets.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

struct sockets_system {
	int nothing;
};

int sockets_system_live(struct sockets_system **ret_system)
{
	struct sockets_system *system = calloc(1, sizeof(*system));

	if (!system)
		return -ENOMEM;
	*ret_system = system;
	return 0;
}

int sockets_system_replay(
	const char *path, struct sockets_system **ret_system, struct buffer *ret_problem)
{
	(void)ret_system;
	buffer_format(ret_problem, "%s: this build has no backend that reads recordings", path);
	return -ENOSYS;
}

void sockets_system_free(struct sockets_system *system)
{
	free(system);
}

int sockets_record(
	struct sockets_system *system, const char *path, bool scrub, struct buffer *ret_problem)
{
	(void)system, (void)scrub;
	buffer_format(ret_problem, "%s: this build has no backend that makes recordings", path);
	return -ENOSYS;
}

int sockets_enable(unsigned mode, struct buffer *ret_problem)
{
	(void)mode;
	buffer_text(ret_problem, "this build has no backend for this system");
	return -ENOSYS;
}

int sockets_disable(struct buffer *ret_problem)
{
	buffer_text(ret_problem, "this build has no backend for this system");
	return -ENOSYS;
}

int sockets_snapshot(struct sockets_system *system, const struct berth_ask *ask,
	struct sockets_snapshot **ret_snapshot, struct buffer *ret_problem)
{
	struct sockets_snapshot *snapshot = calloc(1, sizeof(*snapshot));

	(void)system, (void)ask, (void)ret_problem;
	if (!snapshot)
		return -ENOMEM;
	snapshot->gaps = BERTH_GAP_UNSUPPORTED;
	snapshot->time_s = (double)time(NULL);
	snapshot->policy.may_bind_low = -1;
	*ret_snapshot = snapshot;
	return 0;
}

void sockets_snapshot_free(struct sockets_snapshot *snapshot)
{
	if (!snapshot)
		return;
	arena_free(&snapshot->arena);
	free(snapshot);
}

int sockets_addresses(struct sockets_system *system, struct sockets_addresses **ret_addresses)
{
	(void)system, (void)ret_addresses;
	return -ENOSYS;
}

uint32_t sockets_incoming(const struct sockets_addresses *addresses, uint8_t family,
	const uint8_t address[16], uint32_t scope)
{
	(void)addresses, (void)family, (void)address, (void)scope;
	return 0;
}

void sockets_addresses_free(struct sockets_addresses *addresses)
{
	(void)addresses;
}

int sockets_signal(struct sockets_system *system, const struct sockets_victim *victim, int signal)
{
	(void)system, (void)victim, (void)signal;
	return -ENOSYS;
}

int sockets_self(
	struct sockets_system *system, struct arena *arena, const struct berth_process **ret_self)
{
	(void)system, (void)arena;
	*ret_self = NULL;
	return 0;
}

int sockets_endings(struct sockets_system *system)
{
	(void)system;
	return -ENOSYS;
}

void sockets_endings_read(int fd)
{
	(void)fd;
}

int sockets_hold(struct sockets_system *system, uint16_t port)
{
	(void)system, (void)port;
	return -ENOSYS;
}

int sockets_listen(
	struct sockets_system *system, uint8_t family, const uint8_t address[16], uint16_t port)
{
	(void)system, (void)family, (void)address, (void)port;
	return -ENOSYS;
}

bool sockets_may_bind(const struct sockets_addresses *addresses, uint8_t family,
	const uint8_t address[16], uint32_t ifindex)
{
	(void)addresses, (void)family, (void)address, (void)ifindex;
	return false;
}

int sockets_binder(struct sockets_system *system, uint32_t pid, struct arena *arena,
	struct sockets_binder *ret_binder)
{
	(void)system, (void)pid, (void)arena, (void)ret_binder;
	return -ENOSYS;
}

int sockets_bucket(
	const struct sockets_system *system, uint16_t port, struct sockets_bucket *ret_bucket)
{
	(void)system, (void)port, (void)ret_bucket;
	return -ENOSYS;
}

int sockets_ifindex(const struct sockets_system *system, const char *name, uint32_t *ret_ifindex)
{
	(void)system, (void)name, (void)ret_ifindex;
	return -ENOSYS;
}

int sockets_try(const struct sockets_system *system, const struct berth_bind *wanted,
	const char *netns_path, int *ret_error)
{
	(void)system, (void)wanted, (void)netns_path, (void)ret_error;
	return -ENOSYS;
}

int sockets_reserving_open(struct sockets_system *system, bool to_write,
	struct sockets_reserving **ret_reserving, struct buffer *ret_problem)
{
	(void)system, (void)to_write, (void)ret_reserving;
	buffer_text(ret_problem, "this build has no backend for this system");
	return -ENOSYS;
}

void sockets_reserving_close(struct sockets_reserving *reserving)
{
	(void)reserving;
}

int sockets_reserving_read(const struct sockets_reserving *reserving,
	enum sockets_reserving_place place, struct buffer *ret_text, struct buffer *ret_problem)
{
	(void)reserving, (void)place, (void)ret_text, (void)ret_problem;
	return -ENOSYS;
}

int sockets_reserving_write(const struct sockets_reserving *reserving,
	enum sockets_reserving_place place, const char *text, struct buffer *ret_problem)
{
	(void)reserving, (void)place, (void)text, (void)ret_problem;
	return -ENOSYS;
}

int sockets_reserving_add(const struct sockets_reserving *reserving, const char *list)
{
	(void)reserving, (void)list;
	return -ENOSYS;
}

int sockets_reserving_others(
	const struct sockets_reserving *reserving, sockets_reserving_file *seen, void *context)
{
	(void)reserving, (void)seen, (void)context;
	return -ENOSYS;
}

const char *sockets_reserving_boot(const struct sockets_reserving *reserving)
{
	(void)reserving;
	return "";
}

int sockets_reserving_boots_here(const struct sockets_reserving *reserving)
{
	(void)reserving;
	return -1;
}

int sockets_bound_ports(const struct sockets_system *system, const struct berth_port_range *range,
	sockets_bound_port *seen, void *context)
{
	(void)system, (void)range, (void)seen, (void)context;
	return -ENOSYS;
}

int sockets_events_open(struct sockets_system *system, bool endings_only,
	struct sockets_events **ret_events, const char **ret_why)
{
	(void)system, (void)endings_only, (void)ret_events;
	*ret_why = "this build has no backend for this system";
	return -ENOSYS;
}

int sockets_events_fd(const struct sockets_events *events)
{
	(void)events;
	return -1;
}

bool sockets_events_binds(const struct sockets_events *events)
{
	(void)events;
	return false;
}

int sockets_events_read(struct sockets_events *events, sockets_event_seen *seen, void *context)
{
	(void)events, (void)seen, (void)context;
	return -ENOSYS;
}

uint64_t sockets_events_lost(const struct sockets_events *events, bool *ret_more)
{
	(void)events, (void)ret_more;
	return 0;
}

void sockets_events_close(struct sockets_events *events)
{
	(void)events;
}

int sockets_process(struct sockets_system *system, uint32_t pid, uint64_t start_ticks,
	struct arena *arena, const struct berth_process **ret_process)
{
	(void)system, (void)pid, (void)start_ticks, (void)arena;
	*ret_process = NULL;
	return 0;
}

int sockets_here(struct sockets_system *system, unsigned parts, struct sockets_here *ret_here)
{
	(void)system, (void)parts, (void)ret_here;
	return -ENOSYS;
}

int sockets_start(struct sockets_system *system, uint32_t pid, uint64_t *ret_ticks)
{
	(void)system, (void)pid, (void)ret_ticks;
	return -ENOSYS;
}

int sockets_lock(struct sockets_system *system, uint16_t port)
{
	(void)system, (void)port;
	return -ENOSYS;
}

int sockets_is_free(struct sockets_system *system, uint16_t port, berth_protos protos)
{
	(void)system, (void)port, (void)protos;
	return -ENOSYS;
}

int sockets_pid_namespaces(struct sockets_system *system, struct arena *arena,
	const uint64_t **ret_inodes, size_t *ret_n)
{
	(void)system, (void)arena, (void)ret_inodes, (void)ret_n;
	return -ENOSYS;
}

int sockets_policy(struct sockets_system *system, uint64_t netns, struct arena *arena,
	struct berth_policy *ret_policy)
{
	(void)system, (void)netns, (void)arena, (void)ret_policy;
	return -ENOSYS;
}
