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

struct sockets_system {
	struct replay *replay; /* NULL: this machine */
	const struct system_tee *tee; /* NULL: nobody records */
	bool without_netlink; /* behave as if netlink were refused; for tests of what comes then */
};

/* Appends the contents of a file, as file_read(). -EFBIG: the first `max` bytes are there. */
int system_file(const struct sockets_system *system, const char *path, size_t max,
	struct buffer *ret_contents);

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

/* Seconds since 1970. */
double system_now_s(const struct sockets_system *system);

/* How many ticks a second has in /proc (USER_HZ). */
unsigned system_clock_ticks(const struct sockets_system *system);

#endif
