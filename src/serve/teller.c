// SPDX-License-Identifier: MIT
/* See teller.h. */
#include "serve/teller.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/confine.h"
#include "base/notify.h"
#include "serve/tell.h"

enum {
	NOBODY = 65534, /* the kernel's overflowuid, "nobody" of every distribution */
	NEWS_MOST = 1 << 20, /* bytes; more than that at once is only told to have been */
};

struct teller {
	const struct serve_settings *settings;
	int wire;
	int signals;
	struct tell tell;
	struct berth_watch *watch; /* NULL: nobody listens */
	bool ready; /* the front answers */
};

/* ---- Events -----------------------------------------------------------------------------------
 */

static void put_event(struct buffer *out, const struct berth_event *event)
{
	buffer_format(out, "event: %s\ndata: ", berth_event_kind_name(event->kind));
	(void)berth_event_json(event, buffer_write, out); /* a failure sticks */
	buffer_text(out, "\n\n");
}

/* What everybody may see of it: that a port opened or closed, which sock_diag tells everybody, and
 * not of whom. That a bind of somebody failed it does not tell. */
static void put_for_others(struct buffer *out, const struct berth_event *event)
{
	struct berth_event bare = *event;

	if (event->kind != BERTH_EVENT_OPENED && event->kind != BERTH_EVENT_CLOSED)
		return;
	bare.actor = (struct berth_actor){0};
	bare.holder = (struct berth_actor){0};
	bare.text = berth_event_kind_name(event->kind);
	put_event(out, &bare);
}

static int tell_news(struct teller *teller, const struct berth_event *events, int n)
{
	const struct wire_head head = {.type = WIRE_NEWS, .status = 200};
	struct buffer own = {0};
	struct buffer others = {0};
	struct buffer text = {0};

	for (int i = 0; i < n && own.len < NEWS_MOST; i++) {
		if (events[i].kind == BERTH_EVENT_FOUND)
			continue;
		put_event(&own, &events[i]);
		put_for_others(&others, &events[i]);
	}
	wire_put_news(&text, &own, &others);
	int error =
		own.error || others.error || !own.len ? 0 : wire_answer(teller->wire, head, &text);
	buffer_free(&own);
	buffer_free(&others);
	buffer_free(&text);
	return error;
}

static void set_watch(struct teller *teller, bool on)
{
	const struct berth_event *events = NULL;

	if (!on) {
		berth_watch_close(teller->watch);
		teller->watch = NULL;
	} else if (!teller->watch && !berth_watch_open(teller->tell.berth, NULL, &teller->watch)) {
		/* What is there already is no news. */
		(void)berth_watch_next(teller->watch, 0, &events);
	}
}

static int take_events(struct teller *teller)
{
	const struct berth_event *events = NULL;
	int n = berth_watch_next(teller->watch, 0, &events);

	if (n <= 0)
		return n == -ENOMEM ? n : 0;
	tell_forget(&teller->tell);
	return tell_news(teller, events, n);
}

/* ---- Questions --------------------------------------------------------------------------------
 */

static int answer(struct teller *teller, const struct wire_question *question)
{
	struct wire_head head;
	struct buffer text = {0};

	if (question->view == WIRE_USER)
		return teller_view_answer(teller->settings, teller->wire, question);
	tell_answer(&teller->tell, question, &head, &text);
	int error = wire_answer(teller->wire, head, &text);
	buffer_free(&text);
	return error;
}

static void take_beat(struct teller *teller)
{
	if (!teller->ready && teller->settings->ready)
		teller->settings->ready(teller->settings->context);
	teller->ready = true;
	notify_state("WATCHDOG=1");
}

static int take_question(struct teller *teller)
{
	uint8_t bytes[WIRE_QUESTION];
	struct wire_question question;
	int error = wire_read(teller->wire, bytes, sizeof(bytes));

	if (!error)
		error = wire_get_question(bytes, &question);
	if (error)
		return error;
	if (question.route.kind == ROUTE_WATCH)
		set_watch(teller, question.route.all);
	else if (question.route.kind == ROUTE_BEAT)
		take_beat(teller);
	else
		error = answer(teller, &question);
	return error;
}

/* 1: it is to end; 0; negative errno. */
static int work(struct teller *teller)
{
	struct pollfd ready[] = {
		{.fd = teller->signals, .events = POLLIN},
		{.fd = teller->wire, .events = POLLIN},
		{.fd = teller->watch ? berth_watch_fd(teller->watch) : -1, .events = POLLIN},
	};

	if (poll(ready, sizeof(ready) / sizeof(*ready), -1) < 0)
		return errno == EINTR ? 0 : -errno;
	if (ready[0].revents)
		return 1;
	int error = ready[2].revents ? take_events(teller) : 0;
	if (!error && ready[1].revents)
		error = take_question(teller);
	return error;
}

/* ---- Beginning --------------------------------------------------------------------------------
 */

/*
 * Of root's rights those are kept with which the command line would look, so that pages and command
 * agree: to find owners (as berthd does), to read firewall rules and the closing connections'
 * options (NET_ADMIN), to look into other network namespaces (SYS_ADMIN), to become the user who
 * asks and end that process; and the one whose presence the verdict tells of.
 */
static const uint64_t kept = UINT64_C(1) << CAP_SYS_PTRACE | UINT64_C(1) << CAP_DAC_READ_SEARCH |
	UINT64_C(1) << CONFINE_CAP_PERFMON | UINT64_C(1) << CONFINE_CAP_BPF |
	UINT64_C(1) << CAP_NET_ADMIN | UINT64_C(1) << CAP_SYS_ADMIN | UINT64_C(1) << CAP_SETUID |
	UINT64_C(1) << CAP_SETGID | UINT64_C(1) << CAP_KILL | UINT64_C(1) << CAP_NET_BIND_SERVICE;

/* What looking has no use for. */
static const int denied[] = {SYS_execve, SYS_execveat, SYS_ptrace, SYS_process_vm_readv,
	SYS_process_vm_writev, SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot, SYS_move_mount,
	SYS_fsopen, SYS_fsmount, SYS_open_tree, SYS_init_module, SYS_finit_module,
	SYS_delete_module, SYS_kexec_load, SYS_reboot, SYS_swapon, SYS_swapoff, SYS_settimeofday,
	SYS_clock_settime, SYS_sethostname, SYS_add_key, SYS_keyctl, SYS_userfaultfd,
	SYS_io_uring_setup, SYS_listen, SYS_accept, SYS_accept4};

static int close_cage(void)
{
	int error = confine_capabilities(kept);

	return error ? error : confine_deny(denied, sizeof(denied) / sizeof(*denied));
}

/* Where nobody proves who they are, everybody is shown what nobody in particular is shown. */
static int become_nobody(const struct serve_settings *settings)
{
	if (!settings->open || geteuid() != 0)
		return 0;
	if (setgroups(0, NULL) < 0 || setresgid(NOBODY, NOBODY, NOBODY) < 0 ||
		setresuid(NOBODY, NOBODY, NOBODY) < 0)
		return -errno;
	return 0;
}

static int begin(struct teller *teller)
{
	struct berth_registry_info info;
	int error = berth_open(teller->settings->options, &teller->tell.berth);

	if (error)
		return error;
	berth_registry_info(teller->tell.berth, &info);
	(void)snprintf(teller->tell.date, sizeof(teller->tell.date), "%s", info.date);
	/* Failures before this one are the past: a counter begins at nothing. */
	struct timespec now = {0};
	(void)clock_gettime(CLOCK_REALTIME, &now);
	teller->tell.tally.since_s = (double)now.tv_sec;
	return 0;
}

int teller_run(
	const struct serve_settings *settings, int wire, int signals, const char **ret_problem)
{
	struct teller teller = {.settings = settings,
		.wire = wire,
		.signals = signals,
		.tell = {.utc = settings->utc, .history = settings->history}};
	int r = become_nobody(settings);

	*ret_problem = "rights that are not needed could not be given up";
	if (!r)
		r = close_cage();
	if (!r) {
		r = begin(&teller);
		*ret_problem = berth_error();
	}
	while (!r) {
		r = work(&teller);
		if (r < 0)
			*ret_problem = "the process that speaks HTTP has ended";
	}
	berth_watch_close(teller.watch);
	tell_free(&teller.tell);
	berth_close(teller.tell.berth);
	return r > 0 ? 0 : r;
}
