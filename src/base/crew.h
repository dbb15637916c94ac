/* SPDX-License-Identifier: MIT */
/*
 * A crew: a few threads that share a list of items until none is left. The caller waits and does
 * none of the work itself, so work may do to its thread what must not happen to the caller's.
 */
#ifndef BERTH_BASE_CREW_H
#define BERTH_BASE_CREW_H

#include <stddef.h>

enum {
	CREW_MOST = 8
};

/* Does one item; `worker` counts the threads from 0. A non-zero answer ends the whole work. */
typedef int crew_work(void *context, unsigned worker, size_t item);

/*
 * Calls `work` once for each of the items 0 … n - 1, in up to `threads` threads (at most CREW_MOST,
 * and not more than items). They take no signals: those are the program's. 0; what a work answered
 * that was not 0; -EAGAIN: not one thread could be started, and nothing was done.
 */
int crew_run(unsigned threads, size_t n, crew_work *work, void *context);

#endif
