// SPDX-License-Identifier: MIT
/*
 * Scans /proc/PID/fd of all processes for sockets. Costs 3 us a descriptor, so with many processes
 * a second thread takes its share. /proc/PID/fd is the table of the first thread; that others have
 * one of their own (unshare(2) CLONE_FILES), or that the first one ended, is rare, and looked at
 * only where something is missing.
 */
#include "sockets/linux/scan.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
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
	bool threads; /* their tables, too */
	struct pids pids;
	atomic_size_t next; /* the first pid that nobody took yet */
};

struct worker {
	struct scan *scan;
	struct owners_hits hits;
	uint32_t pid; /* whose descriptors are read */
	uint32_t thread;
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
		&(struct owners_hit){.inode = inode,
			.pid = worker->pid,
			.thread = worker->thread,
			.fd = (int32_t)fd});
}

struct tables {
	const struct sockets_system *system;
	uint32_t pid;
	uint32_t last; /* the thread whose table was looked at last */
	uint32_t *thread;
	system_linked *seen;
	void *context;
};

/* A system_entry of /proc/PID/task. */
static int scan_table(void *context, const char *name)
{
	struct tables *tables = context;
	char task[PROCESS_PATH];
	char path[PROCESS_PATH];
	uint64_t thread = 0;

	if (text_number(name, strlen(name), INT32_MAX, &thread) || thread == tables->pid ||
		system_shares_table(tables->system, tables->pid, (uint32_t)thread) ||
		(tables->last &&
			system_shares_table(tables->system, tables->last, (uint32_t)thread)))
		return 0;
	tables->last = (uint32_t)thread;
	*tables->thread = (uint32_t)thread;
	(void)snprintf(task, sizeof(task), "task/%u/fd", (uint32_t)thread);
	process_path(path, tables->pid, task);
	int r = system_links(tables->system, path, tables->seen, tables->context);
	return r == -ENOENT || r == -ESRCH ? 0 : r; /* the thread ended */
}

int scan_tables(const struct sockets_system *system, uint32_t pid, system_linked *seen,
	void *context, uint32_t *ret_thread)
{
	struct tables tables = {.system = system,
		.pid = pid,
		.thread = ret_thread,
		.seen = seen,
		.context = context};
	char path[PROCESS_PATH];

	process_path(path, pid, "task");
	int r = system_folder(system, path, scan_table, &tables);
	*ret_thread = 0;
	return r;
}

static int scan_process(struct worker *worker, uint32_t pid)
{
	const struct scan *scan = worker->scan;
	char path[PROCESS_PATH];

	process_path(path, pid, "fd");
	worker->pid = pid;
	int r = system_links(scan->system, path, see_link, worker);
	if (!r && scan->threads)
		r = scan_tables(scan->system, pid, see_link, worker, &worker->thread);
	if (r == -EACCES || r == -EPERM)
		worker->hits.denied = true;
	return r == -ENOMEM ? r : 0; /* other errors: it ended meanwhile */
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

static int scan_all(const struct sockets_system *system, const struct map *wanted, bool own_tables,
	struct owners_hits *hits)
{
	struct scan scan = {.system = system, .wanted = wanted, .threads = own_tables};
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

int scan_threads(
	const struct sockets_system *system, const struct map *wanted, struct owners_hits *hits)
{
	return scan_all(system, wanted, true, hits);
}
