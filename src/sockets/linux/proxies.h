/* SPDX-License-Identifier: MIT */
/*
 * Helpers of container engines that have a port for a container: what their arguments say of it.
 * Pure. Whoever starts a process chooses its name and arguments, so what is found is a claim of
 * that user.
 */
#ifndef BERTH_SOCKETS_LINUX_PROXIES_H
#define BERTH_SOCKETS_LINUX_PROXIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How a helper tells for whom it works. */
enum proxies_kind {
	PROXIES_NONE, /* it is no helper */
	PROXIES_ADDRESS, /* docker-proxy: the address of the container */
	PROXIES_ID, /* conmon: the id of the container */
	PROXIES_CHILD, /* rootlessport: it has a child in the network of the container */
	PROXIES_PROCESS, /* slirp4netns, pasta: a process that is in that network */
	PROXIES_NAMESPACE, /* the same: the file of the network namespace, in their own root */
};

struct proxies_target {
	enum proxies_kind kind;
	const char *text; /* address, id or path; belongs to argv */
	const char *name; /* of the container, NULL: not told */
	uint32_t pid;
	uint16_t port; /* in the container; 0: not told */
};

/* Whether a process of that name may be a helper, so that its arguments are worth reading. */
bool proxies_is_helper(const char *name);

void proxies_read(const char *name, const char *const *argv, size_t n_argv,
	struct proxies_target *ret_target);

#endif
