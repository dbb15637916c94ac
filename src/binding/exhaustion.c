// SPDX-License-Identifier: MIT
/* See exhaustion.h for the rule of the kernel. */
#include "binding/exhaustion.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "binding/binding.h"

enum {
	TIME_WAIT_MS = 60000, /* TCP_TIMEWAIT_LEN, include/net/tcp.h */
	USUAL_DELAY_MS = 1000, /* before it could be set (6.13) */
	TURNOVER_MS = 10000,
	MS = 1000,
	LOOPBACK_INTERFACE = 1,
	LOOPBACK_NET = 127,
	REUSE_ON_LOOPBACK = 2,
	FIRST_DYNAMIC = 49152, /* RFC 6335 section 6 */
	LAST_PORT = 65535,
	BIN = PORTLIST_PORTS / BERTH_EPHEMERAL_BINS,
	STATES = BERTH_BOUND + 1,
	MAPPED_TEXT = 7, /* "::ffff:" */
};

/* One outgoing connection, with what it competes about. */
struct outgoing {
	const struct berth_socket *socket;
	uint8_t family;
	uint8_t local[16];
	uint8_t peer[16];
};

struct survey {
	const struct exhaustion_ask *ask;
	struct berth_ephemeral_space *space;
	struct arena *arena;
	struct portlist range; /* all of it */
	struct portlist reserved; /* inside or outside of it */
	struct portlist bound; /* in the range */
	struct portlist free; /* for a destination that has no connections */
	struct portlist tcp; /* that sockets have */
	struct portlist udp;
	struct outgoing *outgoing;
	size_t n_outgoing;
};

/* ---- Single sockets -------------------------------------------------------------------------- */

static bool is_loopback(uint8_t family, const uint8_t address[16])
{
	static const uint8_t one[16] = {[15] = 1};

	return family == 4 ? address[0] == LOOPBACK_NET : !memcmp(address, one, sizeof(one));
}

/* IPv4 through a socket of IPv6 is IPv4 (::ffff:a.b.c.d). */
static bool is_mapped(const struct berth_socket *socket)
{
	return socket->family == 6 && binding_is_mapped(socket->peer);
}

static void set_ends(struct outgoing *out, const struct berth_socket *socket)
{
	bool mapped = is_mapped(socket);
	size_t skip = mapped ? BINDING_MAPPED_PREFIX : 0;
	size_t len = mapped || socket->family == 4 ? 4 : 16;

	memset(out, 0, sizeof(*out));
	out->socket = socket;
	out->family = mapped ? 4 : socket->family;
	memcpy(out->local, socket->local + skip, len);
	memcpy(out->peer, socket->peer + skip, len);
}

bool exhaustion_is_reusable(const struct berth_policy *policy, const struct berth_socket *socket)
{
	int64_t delay = policy->tw_reuse_delay_ms < 0 ? USUAL_DELAY_MS : policy->tw_reuse_delay_ms;
	struct outgoing ends;

	if (socket->state != BERTH_TIME_WAIT || socket->expires_ms < 0 || policy->tw_reuse <= 0 ||
		!policy->tcp_timestamps || TIME_WAIT_MS - socket->expires_ms < delay)
		return false;
	set_ends(&ends, socket);
	return policy->tw_reuse != REUSE_ON_LOOPBACK || socket->ifindex == LOOPBACK_INTERFACE ||
		is_loopback(ends.family, ends.local) || is_loopback(ends.family, ends.peer);
}

static bool counts(const struct survey *survey, const struct berth_socket *socket)
{
	return socket->netns == survey->ask->netns;
}

static bool was_opened(const struct berth_socket *socket)
{
	return socket->proto == BERTH_TCP && socket->peer_port && socket->state != BERTH_LISTEN &&
		socket->state != BERTH_BOUND && socket->state != BERTH_CLOSE &&
		socket->state != BERTH_NEW_SYN_RECV;
}

/* ---- Ports ----------------------------------------------------------------------------------- */

/* Which ports sockets have, and which of them show that a bind() chose them. */
static void look_at_ports(struct survey *survey)
{
	const struct exhaustion_ask *ask = survey->ask;

	for (size_t i = 0; i < ask->n_sockets; i++) {
		const struct berth_socket *socket = ask->sockets + i;
		uint16_t port = socket->local_port;

		if (!counts(survey, socket))
			continue;
		if (socket->proto == BERTH_UDP)
			portlist_add_range(&survey->udp, port, port);
		if (socket->proto != BERTH_TCP)
			continue;
		portlist_add_range(&survey->tcp, port, port);
		if (socket->state == BERTH_LISTEN || socket->state == BERTH_BOUND)
			portlist_add_range(&survey->bound, port, port);
	}
	if (ask->bound)
		portlist_add(&survey->bound, ask->bound);
}

static uint32_t count_preferred(const struct portlist *list, const struct berth_port_range *range)
{
	uint32_t count = 0;

	for (uint32_t port = range->first; port <= range->last; port += 2)
		count += portlist_has(list, (uint16_t)port);
	return count;
}

static uint32_t count_in(const struct portlist *list, const struct portlist *of)
{
	struct portlist both = *list;

	portlist_keep(&both, of);
	return portlist_count(&both);
}

static uint32_t count_without(const struct portlist *list, const struct portlist *taken)
{
	struct portlist rest = *list;

	portlist_remove(&rest, taken);
	return portlist_count(&rest);
}

static void set_ports(struct survey *survey)
{
	const struct berth_policy *policy = survey->ask->policy;
	struct berth_ephemeral_space *space = survey->space;

	space->policy = policy;
	space->range = policy->ephemeral;
	portlist_add_range(&survey->range, space->range.first, space->range.last);
	for (size_t i = 0; policy->has_reserved && i < policy->n_reserved; i++)
		portlist_add_range(
			&survey->reserved, policy->reserved[i].first, policy->reserved[i].last);
	portlist_keep(&survey->bound, &survey->range);
	space->ports = portlist_count(&survey->range);
	space->reserved = count_in(&survey->reserved, &survey->range);
	space->bound = count_without(&survey->bound, &survey->reserved);
	survey->free = survey->range;
	portlist_remove(&survey->free, &survey->reserved);
	/* "remaining &= ~1U" counts the steps; where they lead goes by the whole range. */
	space->odd_one_out = space->ports > 1 && space->ports % 2;
	space->left_udp = count_without(&survey->free, &survey->udp);
	space->left_bind = count_without(&survey->free, &survey->tcp);
	portlist_remove(&survey->free, &survey->bound);
	space->left = portlist_count(&survey->free);
	space->left_preferred = count_preferred(&survey->free, &space->range);
	space->sustained_per_s = (double)space->left * MS / TIME_WAIT_MS;
	space->tcp_ports = count_in(&survey->tcp, &survey->range);
	space->udp_ports = count_in(&survey->udp, &survey->range);
}

/* ---- States ---------------------------------------------------------------------------------- */

/* Here and below nothing is left equal: C libraries differ in how they sort what is. */
static int compare_states(const void *left, const void *right)
{
	const struct berth_ephemeral_state *a = left;
	const struct berth_ephemeral_state *b = right;

	if (a->proto != b->proto)
		return a->proto < b->proto ? -1 : 1;
	if (a->sockets != b->sockets)
		return a->sockets > b->sockets ? -1 : 1;
	return a->state - b->state;
}

static uint32_t count_state(
	const struct survey *survey, enum berth_proto proto, unsigned state, uint32_t *ret_sockets)
{
	const struct exhaustion_ask *ask = survey->ask;
	struct portlist ports;
	uint32_t sockets = 0;

	memset(&ports, 0, sizeof(ports));
	for (size_t i = 0; i < ask->n_sockets; i++) {
		const struct berth_socket *socket = ask->sockets + i;

		if (!counts(survey, socket) || socket->proto != proto || socket->state != state ||
			!portlist_has(&survey->range, socket->local_port))
			continue;
		portlist_add_range(&ports, socket->local_port, socket->local_port);
		sockets++;
	}
	*ret_sockets = sockets;
	return portlist_count(&ports);
}

static int set_states(struct survey *survey)
{
	static const enum berth_proto protos[] = {BERTH_TCP, BERTH_UDP};
	struct berth_ephemeral_state *states =
		arena_array(survey->arena, (size_t)2 * STATES, sizeof(*states));
	size_t n = 0;

	if (!states)
		return -ENOMEM;
	for (size_t p = 0; p < sizeof(protos) / sizeof(*protos); p++) {
		for (unsigned state = 0; state < STATES; state++) {
			uint32_t sockets = 0;
			uint32_t ports = count_state(survey, protos[p], state, &sockets);

			if (sockets)
				states[n++] = (struct berth_ephemeral_state){
					protos[p], (uint8_t)state, sockets, ports};
		}
	}
	qsort(states, n, sizeof(*states), compare_states);
	survey->space->states = states;
	survey->space->n_states = n;
	return 0;
}

/* ---- Destinations ---------------------------------------------------------------------------- */

static bool leads_together(const struct outgoing *a, const struct outgoing *b)
{
	return a->family == b->family && !memcmp(a->local, b->local, sizeof(a->local)) &&
		!memcmp(a->peer, b->peer, sizeof(a->peer)) &&
		a->socket->peer_port == b->socket->peer_port;
}

static int compare_outgoing(const void *left, const void *right)
{
	const struct outgoing *a = left;
	const struct outgoing *b = right;
	int order = memcmp(a->peer, b->peer, sizeof(a->peer));

	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	if (!order)
		order = memcmp(a->local, b->local, sizeof(a->local));
	if (!order)
		order = a->socket->peer_port - b->socket->peer_port;
	return order ? order : a->socket->local_port - b->socket->local_port;
}

static bool is_outgoing(const struct survey *survey, const struct berth_socket *socket)
{
	return counts(survey, socket) && was_opened(socket) &&
		portlist_has(&survey->range, socket->local_port) &&
		!portlist_has(&survey->bound, socket->local_port);
}

static int gather_outgoing(struct survey *survey)
{
	const struct exhaustion_ask *ask = survey->ask;
	size_t n = 0;

	for (size_t i = 0; i < ask->n_sockets; i++)
		n += is_outgoing(survey, ask->sockets + i);
	if (!n)
		return 0;
	survey->outgoing = calloc(n, sizeof(*survey->outgoing));
	if (!survey->outgoing)
		return -ENOMEM;
	for (size_t i = 0; i < ask->n_sockets; i++) {
		if (is_outgoing(survey, ask->sockets + i))
			set_ends(&survey->outgoing[survey->n_outgoing++], ask->sockets + i);
	}
	qsort(survey->outgoing, survey->n_outgoing, sizeof(*survey->outgoing), compare_outgoing);
	return 0;
}

static const char *end_text(const struct outgoing *out, const char *text)
{
	return is_mapped(out->socket) && text && strlen(text) > MAPPED_TEXT ? text + MAPPED_TEXT
									    : text;
}

/* Whether the next connection cannot have the port of these, which are alike but for the network
 * interface. */
static bool keep_port(const struct survey *survey, const struct outgoing *first, size_t n)
{
	bool kept = false;

	for (size_t i = 0; i < n; i++)
		kept = kept || !exhaustion_is_reusable(survey->ask->policy, first[i].socket);
	return kept && portlist_has(&survey->free, first->socket->local_port);
}

/* Those that lead to one destination stand together, by port. */
static void judge_destination(const struct survey *survey, const struct outgoing *first, size_t n,
	struct berth_ephemeral_destination *ret)
{
	const struct berth_ephemeral_space *space = survey->space;
	size_t alike = 0;

	*ret = (struct berth_ephemeral_destination){.family = first->family,
		.peer_port = first->socket->peer_port,
		.local_text = end_text(first, first->socket->local_text),
		.peer_text = end_text(first, first->socket->peer_text),
		.connections = (uint32_t)n,
		.left = space->left,
		.left_preferred = space->left_preferred};
	memcpy(ret->local, first->local, sizeof(ret->local));
	memcpy(ret->peer, first->peer, sizeof(ret->peer));
	for (size_t i = 0; i < n; i++) {
		const struct berth_socket *socket = first[i].socket;

		ret->time_wait += socket->state == BERTH_TIME_WAIT;
		ret->reusable += exhaustion_is_reusable(survey->ask->policy, socket);
	}
	for (size_t i = 0; i < n; i += alike) {
		uint16_t port = first[i].socket->local_port;

		alike = 1;
		while (i + alike < n && first[i + alike].socket->local_port == port)
			alike++;
		if (keep_port(survey, first + i, alike)) {
			ret->left--;
			ret->left_preferred -= !((port ^ space->range.first) & 1);
		}
	}
}

static size_t count_together(const struct outgoing *first, size_t most)
{
	size_t n = 1;

	while (n < most && leads_together(first, first + n))
		n++;
	return n;
}

static int compare_destinations(const void *left, const void *right)
{
	const struct berth_ephemeral_destination *a = left;
	const struct berth_ephemeral_destination *b = right;

	if (a->left != b->left)
		return a->left < b->left ? -1 : 1;
	if (a->connections != b->connections)
		return a->connections > b->connections ? -1 : 1;
	int order = memcmp(a->peer, b->peer, sizeof(a->peer));
	if (!order)
		order = memcmp(a->local, b->local, sizeof(a->local));
	return order ? order : a->peer_port - b->peer_port;
}

static int set_destinations(struct survey *survey)
{
	struct berth_ephemeral_destination *destinations = NULL;
	size_t count = 0;
	size_t n = 0;

	for (size_t i = 0; i < survey->n_outgoing; i += n) {
		n = count_together(survey->outgoing + i, survey->n_outgoing - i);
		count++;
	}
	if (!count)
		return 0;
	destinations = arena_array(survey->arena, count, sizeof(*destinations));
	if (!destinations)
		return -ENOMEM;
	count = 0;
	for (size_t i = 0; i < survey->n_outgoing; i += n) {
		n = count_together(survey->outgoing + i, survey->n_outgoing - i);
		judge_destination(survey, survey->outgoing + i, n, destinations + count++);
	}
	qsort(destinations, count, sizeof(*destinations), compare_destinations);
	survey->space->destinations = destinations;
	survey->space->n_destinations = count;
	return 0;
}

static void set_turnover(struct survey *survey)
{
	uint32_t soon = 0;

	for (size_t i = 0; i < survey->n_outgoing; i++) {
		const struct berth_socket *socket = survey->outgoing[i].socket;

		if (socket->state != BERTH_TIME_WAIT)
			continue;
		survey->space->time_wait++;
		soon += socket->expires_ms >= 0 && socket->expires_ms <= TURNOVER_MS;
	}
	survey->space->time_wait_ends_per_s = (double)soon * MS / TURNOVER_MS;
}

/* ---- Users ----------------------------------------------------------------------------------- */

static const struct berth_process *process_of(const struct berth_socket *socket)
{
	return socket->n_owners ? socket->owners[0].process : NULL;
}

static int compare_numbers(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

/* By process, those without one by the reason; then as they stood, by destination. */
static int compare_processes(const void *left, const void *right)
{
	const struct outgoing *a = left;
	const struct outgoing *b = right;
	const struct berth_process *one = process_of(a->socket);
	const struct berth_process *other = process_of(b->socket);
	int order = compare_numbers(one ? one->pid : 0, other ? other->pid : 0);

	if (!order && one && other)
		order = compare_numbers(one->start_ticks, other->start_ticks);
	if (!order && !one)
		order = compare_numbers(a->socket->reason, b->socket->reason);
	return order ? order : compare_outgoing(left, right);
}

static bool same_user(const struct outgoing *a, const struct outgoing *b)
{
	const struct berth_process *one = process_of(a->socket);
	const struct berth_process *other = process_of(b->socket);

	if (!one || !other)
		return !one && !other && a->socket->reason == b->socket->reason;
	return one->pid == other->pid && one->start_ticks == other->start_ticks;
}

static int compare_users(const void *left, const void *right)
{
	const struct berth_ephemeral_user *a = left;
	const struct berth_ephemeral_user *b = right;

	if (a->connections != b->connections)
		return a->connections > b->connections ? -1 : 1;
	return compare_numbers(a->process ? a->process->pid : 0, b->process ? b->process->pid : 0);
}

static int set_users(struct survey *survey)
{
	struct outgoing *outgoing = survey->outgoing;
	struct berth_ephemeral_user *users = NULL;
	size_t count = 0;

	if (!survey->n_outgoing)
		return 0;
	qsort(outgoing, survey->n_outgoing, sizeof(*outgoing), compare_processes);
	for (size_t i = 0; i < survey->n_outgoing; i++)
		count += !i || !same_user(outgoing + i - 1, outgoing + i);
	users = arena_array(survey->arena, count, sizeof(*users));
	if (!users)
		return -ENOMEM;
	count = 0;
	for (size_t i = 0; i < survey->n_outgoing; i++) {
		bool known = i && same_user(outgoing + i - 1, outgoing + i);

		if (!known)
			users[count++] = (struct berth_ephemeral_user){
				.process = process_of(outgoing[i].socket),
				.reason = outgoing[i].socket->reason};
		users[count - 1].connections++;
		users[count - 1].destinations +=
			!known || !leads_together(outgoing + i - 1, outgoing + i);
	}
	qsort(users, count, sizeof(*users), compare_users);
	survey->space->users = users;
	survey->space->n_users = count;
	return 0;
}

static int set_ranged(struct survey *survey)
{
	const struct exhaustion_ask *ask = survey->ask;
	const struct berth_socket **ranged = NULL;
	size_t n = 0;

	for (size_t i = 0; i < ask->n_sockets; i++)
		n += counts(survey, ask->sockets + i) &&
			(ask->sockets[i].range_first || ask->sockets[i].range_last);
	if (!n)
		return 0;
	ranged = arena_array(survey->arena, n, sizeof(void *));
	if (!ranged)
		return -ENOMEM;
	n = 0;
	for (size_t i = 0; i < ask->n_sockets; i++) {
		if (counts(survey, ask->sockets + i) &&
			(ask->sockets[i].range_first || ask->sockets[i].range_last))
			ranged[n++] = ask->sockets + i;
	}
	survey->space->ranged = ranged;
	survey->space->n_ranged = n;
	return 0;
}

/* ---- The picture, and IANA's range ----------------------------------------------------------- */

static void set_bins(struct survey *survey)
{
	for (uint32_t i = 0; i < BERTH_EPHEMERAL_BINS; i++) {
		struct berth_ephemeral_bin *bin = &survey->space->bins[i];

		*bin = (struct berth_ephemeral_bin){
			.first = (uint16_t)(i * BIN), .last = (uint16_t)((i + 1) * BIN - 1)};
		for (uint32_t port = bin->first; port <= bin->last; port++) {
			uint16_t number = (uint16_t)port;
			bool reserved = portlist_has(&survey->reserved, number);

			bin->reserved += reserved;
			bin->lent += !reserved && portlist_has(&survey->range, number);
			bin->in_use += portlist_has(&survey->tcp, number) ||
				portlist_has(&survey->udp, number);
		}
	}
}

static void set_dynamic(struct survey *survey)
{
	struct berth_ephemeral_space *space = survey->space;
	struct berth_port_range range = {0, 0};
	struct portlist quiet;
	uint32_t at = 0;

	memset(&quiet, 0, sizeof(quiet));
	portlist_add_range(&quiet, FIRST_DYNAMIC, LAST_PORT);
	space->dynamic_lent = count_in(&quiet, &survey->range);
	portlist_remove(&quiet, &survey->range);
	space->n_quiet = 0;
	while (space->n_quiet < 2 && portlist_next(&quiet, at, &range)) {
		space->quiet[space->n_quiet++] = range;
		at = range.last + UINT32_C(1);
	}
}

int exhaustion_survey(const struct exhaustion_ask *ask, struct arena *arena,
	struct berth_ephemeral_space *ret_space)
{
	struct survey *survey = calloc(1, sizeof(*survey)); /* 48 KB */
	int r = 0;

	if (!survey)
		return -ENOMEM;
	survey->ask = ask;
	survey->arena = arena;
	survey->space = ret_space;
	look_at_ports(survey);
	set_ports(survey);
	set_bins(survey);
	set_dynamic(survey);
	r = set_states(survey);
	if (!r)
		r = gather_outgoing(survey);
	if (!r)
		r = set_destinations(survey);
	if (!r)
		r = set_ranged(survey);
	set_turnover(survey);
	if (!r)
		r = set_users(survey);
	free(survey->outgoing);
	free(survey);
	return r;
}
