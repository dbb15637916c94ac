// SPDX-License-Identifier: MIT
/* Without clang and bpftool there are no hooks to set. */
#include <errno.h>

#include "sockets/linux/storage.h"

static const char not_built[] = "this berth was built without it (clang and bpftool make it)";

int storage_look(
	const struct sockets_system *system, const struct map *wanted, struct owners_hits *hits)
{
	(void)system, (void)wanted;
	hits->why_not = not_built;
	return -EOPNOTSUPP;
}

int storage_notes(void)
{
	return 0;
}

int storage_pin(unsigned mode, const char **ret_why)
{
	(void)mode;
	*ret_why = not_built;
	return -EOPNOTSUPP;
}

bool storage_unpin(int folder)
{
	(void)folder;
	return false;
}
