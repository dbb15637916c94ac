// SPDX-License-Identifier: MIT
/*
 * berth enable and disable: what stays in the kernel between questions. It is pinned in bpffs, in a
 * folder of its own, and the permissions of the pin say who may read it.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "sockets/linux/storage.h"
#include "sockets/linux/tasks.h"
#include "sockets/sockets.h"

static const char pin[] = TASKS_FOLDER "/" TASKS_PIN;

/* The folder must be in bpffs, and no link that somebody laid. */
static int open_folder(struct buffer *ret_problem)
{
	struct statfs about;
	int folder = open(TASKS_FOLDER, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (folder < 0)
		return -errno;
	if (fstatfs(folder, &about) < 0 || about.f_type != BPF_FS_MAGIC) {
		buffer_text(ret_problem,
			"/sys/fs/bpf is no BPF file system; try mount -t bpf bpf /sys/fs/bpf");
		close(folder);
		return -ENODEV;
	}
	return folder;
}

static int make_folder(struct buffer *ret_problem)
{
	struct statfs about;
	const mode_t passable = 0711; /* who may read a pin may reach it */

	if (statfs("/sys/fs/bpf", &about) < 0 || about.f_type != BPF_FS_MAGIC) {
		buffer_text(ret_problem,
			"/sys/fs/bpf is no BPF file system; try mount -t bpf bpf /sys/fs/bpf");
		return -ENODEV;
	}
	if (mkdir(TASKS_FOLDER, passable) < 0 && errno != EEXIST) {
		int r = -errno;

		buffer_format(ret_problem, "%s: %s", TASKS_FOLDER, strerror(-r));
		return r;
	}
	int folder = open_folder(ret_problem);
	int r = folder < 0 ? folder : 0;
	if (!r && fchmod(folder, passable) < 0)
		r = -errno;
	if (folder >= 0)
		close(folder);
	return r;
}

int sockets_enable(unsigned mode, struct buffer *ret_problem)
{
	const char *why = NULL;
	int r = make_folder(ret_problem);
	int folder = r ? r : open_folder(ret_problem);

	if (folder < 0)
		return folder;
	/* What is there is replaced: it may be of an older berth. */
	if (unlinkat(folder, TASKS_PIN, 0) < 0 && errno != ENOENT)
		r = -errno;
	(void)storage_unpin(folder);
	if (!r)
		r = tasks_pin(pin, mode, &why);
	if (r) {
		(void)rmdir(TASKS_FOLDER);
		buffer_format(ret_problem, "%s: %s", pin, why ? why : strerror(-r));
	} else if (storage_pin(mode, &why) < 0) {
		(void)storage_unpin(folder);
		buffer_format(ret_problem, "no owners are noted with sockets: %s", why);
		r = 1;
	}
	close(folder);
	return r;
}

int sockets_disable(struct buffer *ret_problem)
{
	int folder = open_folder(ret_problem);
	int r = folder < 0 ? folder : 0;

	bool noted = !r && storage_unpin(folder);
	if (!r && unlinkat(folder, TASKS_PIN, 0) < 0 && !(noted && errno == ENOENT))
		r = -errno;
	if (folder >= 0)
		close(folder);
	/* Something else may be in it: then it stays. */
	if (!r && rmdir(TASKS_FOLDER) < 0 && errno != ENOTEMPTY && errno != EBUSY)
		r = -errno;
	if (r == -ENOENT)
		buffer_text(ret_problem, "nothing is enabled");
	else if (r && !ret_problem->len)
		buffer_format(ret_problem, "%s: %s", pin, strerror(-r));
	return r;
}
