// SPDX-License-Identifier: MIT
/*
 * Finds the folder of a cgroup. The id of a cgroup is the inode of its folder and the whole of its
 * file handle (fs/kernfs/mount.c kernfs_encode_fh, since 5.5), so whoever has CAP_DAC_READ_SEARCH
 * opens it by handle, in some 20 us. Everybody else looks through the tree, 10 us a folder.
 */
#include "sockets/linux/cgroupfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/file.h"

enum {
	HANDLE_KERNFS = 0xfe, /* FILEID_KERNFS, linux/exportfs.h */
	DEEPEST = 32,
	FOLDERS_MOST = 16384, /* looked through by those without the capability */
	LARGEST_MOUNTS = 1 << 20,
};

static int open_mount(const char *path)
{
	struct statfs about;
	int fd = openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (fstatfs(fd, &about) < 0 || about.f_type != CGROUP2_SUPER_MAGIC) {
		close(fd);
		return -ENOSYS;
	}
	return fd;
}

/* "36 35 0:29 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw" (proc_pid_mountinfo(5)); a mount
 * point with a space in it is left alone. */
static int open_mount_of_line(char *line)
{
	char *rest = line;
	const char *point = NULL;

	if (!strstr(line, " - cgroup2 "))
		return -ENOSYS;
	for (int field = 1; field <= 5; field++)
		point = strsep(&rest, " ");
	return point && !strchr(point, '\\') ? open_mount(point) : -ENOSYS;
}

static int open_listed_mount(void)
{
	struct buffer text = {0};
	int fd = file_read(AT_FDCWD, "/proc/self/mountinfo", LARGEST_MOUNTS, &text);

	if (!fd) {
		char *rest = text.data;

		fd = -ENOSYS;
		for (char *line = strsep(&rest, "\n"); line && fd < 0; line = strsep(&rest, "\n"))
			fd = open_mount_of_line(line);
	}
	buffer_free(&text);
	return fd;
}

/* The two usual places, of version 2 alone and beside version 1, before the list of mounts. */
int cgroupfs_open(void)
{
	int fd = open_mount("/sys/fs/cgroup");

	if (fd < 0)
		fd = open_mount("/sys/fs/cgroup/unified");
	return fd < 0 ? open_listed_mount() : fd;
}

static int open_by_handle(int mount, uint64_t id)
{
	alignas(struct file_handle) char bytes[sizeof(struct file_handle) + sizeof(id)];
	struct file_handle *handle = (void *)bytes;

	handle->handle_bytes = sizeof(id);
	handle->handle_type = HANDLE_KERNFS;
	memcpy(handle->f_handle, &id, sizeof(id));
	int fd = open_by_handle_at(mount, handle, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

struct search {
	uint64_t id;
	unsigned left; /* folders that may still be looked through */
};

/* The folder below `parent` (which is closed) that has the id, as O_PATH; -ENOENT: none. */
static int search_folder(struct search *search, int parent, int depth)
{
	DIR *folder = fdopendir(parent);
	int found = -ENOENT;

	if (!folder) {
		close(parent);
		return -ENOENT;
	}
	for (const struct dirent *entry; found == -ENOENT && (entry = readdir(folder));) {
		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		if (entry->d_ino == search->id) {
			found = openat(dirfd(folder), entry->d_name,
				O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
			found = found < 0 ? -ESTALE : found;
		} else if (depth < DEEPEST && search->left) {
			search->left--;
			int below = openat(dirfd(folder), entry->d_name,
				O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
			if (below >= 0)
				found = search_folder(search, below, depth + 1);
		}
	}
	closedir(folder);
	return found;
}

static int open_by_search(int mount, uint64_t id)
{
	struct search search = {.id = id, .left = FOLDERS_MOST};
	int top = openat(mount, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return top < 0 ? -errno : search_folder(&search, top, 0);
}

static ssize_t path_of(int fd, char *ret_path, size_t size)
{
	char self[32];

	(void)snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	ssize_t len = readlink(self, ret_path, size);
	if (len < 0)
		return -errno;
	if ((size_t)len >= size)
		return -ERANGE;
	ret_path[len] = '\0';
	return ret_path[0] == '/' ? len : -ENOENT; /* "(unreachable)/…" */
}

ssize_t cgroupfs_path(uint64_t id, char *ret_path, size_t size)
{
	int mount = cgroupfs_open();

	if (mount < 0)
		return mount;
	int fd = open_by_handle(mount, id);
	if (fd == -EPERM || fd == -EOPNOTSUPP)
		fd = open_by_search(mount, id);
	ssize_t len = fd;
	if (fd >= 0) {
		len = path_of(fd, ret_path, size);
		close(fd);
	}
	close(mount);
	return len;
}
