/* SPDX-License-Identifier: MIT */
/* What the kernel writes of namespaces: pure, text in, names out. */
#ifndef BERTH_SOCKETS_LINUX_NETNS_TEXT_H
#define BERTH_SOCKETS_LINUX_NETNS_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

/* Takes a mounted network namespace: its inode, and where it is mounted. Non-zero ends it. */
typedef int netns_text_mount(void *context, uint64_t inode, const char *path);

/*
 * Calls `seen` for each network namespace in a table of mounts (/proc/PID/mountinfo, proc(5)). 0;
 * what `seen` answered; -ENOMEM.
 */
int netns_text_mounts(const char *text, size_t len, netns_text_mount *seen, void *context);

/*
 * Whether a name in /run/netns was made up by an engine for nobody to read: a UUID, with or without
 * a word in front ("cni-…", "netns-…").
 */
bool netns_text_is_generated(const char *name);

#endif
