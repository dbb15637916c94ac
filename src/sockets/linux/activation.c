// SPDX-License-Identifier: MIT
/*
 * systemd opens the sockets of X.socket from within the cgroup of that unit, which the socket
 * remembers though the manager holds it (socket_address_listen_in_cgroup(), since 243). It does so
 * only where it can use BPF as a firewall, so not on hybrid hosts, in most containers, and for
 * users. There the one unit that listens on the address of the socket is it.
 *
 * The folders of unit files, and what stands before what, are those of systemd.unit(5).
 */
#include "sockets/linux/activation.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "sockets/linux/socket_unit.h"

enum {
	LARGEST_UNIT = 1 << 20,
	UNITS_MOST = 1024,
	DROPINS_MOST = 256,
	SEARCHES_MOST = 16, /* without the capability each goes through the tree of cgroups */
	FIRST_CGROUP = 2, /* 1 is the root, of which nothing is known */
	FOLDERS_MOST = 24,
};

static const char end_of_socket[] = ".socket";
static const char manager_unit[] = "init.scope";

/* A folder of unit files, in the order in which they hide each other. */
struct folder {
	const char *path;
	bool theirs; /* a user's own: links in it are not followed */
	bool no_dropins; /* it was looked through, and has none for sockets */
};

struct active_unit {
	struct active_unit *next;
	const char *service;
	struct socket_unit unit;
};

struct activation_manager {
	struct activation_manager *next;
	bool is_users;
	uint32_t uid;
	struct folder folders[FOLDERS_MOST];
	size_t n_folders;
	bool listed;
	struct active_unit *units;
	size_t n_units;
};

/* ---- Folders --------------------------------------------------------------------------------- */

static const char *const system_folders[] = {
	"/etc/systemd/system.control",
	"/run/systemd/system.control",
	"/run/systemd/transient",
	"/run/systemd/generator.early",
	"/etc/systemd/system",
	"/etc/systemd/system.attached",
	"/run/systemd/system",
	"/run/systemd/system.attached",
	"/run/systemd/generator",
	"/usr/local/lib/systemd/system",
	"/usr/lib/systemd/system",
	"/lib/systemd/system",
	"/run/systemd/generator.late",
};

/* "H": below the home folder, "R": below the runtime folder. */
static const char *const user_folders[] = {
	"H/.config/systemd/user.control",
	"R/systemd/user.control",
	"R/systemd/transient",
	"R/systemd/generator.early",
	"H/.config/systemd/user",
	"/etc/systemd/user",
	"R/systemd/user",
	"/run/systemd/user",
	"R/systemd/generator",
	"H/.local/share/systemd/user",
	"/usr/local/share/systemd/user",
	"/usr/share/systemd/user",
	"/usr/local/lib/systemd/user",
	"/usr/lib/systemd/user",
	"R/systemd/generator.late",
};

static const char *join(struct arena *arena, const char *front, const char *end)
{
	struct buffer path = {0};

	buffer_text(&path, front);
	buffer_text(&path, end);
	const char *copy = path.error ? NULL : arena_text(arena, path.data, path.len);
	buffer_free(&path);
	return copy;
}

static int add_folder(struct activation_manager *manager, const char *path, bool theirs)
{
	if (!path)
		return -ENOMEM;
	manager->folders[manager->n_folders++] = (struct folder){.path = path, .theirs = theirs};
	return 0;
}

static int add_user_folders(struct activation *activation, struct activation_manager *manager)
{
	struct arena *arena = activation->arena;
	char home[PATH_MAX];
	char runtime[48];
	int r = 0;
	bool has_home = !system_home(activation->system, manager->uid, home, sizeof(home));

	(void)snprintf(runtime, sizeof(runtime), "/run/user/%u", manager->uid);
	for (size_t i = 0; !r && i < sizeof(user_folders) / sizeof(*user_folders); i++) {
		const char *path = user_folders[i];

		if (*path == 'R')
			r = add_folder(manager, join(arena, runtime, path + 1), true);
		else if (*path != 'H')
			r = add_folder(manager, path, false);
		else if (has_home)
			r = add_folder(manager, join(arena, home, path + 1), true);
	}
	return r;
}

static int add_system_folders(struct activation_manager *manager)
{
	for (size_t i = 0; i < sizeof(system_folders) / sizeof(*system_folders); i++)
		(void)add_folder(manager, system_folders[i], false);
	return 0;
}

static int get_manager(struct activation *activation, bool is_users, uint32_t uid,
	struct activation_manager **ret_manager)
{
	struct activation_manager *manager = activation->managers;

	while (manager && (manager->is_users != is_users || manager->uid != uid))
		manager = manager->next;
	if (!manager) {
		manager = arena_alloc(activation->arena, sizeof(*manager));
		if (!manager)
			return -ENOMEM;
		manager->is_users = is_users;
		manager->uid = uid;
		int r = is_users ? add_user_folders(activation, manager)
				 : add_system_folders(manager);
		if (r)
			return r;
		manager->next = activation->managers;
		activation->managers = manager;
	}
	*ret_manager = manager;
	return 0;
}

/* ---- One unit -------------------------------------------------------------------------------- */

static int read_file(const struct activation *activation, const struct folder *folder,
	const char *name, struct buffer *ret_text)
{
	struct buffer path = {0};

	buffer_clear(ret_text);
	buffer_format(&path, "%s/%s", folder->path, name);
	int r = path.error;
	if (!r)
		r = folder->theirs ? system_file_unlinked(activation->system, buffer_string(&path),
					     LARGEST_UNIT, ret_text)
				   : system_file(activation->system, buffer_string(&path),
					     LARGEST_UNIT, ret_text);
	buffer_free(&path);
	return r;
}

/* "getty@tty1.socket" becomes "getty@.socket"; others stay. */
static void template_of(const char *name, struct buffer *out)
{
	const char *at = strchr(name, '@');

	buffer_clear(out);
	buffer_bytes(out, name, at ? (size_t)(at + 1 - name) : strlen(name));
	if (at)
		buffer_text(out, end_of_socket);
}

/* The first file of the name, or of its template. None is no error: it may have been transient. */
static int read_fragment(const struct activation *activation,
	const struct activation_manager *manager, struct socket_unit *unit, bool *ret_found)
{
	struct buffer template = {0};
	struct buffer text = {0};
	int r = -ENOENT;

	template_of(unit->name, &template);
	const char *const names[] = {unit->name, buffer_string(&template)};
	for (size_t n = 0; r == -ENOENT && n < 2; n++) {
		for (size_t i = 0; r == -ENOENT && i < manager->n_folders; i++)
			r = read_file(activation, manager->folders + i, names[n], &text);
	}
	if (!r && text.data)
		r = socket_unit_read(activation->arena, text.data, text.len, unit);
	*ret_found = !r;
	buffer_free(&template);
	buffer_free(&text);
	return r == -ENOMEM ? r : 0;
}

struct dropin {
	char *name; /* "50-port.conf" */
	char *path; /* "ssh.socket.d/50-port.conf" */
	const struct folder *folder;
};

struct dropins {
	const struct activation *activation;
	const struct folder *folder; /* that is being listed */
	const char *below; /* "ssh.socket.d" */
	struct dropin all[DROPINS_MOST];
	size_t count;
};

/* A system_entry: of two with one name the first counts. */
static int see_dropin(void *context, const char *name)
{
	struct dropins *dropins = context;

	if (!text_ends(name, ".conf") || dropins->count == DROPINS_MOST)
		return 0;
	for (size_t i = 0; i < dropins->count; i++) {
		if (!strcmp(dropins->all[i].name, name))
			return 0;
	}
	struct dropin *dropin = dropins->all + dropins->count;
	struct buffer path = {0};
	buffer_format(&path, "%s/%s", dropins->below, name);
	dropin->folder = dropins->folder;
	dropin->path = arena_text(dropins->activation->arena, buffer_string(&path), path.len);
	buffer_free(&path);
	if (!dropin->path)
		return -ENOMEM;
	dropin->name = strrchr(dropin->path, '/') + 1;
	dropins->count++;
	return 0;
}

static int list_dropins(
	struct dropins *dropins, const struct activation_manager *manager, const char *below)
{
	struct buffer path = {0};
	int r = 0;

	for (size_t i = 0; r != -ENOMEM && i < manager->n_folders; i++) {
		if (manager->folders[i].no_dropins)
			continue;
		dropins->folder = manager->folders + i;
		dropins->below = below;
		buffer_clear(&path);
		buffer_format(&path, "%s/%s", dropins->folder->path, below);
		r = path.error ? path.error
			       : system_folder(dropins->activation->system, buffer_string(&path),
					 see_dropin, dropins);
	}
	buffer_free(&path);
	return r == -ENOMEM ? r : 0;
}

/* Those of the unit, of its template, of every name that is a front of it up to a dash, and those
 * of all sockets. */
static int list_all_dropins(
	struct dropins *dropins, const struct activation_manager *manager, const char *name)
{
	struct buffer below = {0};
	size_t stem = strlen(name) - (sizeof(end_of_socket) - 1);

	buffer_format(&below, "%s.d", name);
	int r = list_dropins(dropins, manager, buffer_string(&below));
	if (!r && strchr(name, '@')) {
		template_of(name, &below);
		buffer_text(&below, ".d");
		r = list_dropins(dropins, manager, buffer_string(&below));
	}
	for (size_t i = stem; !r && i-- > 1;) {
		if (name[i] != '-')
			continue;
		buffer_clear(&below);
		buffer_format(&below, "%.*s%s.d", (int)i + 1, name, end_of_socket);
		r = list_dropins(dropins, manager, buffer_string(&below));
	}
	if (!r)
		r = list_dropins(dropins, manager, "socket.d");
	r = below.error ? below.error : r;
	buffer_free(&below);
	return r;
}

static int compare_dropins(const void *left, const void *right)
{
	const struct dropin *a = left;
	const struct dropin *b = right;

	return strcmp(a->name, b->name);
}

static int read_dropins(const struct activation *activation,
	const struct activation_manager *manager, struct socket_unit *unit)
{
	struct dropins *dropins = calloc(1, sizeof(*dropins));
	struct buffer text = {0};

	if (!dropins)
		return -ENOMEM;
	dropins->activation = activation;
	int r = list_all_dropins(dropins, manager, unit->name);
	qsort(dropins->all, dropins->count, sizeof(*dropins->all), compare_dropins);
	for (size_t i = 0; r != -ENOMEM && i < dropins->count; i++) {
		const struct dropin *dropin = dropins->all + i;

		r = read_file(activation, dropin->folder, dropin->path, &text);
		if (!r && text.data)
			r = socket_unit_read(activation->arena, text.data, text.len, unit);
	}
	buffer_free(&text);
	free(dropins);
	return r == -ENOMEM ? r : 0;
}

static int read_unit(struct activation *activation, struct activation_manager *manager,
	const char *name, struct active_unit **ret_unit)
{
	struct active_unit *active = arena_alloc(activation->arena, sizeof(*active));
	bool found = false;

	if (!active)
		return -ENOMEM;
	active->unit.name = arena_text(activation->arena, name, strlen(name));
	int r = active->unit.name ? read_fragment(activation, manager, &active->unit, &found)
				  : -ENOMEM;
	if (!r)
		r = read_dropins(activation, manager, &active->unit);
	if (r)
		return r;
	/* Without its file nobody knows what it starts. */
	if (found)
		active->service = socket_unit_service(activation->arena, &active->unit);
	if (found && !active->service)
		return -ENOMEM;
	active->next = manager->units;
	manager->units = active;
	manager->n_units++;
	*ret_unit = active;
	return 0;
}

static int get_unit(struct activation *activation, struct activation_manager *manager,
	const char *name, struct active_unit **ret_unit)
{
	struct active_unit *unit = manager->units;

	while (unit && strcmp(unit->unit.name, name) != 0)
		unit = unit->next;
	if (unit) {
		*ret_unit = unit;
		return 0;
	}
	return manager->n_units < UNITS_MOST ? read_unit(activation, manager, name, ret_unit) : 0;
}

/* ---- All units of a manager ------------------------------------------------------------------ */

struct listing {
	struct activation *activation;
	struct activation_manager *manager;
	struct folder *folder;
	const char *below; /* which folder in it is being listed, "": itself */
};

/* A system_entry of a folder of links, "multi-user.target.wants", in which instances of templates
 * have names. */
static int see_wanted(void *context, const char *name)
{
	struct listing *listing = context;
	struct active_unit *unit = NULL;
	char path[PATH_MAX];
	char target[SYSTEM_TARGET];

	if (!text_ends(name, end_of_socket) || !strchr(name, '@'))
		return 0;
	/* A recording has what was read, so it is read. */
	(void)snprintf(path, sizeof(path), "%s/%s/%s", listing->folder->path, listing->below, name);
	(void)system_link(listing->activation->system, path, target, sizeof(target));
	return get_unit(listing->activation, listing->manager, name, &unit);
}

/* A system_entry of a folder of units: looks whether the second pass has to go into what is below.
 */
static int see_dropins(void *context, const char *name)
{
	struct listing *listing = context;

	if (text_ends(name, "socket.d"))
		listing->folder->no_dropins = false;
	return 0;
}

/* A system_entry of a folder of units. A template is no unit. */
static int see_unit(void *context, const char *name)
{
	struct listing *listing = context;
	struct listing below = *listing;
	struct active_unit *unit = NULL;
	char path[PATH_MAX];

	if (text_ends(name, end_of_socket))
		return text_ends(name, "@.socket")
			? 0
			: get_unit(listing->activation, listing->manager, name, &unit);
	if (!text_ends(name, ".wants") && !text_ends(name, ".requires"))
		return 0;
	below.below = name;
	(void)snprintf(path, sizeof(path), "%s/%s", listing->folder->path, name);
	int r = system_folder(listing->activation->system, path, see_wanted, &below);
	return r == -ENOMEM ? r : 0;
}

/*
 * All that could be active: that the manager holds a socket as a unit describes is taken for a sign
 * that it is. (Which are, the manager tells on D-Bus only.)
 */
static int list_units(struct activation *activation, struct activation_manager *manager)
{
	int r = 0;

	if (manager->listed)
		return 0;
	manager->listed = true;
	for (size_t i = 0; r != -ENOMEM && i < manager->n_folders; i++) {
		struct listing listing = {.activation = activation,
			.manager = manager,
			.folder = manager->folders + i};

		listing.folder->no_dropins = true;
		r = system_folder(activation->system, listing.folder->path, see_dropins, &listing);
	}
	for (size_t i = 0; r != -ENOMEM && i < manager->n_folders; i++) {
		struct listing listing = {.activation = activation,
			.manager = manager,
			.folder = manager->folders + i};

		r = system_folder(activation->system, listing.folder->path, see_unit, &listing);
	}
	return r == -ENOMEM ? r : 0;
}

static int find_by_address(
	struct activation *activation, struct activation_manager *manager, struct berth_socket *row)
{
	int r = list_units(activation, manager);

	for (const struct active_unit *unit = manager->units; !r && unit; unit = unit->next) {
		if (!socket_unit_opens(&unit->unit, row))
			continue;
		row->activation_unit = unit->unit.name;
		row->activation_service = unit->service;
		break;
	}
	return r;
}

/* ---- Cgroups --------------------------------------------------------------------------------- */

/* The path within the hierarchy: cgroup2 is mounted at one of these two places. */
static const char *within(const char *path)
{
	static const char *const mounts[] = {"/sys/fs/cgroup/unified/", "/sys/fs/cgroup/"};

	for (size_t i = 0; i < sizeof(mounts) / sizeof(*mounts); i++) {
		size_t len = strlen(mounts[i]);

		if (!strncmp(path, mounts[i], len))
			return path + len - 1;
	}
	return path;
}

/* NULL in *ret_path: not known. */
static int cgroup_of(
	struct activation *activation, const struct berth_socket *row, const char **ret_path)
{
	char path[PATH_MAX];
	char *copy = NULL;
	int r = 0;

	if (row->cgroup_id < FIRST_CGROUP) {
		*ret_path = NULL;
		return 0;
	}
	if (map_has(&activation->cgroups, row->cgroup_id)) {
		*ret_path = map_get(&activation->cgroups, row->cgroup_id);
		return 0;
	}
	if (row->n_owners || activation->searches++ < SEARCHES_MOST) {
		ssize_t len = system_cgroup(activation->system, row->cgroup_id, path, sizeof(path));
		const char *relative = len > 0 ? within(path) : NULL;

		copy = relative ? arena_text(activation->arena, relative, strlen(relative)) : NULL;
		r = relative && !copy ? -ENOMEM : 0;
	}
	if (!r)
		r = map_put(&activation->cgroups, row->cgroup_id, copy);
	if (!r)
		*ret_path = copy;
	return r;
}

static const char *socket_in(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;

	return slash && text_ends(slash + 1, end_of_socket) ? slash + 1 : NULL;
}

/* `ours`: its unit files are in our root. */
static int take_unit(
	struct activation *activation, const char *name, bool ours, struct berth_socket *row)
{
	struct activation_manager *manager = NULL;
	struct active_unit *unit = NULL;
	int r = 0;

	if (ours)
		r = get_manager(activation, false, 0, &manager);
	if (!r && manager)
		r = get_unit(activation, manager, name, &unit);
	if (r)
		return r;
	row->activation_unit = arena_text(activation->arena, name, strlen(name));
	row->activation_service = unit ? unit->service : NULL;
	return row->activation_unit ? 0 : -ENOMEM;
}

/* ---- Rows ------------------------------------------------------------------------------------ */

static bool is_manager_unit(const char *unit)
{
	return unit && !strcmp(unit, manager_unit);
}

/* Whether the place is that of a service manager, here or in a container. */
static bool is_manager(const struct berth_place *place)
{
	const struct berth_place *innermost = place;

	while (innermost->inside)
		innermost = innermost->inside;
	return is_manager_unit(innermost->unit) || is_manager_unit(innermost->user_unit);
}

/* Whether it is a manager whose unit files are those below our own root. */
static bool is_ours(const struct berth_place *place)
{
	static const char front[] = "/user.slice/";

	if (place->container || !place->cgroup)
		return false;
	return place->user_unit ? !strncmp(place->cgroup, front, sizeof(front) - 1)
				: !strcmp(place->cgroup, "/init.scope");
}

/* NULL: none of the owners is a service manager. */
static const struct berth_place *manager_among(const struct berth_socket *row)
{
	for (size_t i = 0; i < row->n_owners; i++) {
		const struct berth_place *place = row->owners[i].process->place;

		if (place && is_manager(place))
			return place;
	}
	return NULL;
}

static int of_manager(
	struct activation *activation, const struct berth_place *place, struct berth_socket *row)
{
	struct activation_manager *manager = NULL;
	const char *path = NULL;
	int r = cgroup_of(activation, row, &path);

	if (r)
		return r;
	if (socket_in(path))
		return take_unit(activation, socket_in(path), is_ours(place), row);
	if (!is_ours(place))
		return 0;
	r = get_manager(activation, is_manager_unit(place->user_unit), place->user_uid, &manager);
	return r ? r : find_by_address(activation, manager, row);
}

/* Nobody is known to hold it: then its cgroup still tells where it was made. */
static int of_nobody(struct activation *activation, struct berth_socket *row)
{
	const char *path = NULL;
	int r = cgroup_of(activation, row, &path);

	if (!r && path)
		r = places_at(activation->places, path, &row->made_in);
	if (r || !row->made_in)
		return r;
	if (is_manager(row->made_in))
		return of_manager(activation, row->made_in, row);
	if (socket_in(path))
		r = take_unit(activation, socket_in(path), !row->made_in->container, row);
	return r;
}

int activation_of(struct activation *activation, struct berth_socket *row)
{
	const struct berth_place *manager = manager_among(row);

	if (manager)
		return of_manager(activation, manager, row);
	if (!row->n_owners && row->inode &&
		(row->reason == BERTH_NEEDS_CAPABILITY || row->reason == BERTH_OTHER_PID_NAMESPACE))
		return of_nobody(activation, row);
	return 0;
}

void activation_free(struct activation *activation)
{
	map_free(&activation->cgroups);
}
