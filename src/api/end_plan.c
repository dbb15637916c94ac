// SPDX-License-Identifier: MIT
/*
 * The rules of berth kill. A process that a unit or container runs is not signalled: its manager
 * would start it again, or call it a failure. But where this process is in the same unit or
 * container, it is no service of its own: a shell below sshd, a terminal, a CI runner.
 */
#include "api/end_plan.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum {
	MOST_WORDS = 8,
	FIRST_PROCESS = 1,
};

struct plan {
	const struct end_plan_ask *ask;
	struct arena *arena;
	struct berth_end_step *steps;
	size_t n_steps;
};

/* ---- Who is who ------------------------------------------------------------------------------ */

static bool same_process(const struct berth_process *a, const struct berth_process *b)
{
	return a->pid == b->pid && a->start_ticks == b->start_ticks;
}

static bool is_ancestor(const struct berth_process *ancestor, const struct berth_process *process)
{
	for (process = process->parent; process; process = process->parent) {
		if (same_process(ancestor, process))
			return true;
	}
	return false;
}

static bool same_text(const char *a, const char *b)
{
	return a && b && !strcmp(a, b);
}

static bool is_service(const char *unit)
{
	static const char end[] = ".service";
	size_t len = unit ? strlen(unit) : 0;

	return len >= sizeof(end) && !strcmp(unit + len - (sizeof(end) - 1), end);
}

static const struct berth_place *own_place(const struct plan *plan)
{
	static const struct berth_place nowhere;

	return plan->ask->self && plan->ask->self->place ? plan->ask->self->place : &nowhere;
}

/* The unit that is to be stopped instead of the process; NULL: none. */
static const char *unit_of(const struct plan *plan, const struct berth_place *place)
{
	const struct berth_place *own = own_place(plan);

	if (!place || place->has_user || !is_service(place->unit))
		return NULL;
	return same_text(place->unit, own->unit) && !own->has_user ? NULL : place->unit;
}

static const char *user_unit_of(const struct plan *plan, const struct berth_place *place)
{
	const struct berth_place *own = own_place(plan);

	if (!place || !place->has_user || !is_service(place->user_unit))
		return NULL;
	if (own->has_user && own->user_uid == place->user_uid &&
		same_text(own->user_unit, place->user_unit))
		return NULL;
	return place->user_unit;
}

static bool in_other_container(const struct plan *plan, const struct berth_place *place)
{
	const struct berth_place *own = own_place(plan);

	return place && place->engine != BERTH_NO_ENGINE &&
		!(own->engine == place->engine && same_text(own->container, place->container));
}

/* ---- Commands -------------------------------------------------------------------------------- */

/* Words of a command, and room for the NULL behind them. */
struct command {
	const char *words[MOST_WORDS];
	size_t n_words;
	bool by_hand;
};

static void add_word(struct command *command, const char *word)
{
	if (command->n_words + 1 < MOST_WORDS)
		command->words[command->n_words++] = word;
}

/* A name may begin with a dash, which must not make an option of it. */
static void add_name(struct command *command, const char *name)
{
	if (*name == '-')
		add_word(command, "--");
	add_word(command, name);
}

static bool same_command(const struct berth_end_step *step, const struct command *command)
{
	for (size_t i = 0; step->command; i++) {
		if (i == command->n_words)
			return !step->command[i];
		if (!same_text(step->command[i], command->words[i]))
			return false;
	}
	return false;
}

static int add_step(struct plan *plan, const struct berth_end_step *step)
{
	plan->steps[plan->n_steps++] = *step;
	return 0;
}

static int refuse(struct plan *plan, const struct berth_socket *socket,
	const struct berth_process *process, const char *why)
{
	return add_step(plan,
		&(struct berth_end_step){.kind = BERTH_END_REFUSED,
			.socket = socket,
			.process = process,
			.why = why});
}

static int add_command(struct plan *plan, const struct berth_socket *socket,
	const struct berth_process *process, const struct command *command, const char *why)
{
	for (size_t i = 0; i < plan->n_steps; i++) {
		if (same_command(plan->steps + i, command))
			return 0;
	}
	const char **words = arena_array(plan->arena, command->n_words + 1, sizeof(*words));
	if (!words)
		return -ENOMEM;
	memcpy(words, command->words, command->n_words * sizeof(*words));
	return add_step(plan,
		&(struct berth_end_step){.kind = BERTH_END_COMMAND,
			.socket = socket,
			.process = process,
			.command = words,
			.by_hand = command->by_hand,
			.why = why});
}

static int start_systemctl(
	struct plan *plan, const struct berth_place *place, uint32_t uid, struct command *command)
{
	const struct berth_process *self = plan->ask->self;
	char machine[32];

	add_word(command, "systemctl");
	if (place && place->has_user) {
		add_word(command, "--user");
		if (!self || self->uid != uid) {
			int len = snprintf(machine, sizeof(machine), "--machine=%u@", uid);
			const char *copy = arena_text(plan->arena, machine, (size_t)len);

			if (!copy)
				return -ENOMEM;
			add_word(command, copy);
		}
	}
	add_word(command, "stop");
	return 0;
}

static int stop_unit(struct plan *plan, const struct berth_socket *socket,
	const struct berth_process *process, const char *unit)
{
	const struct berth_place *place = process->place;
	struct command command = {0};
	int r = start_systemctl(plan, place, place->user_uid, &command);

	add_name(&command, unit);
	return r ? r
		 : add_command(plan, socket, process, &command,
			   place->has_user ? "a user's manager runs it" : "systemd runs it");
}

/* The unit that listens, and the service that has the socket from it. */
static int stop_socket(
	struct plan *plan, const struct berth_socket *socket, const struct berth_process *process)
{
	const char *service = socket->activation_service;
	struct command command = {0};
	int r = start_systemctl(plan, process->pid == FIRST_PROCESS ? NULL : process->place,
		process->uid, &command);

	add_name(&command, socket->activation_unit);
	if (service && !strstr(service, "@."))
		add_name(&command, service);
	return r ? r
		 : add_command(plan, socket, process, &command, "systemd listens for a service");
}

/* How an engine stops a container; no words: it is not known. */
static void engine_command(const struct berth_place *place, struct command *command)
{
	static const struct {
		enum berth_engine engine;
		const char *words[2];
		bool takes_name; /* that people gave, rather than the id */
		bool by_hand; /* namespaces or folders that are not known may be needed */
	} engines[] = {
		{BERTH_DOCKER, {"docker", "stop"}, true, false},
		{BERTH_PODMAN, {"podman", "stop"}, true, false},
		{BERTH_CONTAINERD, {"nerdctl", "stop"}, false, true},
		{BERTH_CRIO, {"crictl", "stop"}, false, true},
		{BERTH_RUNC, {"runc", "kill"}, false, true},
		{BERTH_CRUN, {"crun", "kill"}, false, true},
		{BERTH_LXC, {"lxc-stop", "-n"}, false, true},
		{BERTH_LXD, {"lxc", "stop"}, false, false},
		{BERTH_INCUS, {"incus", "stop"}, false, false},
		{BERTH_NSPAWN, {"machinectl", "poweroff"}, false, false},
		{BERTH_LIBVIRT, {"virsh", "shutdown"}, false, true},
	};

	for (size_t i = 0; i < sizeof(engines) / sizeof(*engines); i++) {
		const char *name = engines[i].takes_name && place->container_name
			? place->container_name
			: place->container;

		if (engines[i].engine != place->engine || !name)
			continue;
		add_word(command, engines[i].words[0]);
		add_word(command, engines[i].words[1]);
		add_name(command, name);
		command->by_hand = engines[i].by_hand;
	}
}

static int stop_container(struct plan *plan, const struct berth_socket *socket,
	const struct berth_process *process, const struct berth_place *place)
{
	struct command command = {0};

	if (place->pod_name && place->engine != BERTH_PODMAN) {
		add_word(&command, "kubectl");
		add_word(&command, "delete");
		add_word(&command, "pod");
		add_name(&command, place->pod_name);
		if (place->pod_namespace) {
			add_word(&command, "--namespace");
			add_word(&command, place->pod_namespace);
		}
		command.by_hand = true;
	} else {
		engine_command(place, &command);
	}
	if (!command.n_words)
		return refuse(plan, socket, process,
			"a container runs it, and how that is stopped is not known");
	return add_command(plan, socket, process, &command, "a container runs it");
}

/* ---- Steps ----------------------------------------------------------------------------------- */

static bool is_planned(const struct plan *plan, const struct berth_process *process)
{
	for (size_t i = 0; i < plan->n_steps; i++) {
		if (plan->steps[i].process && same_process(plan->steps[i].process, process))
			return true;
	}
	return false;
}

static int plan_signal(
	struct plan *plan, const struct berth_socket *socket, const struct berth_process *process)
{
	const struct berth_process *self = plan->ask->self;

	if (process->pid == FIRST_PROCESS)
		return refuse(plan, socket, process, "it is the first process of this system");
	if (self && same_process(self, process))
		return refuse(plan, socket, process, "it is berth itself");
	if (self && !plan->ask->force && is_ancestor(process, self))
		return refuse(plan, socket, process,
			"berth was started by it, directly or not; --force ends it all the same");
	return add_step(plan,
		&(struct berth_end_step){
			.kind = BERTH_END_SIGNAL, .socket = socket, .process = process});
}

static int plan_managed(struct plan *plan, const struct berth_socket *socket,
	const struct berth_process *process, bool *ret_planned)
{
	const struct berth_place *place = process->place;

	*ret_planned = true;
	if (socket->activation_unit &&
		(process->pid == FIRST_PROCESS || !strcmp(process->name, "systemd")))
		return stop_socket(plan, socket, process);
	if (socket->activation_unit && place && socket->activation_service &&
		(same_text(place->unit, socket->activation_service) ||
			same_text(place->user_unit, socket->activation_service)))
		return 0; /* is stopped with the socket */
	if (process->serves)
		return stop_container(plan, socket, process, process->serves);
	if (in_other_container(plan, place))
		return stop_container(plan, socket, process, place);
	const char *unit = unit_of(plan, place);
	if (!unit)
		unit = user_unit_of(plan, place);
	if (unit)
		return stop_unit(plan, socket, process, unit);
	*ret_planned = false;
	return 0;
}

static int plan_socket(struct plan *plan, const struct berth_socket *socket)
{
	int r = 0;

	if (!socket->n_owners)
		return refuse(plan, socket, NULL,
			socket->reason_text ? socket->reason_text : "its owner is not known");
	for (size_t i = 0; !r && i < socket->n_owners; i++) {
		const struct berth_process *process = socket->owners[i].process;
		bool planned = false;

		if (is_planned(plan, process))
			continue;
		if (!plan->ask->processes)
			r = plan_managed(plan, socket, process, &planned);
		if (!r && !planned)
			r = plan_signal(plan, socket, process);
	}
	return r;
}

static bool comes_later(const struct plan *plan, const struct berth_end_step *step)
{
	for (size_t i = 0; step->kind == BERTH_END_SIGNAL && i < plan->n_steps; i++) {
		if (plan->steps[i].kind == BERTH_END_SIGNAL &&
			is_ancestor(plan->steps[i].process, step->process))
			return true;
	}
	return false;
}

/* Masters first. */
static int order(struct plan *plan, struct berth_end_step **ret_steps)
{
	struct berth_end_step *ordered = arena_array(plan->arena, plan->n_steps, sizeof(*ordered));
	size_t kept = 0;

	if (!ordered)
		return -ENOMEM;
	for (size_t i = 0; i < plan->n_steps; i++)
		plan->steps[i].later = comes_later(plan, plan->steps + i);
	for (int later = 0; later <= 1; later++) {
		for (size_t i = 0; i < plan->n_steps; i++) {
			if (plan->steps[i].later == later)
				ordered[kept++] = plan->steps[i];
		}
	}
	*ret_steps = ordered;
	return 0;
}

int end_plan(const struct end_plan_ask *ask, const struct berth_socket *const *sockets, size_t n,
	struct arena *arena, struct berth_end_step **ret_steps, size_t *ret_n_steps)
{
	struct plan plan = {.ask = ask, .arena = arena};
	size_t most = 0;
	int r = 0;

	for (size_t i = 0; i < n; i++)
		most += sockets[i]->n_owners + 1;
	plan.steps = arena_array(arena, most, sizeof(*plan.steps));
	if (!plan.steps)
		return -ENOMEM;
	for (size_t i = 0; !r && i < n; i++)
		r = plan_socket(&plan, sockets[i]);
	if (!r)
		r = order(&plan, ret_steps);
	if (!r)
		*ret_n_steps = plan.n_steps;
	return r;
}
