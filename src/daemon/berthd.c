// SPDX-License-Identifier: MIT
/*
 * berthd: watches the ports of this network namespace and writes down what happens
 * (berth-history(1) reads it). One process, one loop: events from the library, a history to bring
 * them to, signals.
 */
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/duration.h"
#include "base/notify.h"
#include "base/signals.h"
#include "base/text.h"
#include "daemon/cage.h"
#include "daemon/keeper.h"
#include "daemon/say.h"

enum exit_code {
	EXIT_DONE = 0,
	EXIT_WRONG_USE = 2,
	EXIT_CANNOT = 3,
};

struct settings {
	const char *folder;
	bool no_bpf;
	bool readable;
	double age_s;
	uint64_t bytes;
};

struct daemon {
	struct settings settings;
	struct berth *berth;
	struct berth_here here;
	struct berth_watch *watch;
	struct keeper keeper;
	int signals;
	double watchdog_s; /* 0: nobody waits for a sign of life */
	double sign_s; /* when the next one is due */
	bool fresh; /* the watch has not told yet what is there */
};

static double now_s(void)
{
	return clock_now_s(CLOCK_REALTIME);
}

/* ---- The command line ------------------------------------------------------------------------ */

static const char help[] =
	"Usage: berthd [--foreground] [--state DIR] [--keep TIME] [--size MIB] [--readable] "
	"[--poll]\n"
	"\n"
	"Watches the ports of this network namespace and writes down who has them. It stays in "
	"the\n"
	"foreground, as service managers want it.\n"
	"\n"
	"      --foreground  say so; it changes nothing\n"
	"      --state DIR   where the history is kept (" BERTH_HISTORY_FOLDER ")\n"
	"      --keep TIME   forget what ended longer ago than this (400d)\n"
	"      --size MIB    forget the oldest when the history grows larger (256)\n"
	"      --readable    everybody may read the history; else its owner alone\n"
	"      --poll        ask for sockets, even where the kernel would tell by BPF\n"
	"  -h, --help        print this\n"
	"  -V, --version     print the version\n";

enum option_key {
	OPTION_FOREGROUND = 256,
	OPTION_STATE,
	OPTION_KEEP,
	OPTION_SIZE,
	OPTION_READABLE,
	OPTION_POLL,
};

static int read_keep(const char *text, double *ret_age_s)
{
	const double ms_per_s = 1000;
	int64_t ms = 0;

	if (duration_parse(text, &ms) || !ms) {
		say("'%s' is no time to keep things for; try 90d", text);
		return -EINVAL;
	}
	*ret_age_s = (double)ms / ms_per_s;
	return 0;
}

static int read_size(const char *text, uint64_t *ret_bytes)
{
	const uint64_t most = 1 << 20;
	const uint64_t mebibyte = 1 << 20;
	uint64_t value = 0;

	if (text_number(text, strlen(text), most, &value) || !value) {
		say("'%s' is no size in MiB", text);
		return -EINVAL;
	}
	*ret_bytes = value * mebibyte;
	return 0;
}

/* 1: it was answered already; 0; negative: wrong use. */
static int read_option(int key, struct settings *settings)
{
	switch (key) {
	case OPTION_FOREGROUND:
		return 0;
	case OPTION_STATE:
		settings->folder = optarg;
		return 0;
	case OPTION_KEEP:
		return read_keep(optarg, &settings->age_s);
	case OPTION_SIZE:
		return read_size(optarg, &settings->bytes);
	case OPTION_READABLE:
		settings->readable = true;
		return 0;
	case OPTION_POLL:
		settings->no_bpf = true;
		return 0;
	case 'h':
		(void)fputs(help, stdout);
		return 1;
	case 'V':
		(void)printf("berthd %s\n", berth_version());
		return 1;
	default:
		return -EINVAL;
	}
}

static int read_command_line(int argc, char **argv, struct settings *settings)
{
	static const struct option options[] = {
		{"foreground", no_argument, NULL, OPTION_FOREGROUND},
		{"state", required_argument, NULL, OPTION_STATE},
		{"keep", required_argument, NULL, OPTION_KEEP},
		{"size", required_argument, NULL, OPTION_SIZE},
		{"readable", no_argument, NULL, OPTION_READABLE},
		{"poll", no_argument, NULL, OPTION_POLL},
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'V'},
		{NULL, 0, NULL, 0},
	};
	int key = 0;
	int r = 0;

	while (!r && (key = getopt_long(argc, argv, "hV", options, NULL)) >= 0)
		r = read_option(key, settings);
	if (!r && optind < argc) {
		say("it takes no '%s'", argv[optind]);
		r = -EINVAL;
	}
	return r;
}

/* ---- Working --------------------------------------------------------------------------------- */

static int open_watch(struct daemon *daemon)
{
	const struct berth_watch_ask ask = {.size = sizeof(ask), .no_bpf = daemon->settings.no_bpf};

	int r = berth_watch_open(daemon->berth, &ask, &daemon->watch);
	if (r)
		say("%s", berth_error());
	daemon->fresh = true;
	return r;
}

static int open_signals(struct daemon *daemon)
{
	static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};

	(void)signal(SIGPIPE, SIG_IGN);
	daemon->signals = signals_open(numbers, sizeof(numbers) / sizeof(*numbers), NULL);
	return daemon->signals < 0 ? daemon->signals : 0;
}

static int open_keeper(struct daemon *daemon)
{
	daemon->keeper.ask = (struct chronicle_ask){.folder = daemon->settings.folder,
		.boot = daemon->here.boot,
		.netns = daemon->here.netns,
		.way = berth_watch_way(daemon->watch),
		.readable = daemon->settings.readable,
		.limits = {.age_s = daemon->settings.age_s, .bytes = daemon->settings.bytes}};
	return keeper_open(&daemon->keeper, now_s());
}

static void say_way(const struct daemon *daemon)
{
	const char *why = berth_watch_why_not(daemon->watch);

	if (why)
		say("watching without BPF (%s): what opens and closes between two looks is missed, "
		    "and so are binds that fail",
			why);
	else
		say("watching: the kernel tells everything (BPF)");
}

static int take_events(struct daemon *daemon)
{
	const struct berth_event *events = NULL;
	int n = berth_watch_next(daemon->watch, 0, &events);

	if (n < 0 && n != -EINTR)
		say("%s", berth_error());
	if (n == -ENOMEM)
		return n;
	int r = n > 0 ? keeper_take(&daemon->keeper, events, (size_t)n, now_s()) : 0;
	if (!r && n >= 0 && daemon->fresh) {
		daemon->fresh = false;
		keeper_settle(&daemon->keeper, now_s());
	}
	return r;
}

/* The history was damaged, or has holes: everything is told anew. */
static int begin_anew(struct daemon *daemon)
{
	keeper_begin_anew(&daemon->keeper, now_s());
	berth_watch_again(daemon->watch);
	daemon->fresh = true;
	return take_events(daemon);
}

static void give_sign(struct daemon *daemon)
{
	double now = now_s();

	if (daemon->watchdog_s <= 0 ||
		(now < daemon->sign_s && now + daemon->watchdog_s > daemon->sign_s))
		return;
	notify_state("WATCHDOG=1");
	daemon->sign_s = now + daemon->watchdog_s;
}

/* Until when nothing needs to be done, in milliseconds; -1: for ever. */
static int pause_ms(const struct daemon *daemon)
{
	const double ms = 1000;
	const double longest_s = 3600;
	double due_s = keeper_due_s(&daemon->keeper);

	if (daemon->watchdog_s > 0)
		due_s = fmin(due_s, daemon->sign_s);
	return (int)ceil(fmin(fmax(due_s - now_s(), 0), longest_s) * ms);
}

/* 1: it is to end; 0; negative errno: it cannot go on. */
static int work(struct daemon *daemon)
{
	struct pollfd ready[] = {
		{.fd = berth_watch_fd(daemon->watch), .events = POLLIN},
		{.fd = daemon->signals, .events = POLLIN},
	};

	if (poll(ready, sizeof(ready) / sizeof(*ready), pause_ms(daemon)) < 0 && errno != EINTR)
		return -errno;
	if (ready[1].revents)
		return 1;
	int r = ready[0].revents ? take_events(daemon) : 0;
	if (!r)
		keeper_tick(&daemon->keeper, now_s());
	if (!r && daemon->keeper.torn && !daemon->keeper.failing)
		r = begin_anew(daemon);
	give_sign(daemon);
	return r;
}

static int set_up(struct daemon *daemon)
{
	int r = berth_open(NULL, &daemon->berth);

	if (!r)
		r = berth_here(daemon->berth, &daemon->here);
	if (r) {
		say("%s", berth_error());
		return r;
	}
	r = open_signals(daemon);
	if (!r)
		r = open_watch(daemon);
	if (!r)
		r = open_keeper(daemon);
	int error = r ? 0 : cage_close();
	if (error)
		say("what is not needed could not be given up: %s", strerror(-error));
	return r;
}

static int run(struct daemon *daemon)
{
	int r = set_up(daemon);

	if (!r)
		r = take_events(daemon);
	if (!r) {
		say_way(daemon);
		keeper_tick(&daemon->keeper, now_s());
		daemon->watchdog_s = notify_watchdog_s();
		notify_state("READY=1");
	}
	while (!r)
		r = work(daemon);
	notify_state("STOPPING=1");
	keeper_close(&daemon->keeper, now_s());
	berth_watch_close(daemon->watch);
	berth_close(daemon->berth);
	return r;
}

int main(int argc, char **argv)
{
	const double days = 400;
	const double day_s = 86400;
	struct daemon daemon = {.settings = {.folder = BERTH_HISTORY_FOLDER,
					.age_s = days * day_s,
					.bytes = UINT64_C(256) << 20}};
	int r = read_command_line(argc, argv, &daemon.settings);

	if (r)
		return r > 0 ? EXIT_DONE : EXIT_WRONG_USE;
	cage_begin();
	r = run(&daemon);
	return r > 0 ? EXIT_DONE : EXIT_CANNOT;
}
