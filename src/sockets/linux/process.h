/* SPDX-License-Identifier: MIT */
/* What /proc/PID says of a process (proc(5)): pure decoders. */
#ifndef BERTH_SOCKETS_LINUX_PROCESS_H
#define BERTH_SOCKETS_LINUX_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

enum {
	PROCESS_NAME_MAX = 64, /* 15 bytes for processes; workers of the kernel show up to 63 */
	PROCESS_CAP_NET_BIND_SERVICE = 10, /* linux/capability.h */
	PROCESS_CAP_SYS_PTRACE = 19,
};

struct process_stat {
	char name[PROCESS_NAME_MAX]; /* NUL-terminated; any bytes */
	uint32_t parent; /* pid; 0: none that we can see */
	uint64_t start_ticks;
};

/* /proc/PID/stat. 0 or -EBADMSG. */
int process_parse_stat(const char *text, size_t len, struct process_stat *ret_stat);

struct process_status {
	uint32_t process; /* whose thread it is: the pid itself for the first one; 0: not told */
	bool has_uid;
	uint32_t uid; /* effective */
	bool has_capabilities;
	uint64_t capabilities; /* effective; bit n: capability n */
};

/* /proc/PID/status. Lines that are not there or cannot be read leave their has_… false. */
void process_parse_status(const char *text, size_t len, struct process_status *ret_status);

/*
 * /proc/PID/cmdline: the arguments, copied into the arena. Empty ones at the end are left out: they
 * cannot be told from what setproctitle(3) leaves behind. 0; -ENOMEM.
 */
int process_parse_arguments(struct arena *arena, const char *bytes, size_t len,
	const char *const **ret_argv, size_t *ret_n_argv);

/* The length of the path in a target of /proc/PID/exe, and whether the file is gone (d_path adds
 * " (deleted)"). */
size_t process_parse_exe(const char *target, bool *ret_deleted);

/* The "btime N" of /proc/stat: when the machine started, in seconds since 1970. 0 or -EBADMSG. */
int process_parse_boot_time(const char *text, size_t len, uint64_t *ret_boot_s);

/*
 * Paths below /proc/PID, which are written for nearly each thing that is read: "/proc/12/NAME",
 * where the name has up to 32 bytes, and "/proc/12/fd/3" or, for a thread's own descriptors,
 * "/proc/12/task/13/fd/3"; no thread is 0.
 */
enum {
	PROCESS_PATH = 64
};
void process_path(char ret_path[PROCESS_PATH], uint32_t pid, const char *name);
void process_path_fd(char ret_path[PROCESS_PATH], uint32_t pid, uint32_t thread, uint32_t fd);

/* The inode in "socket:[59633]"; 0: something else. */
uint64_t process_parse_socket(const char *target);

#endif
