// SPDX-License-Identifier: MIT
/*
 * The dear part of finding namespaces, shared by a few threads. What the finds mean is for netns.c.
 */
#include "sockets/linux/netns_fds.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/crew.h"
#include "base/text.h"

enum {
	THREADS = 4,
	PIDS_FOR_THREADS = 64, /* below that one thread is as fast */
	FIRST_PIDS = 256,
	FIRST_FOUND = 16,
};

struct found {
	struct netns_fd *all;
	size_t count;
	size_t size;
	uint32_t pid; /* whose descriptors are read */
	bool denied;
};

struct look {
	const struct netns_fds *fds;
	struct found found[THREADS];
};

static int add_pid(void *context, const char *name)
{
	struct netns_fds *fds = context;
	uint64_t pid = 0;

	if (text_number(name, strlen(name), INT32_MAX, &pid))
		return 0;
	if (fds->n_pids == fds->size) {
		size_t size = fds->size ? fds->size * 2 : FIRST_PIDS;
		uint32_t *pids = reallocarray(fds->pids, size, sizeof(*pids));

		if (!pids)
			return -ENOMEM;
		fds->pids = pids;
		fds->size = size;
	}
	fds->pids[fds->n_pids++] = (uint32_t)pid;
	return 0;
}

int netns_fds_processes(struct netns_fds *fds)
{
	int r = system_folder(fds->system, "/proc", add_pid, fds);

	if (r == -EACCES || r == -EPERM)
		fds->denied = true;
	return r == -ENOMEM ? r : 0;
}

static int see_link(void *context, const char *name, const char *target)
{
	struct found *found = context;
	struct system_netns netns;
	uint64_t fd = 0;

	if (*target != 'n' || system_netns_parse(target, &netns) || netns.is_table ||
		text_number(name, strlen(name), INT32_MAX, &fd))
		return 0;
	if (found->count == found->size) {
		size_t size = found->size ? found->size * 2 : FIRST_FOUND;
		struct netns_fd *all = reallocarray(found->all, size, sizeof(*all));

		if (!all)
			return -ENOMEM;
		found->all = all;
		found->size = size;
	}
	found->all[found->count++] =
		(struct netns_fd){.id = netns.id, .pid = found->pid, .fd = (uint32_t)fd};
	return 0;
}

static int look_into(void *context, unsigned worker, size_t item)
{
	struct look *look = context;
	struct found *found = look->found + worker;
	char path[SYSTEM_PATH];

	found->pid = look->fds->pids[item];
	(void)snprintf(path, sizeof(path), "/proc/%u/fd", found->pid);
	int r = system_links(look->fds->system, path, see_link, found);
	if (r == -EACCES || r == -EPERM)
		found->denied = true;
	return r == -ENOMEM ? r : 0; /* other errors: it ended meanwhile */
}

static int look_into_all(struct look *look)
{
	const struct netns_fds *fds = look->fds;
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	int r = 0;

	/* A tee is told of answers one at a time. */
	if (!fds->system->tee && fds->n_pids >= PIDS_FOR_THREADS && processors > 1) {
		unsigned threads = processors < THREADS ? (unsigned)processors : THREADS;

		r = crew_run(threads, fds->n_pids, look_into, look);
		if (r != -EAGAIN)
			return r;
		r = 0;
	}
	for (size_t i = 0; !r && i < fds->n_pids; i++)
		r = look_into(look, 0, i);
	return r;
}

static int compare(const void *left, const void *right)
{
	const struct netns_fd *a = left;
	const struct netns_fd *b = right;

	if (a->pid != b->pid)
		return a->pid < b->pid ? -1 : 1;
	return (a->fd > b->fd) - (a->fd < b->fd);
}

/* In an order that does not depend on which thread was faster. */
static int hand_over(struct look *look, netns_fds_seen *seen, void *context)
{
	struct found *all = look->found;
	int r = 0;

	for (size_t i = 1; i < THREADS; i++) {
		const struct found *more = look->found + i;

		if (!more->count)
			continue;
		struct netns_fd *grown =
			reallocarray(all->all, all->count + more->count, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		memcpy(grown + all->count, more->all, more->count * sizeof(*grown));
		all->all = grown;
		all->count += more->count;
	}
	if (all->count)
		qsort(all->all, all->count, sizeof(*all->all), compare);
	for (size_t i = 0; !r && i < all->count; i++)
		r = seen(context, all->all + i);
	return r;
}

int netns_fds_find(struct netns_fds *fds, netns_fds_seen *seen, void *context)
{
	struct look look = {.fds = fds};

	int r = look_into_all(&look);
	if (!r)
		r = hand_over(&look, seen, context);
	for (size_t i = 0; i < THREADS; i++) {
		fds->denied = fds->denied || look.found[i].denied;
		free(look.found[i].all);
	}
	return r;
}

void netns_fds_free(struct netns_fds *fds)
{
	free(fds->pids);
	*fds = (struct netns_fds){0};
}
