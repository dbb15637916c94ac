// SPDX-License-Identifier: MIT
/*
 * What a lease is tied to: this start of the machine, this network namespace, this PID namespace,
 * and a process by its pid and start.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/text.h"
#include "sockets/linux/policy.h"
#include "sockets/linux/process.h"
#include "sockets/linux/system.h"

enum {
	LARGEST_STAT = 4096,
	BOOT_ID = sizeof(((struct sockets_here *)NULL)->boot_id),
	COOKIE = 71, /* SO_NETNS_COOKIE, Linux 5.14 (asm-generic/socket.h) */
};

/* The cookie is of one namespace as long as the machine runs; an inode comes back. */
static int read_netns(uint64_t *ret_netns)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof(*ret_netns);
	struct stat status;

	int r = fd < 0 ? -1 : getsockopt(fd, SOL_SOCKET, COOKIE, ret_netns, &len);
	if (fd >= 0)
		close(fd);
	if (r < 0 && stat("/proc/self/ns/net", &status) < 0)
		return -errno;
	if (r < 0)
		*ret_netns = status.st_ino;
	return 0;
}

/* It never changes, so a thread reads it once. */
static int read_boot_id(const struct sockets_system *system, char ret_id[BOOT_ID])
{
	static _Thread_local char known[BOOT_ID];
	struct buffer text = {0};
	int r = 0;

	if (!*known) {
		r = system_file(system, "/proc/sys/kernel/random/boot_id", LARGEST_STAT, &text);
		if (!r && text.len >= BOOT_ID - 1)
			memcpy(known, text.data, BOOT_ID - 1);
		buffer_free(&text);
	}
	memcpy(ret_id, known, BOOT_ID);
	return r;
}

static int read_inode(const char *path, uint64_t *ret_inode)
{
	struct stat status;

	if (stat(path, &status) < 0)
		return -errno;
	*ret_inode = status.st_ino;
	return 0;
}

int sockets_here(struct sockets_system *system, unsigned parts, struct sockets_here *ret_here)
{
	struct sockets_here here = {0};

	if (system->replay)
		return -EROFS;
	int r = read_boot_id(system, here.boot_id);
	if (!r)
		r = read_netns(&here.netns);
	if (!r && parts & SOCKETS_HERE_PIDNS)
		r = read_inode("/proc/self/ns/pid", &here.pidns);
	if (r)
		return r;
	if (parts & SOCKETS_HERE_NETNS_INODE)
		(void)read_inode("/proc/self/ns/net", &here.netns_inode);
	*ret_here = here;
	return 0;
}

int sockets_policy(struct sockets_system *system, uint64_t netns, struct arena *arena,
	struct berth_policy *ret_policy)
{
	return policy_read_kept(system, netns, arena, ret_policy);
}

static int read_start(const struct sockets_system *system, uint32_t pid, uint64_t *ret_ticks)
{
	struct process_stat stat = {0};
	struct buffer text = {0};
	char path[PROCESS_PATH];

	process_path(path, pid, "stat");
	int r = system_file(system, path, LARGEST_STAT, &text);
	if (!r)
		r = text.data ? process_parse_stat(text.data, text.len, &stat) : -EIO;
	buffer_free(&text);
	if (r)
		return r == -ENOMEM ? r : -EACCES;
	*ret_ticks = stat.start_ticks;
	return 0;
}

/*
 * The pidfd is opened first and looked at last: if its process has not ended then, what was read in
 * between was read of it. It is readable as soon as the last thread has ended (pidfd_poll), also
 * when nobody has waited for the process yet. Where /proc hides processes of others (hidepid=2),
 * they live all the same.
 */
int sockets_start(struct sockets_system *system, uint32_t pid, uint64_t *ret_ticks)
{
	uint64_t ticks = 0;

	if (pid == (uint32_t)getpid()) /* who has not ended */
		return read_start(system, pid, ret_ticks);
	int pidfd = (int)syscall(SYS_pidfd_open, (pid_t)pid, 0);
	if (pidfd < 0 && errno != ENOSYS) /* 5.3 */
		return errno == ESRCH || errno == EINVAL ? -ESRCH : -errno;
	int r = read_start(system, pid, &ticks);
	struct pollfd ended = {.fd = pidfd, .events = POLLIN};
	int polled = pidfd < 0 ? 0 : poll(&ended, 1, 0);
	if (pidfd >= 0)
		close(pidfd);
	if (polled > 0 || (pidfd < 0 && r == -EACCES))
		return -ESRCH;
	if (!r)
		*ret_ticks = ticks;
	return r;
}

/* ---- PID namespaces -------------------------------------------------------------------------- */

struct pid_namespaces {
	struct arena *arena;
	uint64_t *all;
	size_t n;
	size_t size;
};

static int add_inode(struct pid_namespaces *found, uint64_t inode)
{
	for (size_t i = 0; i < found->n; i++) {
		if (found->all[i] == inode)
			return 0;
	}
	uint64_t *all = arena_grow(found->arena, found->all, found->n, &found->size, sizeof(*all));
	if (!all)
		return -ENOMEM;
	found->all = all;
	found->all[found->n++] = inode;
	return 0;
}

/* A system_entry, of /proc. */
static int see_process(void *context, const char *name)
{
	char path[PROCESS_PATH];
	uint64_t inode = 0;
	uint64_t pid = 0;

	/* Process 1 is in the namespace that it began, which is ours, and guards itself well. */
	if (text_number(name, strlen(name), UINT32_MAX, &pid) || pid == 1)
		return 0;
	process_path(path, (uint32_t)pid, "ns/pid");
	int r = read_inode(path, &inode);
	if (r == -ENOENT || r == -ESRCH) /* it has ended */
		return 0;
	return r ? -EACCES : add_inode(context, inode);
}

int sockets_pid_namespaces(struct sockets_system *system, struct arena *arena,
	const uint64_t **ret_inodes, size_t *ret_n)
{
	const uint64_t first = 0xeffffffc; /* PROC_PID_INIT_INO, include/linux/proc_ns.h */
	struct pid_namespaces found = {.arena = arena};
	uint64_t ours = 0;
	int r = read_inode("/proc/self/ns/pid", &ours);

	if (!r && ours != first)
		r = -EPERM;
	if (!r)
		r = system_folder(system, "/proc", see_process, &found);
	if (!r) {
		*ret_inodes = found.all;
		*ret_n = found.n;
	}
	return r;
}
