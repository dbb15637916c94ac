// SPDX-License-Identifier: MIT
/* Gives up rights, starts the workers, and hands each connection to the one with the fewest. */
#include "desk/desk.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/confine.h"
#include "base/notify.h"
#include "base/signals.h"
#include "desk/worker.h"

enum {
	WORKERS = 4,
	FILES = WORKERS * 2 * WORKER_CLIENTS + 64, /* a connection and a pidfd for each */
	PAUSE_MS = 100,
};

struct desk {
	const struct desk_settings *settings;
	int signals;
	struct worker *workers[WORKERS];
	size_t n_workers;
};

/* ---- Rights ---------------------------------------------------------------------------------- */

/* Root keeps what it takes to act as others and to try low ports; anybody else keeps nothing. */
static int give_up_rights(void)
{
	const uint64_t kept = geteuid() ? 0
					: UINT64_C(1) << CAP_SETUID | UINT64_C(1) << CAP_SETGID |
			UINT64_C(1) << CAP_NET_BIND_SERVICE;

	confine_bounding(kept);
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (!geteuid() && setgroups(0, NULL) < 0 && errno != EPERM)
		return -errno;
	int error = confine_capabilities(kept);
	return error ? error : confine_daemon();
}

static void allow_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= FILES)
		return;
	limit.rlim_cur = limit.rlim_max < FILES ? limit.rlim_max : FILES;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

/* ---- Arrivals -------------------------------------------------------------------------------- */

static struct worker *choose(const struct desk *desk)
{
	struct worker *best = desk->workers[0];

	for (size_t i = 1; i < desk->n_workers; i++) {
		if (worker_load(desk->workers[i]) < worker_load(best))
			best = desk->workers[i];
	}
	return best;
}

/* False: there is no descriptor for who waits, who would be told of again at once. */
static bool accept_all(const struct desk *desk, int listener)
{
	int fd = -1;

	while ((fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0)
		worker_give(choose(desk), fd);
	return errno != EMFILE && errno != ENFILE && errno != ENOBUFS && errno != ENOMEM;
}

static int serve(const struct desk *desk)
{
	const struct desk_settings *settings = desk->settings;
	struct pollfd ready[NOTIFY_LISTENERS_MOST + 1];
	size_t n = settings->n_listeners;

	for (size_t i = 0; i < n; i++)
		ready[i] = (struct pollfd){.fd = settings->listeners[i], .events = POLLIN};
	ready[n] = (struct pollfd){.fd = desk->signals, .events = POLLIN};
	while (poll(ready, n + 1, -1) >= 0 || errno == EINTR) {
		if (ready[n].revents)
			return 0;
		for (size_t i = 0; i < n; i++) {
			if (ready[i].revents && !accept_all(desk, ready[i].fd))
				(void)poll(&ready[n], 1, PAUSE_MS);
		}
	}
	return -errno;
}

static int start_workers(struct desk *desk)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	int error = 0;

	while (!error && desk->n_workers < WORKERS &&
		(!desk->n_workers || (long)desk->n_workers < processors)) {
		error = worker_start(desk->settings, &desk->workers[desk->n_workers]);
		desk->n_workers += !error;
	}
	return error;
}

int desk_run(const struct desk_settings *settings)
{
	static const int ends[] = {SIGTERM, SIGINT};
	struct desk desk = {.settings = settings};
	int error = settings->n_listeners > NOTIFY_LISTENERS_MOST ? -E2BIG : 0;

	allow_files();
	desk.signals = signals_open(ends, sizeof(ends) / sizeof(*ends), NULL);
	if (!error && desk.signals < 0)
		error = desk.signals;
	if (!error)
		error = give_up_rights(); /* before there are threads: each has rights of its own */
	if (!error)
		error = start_workers(&desk);
	if (!error) {
		settings->ready(settings->context);
		error = serve(&desk);
	}
	for (size_t i = 0; i < desk.n_workers; i++)
		worker_end(desk.workers[i]);
	if (desk.signals >= 0)
		(void)close(desk.signals);
	return error;
}
