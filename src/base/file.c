// SPDX-License-Identifier: MIT
/*
 * Whole-file reading and atomic replacement (rename(2) is atomic; fsync before it, or a crash could
 * leave an empty file under the new name).
 */
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	STEP = 8192, /* read at least so much at once */
};

static int read_all(int fd, size_t max, struct buffer *out)
{
	size_t total = 0;

	for (;;) {
		char *place = buffer_reserve(out, STEP);
		if (!place)
			return out->error;
		ssize_t got = read(fd, place, out->size - out->len - 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		place[got] = '\0';
		out->len += (size_t)got;
		total += (size_t)got;
		if (total > max)
			return -EFBIG;
		if (!got)
			return 0;
	}
}

static int look(int fd, struct stat *ret_info)
{
	if (fstat(fd, ret_info) < 0)
		return -errno;
	if (S_ISDIR(ret_info->st_mode))
		return -EISDIR;
	return S_ISREG(ret_info->st_mode) ? 0 : -EINVAL;
}

int file_read_open(int fd, size_t max, struct buffer *out)
{
	struct stat info;
	int r = look(fd, &info);

	if (r)
		return r;
	/* What the size promises is a hint: /proc says 0, and a file can grow. */
	if (info.st_size > 0 && (uintmax_t)info.st_size <= max)
		(void)buffer_reserve(out, (size_t)info.st_size + STEP);
	return read_all(fd, max, out);
}

int file_read_stream(int fd, size_t max, struct buffer *out)
{
	return read_all(fd, max, out);
}

int file_read_setting(int fd, size_t max, struct buffer *out)
{
	struct stat info;
	int r = look(fd, &info);

	if (r)
		return r;
	for (size_t size = STEP;; size = max) {
		char *place = buffer_reserve(out, size);
		if (!place)
			return out->error;
		ssize_t got = pread(fd, place, size, 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		place[got] = '\0';
		if ((size_t)got == size && size < max)
			continue;
		out->len += (size_t)got;
		return (size_t)got == size ? -EFBIG : 0;
	}
}

int file_read(int dir_fd, const char *path, size_t max, struct buffer *out)
{
	/* O_NONBLOCK: opening a FIFO must not wait for a writer. */
	int fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0)
		return -errno;
	int r = file_read_open(fd, max, out);
	close(fd);
	return r;
}

int file_write(int fd, const char *bytes, size_t len)
{
	while (len) {
		ssize_t put = write(fd, bytes, len);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return -errno;
		bytes += put;
		len -= (size_t)put;
	}
	return 0;
}

int file_each_entry(int folder, file_entry *seen, void *context)
{
	_Alignas(struct dirent64) char entries[8192];
	int r = 0;

	for (;;) {
		ssize_t len = getdents64(folder, (void *)entries, sizeof(entries));
		if (len < 0)
			return -errno;
		if (!len)
			return 0;
		for (ssize_t at = 0; at < len;) {
			const struct dirent64 *entry = (const void *)(entries + at);

			at += entry->d_reclen;
			if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
				continue;
			r = seen(context, entry->d_name);
			if (r)
				return r;
		}
	}
}

static int write_new(int dir_fd, const char *name, mode_t mode, const void *bytes, size_t len)
{
	int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);

	if (fd < 0)
		return -errno;
	int r = file_write(fd, bytes, len);
	if (!r && fsync(fd) < 0)
		r = -errno;
	if (close(fd) < 0 && !r)
		r = -errno;
	return r;
}

int file_replace(int dir_fd, const char *name, mode_t mode, const void *bytes, size_t len)
{
	char temporary[256];
	int n = snprintf(temporary, sizeof(temporary), ".%s.%ld.new", name, (long)getpid());

	if (n < 0 || (size_t)n >= sizeof(temporary))
		return -ENAMETOOLONG;
	/* One that a killed run with our pid left behind would make O_EXCL fail forever. */
	(void)unlinkat(dir_fd, temporary, 0);
	int r = write_new(dir_fd, temporary, mode, bytes, len);
	if (!r && renameat(dir_fd, temporary, dir_fd, name) < 0)
		r = -errno;
	if (r) {
		(void)unlinkat(dir_fd, temporary, 0);
		return r;
	}
	(void)fsync(dir_fd); /* some file systems cannot sync a folder; the rename stands all the
				same */
	return 0;
}

bool file_neighbour(const char *name, char *ret_path, size_t size)
{
	size_t name_size = strlen(name) + 1;
	ssize_t len = size > name_size ? readlink("/proc/self/exe", ret_path, size - name_size) : 0;

	while (len > 0 && ret_path[len - 1] != '/')
		len--;
	if (len <= 0)
		return false;
	memcpy(ret_path + len, name, name_size);
	return true;
}

int file_make_folder(const char *path, mode_t mode)
{
	char *copy = strdup(path);
	int r = 0;

	if (!copy)
		return -ENOMEM;
	for (char *slash = copy; !r && slash;) {
		slash = strchr(slash + 1, '/');
		if (slash)
			*slash = '\0';
		if (mkdir(copy, mode) < 0 && errno != EEXIST)
			r = -errno;
		if (slash)
			*slash = '/';
	}
	free(copy);
	return r;
}
