/* SPDX-License-Identifier: MIT */
/* Which files of a project's folder name ports, by the names that their programs look for. */
#ifndef BERTH_CLI_PROJECT_FILES_H
#define BERTH_CLI_PROJECT_FILES_H

#include <stddef.h>

enum {
	PROJECT_FILES_MOST = 4, /* berth.toml, a compose file and its override, .env */
};

struct project_files {
	char *paths[PROJECT_FILES_MOST]; /* from the working folder where it is the project's */
	size_t n_paths;
};

/* Those that are in the folder. 0; -ENOMEM. To be freed with project_files_free() in any case. */
int project_files_find(const char *folder, struct project_files *files);

/* The path of berth.toml alone, from malloc; NULL: no memory. It need not be there. */
char *project_files_manifest(const char *folder);

void project_files_free(struct project_files *files);

#endif
