/* SPDX-License-Identifier: MIT */
/* Recordings that a test writes by hand: a folder, and files and links in it. */
#ifndef BERTH_TESTS_REPLAY_FOLDER_H
#define BERTH_TESTS_REPLAY_FOLDER_H

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "remove_tree.h"

/* Little-endian machines only: the bytes of a kernel are in its own order. */
#define META "berth-recording 1\ntime_s 1700000000.5\nclock_ticks 100\nbyte_order little\n"

struct folder {
	char path[32];
	int fd;
};

static void make_above(const struct folder *folder, const char *path)
{
	char copy[256];

	assert_true(snprintf(copy, sizeof(copy), "%s", path) < (int)sizeof(copy));
	for (char *slash = strchr(copy, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		assert_true(!mkdirat(folder->fd, copy, 0700) || errno == EEXIST);
		*slash = '/';
	}
}

static void put(const struct folder *folder, const char *path, const void *bytes, size_t len)
{
	make_above(folder, path);
	int fd = openat(folder->fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), len);
	close(fd);
}

static void put_text(const struct folder *folder, const char *path, const char *text)
{
	put(folder, path, text, strlen(text));
}

static void put_link(const struct folder *folder, const char *path, const char *target)
{
	make_above(folder, path);
	(void)unlinkat(folder->fd, path, 0);
	assert_int_equal(symlinkat(target, folder->fd, path), 0);
}

/* An empty recording. */
static void begin(struct folder *folder)
{
	(void)snprintf(folder->path, sizeof(folder->path), "berth-replay-XXXXXX");
	assert_non_null(mkdtemp(folder->path));
	folder->fd = open(folder->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(folder->fd >= 0);
	put_text(folder, "recording", META);
}

static void end(struct folder *folder)
{
	close(folder->fd);
	remove_tree(AT_FDCWD, folder->path);
}

#endif
