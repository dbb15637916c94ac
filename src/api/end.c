// SPDX-License-Identifier: MIT
/*
 * Ends who listens. Whom and how is decided by end_plan.c; that a signal hits the right process is
 * seen to by the backend. A dry run goes the same way: it sends signal 0, and runs no command.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "api/answer_words.h"
#include "api/end_plan.h"
#include "api/endpoint.h"
#include "api/handle.h"
#include "base/clock.h"
#include "base/map.h"
#include "base/signals.h"

extern char **environ;

enum {
	MOST_WORDS = 16, /* of a command: more than end_plan.c makes */
	PAUSE_US = 2000,
	LONGEST_PAUSE_US = 20000,
	AFTER_KILL_MS = 2000, /* until the kernel has taken the sockets away */
};

/* The public part is first, so that the two can be told from each other's address. */
struct end_box {
	struct berth_ended ended;
	const struct berth *berth;
	struct berth_end_ask ask;
	struct berth_query query;
	berth_protos protos; /* of the query */
	struct arena arena;
	struct berth_snapshot *snapshot; /* the steps are about its sockets and processes */
	const struct berth_socket **targets;
	size_t n_targets;
	struct map inodes; /* of the targets */
	struct berth_end_step *steps;
	size_t n_steps;
	bool killed; /* SIGKILL was sent after the time of grace */
};

const char *berth_end_kind_name(enum berth_end_kind kind)
{
	static const char *const names[] = {
		[BERTH_END_SIGNAL] = "signal",
		[BERTH_END_COMMAND] = "command",
		[BERTH_END_REFUSED] = "refused",
	};

	return kind <= BERTH_END_REFUSED ? names[kind] : "?";
}

const char *berth_end_outcome_name(enum berth_end_outcome outcome)
{
	static const char *const names[] = {
		[BERTH_END_PLANNED] = "planned",
		[BERTH_END_DONE] = "done",
		[BERTH_END_GONE] = "gone",
		[BERTH_END_DENIED] = "denied",
		[BERTH_END_FAILED] = "failed",
	};

	return outcome <= BERTH_END_FAILED ? names[outcome] : "?";
}

/* ---- Who listens ----------------------------------------------------------------------------- */

static int take_snapshot(
	const struct end_box *box, berth_states states, bool owners, struct berth_snapshot **ret)
{
	const struct berth_ask ask = {
		.size = sizeof(ask),
		.query = &box->query,
		.protos = owners ? 0 : box->protos,
		.states = states,
		.owners = owners,
		.all_owners = owners,
	};
	return berth_snapshot(box->berth, &ask, ret);
}

/* A wildcard does not count where somebody has the very address. */
static bool has_exact(
	const struct berth_query_part *part, const struct berth_socket *rows, size_t n)
{
	for (size_t i = 0; part->family && i < n; i++) {
		if (endpoint_has(part, rows + i) && endpoint_serves(rows + i) &&
			endpoint_is_exact(part, rows + i))
			return true;
	}
	return false;
}

static bool is_meant(
	const struct berth_query *query, const bool *exact, const struct berth_socket *row)
{
	for (size_t i = 0; i < query->n_parts; i++) {
		if (endpoint_has(query->parts + i, row) &&
			(!exact[i] || endpoint_is_exact(query->parts + i, row)))
			return true;
	}
	return false;
}

static int find_targets(struct end_box *box)
{
	const struct berth_query *query = &box->query;
	const struct berth_socket *rows;
	size_t n = berth_snapshot_sockets(box->snapshot, &rows);
	bool *exact = arena_array(&box->arena, query->n_parts, sizeof(*exact));
	int r = 0;

	box->targets = arena_array(&box->arena, n, sizeof(void *));
	if (!exact || !box->targets)
		return -ENOMEM;
	for (size_t i = 0; i < query->n_parts; i++)
		exact[i] = has_exact(query->parts + i, rows, n);
	for (size_t i = 0; !r && i < n; i++) {
		if (!endpoint_serves(rows + i) || !is_meant(query, exact, rows + i))
			continue;
		box->targets[box->n_targets++] = rows + i;
		if (rows[i].inode)
			r = map_put(&box->inodes, rows[i].inode, NULL);
	}
	return r;
}

/* ---- One step -------------------------------------------------------------------------------- */

/* What a command says goes where complaints go: our caller's output is not its. */
static int run_command(const char *const *words)
{
	posix_spawn_file_actions_t actions;
	char *argv[MOST_WORDS + 1] = {NULL};
	size_t n = 0;
	pid_t pid = 0;
	int status = 0;

	if (!words[0] || posix_spawn_file_actions_init(&actions))
		return -ENOMEM;
	int r = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (!r)
		r = posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
	/* posix_spawn(3) takes words that could be changed, but changes none. */
	for (; n < MOST_WORDS && words[n]; n++)
		memcpy(argv + n, words + n, sizeof(*argv));
	if (!r)
		r = posix_spawnp(&pid, words[0], &actions, NULL, argv, environ);
	(void)posix_spawn_file_actions_destroy(&actions);
	if (r)
		return -r;
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	return WIFEXITED(status) && !WEXITSTATUS(status) ? 0 : -ECANCELED;
}

static void do_command(const struct end_box *box, struct berth_end_step *step)
{
	if (!step->command || step->by_hand || box->ask.dry_run || !box->ask.run_commands)
		return;
	step->outcome = run_command(step->command) ? BERTH_END_FAILED : BERTH_END_DONE;
}

static int send(const struct end_box *box, const struct berth_end_step *step, int signal)
{
	const struct sockets_victim victim = {.pid = step->process->pid,
		.start_ticks = step->process->start_ticks,
		.inode = step->socket->inode};

	return sockets_signal(box->berth->system, &victim, box->ask.dry_run ? 0 : signal);
}

static void do_signal(struct end_box *box, struct berth_end_step *step, int signal)
{
	int r = send(box, step, signal);

	if (r == -ESRCH || r == -ENOENT) {
		/* After a first signal that is what was wanted. */
		if (step->outcome != BERTH_END_DONE)
			step->outcome = BERTH_END_GONE;
		return;
	}
	step->signal = signal;
	if (r == -EPERM)
		step->why = "needs CAP_KILL, or to be its user";
	else if (r == -EACCES)
		step->why = "needs CAP_SYS_PTRACE: whether it still has the socket may not be read";
	else if (r == -ENOSYS)
		step->why = "needs Linux 5.3, which can signal a process without mistaking it";
	else if (r)
		step->why = "the kernel refused";
	if (r)
		step->outcome = BERTH_END_DENIED;
	else
		step->outcome = box->ask.dry_run ? BERTH_END_PLANNED : BERTH_END_DONE;
}

static void do_step(struct end_box *box, struct berth_end_step *step, int signal)
{
	switch (step->kind) {
	case BERTH_END_SIGNAL:
		do_signal(box, step, signal);
		return;
	case BERTH_END_COMMAND:
		do_command(box, step);
		return;
	case BERTH_END_REFUSED:
		return;
	}
}

/* Masters and commands, or those that come later. */
static void do_steps(struct end_box *box, bool later)
{
	for (size_t i = 0; i < box->n_steps; i++) {
		if (box->steps[i].later == later)
			do_step(box, box->steps + i, box->ask.signal);
	}
}

/* ---- Until they are gone --------------------------------------------------------------------- */

static double now_ms(void)
{
	return clock_now_s(CLOCK_MONOTONIC) * 1e3;
}

/* 1: one of the targets is still there; 0; negative errno. */
static int is_held(const struct end_box *box)
{
	const berth_states served = BERTH_STATE_BIT(BERTH_LISTEN) | BERTH_STATE_BIT(BERTH_CLOSE);
	struct berth_snapshot *snapshot = NULL;
	const struct berth_socket *rows;
	int r = take_snapshot(box, served, false, &snapshot);

	if (r < 0)
		return r;
	size_t n = berth_snapshot_sockets(snapshot, &rows);
	for (size_t i = 0; !r && i < n; i++)
		r = endpoint_serves(rows + i) && map_has(&box->inodes, rows[i].inode);
	berth_snapshot_free(snapshot);
	return r;
}

/* Has everybody who was to be signalled first ended, or let go? */
static bool are_first_gone(struct end_box *box)
{
	for (size_t i = 0; i < box->n_steps; i++) {
		const struct berth_end_step *step = box->steps + i;

		if (step->kind == BERTH_END_SIGNAL && !step->later && !send(box, step, 0))
			return false;
	}
	return true;
}

static bool has_later(const struct end_box *box)
{
	return box->n_steps && box->steps[box->n_steps - 1].later;
}

/* Looks until the sockets are gone or the time is over. 1: some are there; 0; negative errno. */
static int watch(struct end_box *box, double until_ms, bool *later)
{
	long pause_us = PAUSE_US;

	for (;;) {
		int held = is_held(box);

		if (held <= 0 || now_ms() >= until_ms)
			return held;
		if (*later && are_first_gone(box)) {
			do_steps(box, true);
			*later = false;
		}
		(void)nanosleep(&(struct timespec){.tv_nsec = pause_us * 1000}, NULL);
		pause_us =
			pause_us * 5 / 4 < LONGEST_PAUSE_US ? pause_us * 5 / 4 : LONGEST_PAUSE_US;
	}
}

static int wait_for_end(struct end_box *box)
{
	double start_ms = now_ms();
	bool later = has_later(box);
	int held = watch(box, start_ms + (double)box->ask.grace_ms, &later);

	if (held > 0 && box->ask.force) {
		box->killed = true;
		for (size_t i = 0; i < box->n_steps; i++) {
			if (box->steps[i].kind == BERTH_END_SIGNAL)
				do_signal(box, box->steps + i, SIGKILL);
		}
		later = false;
		held = watch(box, now_ms() + AFTER_KILL_MS, &later);
	}
	box->ended.waited_ms = now_ms() - start_ms;
	return held;
}

/* ---- In words -------------------------------------------------------------------------------- */

static void put_process(struct buffer *out, const struct berth_process *process)
{
	buffer_format(out, "%s (pid %" PRIu32, process->name, process->pid);
	if (process->user)
		buffer_format(out, ", %s", process->user);
	buffer_char(out, ')');
}

static void put_holder(struct buffer *out, const struct berth_end_step *step)
{
	if (step->process)
		put_process(out, step->process);
	else
		answer_words_holder(out, step->socket);
}

static void put_command(struct buffer *out, const struct berth_end_step *step)
{
	for (size_t i = 0; step->command[i]; i++)
		buffer_format(out, "%s%s", i ? " " : "", step->command[i]);
}

static void put_signal(
	const struct end_box *box, struct buffer *out, const struct berth_end_step *step)
{
	const char *name = signals_name(step->signal ? step->signal : box->ask.signal);

	switch (step->outcome) {
	case BERTH_END_DONE:
		buffer_format(out, "sent %s to ", name);
		break;
	case BERTH_END_DENIED:
		buffer_format(out, "may not send %s to ", name);
		break;
	case BERTH_END_GONE:
	case BERTH_END_FAILED:
		break;
	case BERTH_END_PLANNED:
		buffer_format(
			out, box->ask.dry_run ? "would send %s to " : "did not send %s to ", name);
		break;
	}
	put_process(out, step->process);
	if (step->outcome == BERTH_END_GONE)
		buffer_text(out, " ended before it was signalled");
	if (step->outcome == BERTH_END_PLANNED && step->later)
		buffer_text(out,
			box->ask.dry_run ? ", if it does not end with its parent"
					 : ", which ended with its parent");
}

static void put_step(
	const struct end_box *box, struct buffer *out, const struct berth_end_step *step)
{
	switch (step->kind) {
	case BERTH_END_SIGNAL:
		put_signal(box, out, step);
		break;
	case BERTH_END_COMMAND:
		put_holder(out, step);
		buffer_text(out,
			step->outcome == BERTH_END_DONE ? " was stopped: "
				: step->outcome == BERTH_END_FAILED
				? " was not stopped, this failed: "
				: step->by_hand    ? " is to be stopped by hand: "
				: box->ask.dry_run ? " would be stopped: "
						   : " is stopped with: ");
		put_command(out, step);
		break;
	case BERTH_END_REFUSED:
		buffer_text(out, "left alone: ");
		put_holder(out, step);
		break;
	}
	if (step->why)
		buffer_format(out, " (%s)", step->why);
}

static int describe_steps(struct end_box *box)
{
	struct buffer text = {0};
	int r = 0;

	for (size_t i = 0; !r && i < box->n_steps; i++) {
		buffer_clear(&text);
		put_step(box, &text, box->steps + i);
		box->steps[i].text = arena_text(&box->arena, buffer_string(&text), text.len);
		r = box->steps[i].text ? text.error : -ENOMEM;
	}
	buffer_free(&text);
	return r;
}

/* Who has the ports in the end: perhaps somebody who was started anew. */
static void put_left(
	const struct end_box *box, const struct berth_snapshot *snapshot, struct buffer *out)
{
	const struct berth_socket *rows;
	size_t n = berth_snapshot_sockets(snapshot, &rows);
	size_t at = n;

	for (size_t i = n; i-- > 0;) {
		if (endpoint_serves(rows + i) || (rows[i].state == BERTH_BOUND && at == n))
			at = i;
	}
	if (at == n)
		return;
	const struct berth_socket *other = rows + at;
	bool target = map_has(&box->inodes, other->inode);
	bool datagrams = other->proto != BERTH_TCP && other->proto != BERTH_MPTCP;
	answer_words_holder(out, other);
	buffer_text(out, target ? " still has it" : box->n_targets ? " has it now" : " has it");
	if (!endpoint_serves(other))
		buffer_text(out, ", bound and not listening");
	else if (datagrams && !target)
		buffer_format(out, ", as %u/%s", (unsigned)other->local_port,
			berth_proto_name(other->proto));
}

static int describe_end(struct end_box *box)
{
	const berth_states states = BERTH_STATE_BIT(BERTH_LISTEN) | BERTH_STATE_BIT(BERTH_CLOSE) |
		BERTH_STATE_BIT(BERTH_BOUND);
	struct berth_snapshot *snapshot = NULL;
	struct buffer text = {0};
	int r = take_snapshot(box, states, true, &snapshot);

	if (r < 0)
		return r;
	put_left(box, snapshot, &text);
	if (text.len)
		box->ended.text = arena_text(&box->arena, text.data, text.len);
	berth_snapshot_free(snapshot);
	r = text.error || (text.len && !box->ended.text) ? -ENOMEM : 0;
	buffer_free(&text);
	return r;
}

/* ---- All of it ------------------------------------------------------------------------------- */

static int take_question(struct end_box *box, const struct berth_end_ask *ask)
{
	if (ask->size < sizeof(ask->size) || ask->size > sizeof(box->ask))
		return handle_fail(-EINVAL, "berth_end_ask.size is %zu, at most %zu is known",
			ask->size, sizeof(box->ask));
	memcpy(&box->ask, ask, ask->size);
	if (!box->ask.query || !box->ask.query->n_parts)
		return handle_fail(-EINVAL, "no port was named");
	box->query = *box->ask.query;
	for (size_t i = 0; i < box->query.n_parts; i++)
		box->protos |= box->query.parts[i].protos ? box->query.parts[i].protos
							  : BERTH_PROTO_BIT(BERTH_TCP);
	if (!box->ask.signal)
		box->ask.signal = SIGTERM;
	if (box->berth->replay && !box->ask.dry_run)
		return handle_fail(-EROFS, "a recording cannot be acted on; a dry run can be made");
	box->ended.dry_run = box->ask.dry_run;
	return 0;
}

static int make_plan(struct end_box *box)
{
	const berth_states served = BERTH_STATE_BIT(BERTH_LISTEN) | BERTH_STATE_BIT(BERTH_CLOSE);
	struct end_plan_ask ask = {.force = box->ask.force, .processes = box->ask.processes};
	int r = take_snapshot(box, served, true, &box->snapshot);

	if (r < 0)
		return r;
	box->ended.gaps = berth_snapshot_gaps(box->snapshot);
	if (box->ended.gaps & BERTH_GAP_UNSUPPORTED)
		return handle_fail(-ENOSYS, "this build has no backend for this system");
	r = find_targets(box);
	if (!r)
		r = sockets_self(box->berth->system, &box->arena, &ask.self);
	if (!r)
		r = end_plan(&ask, box->targets, box->n_targets, &box->arena, &box->steps,
			&box->n_steps);
	box->ended.listened = box->n_targets > 0;
	box->ended.steps = box->steps;
	box->ended.n_steps = box->n_steps;
	return r < 0 ? handle_fail(r, "%s", strerror(-r)) : 0;
}

/* Was everything done that there was to do? */
static bool all_done(const struct end_box *box)
{
	for (size_t i = 0; i < box->n_steps; i++) {
		const struct berth_end_step *step = box->steps + i;

		switch (step->outcome) {
		case BERTH_END_DONE:
		case BERTH_END_GONE:
			break;
		case BERTH_END_PLANNED:
			/* A worker that ended with its master. */
			if (step->kind == BERTH_END_REFUSED || step->by_hand ||
				!(box->ask.dry_run || step->later))
				return false;
			break;
		case BERTH_END_DENIED:
		case BERTH_END_FAILED:
			return false;
		}
	}
	return true;
}

static bool any_done(const struct end_box *box)
{
	for (size_t i = 0; i < box->n_steps; i++) {
		if (box->steps[i].outcome == BERTH_END_DONE)
			return true;
	}
	return false;
}

static int act(struct end_box *box)
{
	bool ends = signals_ends(box->ask.signal);
	int held = 0;

	do_steps(box, false);
	if (box->ask.dry_run || !ends)
		do_steps(box, true);
	else if (any_done(box))
		held = wait_for_end(box);
	if (held < 0)
		return held;
	box->ended.ended = box->n_steps && all_done(box) && !held;
	return 0;
}

int berth_end(
	const struct berth *berth, const struct berth_end_ask *ask, struct berth_ended **ret_ended)
{
	struct end_box *box = calloc(1, sizeof(*box));

	if (!box)
		return handle_fail(-ENOMEM, "out of memory");
	box->berth = berth;
	int r = take_question(box, ask);
	if (!r)
		r = make_plan(box);
	if (!r)
		r = act(box);
	if (!r)
		r = describe_steps(box);
	if (!r)
		r = describe_end(box);
	if (r == -ENOMEM)
		(void)handle_fail(r, "out of memory");
	if (r < 0)
		berth_ended_free(&box->ended);
	else
		*ret_ended = &box->ended;
	return r;
}

void berth_ended_free(struct berth_ended *ended)
{
	struct end_box *box = (struct end_box *)ended;

	if (!box)
		return;
	berth_snapshot_free(box->snapshot);
	map_free(&box->inodes);
	arena_free(&box->arena);
	free(box);
}
