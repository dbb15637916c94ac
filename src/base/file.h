/* SPDX-License-Identifier: MIT */
/*
 * Reading small files whole, and replacing files so that a reader sees the old or the new contents,
 * never a half of either.
 */
#ifndef BERTH_BASE_FILE_H
#define BERTH_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/buffer.h"

/*
 * Appends the whole of a file to `out`. `dir_fd` and `path` as for openat(2). Only regular files
 * and files of /proc and /sys make sense; FIFOs and devices are refused rather than waited for. 0,
 * or -errno of open/read; -EFBIG: more than `max` bytes, the first of them are in `out`; -EISDIR,
 * -EINVAL: not a file.
 */
int file_read(int dir_fd, const char *path, size_t max, struct buffer *out);

/* The same for a file that is open already, from where it stands; it stays open. */
int file_read_open(int fd, size_t max, struct buffer *out);

/* The same for what may also be a pipe or a terminal: up to its end, for which it waits. */
int file_read_stream(int fd, size_t max, struct buffer *out);

/*
 * The same for a file of /proc/sys, whose list is told in one read or not at all: what does not fit
 * is cut, and the next read finds the end (proc_do_large_bitmap, kernel/sysctl.c).
 */
int file_read_setting(int fd, size_t max, struct buffer *out);

/* Writes all of the bytes to an open file, pipe or terminal. 0 or -errno. */
int file_write(int fd, const char *bytes, size_t len);

/*
 * Replaces `name` in the folder `dir_fd` by `len` bytes: a temporary file in the same folder, made
 * with O_EXCL, synced, renamed over the name, the folder synced. On failure the old file stays.
 * 0 or -errno.
 */
int file_replace(int dir_fd, const char *name, mode_t mode, const void *bytes, size_t len);

/*
 * Calls `seen` for each entry of an open folder but "." and "..", from where it stands; a non-zero
 * answer ends it and is handed on. 0 or -errno. Without an allocation, which opendir(3) makes.
 */
typedef int file_entry(void *context, const char *name);
int file_each_entry(int folder, file_entry *seen, void *context);

/* The path of what is called so in the folder of our own program. False: not known, or too long. */
bool file_neighbour(const char *name, char *ret_path, size_t size);

/* Makes a folder and those above it, like mkdir -p. 0 or -errno. */
int file_make_folder(const char *path, mode_t mode);

#endif
