/* SPDX-License-Identifier: MIT */
/*
 * The seam: everything that this backend learns of the machine comes through these functions. A
 * system is this machine or a recording (docs/recording.md), and one that is being recorded tells a
 * tee of every answer, so that a recording holds just what was read.
 *
 * Paths are absolute, as "/proc/123/stat", and contain no "..". Functions return 0 or a count, or
 * the negative errno of the call that failed; on a recording, the errno that was recorded, or
 * -ENOENT for what was not read then.
 */
#ifndef BERTH_SOCKETS_LINUX_SYSTEM_H
#define BERTH_SOCKETS_LINUX_SYSTEM_H

#include <sys/types.h>

#include "base/buffer.h"
#include "sockets/sockets.h"

struct replay;

enum system_kind {
	SYSTEM_FILE,
	SYSTEM_LINK,
	SYSTEM_FOLDER, /* only its errors are told: its entries are told when they are read */
	SYSTEM_NETLINK,
	SYSTEM_USER,
	SYSTEM_INTERFACE,
};

struct system_answer {
	enum system_kind kind;
	uint64_t netns; /* of which network namespace it is; 0: our own, or of none */
	const char *path; /* of a file or link; the name of a netlink question */
	uint32_t number; /* user id or interface index */
	int error; /* 0 or negative errno */
	const void *bytes; /* contents, target, messages or name */
	size_t len;
};

struct system_tee {
	void (*answered)(void *context, const struct system_answer *answer);
	void *context;
};

/* A network namespace, see system_netns.c. */
struct system_netns {
	uint64_t id; /* the inode of the namespace, or of its table; both are of one number space */
	bool is_table; /* known by the inode of its /proc/PID/net/tcp only */
	bool inside; /* the thread that asks is in it */
	uint32_t pid; /* a process in it, of which /proc/PID/net tells; 0: none */
};

struct sockets_system {
	struct replay *replay; /* NULL: this machine */
	const struct system_tee *tee; /* NULL: nobody records */
	bool without_netlink; /* behave as if netlink were refused; for tests of what comes then */
	const struct system_netns *netns; /* whose sockets are asked for; NULL: our own */
	struct policy_kept *kept; /* see policy_read_kept(); copies share it; NULL: there is none */
};

/* Tells the tee, if there is one: only for the files of the seam. */
void system_tell(const struct sockets_system *system, const struct system_answer *answer);

/* Appends the contents of a file, as file_read(). -EFBIG: the first `max` bytes are there. */
int system_file(const struct sockets_system *system, const char *path, size_t max,
	struct buffer *ret_contents);

/* The same of a file of /proc/sys, see file_read_setting(). */
int system_setting(const struct sockets_system *system, const char *path, size_t max,
	struct buffer *ret_contents);

/* The same in a folder of somebody else's: the last component may be no symbolic link, since one to
 * a device would have an effect when it is opened. -ELOOP: it is one. */
int system_file_unlinked(const struct sockets_system *system, const char *path, size_t max,
	struct buffer *ret_contents);

/* Tells a recording of contents that stand for those of a file, which was read untold. */
void system_tell_file(
	const struct sockets_system *system, const char *path, const struct buffer *contents);

/* The target of a symbolic link, NUL-terminated, cut when it does not fit. Its length. */
ssize_t system_link(
	const struct sockets_system *system, const char *path, char *ret_target, size_t size);

/* Whether there is something at the path that is no symbolic link. */
bool system_exists(const struct sockets_system *system, const char *path);

/* Calls `seen` for each entry but "." and ".."; a non-zero answer ends it and is handed on. */
typedef int system_entry(void *context, const char *name);
int system_folder(
	const struct sockets_system *system, const char *path, system_entry *seen, void *context);

/*
 * Calls `seen` for each symbolic link in the folder with its target (cut to SYSTEM_TARGET - 1
 * bytes). Links that vanish meanwhile are left out. -EACCES, -EPERM: some or all may not be read.
 */
enum {
	SYSTEM_TARGET = 64
};
typedef int system_linked(void *context, const char *name, const char *target);
int system_links(
	const struct sockets_system *system, const char *path, system_linked *seen, void *context);

/*
 * Whether two threads are known to have one descriptor table (kcmp(2)), so that looking at one is
 * enough. A recording has only tables that were looked at, so there none are.
 */
bool system_shares_table(const struct sockets_system *system, uint32_t thread, uint32_t other);

/*
 * Asks one question of a netlink family (NETLINK_SOCK_DIAG, NETLINK_ROUTE, …) and hands the answer
 * on in chunks of whole messages, 4-byte aligned, until `chunk` says that it has seen the end (1)
 * or fails (negative). `name` is what a recording calls the answer: "tcp.bin" for sock_diag, and
 * with a folder, "route/links.bin", for the others. -ENOSPC: a message was cut; -ENOBUFS: messages
 * were lost; -ENODATA: a recorded answer ended before `chunk` saw the end.
 */
typedef int system_chunk(void *context, const void *bytes, size_t len);
int system_ask(const struct sockets_system *system, int family, const char *name,
	const void *request, size_t len, system_chunk *chunk, void *context);

/*
 * The path of the folder of a cgroup (version 2), by the id that sockets carry. Its length, or as
 * cgroupfs_path(). A recording calls it the link /cgroup/ID.
 */
ssize_t system_cgroup(
	const struct sockets_system *system, uint64_t id, char *ret_path, size_t size);

/*
 * The same for an answer that holds secrets (keys of WireGuard): `wash` overwrites them in each
 * chunk as soon as it is received, before anything else sees it. NULL: there are none.
 */
typedef void system_wash(void *bytes, size_t len);
int system_ask_washed(const struct sockets_system *system, int family, const char *name,
	const void *request, size_t len, system_wash *wash, system_chunk *chunk, void *context);

/*
 * Whatever else the kernel is asked by a call of its own: `fetch` makes the call and appends the
 * answer to the buffer. `name` is what a recording calls it, "sk-lookup.bin". 0; the negative errno
 * of fetch, or that which was recorded.
 */
typedef int system_fetch(void *context, struct buffer *ret_answer);
int system_call(const struct sockets_system *system, const char *name, system_fetch *fetch,
	void *context, struct buffer *ret_answer);

/* The name of a user or an interface. -ENOENT: it has none; -ERANGE: it does not fit. */
int system_user(const struct sockets_system *system, uint32_t uid, char *ret_name, size_t size);
int system_interface(
	const struct sockets_system *system, uint32_t ifindex, char *ret_name, size_t size);

/* The home folder of a user. As system_user(). A recording calls it the link /home-of/UID. */
int system_home(const struct sockets_system *system, uint32_t uid, char *ret_path, size_t size);

/*
 * The namespace that a file stands for, in the form of the links in /proc/PID/ns:
 * "net:[4026531840]" for files of nsfs; nothing is opened. 0; -EINVAL: another file. A recording
 * calls it a link.
 */
int system_namespace(
	const struct sockets_system *system, const char *path, char *ret_name, size_t size);

/* ---- Network namespaces (system_netns.c) ------------------------------------------------------
 */

/*
 * The network namespace of a process or thread, `path` "/proc/12" or "/proc/12/task/13"; where that
 * is refused, told apart from others by its tables, which anybody may look at. ret_netns->pid and
 * `inside` are left unset.
 */
int system_netns_of(
	const struct sockets_system *system, const char *path, struct system_netns *ret_netns);

/* That of a file: a mounted namespace, or a descriptor. -EINVAL: it is no network namespace. */
int system_netns_at(
	const struct sockets_system *system, const char *path, struct system_netns *ret_netns);

/*
 * Moves the calling thread, which must be one made for it, into the namespace that `path` leads to.
 * -EPERM, -EACCES: needs CAP_SYS_ADMIN; -ENOENT: it is gone, or another one is there.
 */
int system_netns_enter(
	const struct sockets_system *system, const char *path, const struct system_netns *netns);

/* The inode of the table of netns->pid, by which others may be known; 0: not known. */
uint64_t system_netns_table(const struct sockets_system *system, const struct system_netns *netns);

/* SO_NETNS_COOKIE of the namespace that system->netns is in; 0: not known. */
uint64_t system_netns_cookie(const struct sockets_system *system);

/* "net:[4026531840]", or "table:[4026531910]". -EINVAL. */
int system_netns_parse(const char *text, struct system_netns *ret_netns);

/*
 * Where a file is that every namespace has of its own: in a recording below netns/ID, on this
 * machine in /proc as the thread sees it or the process. 1; 0: this file is not of that kind, and
 * stays where it is; -EACCES: it can be read by nobody but a thread inside.
 */
enum {
	SYSTEM_PATH = 128
};
int system_netns_place(
	const struct sockets_system *system, const char *path, char ret_place[SYSTEM_PATH]);

/* Appends the kernel's release, "6.1.0-45-amd64". */
int system_release(const struct sockets_system *system, struct buffer *ret_release);

/* Seconds since 1970: now, and when the machine started (0: not known). */
double system_now_s(const struct sockets_system *system);
double system_boot_s(const struct sockets_system *system);

/* How many ticks a second has in /proc (USER_HZ). */
unsigned system_clock_ticks(const struct sockets_system *system);

#endif
