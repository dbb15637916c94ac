// SPDX-License-Identifier: MIT
/*
 * Items are handed out by one counter, in order; what is done with them is the caller's matter.
 */
#include "base/crew.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

struct crew {
	crew_work *work;
	void *context;
	size_t n;
	atomic_size_t next; /* the first item that nobody took yet */
	atomic_int answer; /* the first that was not 0 */
};

struct worker {
	struct crew *crew;
	unsigned number;
	pthread_t thread;
};

static void *run(void *context)
{
	const struct worker *worker = context;
	struct crew *crew = worker->crew;

	while (!atomic_load(&crew->answer)) {
		size_t item = atomic_fetch_add(&crew->next, 1);

		if (item >= crew->n)
			break;
		int answer = crew->work(crew->context, worker->number, item);
		int none = 0;
		if (answer)
			(void)atomic_compare_exchange_strong(&crew->answer, &none, answer);
	}
	return NULL;
}

int crew_run(unsigned threads, size_t n, crew_work *work, void *context)
{
	struct crew crew = {.work = work, .context = context, .n = n};
	struct worker workers[CREW_MOST];
	unsigned started = 0;
	sigset_t all;
	sigset_t before;

	if (threads > CREW_MOST)
		threads = CREW_MOST;
	if (threads > n)
		threads = (unsigned)n;
	sigfillset(&all);
	if (pthread_sigmask(SIG_SETMASK, &all, &before))
		return -EAGAIN;
	while (started < threads) {
		struct worker *worker = workers + started;

		*worker = (struct worker){.crew = &crew, .number = started};
		if (pthread_create(&worker->thread, NULL, run, worker))
			break;
		started++;
	}
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	for (unsigned i = 0; i < started; i++)
		(void)pthread_join(workers[i].thread, NULL);
	if (n && !started)
		return -EAGAIN;
	return atomic_load(&crew.answer);
}
