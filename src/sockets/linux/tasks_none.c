// SPDX-License-Identifier: MIT
/* Without clang and bpftool there is no program to load. */
#include <errno.h>

#include "sockets/linux/tasks.h"

static const char not_built[] = "this berth was built without it (clang and bpftool make it)";

int tasks_pinned(
	const struct sockets_system *system, const struct map *wanted, struct owners_hits *hits)
{
	(void)system, (void)wanted;
	hits->why_not = not_built;
	return -EOPNOTSUPP;
}

int tasks_loaded(
	const struct sockets_system *system, const struct map *wanted, struct owners_hits *hits)
{
	(void)system, (void)wanted;
	hits->why_not = not_built;
	return -EOPNOTSUPP;
}

int tasks_loaded_again(
	const struct sockets_system *system, const struct map *wanted, struct owners_hits *hits)
{
	return tasks_loaded(system, wanted, hits);
}

int tasks_pin(const char *path, unsigned mode, const char **ret_why)
{
	(void)path, (void)mode;
	if (ret_why)
		*ret_why = not_built;
	return -EOPNOTSUPP;
}
