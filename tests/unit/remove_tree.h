/* SPDX-License-Identifier: MIT */
/* Removes a folder that a test made, with all that is in it; links are removed, never followed. */
#ifndef BERTH_TESTS_REMOVE_TREE_H
#define BERTH_TESTS_REMOVE_TREE_H

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static void remove_tree(int parent, const char *name)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd >= 0) {
		DIR *folder = fdopendir(fd);

		for (const struct dirent *entry; (entry = readdir(folder));) {
			if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
				remove_tree(fd, entry->d_name);
		}
		closedir(folder);
	}
	(void)unlinkat(parent, name, fd >= 0 ? AT_REMOVEDIR : 0);
}

#endif
