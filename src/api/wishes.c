// SPDX-License-Identifier: MIT
/*
 * Reads the files of a project (src/project) into one list of wishes. A compose file's variables
 * come from the settings that the caller gives and from the .env file beside it, in this order
 * (as docker compose does).
 */
#include "api/wishes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/handle.h"
#include "base/file.h"
#include "base/text.h"
#include "project/project.h"

enum {
	LARGEST_FILE = 1 << 20,
};

/* The public part is first, so that the two can be told from each other's address. */
struct project_box {
	struct berth_project project;
	struct project rooms;
};

/* ---- Settings of compose files --------------------------------------------------------------- */

static int add_setting(
	struct project *rooms, struct project_setting *settings, const char *text, size_t len)
{
	const char *equals = len ? memchr(text, '=', len) : NULL;

	if (!equals)
		return 0;
	const char *value = equals + 1;
	size_t value_len = text_trim(&value, len - (size_t)(value - text));
	size_t name_len = text_trim(&text, (size_t)(equals - text));

	if (value_len > 1 && (*value == '"' || *value == '\'') && value[value_len - 1] == *value) {
		value++;
		value_len -= 2;
	}
	settings[rooms->n_settings].name = arena_text(&rooms->arena, text, name_len);
	settings[rooms->n_settings].value = arena_text(&rooms->arena, value, value_len);
	if (!settings[rooms->n_settings].name || !settings[rooms->n_settings].value)
		return -ENOMEM;
	rooms->n_settings++;
	return 0;
}

/* The folder of a path, with the slash at its end. */
static size_t folder_length(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? (size_t)(slash + 1 - path) : 0;
}

static int read_beside(const char *path, const char *name, struct buffer *text)
{
	struct buffer beside = {0};

	buffer_bytes(&beside, path, folder_length(path));
	buffer_text(&beside, name);
	int r = beside.error ? beside.error
			     : file_read(AT_FDCWD, buffer_string(&beside), LARGEST_FILE, text);
	buffer_free(&beside);
	return r == -ENOMEM ? r : 0;
}

static int load_settings(struct project *rooms, const char *path, const char *const *given)
{
	struct project_setting *settings = NULL;
	struct buffer text = {0};
	const char *line = NULL;
	size_t lines = 1;
	size_t n_given = 0;
	size_t len = 0;
	int r = read_beside(path, ".env", &text);

	for (size_t i = 0; i < text.len; i++)
		lines += text.data[i] == '\n';
	while (given && given[n_given])
		n_given++;
	settings = arena_array(&rooms->arena, lines + n_given, sizeof(*settings));
	rooms->settings = settings;
	rooms->n_settings = 0;
	if (!settings)
		r = -ENOMEM;
	for (size_t i = 0; i < n_given && !r; i++)
		r = add_setting(rooms, settings, given[i], strlen(given[i]));
	const char *rest = buffer_string(&text);
	const char *end = rest + text.len;
	while (!r && text_next_line(&rest, end, &line, &len)) {
		if (len && *line != '#')
			r = add_setting(rooms, settings, line, len);
	}
	buffer_free(&text);
	return r;
}

/* ---- Files ----------------------------------------------------------------------------------- */

static int read_path(struct project_box *box, const char *path, const char *const *settings)
{
	enum berth_wish_kind kind = project_kind(path);
	struct buffer text = {0};
	struct buffer problem = {0};
	bool is_input = !strcmp(path, "-");
	int r = is_input ? file_read_stream(STDIN_FILENO, LARGEST_FILE, &text)
			 : file_read(AT_FDCWD, path, LARGEST_FILE, &text);

	if (r) {
		(void)handle_fail(r, "%s: %s", path, strerror(-r));
		goto out;
	}
	if (kind == BERTH_WISH_COMPOSE)
		r = load_settings(&box->rooms, path, settings);
	if (!r)
		r = project_read(&box->rooms, kind, path, buffer_string(&text), text.len, &problem);
	if (r == -EBADMSG)
		(void)handle_fail(r, "%s:%s", path, buffer_string(&problem));
	else if (r)
		(void)handle_fail(r, "%s: %s", path, strerror(-r));
out:
	buffer_free(&problem);
	buffer_free(&text);
	return r;
}

static int read_ports(struct project_box *box, const char *ports)
{
	struct buffer problem = {0};
	int r = project_read(&box->rooms, BERTH_WISH_LIST, "", ports, strlen(ports), &problem);

	buffer_free(&problem);
	return r ? handle_fail(r, "%s", strerror(-r)) : 0;
}

/* A list is made of ports and nothing else: what has other words is not one. */
static int find_other_words(const struct project *rooms)
{
	for (size_t i = 0; i < rooms->n_wishes; i++) {
		const struct berth_wish *wish = &rooms->wishes[i];

		if (wish->kind != BERTH_WISH_LIST || !wish->problem)
			continue;
		if (!*wish->file)
			return handle_fail(-EBADMSG, "'%s': %s", wish->text, wish->problem);
		return handle_fail(-EBADMSG, "%s:%u: '%s': %s", wish->file, (unsigned)wish->line,
			wish->text, wish->problem);
	}
	return 0;
}

int wishes_read(const char *const *paths, size_t n_paths, const char *const *settings,
	const char *ports, struct berth_project **ret_project)
{
	struct project_box *box = calloc(1, sizeof(*box));
	int r = 0;

	if (!box)
		return handle_fail(-ENOMEM, "out of memory");
	for (size_t i = 0; i < n_paths && !r; i++)
		r = read_path(box, paths[i], settings);
	if (!r && ports)
		r = read_ports(box, ports);
	if (!r)
		r = find_other_words(&box->rooms);
	if (r) {
		berth_project_free(&box->project);
		return r;
	}
	box->project = (struct berth_project){.wishes = box->rooms.wishes,
		.n_wishes = box->rooms.n_wishes,
		.range = box->rooms.range};
	*ret_project = &box->project;
	return 0;
}

int berth_project_read(const char *const *paths, size_t n_paths, const char *const *settings,
	struct berth_project **ret_project)
{
	return wishes_read(paths, n_paths, settings, NULL, ret_project);
}

void berth_project_free(struct berth_project *project)
{
	struct project_box *box = (struct project_box *)project;

	if (!box)
		return;
	project_free(&box->rooms);
	free(box);
}

const char *berth_wish_kind_name(enum berth_wish_kind kind)
{
	switch (kind) {
	case BERTH_WISH_MANIFEST:
		return "berth.toml";
	case BERTH_WISH_COMPOSE:
		return "compose";
	case BERTH_WISH_SOCKET_UNIT:
		return "socket-unit";
	case BERTH_WISH_SERVICE_UNIT:
		return "service-unit";
	case BERTH_WISH_ENV:
		return "env";
	case BERTH_WISH_LIST:
		return "list";
	}
	return "?";
}
