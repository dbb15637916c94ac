// SPDX-License-Identifier: MIT
/* Tells kinds of files apart, and gathers their wishes. */
#include "project/project.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"

enum {
	WISHES_MOST = 4096,
};

enum berth_wish_kind project_kind(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;

	if (text_ends(name, ".toml"))
		return BERTH_WISH_MANIFEST;
	if (text_ends(name, ".yml") || text_ends(name, ".yaml"))
		return BERTH_WISH_COMPOSE;
	if (text_ends(name, ".socket"))
		return BERTH_WISH_SOCKET_UNIT;
	if (text_ends(name, ".service"))
		return BERTH_WISH_SERVICE_UNIT;
	if (!strncmp(name, ".env", 4) || text_ends(name, ".env"))
		return BERTH_WISH_ENV;
	return BERTH_WISH_LIST;
}

int project_add(struct project *project, const struct berth_wish *wish)
{
	if (project->n_wishes == WISHES_MOST)
		return -E2BIG;
	struct berth_wish *wishes = arena_grow(&project->arena, project->wishes, project->n_wishes,
		&project->size, sizeof(*wishes));
	if (!wishes)
		return -ENOMEM;
	project->wishes = wishes;
	project->wishes[project->n_wishes++] = *wish;
	return 0;
}

int project_read(struct project *project, enum berth_wish_kind kind, const char *file,
	const char *text, size_t len, struct buffer *ret_problem)
{
	file = arena_text(&project->arena, file, strlen(file));
	if (!file)
		return -ENOMEM;
	switch (kind) {
	case BERTH_WISH_MANIFEST:
		return manifest_read(project, file, text, len, ret_problem);
	case BERTH_WISH_COMPOSE:
		return compose_read(project, file, text, len, ret_problem);
	case BERTH_WISH_SOCKET_UNIT:
	case BERTH_WISH_SERVICE_UNIT:
		return unit_file_read(project, kind, file, text, len);
	case BERTH_WISH_ENV:
		return env_file_read(project, file, text, len);
	case BERTH_WISH_LIST:
		break;
	}
	return port_list_read(project, file, text, len);
}

void project_free(struct project *project)
{
	arena_free(&project->arena);
}
