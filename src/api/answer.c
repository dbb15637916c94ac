// SPDX-License-Identifier: MIT
/*
 * Who would get a new connection or datagram: finds the addresses, asks for the sockets that wait
 * at the port, and has the binding room judge each address for itself.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/answer_flags.h"
#include "api/answer_host.h"
#include "api/answer_redirects.h"
#include "api/answer_words.h"
#include "api/handle.h"
#include "api/machine.h"
#include "binding/answers.h"

enum {
	LOOPBACK =
		1, /* the interface that all packets to oneself go through, everywhere on Linux */
	MOST_PORTS = 8, /* that redirects lead to */
};

/* The sockets that wait at one port. */
struct waiting {
	uint16_t port;
	struct berth_snapshot *snapshot;
	const struct berth_socket **sockets;
	size_t n_sockets;
};

/* The public part is first, so that the two can be told from each other's address. */
struct answers_box {
	struct berth_answers answers;
	struct arena arena;
	const struct berth *berth;
	struct answer_host host;
	struct sockets_addresses *addresses; /* NULL: not known */
	struct waiting waiting[MOST_PORTS];
	size_t n_waiting;
	struct berth_destination *destinations;
	struct answer_place *places;
	struct answer_redirects redirects;
};

/* ---- Sockets --------------------------------------------------------------------------------- */

static int take_snapshot(struct answers_box *box, struct waiting *waiting)
{
	const bool tcp = box->host.proto == BERTH_TCP;
	struct berth_query_part part = {.first = waiting->port, .last = waiting->port};
	const struct berth_query query = {.parts = &part, .n_parts = 1};
	const struct berth_ask ask = {
		.size = sizeof(ask),
		.query = &query,
		.protos =
			BERTH_PROTO_BIT(box->host.proto) | (tcp ? BERTH_PROTO_BIT(BERTH_MPTCP) : 0),
		.states = BERTH_STATE_BIT(tcp ? BERTH_LISTEN : BERTH_CLOSE),
		.owners = true,
		.thorough = true, /* of parents: which program they run */
		.redirects = waiting->port == box->host.port,
	};
	const struct berth_socket *rows = NULL;

	int r = berth_snapshot(box->berth, &ask, &waiting->snapshot);
	if (r < 0)
		return r;
	waiting->n_sockets = berth_snapshot_sockets(waiting->snapshot, &rows);
	waiting->sockets = arena_array(&box->arena, waiting->n_sockets, sizeof(void *));
	if (!waiting->sockets)
		return handle_fail(-ENOMEM, "out of memory");
	for (size_t i = 0; i < waiting->n_sockets; i++)
		waiting->sockets[i] = rows + i;
	box->answers.gaps |= berth_snapshot_gaps(waiting->snapshot);
	box->answers.time_s = berth_snapshot_time_s(waiting->snapshot);
	return 0;
}

static int sockets_at(struct answers_box *box, uint16_t port, const struct waiting **ret_waiting)
{
	for (size_t i = 0; i < box->n_waiting; i++) {
		if (box->waiting[i].port == port) {
			*ret_waiting = box->waiting + i;
			return 0;
		}
	}
	if (box->n_waiting == MOST_PORTS)
		return handle_fail(-E2BIG, "redirects lead to more than %d ports", MOST_PORTS);
	struct waiting *waiting = box->waiting + box->n_waiting++;
	waiting->port = port;
	*ret_waiting = waiting;
	return take_snapshot(box, waiting);
}

/* ---- Addresses ------------------------------------------------------------------------------- */

static bool is_loopback(const struct answers_target *target)
{
	static const uint8_t loopback[16] = {[15] = 1};

	return target->family == 4 ? target->address[0] == 127
				   : !memcmp(target->address, loopback, sizeof(loopback));
}

/*
 * Is the address ours, and by which interface do packets to it come in? Where that cannot be read,
 * the loopback addresses are taken to be there, as they are nearly everywhere.
 */
static enum berth_answer place(
	const struct answers_box *box, uint32_t scope, struct answers_target *target)
{
	if (!box->addresses) {
		target->ifindex = LOOPBACK;
		return is_loopback(target) ? BERTH_ANSWER_SOCKET : BERTH_ANSWER_UNKNOWN;
	}
	target->ifindex = sockets_incoming(box->addresses, target->family, target->address, scope);
	if (target->ifindex)
		return BERTH_ANSWER_SOCKET;
	return is_loopback(target) ? BERTH_ANSWER_NO_ADDRESS : BERTH_ANSWER_ELSEWHERE;
}

/* What makes "no socket seen" mean less than "no socket there". */
static bool is_blind(unsigned gaps)
{
	return gaps &
		(BERTH_GAP_INTERRUPTED | BERTH_GAP_TRUNCATED | BERTH_GAP_REFUSED |
			BERTH_GAP_UNSUPPORTED);
}

/* ---- Redirects ------------------------------------------------------------------------------- */

static const char *text_of(const struct answers_box *box, const struct answers_redirect *redirect)
{
	return redirect ? box->redirects.texts[redirect - box->redirects.all] : NULL;
}

/* Where packets to the target really go. NULL: there. */
static const struct answers_redirect *follow(
	const struct answers_box *box, struct answers_target *target)
{
	struct answers_target there = *target;
	const struct answers_redirect *redirect =
		answers_redirect(target, box->redirects.all, box->redirects.count, true, &there);

	*target = there;
	return redirect;
}

/* ---- One destination ------------------------------------------------------------------------- */

static void put_answer(struct buffer *out, const struct berth_destination *destination)
{
	bool datagrams = destination->proto != BERTH_TCP;

	switch (destination->answer) {
	case BERTH_ANSWER_SOCKET:
		if (destination->group_size > 1)
			buffer_format(out, "%s of %u sockets that share it: ",
				destination->certain ? "one" : "one, the newest or any,",
				(unsigned)destination->group_size);
		else if (!destination->certain)
			buffer_text(
				out, "one of these, by options that the kernel does not tell: ");
		answer_words_holders(out, destination->answered_by, destination->n_answered_by);
		return;
	case BERTH_ANSWER_REFUSED:
		buffer_text(out, "nobody: ");
		buffer_text(out, datagrams ? "ICMP port unreachable" : "connection refused");
		return;
	case BERTH_ANSWER_NO_ADDRESS:
		buffer_text(out,
			destination->family == 6
				? "nobody: this machine does not have that address; IPv6 is off"
				: "nobody: this machine does not have that address");
		return;
	case BERTH_ANSWER_ELSEWHERE:
		buffer_format(out,
			"not this machine: what would answer at %s cannot be seen from here",
			destination->address_text);
		return;
	case BERTH_ANSWER_UNKNOWN:
		break;
	}
	buffer_text(out, "not known: what this machine has there could not be read");
}

static int judge(
	struct answers_box *box, struct berth_destination *destination, struct answer_place *judged)
{
	const struct waiting *waiting = NULL;

	int r = sockets_at(box, judged->target.port, &waiting);
	if (r < 0)
		return r;
	const struct berth_socket **list =
		arena_array(&box->arena, waiting->n_sockets, sizeof(void *));
	if (!list)
		return handle_fail(-ENOMEM, "out of memory");
	struct answers_verdict verdict =
		answers_judge(&judged->target, waiting->sockets, waiting->n_sockets, list);
	judged->sockets = waiting->sockets;
	judged->n_sockets = waiting->n_sockets;
	destination->answered_by = list;
	destination->n_answered_by = verdict.n;
	destination->certain = verdict.certain;
	if (!destination->redirect)
		destination->via = verdict.via;
	destination->group_size = verdict.group ? (uint32_t)verdict.n : verdict.n > 0;
	if (!verdict.n)
		destination->answer =
			is_blind(box->answers.gaps) ? BERTH_ANSWER_UNKNOWN : BERTH_ANSWER_REFUSED;
	return 0;
}

static int fill_destination(struct answers_box *box, const struct answer_address *address,
	struct berth_destination *destination, struct answer_place *judged)
{
	char text[INET6_ADDRSTRLEN] = "";
	struct buffer phrase = {0};

	*destination = (struct berth_destination){.family = address->family,
		.port = box->host.port,
		.proto = box->host.proto,
		.certain = true};
	memcpy(destination->address, address->address, sizeof(destination->address));
	(void)inet_ntop(
		address->family == 4 ? AF_INET : AF_INET6, address->address, text, sizeof(text));
	destination->address_text = arena_text(&box->arena, text, strlen(text));
	*judged = (struct answer_place){.destination = destination,
		.target = {.proto = box->host.proto,
			.family = address->family,
			.port = box->host.port}};
	memcpy(judged->target.address, address->address, sizeof(judged->target.address));
	destination->redirect = text_of(box, follow(box, &judged->target));
	if (destination->redirect)
		destination->via = BERTH_VIA_REDIRECT;
	destination->answer =
		place(box, destination->redirect ? 0 : address->scope, &judged->target);
	int r = destination->answer == BERTH_ANSWER_SOCKET ? judge(box, destination, judged) : 0;
	if (r < 0)
		return r;
	put_answer(&phrase, destination);
	destination->text = arena_text(&box->arena, buffer_string(&phrase), phrase.len);
	r = destination->text && destination->address_text && !phrase.error
		? 0
		: handle_fail(-ENOMEM, "out of memory");
	buffer_free(&phrase);
	return r;
}

/* ---- All of them -------------------------------------------------------------------------------
 */

/* Addresses that a recording or a backend lacks are not known; that is no failure. */
static int find_addresses(struct answers_box *box)
{
	int r = sockets_addresses(box->berth->system, &box->addresses);

	return r == -ENOMEM ? handle_fail(r, "out of memory") : 0;
}

/* Without IPv6 the name localhost has one address less, which is no fault of anybody's. */
static bool is_answered(const struct answers_box *box)
{
	size_t answered = 0;

	for (size_t i = 0; i < box->answers.n_destinations; i++) {
		const struct berth_destination *destination = box->destinations + i;
		bool absent = box->host.loopback && destination->answer == BERTH_ANSWER_NO_ADDRESS;

		if (destination->answer != BERTH_ANSWER_SOCKET && !absent)
			return false;
		answered += !absent;
	}
	return answered > 0;
}

static int add_flags(struct answers_box *box)
{
	const char *outside = NULL;

	for (size_t i = 0; i < box->answers.n_destinations && !outside; i++) {
		struct answers_target there;

		outside = text_of(box,
			answers_redirect(&box->places[i].target, box->redirects.all,
				box->redirects.count, false, &there));
	}
	int r = answer_flags(
		&box->arena, box->places, box->answers.n_destinations, outside, &box->answers);
	return r < 0 ? handle_fail(r, "%s", strerror(-r)) : 0;
}

/* Rules that catch the port are told with the sockets that wait at it. */
static int find_redirects(struct answers_box *box)
{
	const struct waiting *waiting = NULL;
	int r = sockets_at(box, box->host.port, &waiting);

	if (!r && answer_redirects(waiting->snapshot, &box->arena, &box->redirects))
		r = handle_fail(-ENOMEM, "out of memory");
	return r;
}

static int fill_in(struct answers_box *box, const char *text)
{
	struct answer_host *host = &box->host;
	struct berth_answers *answers = &box->answers;
	int r = answer_host(box->berth, text, &box->arena, host);

	if (!r)
		r = find_addresses(box);
	if (!r)
		r = find_redirects(box);
	if (r < 0)
		return r;
	box->destinations = arena_array(&box->arena, host->n_addresses, sizeof(*box->destinations));
	box->places = arena_array(&box->arena, host->n_addresses, sizeof(*box->places));
	if (!box->destinations || !box->places)
		return handle_fail(-ENOMEM, "out of memory");
	for (size_t i = 0; !r && i < host->n_addresses; i++)
		r = fill_destination(
			box, host->addresses + i, box->destinations + i, box->places + i);
	answers->host = host->name;
	answers->port = host->port;
	answers->destinations = box->destinations;
	answers->n_destinations = host->n_addresses;
	answers->answered = is_answered(box);
	return r ? r : add_flags(box);
}

int berth_answers(const struct berth *berth, const char *text, struct berth_answers **ret_answers)
{
	struct answers_box *box = calloc(1, sizeof(*box));

	if (!box)
		return handle_fail(-ENOMEM, "out of memory");
	box->berth = berth;
	int r = fill_in(box, text);
	if (r < 0)
		berth_answers_free(&box->answers);
	else
		*ret_answers = &box->answers;
	return r;
}

void berth_answers_free(struct berth_answers *answers)
{
	struct answers_box *box = (struct answers_box *)answers;

	if (!box)
		return;
	for (size_t i = 0; i < box->n_waiting; i++)
		berth_snapshot_free(box->waiting[i].snapshot);
	sockets_addresses_free(box->addresses);
	arena_free(&box->arena);
	free(box);
}
