// SPDX-License-Identifier: MIT
/*
 * The small program: how it becomes the whole one, and which commands it does not have. Its C
 * library finds users in /etc/passwd only, not through the name service switch, and it reads no
 * JSON, in which container engines keep names: what lacks a name is a reason to hand over.
 */
#include "cli/handover.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/commands.h"

static char **command_line;

void handover_prepare(char **argv)
{
	size_t words = 0;

	while (argv[words])
		words++;
	/* A copy, because getopt_long(3) moves options to the front. */
	command_line = calloc(words + 1, sizeof(*command_line));
	for (size_t i = 0; command_line && i < words; i++)
		command_line[i] = argv[i];
}

/* In a build folder the two programs are neighbours. */
static void become_neighbour(void)
{
	char path[PATH_MAX];

	if (file_neighbour("berth-whole", path, sizeof(path)))
		execv(path, command_line);
}

void handover(void)
{
	if (command_line) {
		become_neighbour();
		execv(BERTH_WHOLE, command_line);
	}
	cli_complain("%s: %s; install berth anew", BERTH_WHOLE, strerror(errno));
	exit(CLI_UNKNOWN);
}

/* Those that stand before a container: the whole program tells which. */
static bool is_helper(const char *name)
{
	static const char *const helpers[] = {
		"docker-proxy", "rootlessport", "slirp4netns", "conmon"};

	for (size_t i = 0; i < sizeof(helpers) / sizeof(*helpers); i++) {
		if (!strcmp(name, helpers[i]))
			return true;
	}
	return !strncmp(name, "pasta", 5);
}

/* Engines that keep names and images in JSON; the names of the others are in the cgroup. */
static bool has_json(enum berth_engine engine)
{
	switch (engine) {
	case BERTH_SOME_ENGINE:
	case BERTH_DOCKER:
	case BERTH_PODMAN:
	case BERTH_CONTAINERD:
	case BERTH_CRIO:
		return true;
	case BERTH_NO_ENGINE:
	case BERTH_RUNC:
	case BERTH_CRUN:
	case BERTH_LXC:
	case BERTH_LXD:
	case BERTH_INCUS:
	case BERTH_NSPAWN:
	case BERTH_LIBVIRT:
		break;
	}
	return false;
}

static bool lacks_names(const struct berth_place *place)
{
	return place && has_json(place->engine) && (!place->container_name || !place->image);
}

static bool is_unnamed(const struct berth_process *process)
{
	return !process->user || lacks_names(process->place) || lacks_names(process->serves) ||
		(!process->serves && is_helper(process->name));
}

static bool has_unnamed(const struct berth_socket *socket)
{
	if (socket->has_uid && !socket->user)
		return true;
	for (size_t i = 0; i < socket->n_owners; i++) {
		if (is_unnamed(socket->owners[i].process))
			return true;
	}
	return lacks_names(socket->made_in);
}

int handover_why_past(const struct berth *berth, const char *folder, struct berth_why *why)
{
	(void)berth, (void)folder, (void)why;
	handover();
	return -ENOSYS;
}

bool handover_possible(void)
{
	return true;
}

void handover_nameless(const struct berth_socket *const *sockets, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (has_unnamed(sockets[i]))
			handover();
	}
}

void handover_unnamed(const struct berth_snapshot *snapshot)
{
	const struct berth_socket *sockets;
	size_t n = berth_snapshot_sockets(snapshot, &sockets);

	for (size_t i = 0; i < n; i++) {
		if (has_unnamed(&sockets[i]))
			handover();
	}
}

const struct command cmd_answers = {.name = "answers"};
const struct command cmd_at = {.name = "at"};
const struct command cmd_blame = {.name = "blame"};
const struct command cmd_check = {.name = "check"};
const struct command cmd_doctor = {.name = "doctor"};
const struct command cmd_history = {.name = "history"};
const struct command cmd_up = {.name = "up"};
const struct command cmd_watch = {.name = "watch"};
const struct command cmd_map = {.name = "map"};
const struct command cmd_mcp = {.name = "mcp"};
const struct command cmd_page = {.name = "page"};
const struct command cmd_serve = {.name = "serve"};
const struct command cmd_serve_leases = {.name = "serve-leases"};
const struct command cmd_site = {.name = "site"};
const struct command cmd_record = {.name = "record"};
const struct command cmd_disable = {.name = "disable"};
const struct command cmd_enable = {.name = "enable"};
const struct command cmd_registry = {.name = "registry"};
const struct command cmd_completion = {.name = "completion"};
const struct command cmd_help = {.name = "help"};
