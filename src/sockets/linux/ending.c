// SPDX-License-Identifier: MIT
/*
 * Signals to processes that hold a socket, and only to these; who we are ourselves; and word from
 * the kernel that a TCP socket has ended. Whom to signal is decided elsewhere.
 *
 * Why there is no wrong victim. A pid can change hands at any time, but not while its process is
 * there, and a pidfd stands for one process. So the pidfd is opened first, then /proc/PID is
 * read: start time and the descriptor of the socket. If the signal can be sent through the pidfd
 * after that (pidfd_send_signal(2) fails with ESRCH once the process was reaped), its process had
 * the pid all the time, and what was read was true of it.
 */
#include <errno.h>
#include <inttypes.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/text.h"
#include "sockets/linux/process.h"
#include "sockets/linux/processes.h"
#include "sockets/linux/system.h"

enum {
	LARGEST_STAT = 4096,
	CHUNK = 8192,
	MOST_CHUNKS = 256, /* of a flood; the rest makes the descriptor readable again */
};

struct search {
	const struct sockets_system *system;
	const struct sockets_victim *victim;
};

/* ---- Does it hold the socket? ---------------------------------------------------------------- */

static int is_socket(void *context, const char *name, const char *target)
{
	const struct search *search = context;

	(void)name;
	return process_parse_socket(target) == search->victim->inode;
}

/* A thread can have a descriptor table of its own (unshare(2), CLONE_FILES). */
static int in_thread(void *context, const char *name)
{
	struct search *search = context;
	char path[PROCESS_PATH];
	char folder[sizeof("task/4294967295/fd")];
	uint64_t thread = 0;

	if (text_number(name, strlen(name), UINT32_MAX, &thread))
		return 0;
	(void)snprintf(folder, sizeof(folder), "task/%" PRIu32 "/fd", (uint32_t)thread);
	process_path(path, search->victim->pid, folder);
	int r = system_links(search->system, path, is_socket, search);
	return r > 0 ? 1 : 0;
}

/* 0; -ENOENT: it does not; another negative errno: that may not be read. */
static int check_socket(const struct sockets_system *system, const struct sockets_victim *victim)
{
	struct search search = {.system = system, .victim = victim};
	char path[PROCESS_PATH];

	process_path(path, victim->pid, "fd");
	int r = system_links(system, path, is_socket, &search);
	if (r > 0)
		return 0;
	process_path(path, victim->pid, "task");
	int thread = system_folder(system, path, in_thread, &search);
	if (thread > 0)
		return 0;
	return r == -EACCES || r == -EPERM ? r : -ENOENT;
}

static int check_start(const struct sockets_system *system, const struct sockets_victim *victim)
{
	struct process_stat stat = {0};
	struct buffer text = {0};
	char path[PROCESS_PATH];

	process_path(path, victim->pid, "stat");
	int r = system_file(system, path, LARGEST_STAT, &text);
	if (!r)
		r = text.data ? process_parse_stat(text.data, text.len, &stat) : -ESRCH;
	buffer_free(&text);
	if (r == -ENOMEM)
		return r;
	return r || stat.start_ticks != victim->start_ticks ? -ESRCH : 0;
}

static int check(const struct sockets_system *system, const struct sockets_victim *victim)
{
	int r = check_start(system, victim);

	return r || !victim->inode ? r : check_socket(system, victim);
}

/* glibc has wrappers since 2.36, musl has none. Both calls: Linux 5.3. */
int sockets_signal(struct sockets_system *system, const struct sockets_victim *victim, int signal)
{
	if (system->replay)
		return signal ? -EROFS : check(system, victim);
	int pidfd = (int)syscall(SYS_pidfd_open, (pid_t)victim->pid, 0);
	if (pidfd < 0)
		return -errno;
	int r = check(system, victim);
	if (!r && syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0) < 0)
		r = -errno;
	close(pidfd);
	return r;
}

/* ---- Who are we? ----------------------------------------------------------------------------- */

static int describe(struct sockets_system *system, uint32_t pid, struct arena *arena,
	const struct berth_process **ret_process)
{
	struct names names = {.system = system, .arena = arena};
	struct places places;
	struct processes processes = {.system = system,
		.arena = arena,
		.names = &names,
		.whole_parents = true,
		.places = &places};

	places_begin(&places, system, arena);
	int r = processes_named(&processes, pid, ret_process);
	processes_free(&processes);
	places_free(&places);
	names_free(&names);
	return r;
}

int sockets_self(
	struct sockets_system *system, struct arena *arena, const struct berth_process **ret_self)
{
	*ret_self = NULL;
	return system->replay ? 0 : describe(system, (uint32_t)getpid(), arena, ret_self);
}

int sockets_process(struct sockets_system *system, uint32_t pid, uint64_t start_ticks,
	struct arena *arena, const struct berth_process **ret_process)
{
	const struct berth_process *process = NULL;
	int r = pid ? describe(system, pid, arena, &process) : 0;

	if (!r)
		*ret_process = process && process->start_ticks == start_ticks ? process : NULL;
	return r;
}

/* ---- Word of endings ------------------------------------------------------------------------- */

/*
 * Groups of sock_diag since Linux 4.3; anybody may join (NL_CFG_F_NONROOT_RECV in sock_diag.c). The
 * message comes when the last reference is dropped, which is after the port was given back
 * (__sk_free in net/core/sock.c).
 */
int sockets_endings(struct sockets_system *system)
{
	static const int groups[] = {SKNLGRP_INET_TCP_DESTROY, SKNLGRP_INET6_TCP_DESTROY};
	int r = 0;

	if (system->replay || system->without_netlink)
		return -ENOSYS;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_SOCK_DIAG);
	if (fd < 0)
		return -errno;
	for (size_t i = 0; !r && i < sizeof(groups) / sizeof(*groups); i++) {
		if (setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, groups + i,
			    sizeof(*groups)) < 0)
			r = -errno;
	}
	if (!r)
		return fd;
	close(fd);
	return r;
}

void sockets_endings_read(int fd)
{
	char bytes[CHUNK];

	/* What it says is looked up anew; that messages were lost (ENOBUFS) is word enough. */
	for (int i = 0; i < MOST_CHUNKS; i++) {
		if (recv(fd, bytes, sizeof(bytes), 0) < 0 && errno != ENOBUFS)
			return;
	}
}
