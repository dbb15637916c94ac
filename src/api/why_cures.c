// SPDX-License-Identifier: MIT
/*
 * What would cure a bind that fails. What the server could do is tried on the model: only what
 * makes it succeed is told.
 */
#include "api/why.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "api/handle.h"
#include "base/text.h"
#include "binding/binding.h"

enum {
	CURES_MOST = 12,
};

struct cures {
	struct why_box *box;
	struct berth_cure *all;
	size_t count;
	bool reserves; /* that is told already */
	int error;
};

static void add(struct cures *cures, enum berth_cure_where where, double seconds,
	struct buffer *text, struct buffer *command)
{
	struct arena *arena = &cures->box->arena;
	struct berth_cure cure = {.where = where, .seconds = seconds};

	cure.text = arena_text(arena, buffer_string(text), text->len);
	if (command->len)
		cure.command = arena_text(arena, buffer_string(command), command->len);
	if (!cure.text || (command->len && !cure.command) || text->error || command->error)
		cures->error = -ENOMEM;
	else if (cures->count < CURES_MOST)
		cures->all[cures->count++] = cure;
	buffer_clear(text);
	buffer_clear(command);
}

static void say(struct cures *cures, enum berth_cure_where where, const char *sentence)
{
	struct buffer text = {0};
	struct buffer command = {0};

	buffer_text(&text, sentence);
	add(cures, where, -1, &text, &command);
	buffer_free(&text);
	buffer_free(&command);
}

static bool helps(const struct cures *cures, const struct verdict_bind *bind)
{
	return !verdict_judge(bind, cures->box->sockets, cures->box->n_sockets);
}

/* ---- The server --------------------------------------------------------------------------------
 */

static void try_options(struct cures *cures)
{
	struct verdict_bind other = cures->box->bind;

	other.reuseaddr = true;
	if (!cures->box->bind.reuseaddr && helps(cures, &other))
		say(cures, BERTH_CURE_SERVER,
			other.proto == BERTH_TCP
				? "set SO_REUSEADDR before bind, as servers usually do"
				: "set SO_REUSEADDR before bind; datagrams then go to the newest "
				  "of "
				  "the sockets");
	other = cures->box->bind;
	other.reuseport = true;
	if (!cures->box->bind.reuseport && helps(cures, &other))
		say(cures, BERTH_CURE_SERVER,
			"set SO_REUSEPORT before bind, which shares what comes with the others of "
			"the group");
	other = cures->box->bind;
	other.v6only = true;
	if (other.family == 6 && !cures->box->bind.v6only && helps(cures, &other))
		say(cures, BERTH_CURE_SERVER, "set IPV6_V6ONLY: only IPv4 is taken");
}

static void try_loopback(struct cures *cures)
{
	static const uint8_t loopback4[4] = {127, 0, 0, 1};
	struct verdict_bind other = cures->box->bind;

	if (!verdict_is_wildcard(&other))
		return;
	memset(other.address, 0, sizeof(other.address));
	other.family = 4;
	memcpy(other.address, loopback4, sizeof(loopback4));
	if (helps(cures, &other))
		say(cures, BERTH_CURE_SERVER,
			"bind 127.0.0.1 alone, if it is for this machine: that is free");
}

/* ---- The host
 * ------------------------------------------------------------------------------------ */

static void end_owner(struct cures *cures, const struct berth_bind_reason *cause)
{
	const struct berth_process *process = cause->socket->owners[0].process;
	const struct berth_place *place = process->place;
	struct buffer text = {0};
	struct buffer command = {0};

	if (place && place->unit && strstr(place->unit, ".service")) {
		buffer_format(&text, "stop %s", place->unit);
		buffer_text(&command, "systemctl stop ");
		text_shell_word(&command, place->unit);
	} else {
		buffer_format(&text, "end %s (pid %" PRIu32 ")", process->name, process->pid);
		buffer_format(&command, "kill %" PRIu32, process->pid);
	}
	add(cures, BERTH_CURE_HOST, -1, &text, &command);
	buffer_free(&text);
	buffer_free(&command);
}

static void grant_privilege(struct cures *cures)
{
	struct buffer text = {0};
	struct buffer command = {0};

	buffer_text(&text, "give the program the capability");
	buffer_text(&command, "setcap cap_net_bind_service=+ep PROGRAM");
	add(cures, BERTH_CURE_HOST, -1, &text, &command);
	buffer_text(&text, "let everybody bind from this port up");
	buffer_format(&command, "sysctl net.ipv4.ip_unprivileged_port_start=%u",
		(unsigned)cures->box->bind.port);
	add(cures, BERTH_CURE_HOST, -1, &text, &command);
	buffer_text(&text,
		"let systemd open the port and hand it over: a .socket unit with ListenStream=");
	add(cures, BERTH_CURE_HOST, -1, &text, &command);
	buffer_free(&text);
	buffer_free(&command);
}

/* An outgoing connection took it: that can be kept from happening again. */
static void reserve(struct cures *cures)
{
	const struct berth_policy *policy = &cures->box->policy;
	uint16_t port = cures->box->bind.port;
	struct buffer text = {0};
	struct buffer command = {0};

	if (!cures->reserves && binding_is_ephemeral(policy, port) &&
		!binding_is_reserved(policy, port)) {
		cures->reserves = true;
		buffer_text(&text,
			"keep the kernel from lending the port to outgoing connections again");
		buffer_format(&command, "berth reserve %u", (unsigned)port);
		add(cures, BERTH_CURE_HOST, -1, &text, &command);
	}
	buffer_free(&text);
	buffer_free(&command);
}

static void cure_address(struct cures *cures)
{
	say(cures, BERTH_CURE_SERVER, "bind the wildcard, or an address that ip addr shows");
	say(cures, BERTH_CURE_SERVER, "set IP_FREEBIND, if the address comes later");
}

static void cure(struct cures *cures, const struct berth_bind_reason *cause)
{
	switch (cause->kind) {
	case BERTH_BIND_LISTENER:
	case BERTH_BIND_BOUND:
		if (cause->socket->n_owners)
			end_owner(cures, cause);
		break;
	case BERTH_BIND_CONNECTION:
		reserve(cures);
		if (cause->socket->n_owners)
			end_owner(cures, cause);
		break;
	case BERTH_BIND_TIME_WAIT:
	case BERTH_BIND_CLOSING:
		reserve(cures);
		break;
	case BERTH_BIND_PRIVILEGE:
		grant_privilege(cures);
		break;
	case BERTH_BIND_ADDRESS:
		cure_address(cures);
		break;
	case BERTH_BIND_INVALID:
	case BERTH_BIND_NO_LISTEN:
		break;
	}
}

/* ---- Time
 * ---------------------------------------------------------------------------------------- */

/* When only TIME_WAIT is in the way, the last of it says how long. */
static void wait_for_end(struct cures *cures)
{
	const struct berth_why *why = &cures->box->why;
	struct buffer text = {0};
	struct buffer command = {0};
	double longest = -1;

	for (size_t i = 0; i < why->n_causes; i++) {
		const struct berth_bind_reason *cause = &why->causes[i];

		if (cause->kind != BERTH_BIND_TIME_WAIT)
			return;
		double seconds = (double)cause->socket->expires_ms / 1e3;
		longest = seconds > longest ? seconds : longest;
	}
	if (longest >= 0) {
		buffer_format(&text, "wait %.0f s, until TIME_WAIT is over", longest + 0.5);
		buffer_format(&command, "berth wait --free %u", (unsigned)cures->box->bind.port);
		add(cures, BERTH_CURE_WAIT, longest, &text, &command);
	}
	buffer_free(&text);
	buffer_free(&command);
}

int why_cures(struct why_box *box)
{
	struct cures cures = {
		.box = box, .all = arena_array(&box->arena, CURES_MOST, sizeof(*cures.all))};

	if (!cures.all)
		return handle_fail(-ENOMEM, "out of memory");
	if (box->why.verdict != BERTH_BIND_YES &&
		verdict_judge(&box->bind, box->sockets, box->n_sockets)) {
		try_options(&cures);
		try_loopback(&cures);
	}
	for (size_t i = 0; i < box->why.n_causes && box->why.verdict != BERTH_BIND_YES; i++)
		cure(&cures, &box->why.causes[i]);
	wait_for_end(&cures);
	if (cures.error)
		return handle_fail(cures.error, "out of memory");
	box->why.cures = cures.all;
	box->why.n_cures = cures.count;
	return 0;
}
