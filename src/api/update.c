// SPDX-License-Identifier: MIT
/*
 * Care for the registry: what is in use, what differs, and taking a newer copy. A file is read and
 * checked whole before anything is replaced.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/handle.h"
#include "base/file.h"

enum {
	LARGEST_REGISTRY = 64 << 20
};

static int fail_file(int error, const char *path)
{
	/* What file_read() says of devices, pipes and sockets. */
	return handle_fail(
		error, "%s: %s", path, error == -EINVAL ? "not a regular file" : strerror(-error));
}

/* A registry from a file in any of its forms: an image, CSV or XML. */
static int read_registry(const char *path, struct registry **ret_registry)
{
	struct buffer bytes = {0};
	struct buffer problem = {0};
	int r = registry_load(path, ret_registry);

	if (r != -EBADMSG)
		return r < 0 ? fail_file(r, path) : 0;
	r = file_read(AT_FDCWD, path, LARGEST_REGISTRY, &bytes);
	if (r < 0) {
		(void)fail_file(r, path);
	} else {
		r = registry_parse(path, buffer_string(&bytes), bytes.len, ret_registry, &problem);
		if (r < 0)
			(void)handle_fail(
				r, "%s", problem.len ? buffer_string(&problem) : strerror(-r));
	}
	buffer_free(&problem);
	buffer_free(&bytes);
	return r;
}

int berth_registry_diff(
	const char *old_path, const char *new_path, berth_change_seen *seen, void *context)
{
	struct registry *before = NULL;
	struct registry *after = NULL;
	int r = read_registry(old_path, &before);

	if (!r)
		r = read_registry(new_path, &after);
	if (!r)
		r = registry_diff(before, after, seen, context);
	registry_free(after);
	registry_free(before);
	return r;
}

/* Whatever else is at the place of the image is somebody's file, named by mistake. */
static int check_place(const char *path)
{
	if (access(path, F_OK) < 0 || registry_is_image(path))
		return 0;
	return handle_fail(-EEXIST,
		"%s: is there and is no registry image, so it is left alone; name another file",
		path);
}

static int replace_image(const char *path, const struct registry *registry)
{
	struct buffer image = {0};
	char *folder_copy = strdup(path);
	char *name_copy = strdup(path);
	int dir_fd = -1;
	int r = -ENOMEM;

	if (!folder_copy || !name_copy)
		goto out;
	r = registry_image(registry, &image);
	if (r < 0)
		goto out;
	const char *folder = dirname(folder_copy);
	r = file_make_folder(folder, 0755);
	if (r < 0)
		goto out;
	dir_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = dir_fd < 0 ? -errno
		       : file_replace(dir_fd, basename(name_copy), 0644, image.data, image.len);
out:
	if (r < 0)
		(void)handle_fail(r, "%s: %s", path, strerror(-r));
	if (dir_fd >= 0)
		close(dir_fd);
	buffer_free(&image);
	free(name_copy);
	free(folder_copy);
	return r;
}

int berth_registry_import(const struct berth *berth, const char *path, const char *image_path,
	berth_change_seen *seen, void *context)
{
	struct registry *newer = NULL;
	int r = check_place(image_path);

	if (!r)
		r = read_registry(path, &newer);
	if (!r)
		r = replace_image(image_path, newer);
	if (!r)
		r = registry_diff(berth->registry, newer, seen, context);
	registry_free(newer);
	return r;
}
