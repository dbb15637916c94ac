// SPDX-License-Identifier: MIT
/*
 * Compose files as docker compose finds them: the first of four names, and the override beside it
 * (docs.docker.com/compose, "How multiple Compose files work").
 */
#include "cli/project_files.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"

/* As short as people would type it. NULL: no memory. */
static char *path_of(const char *folder, const char *name)
{
	char *here = getcwd(NULL, 0);
	struct buffer path = {0};

	if (!here || strcmp(here, folder) != 0)
		buffer_format(&path, "%s/", folder);
	free(here);
	buffer_text(&path, name);
	char *text = path.error ? NULL : strdup(buffer_string(&path));
	buffer_free(&path);
	return text;
}

/* Adds the first of the names that is there. */
static int add_first(struct project_files *files, const char *folder, const char *const *names)
{
	for (; *names; names++) {
		char *path = path_of(folder, *names);

		if (!path)
			return -ENOMEM;
		if (!access(path, F_OK)) {
			files->paths[files->n_paths++] = path;
			return 0;
		}
		free(path);
	}
	return 0;
}

int project_files_find(const char *folder, struct project_files *files)
{
	static const char *const names[PROJECT_FILES_MOST][5] = {
		{"berth.toml", NULL},
		{"compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml", NULL},
		{"compose.override.yaml", "compose.override.yml", "docker-compose.override.yaml",
			"docker-compose.override.yml", NULL},
		{".env", NULL},
	};
	int r = 0;

	for (size_t i = 0; i < PROJECT_FILES_MOST && !r; i++)
		r = add_first(files, folder, names[i]);
	return r;
}

char *project_files_manifest(const char *folder)
{
	return path_of(folder, "berth.toml");
}

void project_files_free(struct project_files *files)
{
	for (size_t i = 0; i < files->n_paths; i++)
		free(files->paths[i]);
}
