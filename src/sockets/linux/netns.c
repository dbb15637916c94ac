// SPDX-License-Identifier: MIT
/*
 * Finds network namespaces, from cheap to dear: those with a name are two folders; those of
 * processes cost a link for each process and thread; those that only a descriptor keeps, a link for
 * each descriptor of the machine; those that are mounted elsewhere, a table for each mount
 * namespace. What is kept by a socket alone is not found.
 */
#include "sockets/linux/netns.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "sockets/linux/netns_fds.h"
#include "sockets/linux/netns_text.h"
#include "sockets/linux/process.h"

enum {
	FIRST_NETNS = 16,
	QUICK_MOST = 20, /* 45 us each: a quick look costs a millisecond at most */
	LARGEST_MOUNTS = 16 << 20,
	LARGEST_STAT = 4096,
	LARGEST_PID = 4194304, /* PID_MAX_LIMIT; inodes of namespaces begin far above */
};

static const char named_folder[] = "/run/netns";
static const char engine_folder[] = "/run/docker/netns";

/* ---- Gathering ------------------------------------------------------------------------------- */

struct way {
	const struct system_netns *place;
	enum berth_netns_kind kind;
	const char *path;
	const char *name; /* NULL: the way has none */
	uint32_t pid;
};

static int add(struct netns_list *list, const struct way *way, struct netns **ret_netns)
{
	if (list->count == list->size) {
		size_t size = list->size ? list->size * 2 : FIRST_NETNS;
		struct netns **all = reallocarray(list->all, size, sizeof(struct netns *));

		if (!all)
			return -ENOMEM;
		list->all = all;
		list->size = size;
	}
	struct netns *netns = arena_alloc(list->arena, sizeof(*netns));
	if (!netns)
		return -ENOMEM;
	netns->place = *way->place;
	netns->kind = way->kind;
	netns->pid = way->pid;
	netns->own = !list->count; /* the first that is noted */
	int r = map_put(&list->known, netns->place.id, netns);
	if (r)
		return r;
	list->all[list->count++] = netns;
	*ret_netns = netns;
	return 0;
}

/* Notes one more way to a namespace; of several the most lasting is kept. */
static int note(struct netns_list *list, const struct way *way)
{
	struct netns *netns = map_get(&list->known, way->place->id);
	int r = netns ? 0 : add(list, way, &netns);

	if (r)
		return r;
	if (way->kind == BERTH_NETNS_PROCESS && !netns->place.pid) {
		netns->place.pid = way->place->pid;
		netns->pid = way->pid;
	}
	if (netns->path && netns->kind <= way->kind)
		return 0;
	netns->kind = way->kind;
	netns->path = arena_text(list->arena, way->path, strlen(way->path));
	if (way->name)
		netns->name = arena_text(list->arena, way->name, strlen(way->name));
	return netns->path && (!way->name || netns->name) ? 0 : -ENOMEM;
}

/* Whatever else cannot be read is not there for us. */
static bool is_error(int r)
{
	return r == -ENOMEM;
}

static int note_own(struct netns_list *list)
{
	struct system_netns own = {0};
	const struct way way = {
		.place = &own, .kind = BERTH_NETNS_PROCESS, .path = "/proc/self/ns/net"};
	int r = system_netns_of(list->system, "/proc/self", &own);

	own.pid = (uint32_t)getpid();
	/* Without /proc, or in an old recording, it has no number, and others still have theirs. */
	return is_error(r) ? r : note(list, &way);
}

/* ---- Names ----------------------------------------------------------------------------------- */

struct names_folder {
	struct netns_list *list;
	const char *path;
	enum berth_netns_kind kind;
};

static int see_name(void *context, const char *name)
{
	const struct names_folder *folder = context;
	struct system_netns place = {0};
	struct buffer path = {0};

	buffer_format(&path, "%s/%s", folder->path, name);
	int r = path.error;
	/* Others are what is left of a name where nothing is mounted, as in another mount
	 * namespace. */
	if (!r && !system_netns_at(folder->list->system, buffer_string(&path), &place))
		r = note(folder->list,
			&(struct way){.place = &place,
				.kind = folder->kind,
				.path = buffer_string(&path),
				.name = name});
	buffer_free(&path);
	return r;
}

/* Our own is noted once there is another one to tell it from. */
static int see_first_name(void *context, const char *name)
{
	struct names_folder *folder = context;
	int r = folder->list->count ? 0 : note_own(folder->list);

	return r ? r : see_name(context, name);
}

static int find_names(struct netns_list *list)
{
	struct names_folder named = {list, named_folder, BERTH_NETNS_NAMED};
	struct names_folder engine = {list, engine_folder, BERTH_NETNS_ENGINE};
	int r = system_folder(list->system, named_folder, see_first_name, &named);

	if (!is_error(r))
		r = system_folder(list->system, engine_folder, see_first_name, &engine);
	return is_error(r) ? r : 0;
}

/* ---- Mounts ---------------------------------------------------------------------------------- */

struct mounts {
	struct netns_list *list;
	const char *root; /* of the paths: "/proc/12/root", or nothing */
};

static int see_mount(void *context, uint64_t inode, const char *path)
{
	const struct mounts *mounts = context;
	const struct system_netns place = {.id = inode};
	struct buffer whole = {0};

	buffer_text(&whole, mounts->root);
	buffer_text(&whole, path);
	int r = whole.error ? whole.error
			    : note(mounts->list,
				      &(struct way){.place = &place,
					      .kind = BERTH_NETNS_MOUNT,
					      .path = buffer_string(&whole)});
	buffer_free(&whole);
	return r;
}

static int read_mounts(struct netns_list *list, const char *process, const char *root)
{
	struct mounts mounts = {.list = list, .root = root};
	struct buffer text = {0};
	char path[SYSTEM_PATH];

	(void)snprintf(path, sizeof(path), "%s/mountinfo", process);
	int r = system_file(list->system, path, LARGEST_MOUNTS, &text);
	if ((!r || r == -EFBIG) && text.data)
		r = netns_text_mounts(text.data, text.len, see_mount, &mounts);
	buffer_free(&text);
	return is_error(r) ? r : 0;
}

/* The number in "mnt:[4026531841]"; 0: not readable. */
static uint64_t mount_namespace(const struct netns_list *list, const char *process)
{
	static const char kind[] = "mnt:[";
	char path[SYSTEM_PATH];
	char target[SYSTEM_TARGET];
	uint64_t id = 0;

	(void)snprintf(path, sizeof(path), "%s/ns/mnt", process);
	ssize_t len = system_link(list->system, path, target, sizeof(target));
	if (len < (ssize_t)sizeof(kind) || memcmp(target, kind, sizeof(kind) - 1) != 0 ||
		text_number(target + sizeof(kind) - 1, (size_t)len - sizeof(kind), UINT32_MAX, &id))
		return 0;
	return id;
}

/* Each mount namespace once; `root` as in struct mounts. */
static int find_mounts(struct netns_list *list, const char *process, const char *root)
{
	uint64_t id = mount_namespace(list, process);

	/* Ours is read whether or not it has a number. */
	if (*root && (!id || map_has(&list->mounts, id)))
		return 0;
	int r = map_put(&list->mounts, id, NULL);
	return r ? r : read_mounts(list, process, root);
}

/* ---- Processes ------------------------------------------------------------------------------- */

struct threads {
	struct netns_list *list;
	uint32_t pid;
};

static int note_process(struct netns_list *list, const char *path, uint32_t pid, uint32_t thread)
{
	struct system_netns place = {0};
	char link[SYSTEM_PATH];
	int r = system_netns_of(list->system, path, &place);

	if (r == -EACCES || r == -EPERM)
		list->hidden = true;
	if (r) /* it ended, or cannot be seen */
		return is_error(r) ? r : 0;
	place.pid = thread;
	(void)snprintf(link, sizeof(link), "%s/ns/net", path);
	return note(list,
		&(struct way){
			.place = &place, .kind = BERTH_NETNS_PROCESS, .path = link, .pid = pid});
}

/* A thread may have moved away from its process: setns(2). */
static int see_thread(void *context, const char *name)
{
	const struct threads *threads = context;
	char path[PROCESS_PATH];
	uint64_t thread = 0;

	if (text_number(name, strlen(name), INT32_MAX, &thread) || thread == threads->pid)
		return 0;
	(void)snprintf(path, sizeof(path), "/proc/%u/task/%u", threads->pid, (uint32_t)thread);
	return note_process(threads->list, path, threads->pid, (uint32_t)thread);
}

static int find_of_process(struct netns_list *list, uint32_t pid)
{
	struct threads threads = {.list = list, .pid = pid};
	char process[PROCESS_PATH];
	char path[PROCESS_PATH];

	(void)snprintf(process, sizeof(process), "/proc/%u", pid);
	int r = note_process(list, process, pid, pid);
	(void)snprintf(path, sizeof(path), "/proc/%u/task", pid);
	if (!r)
		r = system_folder(list->system, path, see_thread, &threads);
	(void)snprintf(path, sizeof(path), "/proc/%u/root", pid);
	if (!is_error(r))
		r = find_mounts(list, process, path);
	return is_error(r) ? r : 0;
}

static int note_descriptor(void *context, const struct netns_fd *fd)
{
	const struct system_netns place = {.id = fd->id};
	char path[SYSTEM_PATH];

	(void)snprintf(path, sizeof(path), "/proc/%u/fd/%u", fd->pid, fd->fd);
	return note(context,
		&(struct way){.place = &place,
			.kind = BERTH_NETNS_DESCRIPTOR,
			.path = path,
			.pid = fd->pid});
}

/*
 * A process that we may not look into is known by its table, one that we may by its namespace; a
 * namespace with processes of both kinds was noted twice.
 */
static void unite(struct netns_list *list)
{
	size_t kept = 0;

	for (size_t i = 0; i < list->count; i++) {
		const struct system_netns *place = &list->all[i]->place;
		struct netns *twin = NULL;

		if (list->hidden && !place->is_table)
			twin = map_get(&list->known, system_netns_table(list->system, place));
		if (twin && twin->place.is_table)
			twin->twice = true;
	}
	for (size_t i = 0; i < list->count; i++) {
		if (!list->all[i]->twice)
			list->all[kept++] = list->all[i];
	}
	list->count = kept;
}

static int find_all(struct netns_list *list)
{
	struct netns_fds fds = {.system = list->system};
	int r = list->count ? 0 : note_own(list);

	if (!r)
		r = find_mounts(list, "/proc/self", "");
	if (!r)
		r = netns_fds_processes(&fds);
	for (size_t i = 0; !r && i < fds.n_pids; i++)
		r = find_of_process(list, fds.pids[i]);
	if (!r)
		r = netns_fds_find(&fds, note_descriptor, list);
	list->hidden = list->hidden || fds.denied;
	if (!r)
		unite(list);
	netns_fds_free(&fds);
	return r;
}

/* ---- What they are called -------------------------------------------------------------------- */

static int put_process(const struct netns_list *list, uint32_t pid, struct buffer *name)
{
	struct process_stat stat;
	struct buffer text = {0};
	char path[SYSTEM_PATH];

	(void)snprintf(path, sizeof(path), "/proc/%u/stat", pid);
	int r = system_file(list->system, path, LARGEST_STAT, &text);
	if (!r && text.data && !process_parse_stat(text.data, text.len, &stat))
		buffer_format(name, "%s[%u]", stat.name, pid);
	buffer_free(&text);
	return is_error(r) ? r : 0;
}

/* The container or unit of a process: the one place where netns asks for it. */
static int put_place(struct netns_list *list, uint32_t pid, struct buffer *name)
{
	const struct berth_place *place = NULL;
	int r = places_of(&list->places, pid, &place);

	if (place && place->container_name)
		buffer_text(name, place->container_name);
	else if (place && place->container)
		buffer_format(name, "%.12s", place->container); /* as engines shorten ids */
	else if (place && place->user_unit)
		buffer_text(name, place->user_unit);
	else if (place && place->unit)
		buffer_text(name, place->unit);
	return r;
}

static int put_name(struct netns_list *list, const struct netns *netns, struct buffer *name)
{
	bool keeper = netns->kind == BERTH_NETNS_DESCRIPTOR;
	int r = 0;

	if (netns->pid && !keeper)
		r = put_place(list, netns->pid, name);
	if (!r && !name->len && netns->name)
		buffer_text(name, netns->name);
	if (!r && !name->len && netns->pid) {
		buffer_text(name, keeper ? "kept by " : "");
		size_t before = name->len;

		r = put_process(list, netns->pid, name);
		if (name->len == before)
			buffer_clear(name);
	}
	if (!name->len)
		buffer_format(name, "net:[%llu]", (unsigned long long)netns->place.id);
	return r ? r : name->error;
}

static int give_name(struct netns_list *list, struct netns *netns)
{
	static const char own[] = "this one";
	bool chosen = netns->name && !netns_text_is_generated(netns->name) &&
		netns->kind == BERTH_NETNS_NAMED;
	struct buffer name = {0};

	if (netns->own || chosen) {
		netns->name = netns->own ? own : netns->name;
		return 0;
	}
	int r = put_name(list, netns, &name);
	if (!r) {
		netns->name = arena_text(list->arena, buffer_string(&name), name.len);
		r = netns->name ? 0 : -ENOMEM;
	}
	buffer_free(&name);
	return r;
}

/* ---- The list -------------------------------------------------------------------------------- */

static int compare(const void *left, const void *right)
{
	const struct netns *a = *(const struct netns *const *)left;
	const struct netns *b = *(const struct netns *const *)right;

	if (a->own != b->own)
		return a->own ? -1 : 1;
	int r = strcmp(a->name, b->name);
	return r ? r : (a->place.id > b->place.id) - (a->place.id < b->place.id);
}

static void show(const struct netns *netns, struct berth_netns *ret_shown)
{
	*ret_shown = (struct berth_netns){
		.inode = netns->place.is_table ? 0 : netns->place.id,
		.name = netns->name,
		.kind = netns->kind,
		.own = netns->own,
		.pid = netns->own || netns->kind == BERTH_NETNS_DESCRIPTOR ? 0 : netns->pid,
		.path = netns->path,
	};
}

static int finish(struct netns_list *list, bool quick)
{
	int r = 0;

	for (size_t i = 0; !r && i < list->count; i++)
		r = give_name(list, list->all[i]);
	if (r || !list->count)
		return r;
	qsort(list->all, list->count, sizeof(struct netns *), compare);
	list->shown = arena_array(list->arena, list->count, sizeof(*list->shown));
	if (!list->shown)
		return -ENOMEM;
	for (size_t i = 0; i < list->count; i++) {
		show(list->all[i], list->shown + i);
		list->all[i]->skipped = quick && i > QUICK_MOST;
	}
	return 0;
}

/* ---- One of them ----------------------------------------------------------------------------- */

/* Notes the one that the text leads to without a search. -ENOENT: none. */
static int note_one(struct netns_list *list, const char *text)
{
	static const char *const folders[] = {named_folder, engine_folder};
	struct system_netns place = {0};
	struct way way = {.place = &place, .kind = BERTH_NETNS_MOUNT, .path = text};
	struct buffer path = {0};
	uint64_t pid = 0;
	int r = -ENOENT;

	if (!text_number(text, strlen(text), LARGEST_PID, &pid)) {
		buffer_format(&path, "/proc/%u", (uint32_t)pid);
		r = system_netns_of(list->system, buffer_string(&path), &place);
		buffer_text(&path, "/ns/net");
		way.kind = BERTH_NETNS_PROCESS;
		way.pid = place.pid = (uint32_t)pid;
	} else if (strchr(text, '/')) {
		buffer_text(&path, text);
		r = system_netns_at(list->system, text, &place);
	}
	for (size_t i = 0; r == -ENOENT && !pid && i < 2 && !strchr(text, '/'); i++) {
		buffer_clear(&path);
		buffer_format(&path, "%s/%s", folders[i], text);
		r = system_netns_at(list->system, buffer_string(&path), &place);
		if (r == -EINVAL) /* what is left of a name */
			r = -ENOENT;
		way.kind = i ? BERTH_NETNS_ENGINE : BERTH_NETNS_NAMED;
		way.name = text;
	}
	way.path = buffer_string(&path);
	if (!r)
		r = path.error ? path.error : note(list, &way);
	buffer_free(&path);
	return r;
}

static bool is_one(const struct netns *netns, const char *text)
{
	struct system_netns place;
	uint64_t inode = 0;

	if (!text_number(text, strlen(text), UINT32_MAX, &inode))
		return inode == netns->place.id && !netns->place.is_table;
	if (!system_netns_parse(text, &place))
		return place.id == netns->place.id && place.is_table == netns->place.is_table;
	return !strcmp(text, netns->name);
}

/* Leaves our own and the one; when both are the same, just that. */
static int keep_one(struct netns_list *list, const char *text)
{
	for (size_t i = 0; i < list->count; i++) {
		if (!is_one(list->all[i], text))
			continue;
		if (i)
			list->all[1] = list->all[i];
		if (i)
			list->shown[1] = list->shown[i];
		list->count = i ? 2 : 1;
		return 0;
	}
	return -ENOENT;
}

static int find_one(struct netns_list *list, const char *text, struct buffer *ret_problem)
{
	int r = note_own(list);

	if (!r)
		r = note_one(list, text);
	if (!r) {
		r = finish(list, false);
	} else if (r == -ENOENT && !strchr(text, '/')) {
		r = find_names(list);
		if (!r)
			r = find_all(list);
		if (!r)
			r = finish(list, false);
		if (!r)
			r = keep_one(list, text);
	}
	if (r == -ENOENT)
		buffer_format(ret_problem, "there is no network namespace '%s'", text);
	else if (r == -EINVAL)
		buffer_format(ret_problem, "%s is no network namespace", text);
	else if (r && !is_error(r))
		buffer_format(ret_problem, "%s: %s", text, strerror(-r));
	return r;
}

size_t netns_one(const struct netns_list *list)
{
	return list->count - 1;
}

int netns_find(struct netns_list *list, const struct berth_ask *ask, struct buffer *ret_problem)
{
	int r = 0;

	places_begin(&list->places, list->system, list->arena);
	switch (ask->netns_ask) {
	case BERTH_ASK_OWN:
		return 0;
	case BERTH_ASK_NAMED:
		r = find_names(list);
		return r ? r : finish(list, true);
	case BERTH_ASK_ALL:
		r = note_own(list);
		if (!r)
			r = find_names(list);
		if (!r)
			r = find_all(list);
		return r ? r : finish(list, false);
	case BERTH_ASK_ONE:
		return find_one(list, ask->netns ? ask->netns : "", ret_problem);
	}
	return -EINVAL;
}

void netns_free(struct netns_list *list)
{
	free(list->all);
	map_free(&list->known);
	map_free(&list->mounts);
	places_free(&list->places);
	list->all = NULL;
	list->count = list->size = 0;
}
