/* SPDX-License-Identifier: MIT */
/*
 * A recording, opened: the folder that docs/recording.md describes. Whoever made it may have meant
 * harm: paths never leave the folder, symbolic links are read and never followed, texts are
 * checked.
 */
#ifndef BERTH_SOCKETS_LINUX_REPLAY_H
#define BERTH_SOCKETS_LINUX_REPLAY_H

#include "sockets/linux/system.h"

/* As sockets_system_replay(). */
int replay_open(const char *path, struct replay **ret_replay, struct buffer *ret_problem);
void replay_close(struct replay *replay);

/* Opens a path of the recorded machine. A descriptor, or a negative errno, recorded or real. */
int replay_open_path(const struct replay *replay, const char *path, int flags);

/* Opens the folder in which the path's last component is. -errno also when the path was denied. */
int replay_open_parent(const struct replay *replay, const char *path, const char **ret_name);

/* The entries of a folder below which everything was denied, so that nothing of them is there. */
int replay_denied_entries(
	const struct replay *replay, const char *path, system_entry *seen, void *context);

/* `netns` here and below: 0 is the recording process's own, else the id of another one. */
int replay_netlink(const struct replay *replay, uint64_t netns, const char *name,
	system_chunk *chunk, void *context);

/* NULL: it has no name, or nobody asked for it. */
const char *replay_user(const struct replay *replay, uint32_t uid);
const char *replay_interface(const struct replay *replay, uint64_t netns, uint32_t ifindex);

double replay_now_s(const struct replay *replay);
unsigned replay_clock_ticks(const struct replay *replay);

/* ---- The recording's own files, shared with record.c ---------------------------------------- */

enum {
	REPLAY_FORMAT = 1
};

struct replay_meta {
	double time_s;
	unsigned clock_ticks;
	bool scrubbed;
};

/* The file "recording". -EBADMSG: *ret_problem (appended to) says what is wrong. */
int replay_parse_meta(
	const char *text, size_t len, struct replay_meta *ret_meta, struct buffer *ret_problem);
void replay_write_meta(struct buffer *out, const struct replay_meta *meta);

/* The names of errors in the file "denied": "EACCES". Unknown ones become EIO. */
const char *replay_error_name(int error);
int replay_error_number(const char *name, size_t len);

#endif
