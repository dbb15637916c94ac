// SPDX-License-Identifier: MIT
/* Folders of systemd in the order of systemd.unit(5): a unit of one name counts once. */
#include "api/doctor_files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "project/fsports.h"
#include "project/project.h"

enum {
	LARGEST_FILE = 1 << 16,
	UNITS_MOST = 512,
};

static int add(struct doctor_files *files, const struct findings_configured *configured)
{
	struct findings_configured *all =
		arena_grow(files->arena, files->all, files->n, &files->size, sizeof(*all));

	if (!all)
		return -ENOMEM;
	files->all = all;
	files->all[files->n++] = *configured;
	return 0;
}

static const char *keep(struct doctor_files *files, struct buffer *text)
{
	const char *kept =
		text->error ? NULL : arena_text(files->arena, buffer_string(text), text->len);

	buffer_free(text);
	return kept;
}

/* ---- Units ----------------------------------------------------------------------------------- */

struct units {
	struct doctor_files *files;
	const char *seen[UNITS_MOST];
	size_t n_seen;
	int folder; /* whose entries are seen; -1: none */
};

static int add_wish(struct doctor_files *files, const struct berth_wish *wish)
{
	struct buffer text = {0};

	buffer_format(&text, "%s, line %u, has %s", wish->file, (unsigned)wish->line, wish->text);
	const struct findings_configured configured = {.proto = wish->proto,
		.first = wish->first,
		.last = wish->last,
		.text = keep(files, &text)};
	return configured.text ? add(files, &configured) : -ENOMEM;
}

static int read_unit(struct doctor_files *files, int folder, const char *name)
{
	struct project project = {0};
	struct buffer text = {0};
	struct buffer problem = {0};
	int r = 0;

	if (!file_read(folder, name, LARGEST_FILE, &text) && text.len)
		r = project_read(
			&project, BERTH_WISH_SOCKET_UNIT, name, text.data, text.len, &problem);
	for (size_t i = 0; !r && i < project.n_wishes; i++) {
		if (project.wishes[i].first)
			r = add_wish(files, &project.wishes[i]);
	}
	project_free(&project);
	buffer_free(&problem);
	buffer_free(&text);
	return r == -ENOMEM ? r : 0;
}

static bool is_new(struct units *units, const char *name)
{
	for (size_t i = 0; i < units->n_seen; i++) {
		if (!strcmp(units->seen[i], name))
			return false;
	}
	const char *kept = units->n_seen < UNITS_MOST
		? arena_text(units->files->arena, name, strlen(name))
		: NULL;
	if (kept)
		units->seen[units->n_seen++] = kept;
	return kept != NULL;
}

/* A folder that cannot be read has no units. */
static int look_into(struct units *units, int at, const char *path, file_entry *seen)
{
	const int outer = units->folder;
	int r = 0;

	units->folder = openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (units->folder >= 0) {
		r = file_each_entry(units->folder, seen, units);
		(void)close(units->folder);
	}
	units->folder = outer;
	return r == -ENOMEM ? r : 0;
}

static int see_unit(void *context, const char *name)
{
	struct units *units = context;

	return text_ends(name, ".socket") && is_new(units, name)
		? read_unit(units->files, units->folder, name)
		: 0;
}

static int see_wants(void *context, const char *name)
{
	struct units *units = context;

	return text_ends(name, ".wants") ? look_into(units, units->folder, name, see_unit) : 0;
}

static int read_units(struct doctor_files *files)
{
	static const char *const folders[] = {"/etc/systemd/system", "/run/systemd/system",
		"/usr/local/lib/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"};
	struct units units = {.files = files, .folder = -1};
	int r = 0;

	for (size_t i = 0; !r && i < sizeof(folders) / sizeof(*folders); i++)
		r = look_into(&units, AT_FDCWD, folders[i], see_wants);
	return r;
}

/* ---- Others ---------------------------------------------------------------------------------- */

static int read_fsports(struct doctor_files *files)
{
	static const char *const paths[] = {"/usr/cvfs/config/fsports",
		"/Library/Preferences/Xsan/fsports", "/Library/Filesystems/Xsan/config/fsports"};
	int r = 0;

	for (size_t i = 0; !r && i < sizeof(paths) / sizeof(*paths); i++) {
		struct berth_port_range range;
		struct buffer text = {0};
		struct buffer words = {0};
		bool there = !file_read(AT_FDCWD, paths[i], LARGEST_FILE, &text) && text.len &&
			!fsports_read(text.data, text.len, &range);

		buffer_free(&text);
		if (!there)
			continue;
		buffer_format(&words, "%s has MinPort %u and MaxPort %u", paths[i],
			(unsigned)range.first, (unsigned)range.last);
		const struct findings_configured configured = {.proto = BERTH_TCP,
			.first = range.first,
			.last = range.last,
			.text = keep(files, &words)};
		r = configured.text ? add(files, &configured) : -ENOMEM;
	}
	return r;
}

/* kube-apiserver's --service-node-port-range, unless it says otherwise. */
static int add_node_ports(
	struct doctor_files *files, const struct berth_socket *sockets, size_t n_sockets)
{
	static const char *const programs[] = {
		"kubelet", "kube-proxy", "k3s-server", "k3s-agent", "k3s", "kubelite", "rke2"};
	static const struct findings_configured node_ports = {.proto = BERTH_TCP,
		.first = 30000,
		.last = 32767,
		.text = "Kubernetes runs here, whose services of type NodePort are given ports "
			"from 30000 to 32767 unless it is told otherwise"};

	for (size_t i = 0; i < n_sockets; i++) {
		const char *name = sockets[i].n_owners ? sockets[i].owners[0].process->name : "";

		for (size_t p = 0; p < sizeof(programs) / sizeof(*programs); p++) {
			if (!strcmp(name, programs[p]))
				return add(files, &node_ports);
		}
	}
	return 0;
}

int doctor_files_read(
	struct doctor_files *files, const struct berth_socket *sockets, size_t n_sockets)
{
	int r = read_units(files);

	if (!r)
		r = read_fsports(files);
	return r ? r : add_node_ports(files, sockets, n_sockets);
}
