/* SPDX-License-Identifier: MIT */
/*
 * What the files of container engines say of a container: pure, JSON in, facts out. Where the files
 * are is for containers.c.
 */
#ifndef BERTH_SOCKETS_LINUX_ENGINE_FILES_H
#define BERTH_SOCKETS_LINUX_ENGINE_FILES_H

#include <stddef.h>

#include "base/arena.h"

enum {
	ENGINE_FILES_ADDRESSES = 16, /* of one container; more are left out */
};

/* Texts are NULL when the file does not say; they live in the arena. */
struct engine_facts {
	const char *id; /* which was asked for */
	const struct engine_facts *next; /* others of the same file, for a recording; else NULL */
	const char *name;
	const char *image;
	const char *pod; /* uid */
	const char *pod_name;
	const char *pod_namespace;
	const char *addresses[ENGINE_FILES_ADDRESSES];
	size_t n_addresses;
};

/* How a file says it. */
enum engine_file {
	ENGINE_FILE_DOCKER, /* config.v2.json of dockerd */
	ENGINE_FILE_OCI, /* config.json of the OCI runtime specification, with the annotations of
			    containerd's CRI plugin and of CRI-O */
	ENGINE_FILE_STORAGE, /* containers.json of containers/storage: podman */
};

/*
 * Reads a file. `id`: of which container, since containers.json lists many. 0; -EBADMSG: not such a
 * file; -ENOENT: the container is not in it; -ENOMEM.
 */
int engine_files_read(enum engine_file kind, struct arena *arena, const char *text, size_t len,
	const char *id, struct engine_facts *ret_facts);

#endif
