// SPDX-License-Identifier: MIT
/*
 * Reads what /proc/PID says and puts it together. Who holds which socket is found elsewhere.
 */
#include "sockets/linux/processes.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "sockets/linux/process.h"

enum {
	LARGEST_STAT = 4096,
	LARGEST_STATUS = 65536, /* a process can be in 65,536 groups; what we need stands before */
	LARGEST_COMMAND = 131072, /* longer ones are cut */
	READINGS = 3, /* of a pid that changes hands while it is read */
};

struct entry {
	struct berth_process process;
	uint32_t parent;
	unsigned round; /* in which look it was checked last */
	unsigned walk; /* which walk came by last */
	bool linked; /* its parents were looked for */
	bool placed; /* its place was looked for */
	bool whole; /* more than name and start were read */
};

/* The descriptor that must be a certain socket, or none when the inode is 0. */
struct holding {
	uint32_t tid; /* of the thread whose descriptor it is; 0: of the process */
	int32_t fd;
	uint64_t inode;
	bool seen; /* a rung saw process and descriptor in one moment: no need to look again */
};

static int read_text(const struct processes *processes, uint32_t pid, const char *name, size_t max,
	struct buffer *text)
{
	char path[PROCESS_PATH];

	process_path(path, pid, name);
	buffer_clear(text);
	return system_file(processes->system, path, max, text);
}

/* 0; -ENOENT: there is no such process now; -ENOMEM. */
static int read_stat(const struct processes *processes, uint32_t pid, struct process_stat *ret_stat)
{
	struct buffer text = {0};
	int r = read_text(processes, pid, "stat", LARGEST_STAT, &text);

	if (!r)
		r = text.data ? process_parse_stat(text.data, text.len, ret_stat) : -EBADMSG;
	buffer_free(&text);
	return r && r != -ENOMEM ? -ENOENT : r;
}

static double boot_time_s(struct processes *processes)
{
	if (!processes->has_boot) {
		processes->has_boot = true;
		processes->boot_s = system_boot_s(processes->system);
	}
	return processes->boot_s;
}

static int read_user(struct processes *processes, struct berth_process *process)
{
	struct process_status status = {0};
	struct buffer text = {0};
	int r = read_text(processes, process->pid, "status", LARGEST_STATUS, &text);

	if (text.data)
		process_parse_status(text.data, text.len, &status);
	buffer_free(&text);
	if (r == -ENOMEM || !status.has_uid)
		return r == -ENOMEM ? r : 0;
	process->uid = status.uid;
	return names_user(processes->names, status.uid, &process->user);
}

static int read_arguments(const struct processes *processes, struct berth_process *process)
{
	struct buffer text = {0};
	int r = read_text(processes, process->pid, "cmdline", LARGEST_COMMAND, &text);

	if ((!r || r == -EFBIG) && text.data)
		r = process_parse_arguments(
			processes->arena, text.data, text.len, &process->argv, &process->n_argv);
	buffer_free(&text);
	return r == -ENOMEM ? r : 0;
}

static int read_exe(const struct processes *processes, struct berth_process *process)
{
	char path[PROCESS_PATH];
	char target[PATH_MAX];

	process_path(path, process->pid, "exe");
	if (system_link(processes->system, path, target, sizeof(target)) <= 0)
		return 0;
	size_t len = process_parse_exe(target, &process->exe_deleted);
	process->exe = arena_text(processes->arena, target, len);
	return process->exe ? 0 : -ENOMEM;
}

/* Name and start, which with the pid are its identity. */
static int identify(struct processes *processes, uint64_t start_ticks, const char *name,
	struct berth_process *process)
{
	double boot_s = boot_time_s(processes);

	process->start_ticks = start_ticks;
	if (boot_s > 0)
		process->start_s =
			boot_s + (double)start_ticks / system_clock_ticks(processes->system);
	process->name = arena_text(processes->arena, name, strlen(name));
	return process->name ? 0 : -ENOMEM;
}

static int read_details(struct processes *processes, struct entry *entry)
{
	struct berth_process *process = &entry->process;

	entry->whole = true;
	int r = read_user(processes, process);
	if (!r && processes->brief)
		return 0;
	if (!r)
		r = read_arguments(processes, process);
	if (!r)
		r = read_exe(processes, process);
	return r;
}

static bool holds(const struct processes *processes, uint32_t pid, const struct holding *holding)
{
	char path[PROCESS_PATH];
	char target[SYSTEM_TARGET];

	if (holding->seen)
		return true;
	process_path_fd(path, pid, holding->tid, (uint32_t)holding->fd);
	return system_link(processes->system, path, target, sizeof(target)) > 0 &&
		process_parse_socket(target) == holding->inode;
}

/* To what a holder belongs; nobody asks that of a parent. */
static int find_place(const struct processes *processes, struct entry *entry)
{
	if (!processes->places || entry->placed)
		return 0;
	entry->placed = true;
	return places_fill(processes->places, &entry->process);
}

/* 0; -ENOENT: it ended, or does not hold the socket; -EAGAIN: another process has the pid now. */
static int check(
	const struct processes *processes, struct entry *entry, const struct holding *holding)
{
	struct process_stat stat = {0};
	int r = find_place(processes, entry);

	if (r)
		return r;
	if (!holds(processes, entry->process.pid, holding))
		return -ENOENT;
	r = read_stat(processes, entry->process.pid, &stat);
	if (!r && stat.start_ticks != entry->process.start_ticks)
		r = -EAGAIN;
	return r;
}

static int read_process(struct processes *processes, uint32_t pid, const struct holding *holding,
	struct entry **ret_entry)
{
	struct process_stat stat = {0};
	int r = read_stat(processes, pid, &stat);

	if (r)
		return r;
	struct entry *entry = arena_alloc(processes->arena, sizeof(*entry));
	if (!entry)
		return -ENOMEM;
	entry->process.pid = pid;
	entry->parent = stat.parent;
	r = identify(processes, stat.start_ticks, stat.name, &entry->process);
	/* What is told of a parent came with one reading: there is nothing to check. */
	if (!r && (holding->inode || processes->whole_parents))
		r = read_details(processes, entry);
	if (!r && holding->inode)
		r = check(processes, entry, holding);
	if (!r)
		r = map_put(&processes->known, pid, entry);
	if (!r)
		*ret_entry = entry;
	return r;
}

/* 0; -ENOENT: there is none that holds it; -ENOMEM. */
static int get(struct processes *processes, uint32_t pid, const struct holding *holding,
	struct entry **ret_entry)
{
	struct entry *entry = map_get(&processes->known, pid);
	int r = -EAGAIN;

	/* A parent may turn out to be a holder: then the rest is read. */
	if (entry && entry->whole)
		r = entry->round == processes->round ? 0 : check(processes, entry, holding);
	if (!r)
		*ret_entry = entry;
	for (int reading = 0; r == -EAGAIN && reading < READINGS; reading++)
		r = read_process(processes, pid, holding, ret_entry);
	if (!r)
		(*ret_entry)->round = processes->round;
	return r == -EAGAIN ? -ENOENT : r;
}

static int get_parent(struct processes *processes, const struct entry *entry, struct entry **ret)
{
	const struct holding nothing = {.fd = -1};
	struct entry *parent = map_get(&processes->known, entry->parent);

	/* A parent that was read is not looked at again: that it changed is told by its start. */
	int r = parent ? 0 : get(processes, entry->parent, &nothing, &parent);
	if (r)
		return r == -ENOMEM ? r : 0;
	/* Nobody is younger than his children: this is another process with the parent's pid. */
	if (parent->process.start_ticks <= entry->process.start_ticks)
		*ret = parent;
	return 0;
}

/* Links the chain of parents. A recording can claim that somebody is his own ancestor. */
static int link_parents(struct processes *processes, struct entry *entry)
{
	unsigned walk = ++processes->walk;

	while (entry && !entry->linked) {
		struct entry *parent = NULL;

		entry->linked = true;
		entry->walk = walk;
		int r = entry->parent ? get_parent(processes, entry, &parent) : 0;
		if (r)
			return r;
		if (parent && parent->walk != walk)
			entry->process.parent = &parent->process;
		entry = parent;
	}
	return 0;
}

void processes_begin(struct processes *processes)
{
	processes->round++;
}

/* What a hit says of its process is enough in brief. */
static int take_from_hit(
	struct processes *processes, const struct owners_hit *hit, struct entry **ret_entry)
{
	struct entry *entry = map_get(&processes->known, hit->pid);

	if (entry && entry->process.start_ticks == hit->start_ticks) {
		*ret_entry = entry;
		return 0;
	}
	entry = arena_alloc(processes->arena, sizeof(*entry));
	if (!entry)
		return -ENOMEM;
	entry->whole = true;
	entry->process.pid = hit->pid;
	entry->process.uid = hit->uid;
	int r = identify(processes, hit->start_ticks, hit->name, &entry->process);
	if (!r)
		r = names_user(processes->names, hit->uid, &entry->process.user);
	if (!r)
		r = map_put(&processes->known, hit->pid, entry);
	if (!r)
		*ret_entry = entry;
	return r;
}

int processes_holder(struct processes *processes, const struct owners_hit *hit,
	const struct berth_process **ret_process)
{
	const struct holding holding = {
		.tid = hit->tid, .fd = hit->fd, .inode = hit->inode, .seen = hit->has_process};
	struct entry *entry = NULL;
	int r = 0;

	if (processes->brief && hit->has_process && !processes->places)
		r = take_from_hit(processes, hit, &entry);
	else
		r = get(processes, hit->pid, &holding, &entry);
	/* Another process has its pid by now. */
	if (!r && hit->has_process && entry->process.start_ticks != hit->start_ticks)
		r = -ENOENT;
	if (!r && !processes->brief)
		r = link_parents(processes, entry);
	if (r && r != -ENOENT)
		return r;
	*ret_process = r ? NULL : &entry->process;
	return 0;
}

int processes_named(
	struct processes *processes, uint32_t pid, const struct berth_process **ret_process)
{
	const struct holding nothing = {.fd = -1};
	struct entry *entry = NULL;
	int r = get(processes, pid, &nothing, &entry);

	if (!r)
		r = find_place(processes, entry);
	if (!r)
		r = link_parents(processes, entry);
	if (r && r != -ENOENT)
		return r;
	*ret_process = r ? NULL : &entry->process;
	return 0;
}

void processes_free(struct processes *processes)
{
	map_free(&processes->known);
}
