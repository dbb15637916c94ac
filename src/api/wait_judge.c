// SPDX-License-Identifier: MIT
/*
 * The rules of berth wait. Names of processes go into phrases as they are; faces escape them.
 */
#include "api/wait_judge.h"

#include <stdlib.h>
#include <string.h>

#include "api/answer_words.h"
#include "api/endpoint.h"
#include "base/text.h"

static bool same(const char *a, const char *b)
{
	return a && !strcmp(a, b);
}

/* "nginx" means nginx.service too. */
static bool is_unit(const char *unit, const char *name)
{
	size_t len = strlen(name);

	return unit && !strncmp(unit, name, len) && (!unit[len] || !strcmp(unit + len, ".service"));
}

static bool is_place(const struct berth_place *place, const char *name)
{
	for (; place; place = place->inside) {
		if (is_unit(place->unit, name) || is_unit(place->user_unit, name) ||
			same(place->container, name) || same(place->container_name, name) ||
			same(place->pod_name, name))
			return true;
	}
	return false;
}

bool wait_judge_is(const struct berth_process *process, const char *name)
{
	const char *slash = process->exe ? strrchr(process->exe, '/') : NULL;
	uint64_t pid = 0;

	if (!text_number(name, strlen(name), UINT32_MAX, &pid) && pid == process->pid)
		return true;
	return same(process->name, name) || same(process->exe, name) ||
		(slash && same(slash + 1, name)) || is_place(process->place, name) ||
		is_place(process->serves, name);
}

static bool is_held_by(const struct berth_socket *socket, const char *owner)
{
	for (size_t i = 0; i < socket->n_owners; i++) {
		if (wait_judge_is(socket->owners[i].process, owner))
			return true;
	}
	return false;
}

/* Do all that hold it only pass connections on to a container? */
static const struct berth_process *helper_of(const struct berth_socket *socket)
{
	for (size_t i = 0; i < socket->n_owners; i++) {
		if (!socket->owners[i].process->serves)
			return NULL;
	}
	return socket->n_owners ? socket->owners[0].process : NULL;
}

/* systemd listens, and nobody else does yet. */
static bool is_activated(const struct berth_socket *socket)
{
	return socket->activation_unit && socket->n_owners <= 1;
}

static void put_where(struct buffer *out, const struct berth_socket *socket)
{
	answer_words_place(out, socket->family, socket->local_text, socket->local_port);
}

static void put_listener(struct buffer *out, const struct berth_socket *socket)
{
	bool datagrams = socket->proto == BERTH_UDP || socket->proto == BERTH_UDPLITE;

	answer_words_holder(out, socket);
	buffer_text(out, datagrams ? " is bound to " : " listens on ");
	put_where(out, socket);
	if (datagrams)
		buffer_text(out, "; of UDP no more can be known");
	if (!is_activated(socket))
		return;
	buffer_format(out, " for %s", socket->activation_unit);
	if (socket->activation_service)
		buffer_format(out, ": a connection starts %s", socket->activation_service);
}

/* What is there, though not what is wanted. */
static void put_holder(struct buffer *out, const struct berth_socket *socket, const char *owner)
{
	answer_words_holder(out, socket);
	buffer_text(
		out, endpoint_serves(socket) ? " has it" : " is bound to it and does not listen");
	if (owner)
		buffer_format(out, ", not %s", owner);
}

enum wait_judge wait_judge_listening(const struct berth_socket *const *sockets, size_t n,
	const char *owner, struct buffer *ret_text, const struct berth_process **ret_helper)
{
	const struct berth_process *helper = NULL;

	for (size_t i = 0; i < n; i++) {
		if (!endpoint_serves(sockets[i]))
			continue;
		const struct berth_process *passes_on = helper_of(sockets[i]);

		if (owner ? is_held_by(sockets[i], owner) : !passes_on) {
			put_listener(ret_text, sockets[i]);
			return WAIT_JUDGE_DONE;
		}
		helper = helper ? helper : passes_on;
	}
	if (helper && !owner) {
		*ret_helper = helper;
		return WAIT_JUDGE_HELPER;
	}
	if (n)
		put_holder(ret_text, sockets[0], owner);
	else
		buffer_text(ret_text, "nobody has it");
	return WAIT_JUDGE_NOT_YET;
}

enum wait_judge wait_judge_free(const struct berth_socket *const *sockets, size_t n,
	const char *owner, struct buffer *ret_text)
{
	for (size_t i = 0; i < n; i++) {
		/* Who is not known may be the one. */
		if (owner && sockets[i]->n_owners && !is_held_by(sockets[i], owner))
			continue;
		put_holder(ret_text, sockets[i], NULL);
		return WAIT_JUDGE_NOT_YET;
	}
	if (n)
		put_holder(ret_text, sockets[0], owner);
	else
		buffer_text(ret_text, "free");
	return WAIT_JUDGE_DONE;
}
