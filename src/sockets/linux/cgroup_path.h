/* SPDX-License-Identifier: MIT */
/*
 * What the path of a cgroup says: the unit of systemd, the user, the container and the pod whose
 * processes are in it. Pure; nothing is looked up. Paths are made by service managers and engines,
 * but below a delegated cgroup by whoever it was delegated to.
 */
#ifndef BERTH_SOCKETS_LINUX_CGROUP_PATH_H
#define BERTH_SOCKETS_LINUX_CGROUP_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <berth.h>

#include "base/arena.h"

/* A part of the path that was parsed; len 0: there is none. */
struct cgroup_span {
	const char *text;
	size_t len;
};

struct cgroup_path {
	struct cgroup_span path;
	struct cgroup_span slice;
	struct cgroup_span unit;
	struct cgroup_span user_unit;
	bool has_user;
	uint32_t user_uid;
	enum berth_engine engine;
	struct cgroup_span container; /* id or name, as it is spelt in the path */
	bool helper; /* of the engine: works for the container, but is not in it */
	struct cgroup_span pod;
	struct cgroup_span inside; /* the path within the container */
	struct cgroup_span last; /* the last component, when it is neither unit nor slice */
	struct cgroup_span before_last;
};

/* Reads one path, "/system.slice/nginx.service". */
void cgroup_path_parse(const char *path, size_t len, struct cgroup_path *ret_path);

/*
 * Reads /proc/PID/cgroup (cgroups(7)). Of its hierarchies the one is chosen that says most: a
 * container, which on hybrid hosts may be in those of version 1 only, before a unit; between equals
 * version 2, then systemd's. False: no line could be read.
 */
bool cgroup_path_choose(const char *text, size_t len, struct cgroup_path *ret_path);

/* Copies of a span: as a name, with systemd's "\x2d" undone, and as the uid of a pod, whose dashes
 * are underscores in names of slices. NULL: no memory. */
char *cgroup_path_name(struct arena *arena, const struct cgroup_span *span);
char *cgroup_path_pod(struct arena *arena, const struct cgroup_span *span);

#endif
