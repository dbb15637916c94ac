// SPDX-License-Identifier: MIT
/*
 * Where engines keep their files: Docker's data-root, the state of containerd's runtime shim v2,
 * containers/storage (podman, CRI-O), the state folders of runc and crun, the folders of LXC, LXD
 * and Incus, and the registrations of systemd-machined. How files are read is in engine_files.c.
 */
#include "sockets/linux/containers.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "sockets/linux/engine_extract.h"
#include "sockets/linux/engine_files.h"

enum {
	LARGEST_FILE = 4 << 20,
	DOCKERS_MOST = 1024, /* containers that are looked through for an address */
	SHOWN_BYTE = 1, /* as much as tells that a file is there */
};

struct containers_docker {
	struct containers_docker *next;
	struct engine_facts facts;
	const char *id;
};

/* Paths with up to two names in them. The first that is there counts. */
#define BUNDLE "/io.containerd.runtime.v2.task/"
static const char *const docker_files[] = {
	"/var/lib/docker/containers/%s/config.v2.json",
	"/var/snap/docker/common/var-lib-docker/containers/%s/config.v2.json",
};
static const char *const containerd_files[] = {
	"/run/containerd" BUNDLE "k8s.io/%s/config.json",
	"/run/k3s/containerd" BUNDLE "k8s.io/%s/config.json",
	"/run/containerd" BUNDLE "default/%s/config.json",
	"/run/containerd" BUNDLE "moby/%s/config.json",
};
static const char *const crio_files[] = {
	"/run/containers/storage/overlay-containers/%s/userdata/config.json",
	"/var/lib/containers/storage/overlay-containers/%s/userdata/config.json",
};
static const char *const storage_files[] = {
	"/overlay-containers/containers.json",
	"/vfs-containers/containers.json",
};

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* Whether a name that somebody chose may stand in a path as one component. */
static bool is_component(const char *name)
{
	return *name && *name != '.' && !strchr(name, '/') && strlen(name) <= NAME_MAX;
}

/* ---- JSON ----------------------------------------------------------------------------------- */

/* A recording gets just what we took out of the file; of the one that has all of podman's
 * containers, what we took until now. */
static int tell_facts(struct containers *containers, const char *path, enum engine_file kind,
	const struct engine_facts *facts)
{
	struct engine_facts *kept = arena_alloc(containers->arena, sizeof(*kept));
	struct buffer text = {0};

	if (!kept)
		return -ENOMEM;
	*kept = *facts;
	if (kind == ENGINE_FILE_STORAGE) {
		kept->next = containers->stored;
		containers->stored = kept;
	}
	engine_extract(kind, kept, &text);
	system_tell_file(containers->system, path, &text);
	buffer_free(&text);
	return 0;
}

/* `unlinked`: in a user's own folder. */
static int read_facts(struct containers *containers, const char *path, enum engine_file kind,
	const char *id, bool unlinked, struct engine_facts *ret_facts)
{
	struct sockets_system untold = *containers->system;
	struct buffer text = {0};

	untold.tee = NULL;
	int r = unlinked ? system_file_unlinked(&untold, path, LARGEST_FILE, &text)
			 : system_file(&untold, path, LARGEST_FILE, &text);
	if (!r)
		r = engine_files_read(
			kind, containers->arena, buffer_string(&text), text.len, id, ret_facts);
	buffer_free(&text);
	if (!r && containers->system->tee)
		r = tell_facts(containers, path, kind, ret_facts);
	return r;
}

/* 0; -ENOENT: none of the files can be read; -ENOMEM. */
static int read_first(struct containers *containers, const char *const *paths, size_t n_paths,
	enum engine_file kind, const char *id, struct engine_facts *ret_facts)
{
	char path[PATH_MAX];
	int r = -ENOENT;

	for (size_t i = 0; r && r != -ENOMEM && i < n_paths; i++) {
		const char *hole = strstr(paths[i], "%s");

		(void)snprintf(path, sizeof(path), "%.*s%s%s", (int)(hole - paths[i]), paths[i], id,
			hole + 2);
		r = read_facts(containers, path, kind, id, false, ret_facts);
	}
	return r && r != -ENOMEM ? -ENOENT : r;
}

/* What podman stores, of the user first when there is one. */
static int read_storage(struct containers *containers, const struct berth_place *place,
	struct engine_facts *ret_facts)
{
	static const char system_root[] = "/var/lib/containers/storage";
	char home[PATH_MAX];
	char path[PATH_MAX + 128];
	int r = -ENOENT;
	bool has_home = place->has_user &&
		!system_home(containers->system, place->user_uid, home, sizeof(home));

	for (size_t i = 0; has_home && r && r != -ENOMEM && i < COUNT(storage_files); i++) {
		(void)snprintf(path, sizeof(path), "%s/.local/share/containers/storage%s", home,
			storage_files[i]);
		r = read_facts(
			containers, path, ENGINE_FILE_STORAGE, place->container, true, ret_facts);
	}
	for (size_t i = 0; r && r != -ENOMEM && i < COUNT(storage_files); i++) {
		(void)snprintf(path, sizeof(path), "%s%s", system_root, storage_files[i]);
		r = read_facts(
			containers, path, ENGINE_FILE_STORAGE, place->container, false, ret_facts);
	}
	return r && r != -ENOMEM ? -ENOENT : r;
}

static void take_facts(const struct engine_facts *facts, struct berth_place *place)
{
	place->container_name = place->container_name ? place->container_name : facts->name;
	place->image = facts->image;
	place->pod = place->pod ? place->pod : facts->pod;
	place->pod_name = facts->pod_name;
	place->pod_namespace = facts->pod_namespace;
}

/* An id alone does not tell its engine; the one that has a file for it is it. */
static int find_engine(
	struct containers *containers, struct berth_place *place, struct engine_facts *facts)
{
	enum berth_engine engine = BERTH_DOCKER;
	int r = read_first(containers, docker_files, COUNT(docker_files), ENGINE_FILE_DOCKER,
		place->container, facts);

	if (r == -ENOENT) {
		engine = BERTH_CONTAINERD;
		r = read_first(containers, containerd_files, COUNT(containerd_files),
			ENGINE_FILE_OCI, place->container, facts);
	}
	if (r == -ENOENT) {
		engine = BERTH_CRIO;
		r = read_first(containers, crio_files, COUNT(crio_files), ENGINE_FILE_OCI,
			place->container, facts);
	}
	if (!r)
		place->engine = engine;
	return r;
}

/* ---- LXC, LXD, Incus and machines ----------------------------------------------------------- */

/* LXD and Incus keep a link to the storage of each instance. */
static void tell_lxc_apart(struct containers *containers, struct berth_place *place)
{
	static const struct {
		const char *folder;
		enum berth_engine engine;
	} folders[] = {
		{"/var/snap/lxd/common/lxd/containers/", BERTH_LXD},
		{"/var/lib/lxd/containers/", BERTH_LXD},
		{"/var/lib/incus/containers/", BERTH_INCUS},
	};
	char path[PATH_MAX];
	char target[SYSTEM_TARGET];

	for (size_t i = 0; i < COUNT(folders); i++) {
		(void)snprintf(path, sizeof(path), "%s%s", folders[i].folder, place->container);
		if (system_link(containers->system, path, target, sizeof(target)) > 0) {
			place->engine = folders[i].engine;
			return;
		}
	}
}

/* systemd-machined has a file of lines KEY=VALUE for each machine, and SERVICE says who registered
 * it. Not there when it was not registered. */
static int tell_machine_apart(struct containers *containers, struct berth_place *place)
{
	static const char key[] = "\nSERVICE=";
	char path[PATH_MAX];
	struct buffer text = {0};

	(void)snprintf(path, sizeof(path), "/run/systemd/machines/%s", place->container);
	buffer_char(&text, '\n');
	int r = system_file(containers->system, path, LARGEST_FILE, &text);
	const char *service = r ? NULL : strstr(buffer_string(&text), key);
	if (service) {
		service += sizeof(key) - 1;
		if (!strncmp(service, "libvirt", 7))
			place->engine = BERTH_LIBVIRT;
		else if (strncmp(service, "systemd-nspawn", 14) != 0)
			place->engine = BERTH_SOME_ENGINE;
	}
	buffer_free(&text);
	return r == -ENOMEM ? r : 0;
}

int containers_describe(struct containers *containers, struct berth_place *place)
{
	struct engine_facts facts = {0};
	int r = 0;

	if (!is_component(place->container))
		return 0;
	switch (place->engine) {
	case BERTH_SOME_ENGINE:
		r = find_engine(containers, place, &facts);
		break;
	case BERTH_DOCKER:
		r = read_first(containers, docker_files, COUNT(docker_files), ENGINE_FILE_DOCKER,
			place->container, &facts);
		break;
	case BERTH_PODMAN:
		r = read_storage(containers, place, &facts);
		break;
	case BERTH_CONTAINERD:
		r = read_first(containers, containerd_files, COUNT(containerd_files),
			ENGINE_FILE_OCI, place->container, &facts);
		break;
	case BERTH_CRIO:
		r = read_first(containers, crio_files, COUNT(crio_files), ENGINE_FILE_OCI,
			place->container, &facts);
		break;
	case BERTH_LXC:
		tell_lxc_apart(containers, place);
		break;
	case BERTH_NSPAWN:
		r = tell_machine_apart(containers, place);
		break;
	case BERTH_NO_ENGINE:
	case BERTH_RUNC:
	case BERTH_CRUN:
	case BERTH_LXD:
	case BERTH_INCUS:
	case BERTH_LIBVIRT:
		break;
	}
	if (!r)
		take_facts(&facts, place);
	return r == -ENOMEM ? r : 0;
}

/* ---- Runtimes ------------------------------------------------------------------------------- */

static bool is_there(const struct containers *containers, const char *path)
{
	struct sockets_system untold = *containers->system;
	const struct buffer mark = {0};
	struct buffer text = {0};

	untold.tee = NULL;
	int r = system_file(&untold, path, SHOWN_BYTE, &text);
	buffer_free(&text);
	if (r && r != -EFBIG)
		return false;
	system_tell_file(containers->system, path, &mark); /* that it is there is all we read */
	return true;
}

int containers_of_runtime(struct containers *containers, const char *parent, const char *name,
	struct berth_place *place)
{
	char path[PATH_MAX];
	enum berth_engine engine = BERTH_RUNC;

	if (!is_component(name))
		return 0;
	(void)snprintf(path, sizeof(path), "/run/runc/%s/state.json", name);
	bool found = is_there(containers, path);
	if (!found) {
		engine = BERTH_CRUN;
		(void)snprintf(path, sizeof(path), "/run/crun/%s/status", name);
		found = is_there(containers, path);
	}
	if (!found && is_component(parent)) {
		engine = BERTH_CONTAINERD;
		(void)snprintf(
			path, sizeof(path), "/run/containerd/runc/%s/%s/state.json", parent, name);
		found = is_there(containers, path);
	}
	if (!found)
		return 0;
	place->container = arena_text(containers->arena, name, strlen(name));
	place->engine = engine;
	return place->container ? 0 : -ENOMEM;
}

/* ---- Docker by address ---------------------------------------------------------------------- */

struct reading {
	struct containers *containers;
	size_t left;
};

/* A system_entry of the folder of containers. */
static int read_docker(void *context, const char *id)
{
	struct reading *reading = context;
	struct containers *containers = reading->containers;

	if (!is_component(id) || !reading->left)
		return 0;
	reading->left--;
	struct containers_docker *docker = arena_alloc(containers->arena, sizeof(*docker));
	if (!docker)
		return -ENOMEM;
	docker->id = arena_text(containers->arena, id, strlen(id));
	int r = docker->id ? read_first(containers, docker_files, COUNT(docker_files),
				     ENGINE_FILE_DOCKER, docker->id, &docker->facts)
			   : -ENOMEM;
	if (!r) {
		docker->next = containers->docker;
		containers->docker = docker;
	}
	return r == -ENOMEM ? r : 0;
}

static int read_dockers(struct containers *containers)
{
	struct reading reading = {.containers = containers, .left = DOCKERS_MOST};
	char folder[PATH_MAX];
	int r = -ENOENT;

	for (size_t i = 0; r == -ENOENT && i < COUNT(docker_files); i++) {
		const char *hole = strstr(docker_files[i], "/%s");

		(void)snprintf(folder, sizeof(folder), "%.*s", (int)(hole - docker_files[i]),
			docker_files[i]);
		r = system_folder(containers->system, folder, read_docker, &reading);
	}
	containers->has_docker = true;
	return r == -ENOMEM ? r : 0;
}

static bool has_address(const struct engine_facts *facts, const char *address)
{
	for (size_t i = 0; i < facts->n_addresses; i++) {
		if (!strcmp(facts->addresses[i], address))
			return true;
	}
	return false;
}

int containers_by_address(
	struct containers *containers, const char *address, const struct berth_place **ret_place)
{
	int r = containers->has_docker ? 0 : read_dockers(containers);

	for (const struct containers_docker *docker = containers->docker; !r && docker;
		docker = docker->next) {
		if (!has_address(&docker->facts, address))
			continue;
		struct berth_place *place = arena_alloc(containers->arena, sizeof(*place));
		if (!place)
			return -ENOMEM;
		place->engine = BERTH_DOCKER;
		place->container = docker->id;
		take_facts(&docker->facts, place);
		*ret_place = place;
		return 0;
	}
	return r;
}
