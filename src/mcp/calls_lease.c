// SPDX-License-Identifier: MIT
/*
 * Leases of a session. They are held by this process, so that they end with it, however it ends: a
 * client that goes away closes our input or kills us. Only what was leased in this session can be
 * given back by it: a model must not end what its user, or another session, leased by another name.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mcp/calls.h"
#include "mcp/foreign.h"

static char **find_leased(const struct calls *calls, const char *name)
{
	for (size_t i = 0; i < calls->n_leased; i++) {
		if (!strcmp(calls->leased[i], name))
			return &calls->leased[i];
	}
	return NULL;
}

/* Room for one more name is made before the lease is, so that none is forgotten. */
static int remember(struct calls *calls, const char *name)
{
	if (find_leased(calls, name))
		return 0;
	char **grown = reallocarray(calls->leased, calls->n_leased + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	calls->leased = grown;
	grown[calls->n_leased] = strdup(name);
	if (!grown[calls->n_leased])
		return -ENOMEM;
	calls->n_leased++;
	return 0;
}

static void forget(struct calls *calls, const char *name)
{
	char **found = find_leased(calls, name);

	if (!found)
		return;
	free(*found);
	*found = calls->leased[--calls->n_leased];
}

int calls_lease_take(
	struct calls *calls, const struct input_value *values, struct tool_answer *answer)
{
	const int64_t ms_per_minute = INT64_C(60) * 1000;
	const char *name = values[LEASE_NAME].text;
	bool known = find_leased(calls, name) != NULL;
	struct berth_lease_ask ask = {.size = sizeof(ask),
		.name = name,
		.folder = calls->folder,
		.port = (uint16_t)values[LEASE_PORT].number,
		.pid = (uint32_t)getpid(),
		.ttl_ms = values[LEASE_MINUTES].number * ms_per_minute};
	uint16_t port = 0;
	int r = remember(calls, name);

	if (r) {
		buffer_text(&answer->text, "There is no memory left.");
		return r;
	}
	r = berth_lease(calls->berth, &ask, &port);
	if (r < 0) {
		if (!known)
			forget(calls, name);
		return calls_fail(answer, r);
	}
	buffer_format(&answer->text, "Port %u is leased to ", (unsigned)port);
	foreign_quote(&answer->text, name);
	buffer_text(&answer->text,
		values[LEASE_MINUTES].given
			? " until its time is over, this session ends, or it is released."
			: " until this session ends or it is released.");
	return berth_leased_json(name, port, r == 1, buffer_write, &answer->json);
}

int calls_lease_release(
	struct calls *calls, const struct input_value *values, struct tool_answer *answer)
{
	const char *name = values[RELEASE_NAME].text;

	if (!find_leased(calls, name)) {
		buffer_text(&answer->text,
			"Nothing of that name was leased in this session, and leases of others "
			"are theirs to give back.");
		return -ENOENT;
	}
	int r = berth_release(calls->berth, name, calls->folder, 0);
	/* One that is over is as good as one that was given back. */
	if (r < 0 && r != -ENOENT)
		return calls_fail(answer, r);
	forget(calls, name);
	foreign_quote(&answer->text, name);
	buffer_text(&answer->text, r ? " had no lease any more." : " has no lease any more.");
	return 0;
}

int calls_lease_list(struct calls *calls, struct tool_answer *answer)
{
	struct berth_leases *leases = NULL;
	int r = berth_leases(calls->berth, &leases);
	unsigned active = 0;

	if (r < 0)
		return calls_fail(answer, r);
	for (size_t i = 0; i < leases->n_leases; i++)
		active += leases->leases[i].state != BERTH_LEASE_OVER && leases->leases[i].here;
	buffer_format(&answer->text, "%u %s here.", active,
		active == 1 ? "port is leased" : "ports are leased");
	if (!leases->shared)
		buffer_text(&answer->text, " Leases of other users are not covered.");
	r = berth_leases_json(leases, buffer_write, &answer->json);
	berth_leases_free(leases);
	return r;
}
