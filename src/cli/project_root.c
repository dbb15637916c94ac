// SPDX-License-Identifier: MIT
/* Walks up from the working folder. */
#include "cli/project_root.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"

static bool has(const char *folder, const char *name)
{
	struct buffer path = {0};

	buffer_format(&path, "%s/%s", folder, name);
	bool there = !path.error && access(buffer_string(&path), F_OK) == 0;
	buffer_free(&path);
	return there;
}

char *project_root(void)
{
	char *here = getcwd(NULL, 0);
	char *up = here ? strdup(here) : NULL;

	while (up && *up) {
		if (has(up, "berth.toml") || has(up, ".git")) {
			free(here);
			return up;
		}
		*strrchr(up, '/') = '\0';
	}
	free(up);
	return here;
}
