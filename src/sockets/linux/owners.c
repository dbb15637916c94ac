// SPDX-License-Identifier: MIT
/*
 * From hits to owners, and from what is missing to reasons. A row is never dropped because its
 * owner is not known.
 *
 * The order of doubts for a socket that nobody was found to hold: processes that may not be looked
 * into could have it; it may have come and gone while we looked, so everything is looked at a
 * second time; then either it is gone, or its holder is outside what /proc shows, or it is the
 * kernel's.
 */
#include "sockets/linux/owners.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "sockets/linux/activation.h"
#include "sockets/linux/ladder.h"
#include "sockets/linux/process.h"
#include "sockets/linux/processes.h"
#include "sockets/linux/tables.h"

enum {
	FIRST_HITS = 64,
	LARGEST_FILE = 16 << 20,
};

static const char *const ptrace_capabilities[] = {"CAP_SYS_PTRACE", "CAP_DAC_READ_SEARCH"};

static const char kernel_socket[] =
	"kernel socket, maker unknown: no process holds it, or its descriptor is in flight";

/* include/linux/proc_ns.h PROC_PID_INIT_INO: the first PID namespace of every machine. */
static const char initial_pid_namespace[] = "pid:[4026531836]";

/* The owners of all rows with one inode: an MPTCP socket and its first subflow share theirs. */
struct group {
	struct berth_owner *owners;
	size_t count;
	bool partial; /* not all processes were looked into */
};

struct join {
	const struct sockets_system *system;
	struct ladder ladder;
	struct names *names;
	struct rows *rows;
	struct processes processes;
	struct map groups; /* inode → struct group, for those that have owners */
	struct map denied_texts; /* uid → text */
	bool denied; /* some process may not be looked into */
};

int owners_hit(struct owners_hits *hits, const struct owners_hit *hit)
{
	if (hits->count == hits->size) {
		size_t size = hits->size ? hits->size * 2 : FIRST_HITS;
		struct owners_hit *all = realloc(hits->all, size * sizeof(*all));

		if (!all)
			return -ENOMEM;
		hits->all = all;
		hits->size = size;
	}
	hits->all[hits->count++] = *hit;
	return 0;
}

void owners_hits_free(struct owners_hits *hits)
{
	free(hits->all);
	*hits = (struct owners_hits){0};
}

static int compare_hits(const void *left, const void *right)
{
	const struct owners_hit *a = left;
	const struct owners_hit *b = right;

	if (a->inode != b->inode)
		return a->inode < b->inode ? -1 : 1;
	if (a->pid != b->pid)
		return a->pid < b->pid ? -1 : 1;
	return (a->fd > b->fd) - (a->fd < b->fd);
}

/* Sorts, and keeps the lowest descriptor of each process. */
static void tidy(struct owners_hits *hits)
{
	size_t kept = 0;

	if (!hits->count)
		return;
	qsort(hits->all, hits->count, sizeof(*hits->all), compare_hits);
	for (size_t i = 1; i < hits->count; i++) {
		const struct owners_hit *last = hits->all + kept;

		if (hits->all[i].inode != last->inode || hits->all[i].pid != last->pid)
			hits->all[++kept] = hits->all[i];
	}
	hits->count = kept + 1;
}

/* Makes the group of `count` hits, all of one inode. None when nobody holds it any more. */
static int make_group(struct join *join, const struct ladder_rung *rung, bool partial,
	const struct owners_hit *hits, size_t count)
{
	struct arena *arena = join->rows->arena;
	struct group *group = arena_alloc(arena, sizeof(*group));

	if (!group)
		return -ENOMEM;
	group->partial = partial || (!rung->complete && !rung->exact);
	group->owners = arena_array(arena, count, sizeof(*group->owners));
	if (!group->owners)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		const struct berth_process *process = NULL;
		int r = processes_holder(&join->processes, hits + i, &process);

		if (r)
			return r;
		if (process)
			group->owners[group->count++] =
				(struct berth_owner){.process = process, .fd = hits[i].fd};
	}
	if (!group->count)
		return 0;
	join->ladder.uses[rung->id].found++;
	return map_put(&join->groups, hits->inode, group);
}

static int make_groups(
	struct join *join, const struct ladder_rung *rung, const struct owners_hits *hits)
{
	int r = 0;

	for (size_t first = 0, end; !r && first < hits->count; first = end) {
		for (end = first + 1; end < hits->count; end++) {
			if (hits->all[end].inode != hits->all[first].inode)
				break;
		}
		r = make_group(join, rung, hits->partial, hits->all + first, end - first);
	}
	return r;
}

/*
 * One look for the owners of all rows that have none yet. 0; -ENOMEM; another negative errno: the
 * rung is not possible here.
 */
static int look(struct join *join, const struct ladder_rung *rung, bool again)
{
	struct owners_hits hits = {0};
	struct map wanted = {0};
	int r = 0;

	for (size_t i = 0; !r && i < join->rows->count; i++) {
		struct berth_socket *row = join->rows->all + i;

		if (row->inode && !map_has(&join->groups, row->inode))
			r = map_put(&wanted, row->inode, row);
	}
	/* Others may hold the socket too, which is not what was asked for. */
	hits.notes = join->ladder.ask->all_owners ? NULL : &join->rows->notes;
	if (!r && wanted.count)
		r = ladder_look(&join->ladder, rung, again, &wanted, &hits);
	if (!r) {
		tidy(&hits);
		processes_begin(&join->processes);
		r = make_groups(join, rung, &hits);
	}
	join->denied = hits.denied; /* what an earlier rung could not see, this one may have */
	owners_hits_free(&hits);
	map_free(&wanted);
	return r;
}

static bool is_missing(const struct join *join, const struct berth_socket *row)
{
	return row->inode && !map_has(&join->groups, row->inode);
}

static bool any_missing(const struct join *join)
{
	for (size_t i = 0; i < join->rows->count; i++) {
		if (is_missing(join, join->rows->all + i))
			return true;
	}
	return false;
}

/*
 * Up the ladder until every owner is known or all processes were looked into. *ret_last: the rung
 * that looked into all, NULL: none did.
 */
static int climb(struct join *join, const struct ladder_rung **ret_last)
{
	const struct ladder_rung *rung = NULL;

	while (any_missing(join) && (rung = ladder_next(&join->ladder, rung))) {
		int r = look(join, rung, false);

		if (r == -ENOMEM)
			return r;
		if (!r && rung->complete) {
			*ret_last = rung;
			return 0;
		}
	}
	return 0;
}

/* Finds "hidepid=" among the options of a proc that is mounted on /proc (proc(5)). */
static bool line_hides(const char *line, size_t len)
{
	static const char mount_point[] = " /proc ";
	static const char kind[] = " - proc ";
	const char *options = memmem(line, len, kind, sizeof(kind) - 1);
	const char *end = line + len;

	if (!options ||
		!memmem(line, (size_t)(options - line), mount_point, sizeof(mount_point) - 1))
		return false;
	static const char word[] = "hidepid=";
	const char *hidepid = memmem(options, (size_t)(end - options), word, sizeof(word) - 1);
	if (!hidepid)
		return false;
	const char *value = hidepid + sizeof(word) - 1;
	/* Shown as a number before 5.8, as a word since: "off" is not shown. */
	return value < end && *value != '0';
}

/* Whether /proc leaves out processes that are not ours. */
static bool processes_are_hidden(const struct sockets_system *system)
{
	struct process_status status = {0};
	struct buffer text = {0};
	bool hidden = false;

	if (!system_file(system, "/proc/self/mountinfo", LARGEST_FILE, &text) && text.data) {
		const char *rest = text.data;
		const char *line = NULL;
		size_t len = 0;

		while (!hidden && text_next_line(&rest, text.data + text.len, &line, &len))
			hidden = line_hides(line, len);
	}
	buffer_clear(&text);
	if (hidden && !system_file(system, "/proc/self/status", LARGEST_FILE, &text) && text.data)
		process_parse_status(text.data, text.len, &status);
	buffer_free(&text);
	return hidden && !(status.capabilities >> PROCESS_CAP_SYS_PTRACE & 1);
}

static bool in_other_pid_namespace(const struct sockets_system *system)
{
	char target[SYSTEM_TARGET];

	/* Not readable: we cannot say that we are at the top. */
	return system_link(system, "/proc/self/ns/pid", target, sizeof(target)) <= 0 ||
		strcmp(target, initial_pid_namespace) != 0;
}

/*
 * Asks the kernel once more for the protocols of rows that have no owner. *ret_there gets the
 * inodes that are still there; when the answer was not whole, *ret_whole is false and nothing is
 * proved.
 */
static int ask_again(struct join *join, struct map *ret_there, bool *ret_whole)
{
	struct rows_question question = *join->rows->question;
	struct rows rows = {.question = &question, .arena = join->rows->arena};
	struct buffer problem = {0};
	unsigned gaps = 0;

	question.protos = 0;
	for (size_t i = 0; i < join->rows->count; i++) {
		if (is_missing(join, join->rows->all + i))
			question.protos |= BERTH_PROTO_BIT(join->rows->all[i].proto);
	}
	int r = tables_gather(join->system, &rows, true, &gaps, &problem);
	if (!r && join->rows->again)
		r = join->rows->again(join->rows->again_context, &rows, &gaps);
	*ret_whole = !r && !(gaps & (BERTH_GAP_REFUSED | BERTH_GAP_TRUNCATED));
	r = r == -ENOMEM ? r : 0;
	for (size_t i = 0; !r && i < rows.count; i++) {
		if (rows.all[i].inode)
			r = map_put(ret_there, rows.all[i].inode, NULL);
	}
	rows_free(&rows);
	buffer_free(&problem);
	return r;
}

static void give_reason(struct berth_socket *row, enum berth_reason reason, const char *text)
{
	row->reason = reason;
	row->reason_text = text;
}

/* Without an inode there is no struct socket, so no descriptor can lead to it. */
static void explain_without_inode(struct berth_socket *row)
{
	/* Datagrams are neither waited for nor closed in steps. */
	if (row->proto == BERTH_UDP || row->proto == BERTH_UDPLITE) {
		give_reason(row, BERTH_KERNEL_SOCKET, kernel_socket);
		return;
	}
	switch ((enum berth_socket_state)row->state) {
	case BERTH_ESTABLISHED:
	case BERTH_CLOSE_WAIT:
	case BERTH_SYN_RECV:
	case BERTH_NEW_SYN_RECV:
		give_reason(row, BERTH_KERNEL_SOCKET,
			"not accepted yet: the kernel keeps it for the listener");
		return;
	case BERTH_FIN_WAIT1:
	case BERTH_FIN_WAIT2:
	case BERTH_TIME_WAIT:
	case BERTH_CLOSE:
	case BERTH_LAST_ACK:
	case BERTH_CLOSING:
	case BERTH_SYN_SENT:
		give_reason(row, BERTH_CLOSING_SOCKET, "closing: no process any more");
		return;
	case BERTH_LISTEN:
	case BERTH_BOUND:
		break;
	}
	give_reason(row, BERTH_KERNEL_SOCKET, kernel_socket);
}

static int explain_denied(struct join *join, struct berth_socket *row)
{
	char *text = row->has_uid ? map_get(&join->denied_texts, row->uid) : NULL;
	struct buffer made = {0};
	int r = 0;

	if (!row->has_uid) {
		give_reason(row, BERTH_NEEDS_CAPABILITY, "needs CAP_SYS_PTRACE");
	} else if (!text) {
		buffer_format(&made, "needs CAP_SYS_PTRACE: owned by uid %u", row->uid);
		text = arena_text(join->rows->arena, buffer_string(&made), made.len);
		r = text ? map_put(&join->denied_texts, row->uid, text) : -ENOMEM;
		r = made.error ? made.error : r;
		buffer_free(&made);
	}
	if (row->has_uid)
		give_reason(row, BERTH_NEEDS_CAPABILITY, text);
	row->capabilities = ptrace_capabilities;
	row->n_capabilities = sizeof(ptrace_capabilities) / sizeof(*ptrace_capabilities);
	return r;
}

/* What was learnt of the sockets that are still without an owner. */
struct doubts {
	bool unlooked; /* not all processes were looked into */
	bool hidden; /* a holder could be among processes that we may not see */
	bool whole; /* the second answer was whole, so what is not in `there` is gone */
	struct map there; /* inodes of the second answer */
	bool elsewhere; /* we see the processes of one PID namespace only */
};

static int explain(struct join *join, const struct doubts *doubts, struct berth_socket *row)
{
	const struct group *group = row->inode ? map_get(&join->groups, row->inode) : NULL;

	if (group) {
		row->owners = group->owners;
		row->n_owners = group->count;
		row->owners_partial = group->partial;
		give_reason(row, BERTH_KNOWN, NULL);
	} else if (!row->inode) {
		explain_without_inode(row);
	} else if (doubts->unlooked) {
		give_reason(row, BERTH_NOT_ASKED, "only some processes were looked into");
	} else if (doubts->hidden) {
		return explain_denied(join, row);
	} else if (doubts->whole && !map_has(&doubts->there, row->inode)) {
		give_reason(row, BERTH_PROCESS_ENDED, "process ended while we looked");
	} else if (doubts->elsewhere) {
		give_reason(row, BERTH_OTHER_PID_NAMESPACE,
			"held outside this PID namespace, or by the kernel");
	} else {
		give_reason(row, BERTH_KERNEL_SOCKET, kernel_socket);
	}
	return 0;
}

/* Finds out why rows have no owner, looking a second time on the way. */
static int investigate(struct join *join, const struct ladder_rung *rung, struct doubts *doubts)
{
	int r = 0;

	doubts->unlooked = !rung;
	if (!rung || !any_missing(join))
		return 0;
	doubts->hidden = join->denied || processes_are_hidden(join->system);
	if (doubts->hidden)
		return 0;
	/* A fork, or a descriptor passed on, may have been where we had looked already; and a
	 * thread may have a table of its own. */
	r = look(join, rung, true);
	if (r || !any_missing(join))
		return r;
	doubts->elsewhere = in_other_pid_namespace(join->system);
	return ask_again(join, &doubts->there, &doubts->whole);
}

int owners_join(const struct sockets_system *system, const struct owners_ask *ask,
	struct names *names, struct rows *rows, struct berth_rung_use ret_uses[BERTH_RUNGS])
{
	const struct ladder_rung *last = NULL;
	struct join join = {
		.system = system,
		.ladder = {.system = system, .ask = ask, .uses = ret_uses},
		.names = names,
		.rows = rows,
		.processes = {.system = system,
			.arena = rows->arena,
			.names = names,
			.brief = ask->brief,
			.whole_parents = ask->whole_parents},
	};
	struct doubts doubts = {0};
	struct places places;
	struct activation activation = {.system = system, .arena = rows->arena, .places = &places};

	places_begin(&places, system, rows->arena);
	join.processes.places = ask->brief && !ask->places ? NULL : &places;
	ladder_begin(&join.ladder);
	int r = climb(&join, &last);
	if (!r)
		r = investigate(&join, last, &doubts);
	for (size_t i = 0; !r && i < rows->count; i++)
		r = explain(&join, &doubts, rows->all + i);
	for (size_t i = 0; !r && join.processes.places && i < rows->count; i++)
		r = activation_of(&activation, rows->all + i);
	map_free(&doubts.there);
	map_free(&join.groups);
	map_free(&join.denied_texts);
	processes_free(&join.processes);
	activation_free(&activation);
	places_free(&places);
	return r;
}

void owners_not_asked(struct rows *rows)
{
	for (size_t i = 0; i < rows->count; i++)
		give_reason(rows->all + i, BERTH_NOT_ASKED, "owners were not asked for");
}
