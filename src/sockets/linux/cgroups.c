// SPDX-License-Identifier: MIT
/*
 * Looks into the processes of the cgroups of the wanted sockets. A process is asked for its lowest
 * descriptors first: that is where servers have their listeners, and each costs 3 us.
 */
#include "sockets/linux/cgroups.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "base/text.h"
#include "sockets/linux/process.h"

enum {
	LOW_DESCRIPTORS = 16,
	/* A cgroup with more is no place of a service: the rungs below are as fast. */
	PROCESSES_MOST = 64,
	CGROUPS_MOST = 16,
	LARGEST_LIST = 16384,
	ROOT_CGROUP = 1, /* its id */
	LIST_NAME = 32, /* longer than any of a list */
};

struct look {
	const struct sockets_system *system;
	const struct map *wanted;
	struct owners_hits *hits;
	uint32_t pid; /* whose descriptors are looked at */
	size_t first; /* its first hit */
	size_t found; /* sockets that it has */
};

/* Whether this process was seen to have the socket already, by another descriptor. */
static bool is_known(const struct look *look, uint64_t inode)
{
	for (size_t i = look->first; i < look->hits->count; i++) {
		if (look->hits->all[i].inode == inode)
			return true;
	}
	return false;
}

static int see_descriptor(void *context, const char *name, const char *target)
{
	struct look *look = context;
	uint64_t inode = process_parse_socket(target);
	uint64_t fd = 0;

	if (!inode || !map_has(look->wanted, inode) ||
		text_number(name, strlen(name), INT32_MAX, &fd))
		return 0;
	look->found += !is_known(look, inode);
	return owners_hit(look->hits,
		&(struct owners_hit){.inode = inode, .pid = look->pid, .fd = (int32_t)fd});
}

static int look_low(struct look *look)
{
	char path[PROCESS_PATH];
	char target[SYSTEM_TARGET];
	int r = 0;

	for (int fd = 0; !r && fd < LOW_DESCRIPTORS && look->found < look->wanted->count; fd++) {
		process_path_fd(path, look->pid, 0, (uint32_t)fd);
		ssize_t len = system_link(look->system, path, target, sizeof(target));
		if (len == -EACCES || len == -EPERM)
			return (int)len;
		if (len > 0)
			r = see_descriptor(look, strrchr(path, '/') + 1, target);
	}
	return r;
}

static int look_into(struct look *look, uint32_t pid)
{
	char path[PROCESS_PATH];

	look->pid = pid;
	look->first = look->hits->count;
	look->found = 0;
	int r = look_low(look);
	if (!r && look->found < look->wanted->count) {
		process_path(path, pid, "fd");
		r = system_links(look->system, path, see_descriptor, look);
	}
	if (r == -EACCES || r == -EPERM)
		look->hits->denied = true;
	return r == -ENOMEM ? r : 0; /* other errors: it ended meanwhile */
}

/* The process that a thread belongs to; 0: it ended. */
static uint32_t process_of(const struct look *look, uint32_t thread)
{
	struct process_status status = {0};
	struct buffer text = {0};
	char path[PROCESS_PATH];

	process_path(path, thread, "status");
	if (!system_file(look->system, path, LARGEST_LIST, &text) && text.data)
		process_parse_status(text.data, text.len, &status);
	buffer_free(&text);
	return status.process;
}

/* The processes or threads of a cgroup, one number a line; 0 is one that this PID namespace does
 * not show. */
static int look_through(struct look *look, const char *list, bool threads)
{
	uint32_t last = 0;
	size_t processes = 0;
	int r = 0;

	for (const char *at = list; *at; at++)
		processes += *at == '\n';
	if (processes > PROCESSES_MOST)
		return 0;
	while (!r && *list) {
		size_t len = strcspn(list, "\n");
		uint64_t pid = 0;

		if (!text_number(list, len, INT32_MAX, &pid) && pid && threads)
			pid = process_of(look, (uint32_t)pid);
		if (pid && pid != last)
			r = look_into(look, (uint32_t)pid);
		last = (uint32_t)pid;
		list += len + (list[len] != '\0');
	}
	return r;
}

/* A service manager opens sockets for others, who get them later: the owners are elsewhere. */
static bool is_of_manager(const char *path, size_t len)
{
	static const char *const ends[] = {"/init.scope", ".socket"};

	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		size_t end_len = strlen(ends[i]);

		if (len >= end_len && !memcmp(path + len - end_len, ends[i], end_len))
			return true;
	}
	return false;
}

static int look_at_cgroup(struct look *look, uint64_t id)
{
	/* A threaded cgroup has no list of processes, but one of threads (cgroup-v2.rst). */
	static const char *const lists[] = {"/cgroup.procs", "/cgroup.threads"};
	char path[PATH_MAX];
	struct buffer list = {0};
	ssize_t len = system_cgroup(look->system, id, path, sizeof(path) - LIST_NAME);
	int r = len < 0 || is_of_manager(path, (size_t)len) ? -ENOENT : -EOPNOTSUPP;
	size_t i = 0;

	for (; r == -EOPNOTSUPP && i < sizeof(lists) / sizeof(*lists); i++) {
		memcpy(path + len, lists[i], strlen(lists[i]) + 1);
		r = system_file(look->system, path, LARGEST_LIST, &list);
	}
	r = r ? 0 : look_through(look, buffer_string(&list), i > 1);
	buffer_free(&list);
	return r;
}

int cgroups_look(
	const struct sockets_system *system, const struct map *wanted, struct owners_hits *hits)
{
	struct look look = {.system = system, .wanted = wanted, .hits = hits};
	struct map looked = {0};
	uint64_t inode = 0;
	void *value = NULL;
	int r = 0;

	for (size_t at = 0; !r && map_next(wanted, &at, &inode, &value);) {
		const struct berth_socket *row = value;

		if (row->cgroup_id <= ROOT_CGROUP || map_has(&looked, row->cgroup_id) ||
			looked.count == CGROUPS_MOST)
			continue;
		r = map_put(&looked, row->cgroup_id, NULL);
		if (!r)
			r = look_at_cgroup(&look, row->cgroup_id);
	}
	if (!looked.count)
		hits->why_not = "the kernel told no cgroup of these sockets but the root";
	map_free(&looked);
	return r;
}
