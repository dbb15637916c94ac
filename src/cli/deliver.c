// SPDX-License-Identifier: MIT
/* Pages and pictures on their way to a file. */
#include "cli/deliver.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

static int replace_file(const char *path, const struct buffer *text)
{
	const char *slash = strrchr(path, '/');
	struct buffer folder = {0};
	int fd;
	int error;

	if (slash)
		buffer_bytes(&folder, path, (size_t)(slash - path) + 1);
	else
		buffer_char(&folder, '.');
	fd = folder.error ? -1 : open(buffer_string(&folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder.error)
		error = folder.error;
	else
		error = fd < 0
			? -errno
			: file_replace(fd, slash ? slash + 1 : path, 0644, text->data, text->len);
	if (fd >= 0)
		(void)close(fd);
	buffer_free(&folder);
	return error;
}

enum cli_exit deliver_text(struct cli *cli, const char *path, const struct buffer *text)
{
	bool file = path && strcmp(path, "-") != 0;
	int error = text->error;

	if (!error && file)
		error = replace_file(path, text);
	else if (!error)
		error = output_write(&cli->output, text->data, text->len);
	if (error >= 0)
		return CLI_YES;
	if (!file)
		return cli_cannot(cli, error);
	cli_complain("%s: %s", path, strerror(-error));
	return CLI_UNKNOWN;
}
