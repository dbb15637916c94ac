// SPDX-License-Identifier: MIT
/*
 * From the cgroup of a process to its place. What a path means is in cgroup_path.c, what engines
 * know of a container in containers.c, what their helpers say of themselves in proxies.c; here they
 * meet.
 */
#include "sockets/linux/places.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "sockets/linux/cgroup_path.h"
#include "sockets/linux/process.h"
#include "sockets/linux/proxies.h"

enum {
	LARGEST_CGROUP = 65536,
	LARGEST_COMMAND = 131072,
	PATH_SIZE = 64,
	DEEPEST = 4, /* containers in containers */
	ROOT = 0, /* uid */
};

struct places_known {
	struct places_known *next; /* with the same hash */
	const char *text; /* what was read */
	size_t len;
	const struct berth_place *place;
	const struct berth_place *serves;
};

void places_begin(struct places *places, const struct sockets_system *system, struct arena *arena)
{
	*places = (struct places){
		.system = system,
		.arena = arena,
		.containers = {.system = system, .arena = arena},
	};
}

void places_free(struct places *places)
{
	map_free(&places->known);
	buffer_free(&places->text);
}

/* ---- From a path to a place ----------------------------------------------------------------- */

static int copy_span(struct arena *arena, const struct cgroup_span *span, const char **ret_text)
{
	if (!span->len)
		return 0;
	*ret_text = arena_text(arena, span->text, span->len);
	return *ret_text ? 0 : -ENOMEM;
}

static bool is_machine(enum berth_engine engine)
{
	return engine == BERTH_NSPAWN || engine == BERTH_LIBVIRT;
}

static int take_container(
	struct places *places, const struct cgroup_path *path, struct berth_place *place)
{
	place->engine = path->engine;
	if (is_machine(path->engine)) {
		place->container = cgroup_path_name(places->arena, &path->container);
		return place->container ? 0 : -ENOMEM;
	}
	return copy_span(places->arena, &path->container, &place->container);
}

static int copy_path(
	struct places *places, const struct cgroup_path *path, struct berth_place *place)
{
	struct arena *arena = places->arena;

	place->has_user = path->has_user;
	place->user_uid = path->user_uid;
	int r = copy_span(arena, &path->path, &place->cgroup);
	if (!r)
		r = copy_span(arena, &path->slice, &place->slice);
	if (!r)
		r = copy_span(arena, &path->unit, &place->unit);
	if (!r)
		r = copy_span(arena, &path->user_unit, &place->user_unit);
	if (!r && path->pod.len) {
		place->pod = cgroup_path_pod(arena, &path->pod);
		r = place->pod ? 0 : -ENOMEM;
	}
	return r;
}

/* What is inside of a container was named inside of it, and its files are not in our root. */
static int take_inside(
	struct places *places, const struct cgroup_span *inside, struct berth_place *place)
{
	struct berth_place *outer = place;
	struct cgroup_span rest = *inside;
	int r = 0;

	for (int depth = 0; !r && rest.len && depth < DEEPEST; depth++) {
		struct cgroup_path path;

		cgroup_path_parse(rest.text, rest.len, &path);
		if (!path.unit.len && !path.container.len)
			return 0;
		struct berth_place *inner = arena_alloc(places->arena, sizeof(*inner));
		if (!inner)
			return -ENOMEM;
		r = copy_path(places, &path, inner);
		if (!r && !path.helper)
			r = take_container(places, &path, inner);
		outer->inside = inner;
		outer = inner;
		rest = path.inside;
	}
	return r;
}

static int take_runtime(
	struct places *places, const struct cgroup_path *path, struct berth_place *place)
{
	const char *parent = "";
	const char *name = NULL;
	int r = copy_span(places->arena, &path->last, &name);

	if (!r)
		r = copy_span(places->arena, &path->before_last, &parent);
	if (!r && name)
		r = containers_of_runtime(&places->containers, parent, name, place);
	return r;
}

/* A helper that works for a container is not in it. */
static int take_serves(
	struct places *places, const struct cgroup_path *path, const struct berth_place **ret_place)
{
	struct berth_place *place = arena_alloc(places->arena, sizeof(*place));
	int r = place ? take_container(places, path, place) : -ENOMEM;

	if (r)
		return r;
	place->has_user = path->has_user;
	place->user_uid = path->user_uid;
	*ret_place = place;
	return containers_describe(&places->containers, place);
}

static int work_out(
	struct places *places, const struct cgroup_path *path, struct places_known *known)
{
	struct berth_place *place = arena_alloc(places->arena, sizeof(*place));
	int r = place ? copy_path(places, path, place) : -ENOMEM;

	if (r)
		return r;
	known->place = place;
	if (path->helper)
		return take_serves(places, path, &known->serves);
	if (!path->container.len)
		return take_runtime(places, path, place);
	r = take_container(places, path, place);
	if (!r)
		r = containers_describe(&places->containers, place);
	if (!r)
		r = take_inside(places, &path->inside, place);
	return r;
}

/* ---- What was worked out before --------------------------------------------------------------
 */

/* FNV-1a. Who makes two texts share a hash gets a list of two. */
static uint64_t hash_of(const char *text, size_t len)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (unsigned char)text[i]) * UINT64_C(0x100000001b3);
	return hash;
}

/* NULL: no memory. */
static struct places_known *add(struct places *places, uint64_t hash, const char *text, size_t len)
{
	struct places_known *known = arena_alloc(places->arena, sizeof(*known));

	if (!known)
		return NULL;
	known->next = map_get(&places->known, hash);
	known->text = arena_text(places->arena, text, len);
	known->len = len;
	return known->text && !map_put(&places->known, hash, known) ? known : NULL;
}

/* `text` is in the form of /proc/PID/cgroup. */
static int look_up(
	struct places *places, const char *text, size_t len, const struct places_known **ret_known)
{
	uint64_t hash = hash_of(text, len);
	struct places_known *known = map_get(&places->known, hash);
	struct cgroup_path path;
	int r = 0;

	while (known && (known->len != len || memcmp(known->text, text, len) != 0))
		known = known->next;
	if (!known) {
		known = add(places, hash, text, len);
		if (!known)
			return -ENOMEM;
		if (cgroup_path_choose(known->text, len, &path))
			r = work_out(places, &path, known);
	}
	if (!r)
		*ret_known = known;
	return r;
}

/* *ret_known stays when the process is gone. */
static int look_at(struct places *places, uint32_t pid, const struct places_known **ret_known)
{
	char path[PROCESS_PATH];

	process_path(path, pid, "cgroup");
	buffer_clear(&places->text);
	int r = system_file(places->system, path, LARGEST_CGROUP, &places->text);
	if (r || !places->text.len)
		return r == -ENOMEM ? r : 0;
	return look_up(places, places->text.data, places->text.len, ret_known);
}

int places_of(struct places *places, uint32_t pid, const struct berth_place **ret_place)
{
	const struct places_known *known = NULL;
	int r = look_at(places, pid, &known);

	if (!r)
		*ret_place = known ? known->place : NULL;
	return r;
}

int places_at(struct places *places, const char *path, const struct berth_place **ret_place)
{
	const struct places_known *known = NULL;
	struct buffer text = {0};

	buffer_format(&text, "0::%s\n", path);
	int r = text.error ? text.error : look_up(places, buffer_string(&text), text.len, &known);
	buffer_free(&text);
	if (!r)
		*ret_place = known->place;
	return r;
}

/* ---- Helpers of engines ---------------------------------------------------------------------- */

/* The first process of a network namespace that is in a container. */
struct search {
	struct places *places;
	char network[SYSTEM_TARGET];
	const struct berth_place *found;
};

static int network_of(const struct places *places, uint32_t pid, char ret_network[SYSTEM_TARGET])
{
	char path[PATH_SIZE];

	(void)snprintf(path, sizeof(path), "/proc/%u/ns/net", pid);
	return system_link(places->system, path, ret_network, SYSTEM_TARGET) > 0 ? 0 : -ENOENT;
}

/* A system_entry of /proc. */
static int search_process(void *context, const char *name)
{
	struct search *search = context;
	const struct berth_place *place = NULL;
	char network[SYSTEM_TARGET];
	uint64_t pid = 0;

	if (text_number(name, strlen(name), INT32_MAX, &pid) ||
		network_of(search->places, (uint32_t)pid, network) ||
		strcmp(network, search->network) != 0)
		return 0;
	int r = places_of(search->places, (uint32_t)pid, &place);
	if (!r && place && place->container)
		search->found = place;
	return r ? r : search->found != NULL;
}

static int search_network(struct search *search)
{
	char own[SYSTEM_TARGET];

	/* Our own is that of whoever has the port: the helper would then need no helper. */
	if (system_link(search->places->system, "/proc/self/ns/net", own, sizeof(own)) > 0 &&
		!strcmp(own, search->network))
		return 0;
	int r = system_folder(search->places->system, "/proc", search_process, search);
	return r == -ENOMEM ? r : 0;
}

/* The network of the first child; rootlessport has just one. */
static int network_of_child(const struct places *places, uint32_t pid, char *ret_network)
{
	char path[PATH_SIZE];
	struct buffer text = {0};
	uint64_t child = 0;

	(void)snprintf(path, sizeof(path), "/proc/%u/task/%u/children", pid, pid);
	int r = system_file(places->system, path, PATH_SIZE, &text);
	const char *list = buffer_string(&text);
	bool has = (!r || r == -EFBIG) && !text_number(list, strcspn(list, " "), INT32_MAX, &child);
	buffer_free(&text);
	return has ? network_of(places, (uint32_t)child, ret_network) : -ENOENT;
}

static int by_network(struct places *places, const struct berth_process *process,
	const struct proxies_target *target, const struct berth_place **ret_place)
{
	struct search search = {.places = places};
	struct buffer path = {0};
	int r = -ENOENT;

	if (target->kind == PROXIES_CHILD) {
		r = network_of_child(places, process->pid, search.network);
	} else if (target->kind == PROXIES_PROCESS) {
		r = network_of(places, target->pid, search.network);
	} else {
		buffer_format(&path, "/proc/%u/root%s", process->pid, target->text);
		r = path.error ? path.error
			       : system_namespace(places->system, buffer_string(&path),
					 search.network, sizeof(search.network));
		buffer_free(&path);
	}
	if (!r)
		r = search_network(&search);
	*ret_place = search.found;
	return r == -ENOMEM ? r : 0;
}

/* conmon, which works for podman and for CRI-O; its cgroup may tell which. */
static int by_id(struct places *places, const struct berth_process *process,
	const struct proxies_target *target, const struct berth_place **ret_place)
{
	const struct berth_place *known = *ret_place;
	struct berth_place *place = arena_alloc(places->arena, sizeof(*place));

	if (!place)
		return -ENOMEM;
	place->engine = known ? known->engine : BERTH_PODMAN;
	place->container = arena_text(places->arena, target->text, strlen(target->text));
	if (!place->container)
		return -ENOMEM;
	place->has_user = process->uid != ROOT;
	place->user_uid = process->uid;
	int r = containers_describe(&places->containers, place);
	if (!r && !place->container_name && target->name) {
		place->container_name =
			arena_text(places->arena, target->name, strlen(target->name));
		r = place->container_name ? 0 : -ENOMEM;
	}
	*ret_place = place;
	return r;
}

static int find_served(struct places *places, struct berth_process *process,
	const char *const *argv, size_t n_argv)
{
	struct proxies_target target;

	proxies_read(process->name, argv, n_argv, &target);
	process->serves_port = target.port;
	switch (target.kind) {
	case PROXIES_ADDRESS:
		/* dockerd starts it as root; others may have taken its name. */
		return process->uid == ROOT
			? containers_by_address(&places->containers, target.text, &process->serves)
			: 0;
	case PROXIES_ID:
		return by_id(places, process, &target, &process->serves);
	case PROXIES_CHILD:
	case PROXIES_PROCESS:
	case PROXIES_NAMESPACE:
		return by_network(places, process, &target, &process->serves);
	case PROXIES_NONE:
		break;
	}
	return 0;
}

static int read_served(struct places *places, struct berth_process *process)
{
	const char *const *argv = process->argv;
	size_t n_argv = process->n_argv;
	char path[PATH_SIZE];
	struct buffer text = {0};
	int r = 0;

	if (!n_argv) {
		(void)snprintf(path, sizeof(path), "/proc/%u/cmdline", process->pid);
		r = system_file(places->system, path, LARGEST_COMMAND, &text);
		if ((!r || r == -EFBIG) && text.data)
			r = process_parse_arguments(
				places->arena, text.data, text.len, &argv, &n_argv);
		buffer_free(&text);
	}
	return r == -ENOMEM ? r : find_served(places, process, argv, n_argv);
}

int places_fill(struct places *places, struct berth_process *process)
{
	const struct places_known *known = NULL;
	int r = look_at(places, process->pid, &known);

	if (r || !known)
		return r;
	process->place = known->place;
	process->serves = known->serves;
	/* Inside of a container the names of helpers mean nothing. */
	if (known->place && !known->place->container && proxies_is_helper(process->name))
		r = read_served(places, process);
	return r;
}
