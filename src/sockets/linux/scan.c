// SPDX-License-Identifier: MIT
/*
 * Scans /proc/PID/fd of all processes for sockets. Costs 3 us a descriptor, so with many processes
 * a second thread takes its share. Threads with a descriptor table of their own (unshare(2)
 * CLONE_FILES), and those that outlived the first thread of their process, are rare: they are
 * looked into when something is missing.
 */
#include "sockets/linux/scan.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "sockets/linux/process.h"

enum {
	THREADS = 2,
	PIDS_FOR_THREADS = 64, /* below that a thread costs more than it brings */
	FIRST_PIDS = 256,
};

struct pids {
	uint32_t *all;
	size_t count;
	size_t size;
};

struct scan {
	const struct sockets_system *system;
	const struct map *wanted;
	bool threads; /* look into those that are not the first of their process instead */
	struct pids pids;
	atomic_size_t next; /* the first pid that nobody took yet */
};

struct worker {
	struct scan *scan;
	struct owners_hits hits;
	uint32_t pid; /* whose descriptors are read */
	uint32_t tid; /* and of which thread; 0: of the process */
	int error;
};

static int add_pid(void *context, const char *name)
{
	struct pids *pids = context;
	uint64_t pid = 0;

	if (text_number(name, strlen(name), INT32_MAX, &pid))
		return 0;
	if (pids->count == pids->size) {
		size_t size = pids->size ? pids->size * 2 : FIRST_PIDS;
		uint32_t *all = realloc(pids->all, size * sizeof(*all));

		if (!all)
			return -ENOMEM;
		pids->all = all;
		pids->size = size;
	}
	pids->all[pids->count++] = (uint32_t)pid;
	return 0;
}

static int see_link(void *context, const char *name, const char *target)
{
	struct worker *worker = context;
	uint64_t inode = process_parse_socket(target);
	uint64_t fd = 0;

	if (!inode || !map_has(worker->scan->wanted, inode) ||
		text_number(name, strlen(name), INT32_MAX, &fd))
		return 0;
	return owners_hit(&worker->hits,
		&(struct owners_hit){
			.inode = inode, .pid = worker->pid, .tid = worker->tid, .fd = (int32_t)fd});
}

/* Whether the descriptors of a process or thread could be read; other errors: it ended. */
static int scan_folder(struct worker *worker, const char *path)
{
	int r = system_links(worker->scan->system, path, see_link, worker);

	if (r == -EACCES || r == -EPERM)
		worker->hits.denied = true;
	return r == -ENOMEM ? r : 0;
}

static int scan_thread(void *context, const char *name)
{
	struct worker *worker = context;
	const struct sockets_system *system = worker->scan->system;
	uint32_t last = worker->tid ? worker->tid : worker->pid;
	uint64_t tid = 0;
	char path[PROCESS_PATH];

	if (text_number(name, strlen(name), INT32_MAX, &tid) || tid == worker->pid ||
		system_shares_table(system, worker->pid, (uint32_t)tid) ||
		(last != worker->pid && system_shares_table(system, last, (uint32_t)tid)))
		return 0;
	worker->tid = (uint32_t)tid;
	(void)snprintf(path, sizeof(path), "/proc/%u/task/%u/fd", worker->pid, worker->tid);
	return scan_folder(worker, path);
}

static int scan_process(struct worker *worker, uint32_t pid)
{
	char path[PROCESS_PATH];

	worker->pid = pid;
	worker->tid = 0;
	if (!worker->scan->threads) {
		process_path(path, pid, "fd");
		return scan_folder(worker, path);
	}
	process_path(path, pid, "task");
	int r = system_folder(worker->scan->system, path, scan_thread, worker);
	return r == -ENOMEM ? r : 0;
}

static void *work(void *context)
{
	struct worker *worker = context;
	struct scan *scan = worker->scan;

	while (!worker->error) {
		size_t i = atomic_fetch_add(&scan->next, 1);

		if (i >= scan->pids.count)
			break;
		worker->error = scan_process(worker, scan->pids.all[i]);
	}
	return NULL;
}

/* Starts a thread that takes no signals: they are the program's, not ours. */
static bool start(struct worker *worker, pthread_t *ret_thread)
{
	sigset_t all;
	sigset_t before;

	sigfillset(&all);
	if (pthread_sigmask(SIG_SETMASK, &all, &before))
		return false;
	int r = pthread_create(ret_thread, NULL, work, worker);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return !r;
}

static size_t threads_for(const struct scan *scan)
{
	/* A tee is told of answers one at a time. */
	if (scan->system->tee || scan->pids.count < PIDS_FOR_THREADS)
		return 1;
	return sysconf(_SC_NPROCESSORS_ONLN) > 1 ? THREADS : 1;
}

static int take(struct worker *worker, struct owners_hits *hits)
{
	int r = worker->error;

	hits->denied = hits->denied || worker->hits.denied;
	for (size_t i = 0; !r && i < worker->hits.count; i++)
		r = owners_hit(hits, worker->hits.all + i);
	owners_hits_free(&worker->hits);
	return r;
}

static int scan_all(const struct sockets_system *system, const struct map *wanted, bool by_thread,
	struct owners_hits *hits)
{
	struct scan scan = {.system = system, .wanted = wanted, .threads = by_thread};
	struct worker workers[THREADS] = {{.scan = &scan}, {.scan = &scan}};
	pthread_t threads[THREADS];
	size_t started = 1; /* the first worker is this thread */

	int r = system_folder(system, "/proc", add_pid, &scan.pids);
	if (r == -EACCES || r == -EPERM)
		hits->denied = true;
	r = r == -ENOMEM ? r : 0;
	if (!r) {
		size_t n_threads = threads_for(&scan);

		while (started < n_threads && start(&workers[started], &threads[started]))
			started++;
		(void)work(&workers[0]);
		for (size_t i = 1; i < started; i++)
			(void)pthread_join(threads[i], NULL);
		for (size_t i = 0; i < started; i++) {
			int taken = take(&workers[i], hits);

			r = r ? r : taken;
		}
	}
	free(scan.pids.all);
	return r;
}

int scan_proc(
	const struct sockets_system *system, const struct map *wanted, struct owners_hits *hits)
{
	return scan_all(system, wanted, false, hits);
}

int scan_proc_and_threads(
	const struct sockets_system *system, const struct map *wanted, struct owners_hits *hits)
{
	int r = scan_all(system, wanted, false, hits);

	return r ? r : scan_all(system, wanted, true, hits);
}
