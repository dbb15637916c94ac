// SPDX-License-Identifier: MIT
/* See theft.h for the rule of the kernel. */
#include "binding/theft.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "binding/binding.h"
#include "binding/exhaustion.h"

enum {
	MS_PER_S = 1000,
	PARITIES = 2, /* 0: that of the first port of the range, which connect() takes first */
};

/* While the sockets are gone through. */
struct counting {
	const struct berth_policy *policy;
	const struct berth_socket **outgoing; /* in the range, on ports that nobody serves */
	size_t n_outgoing;
	uint32_t free[PARITIES]; /* ports of the range that nobody serves or reserves */
	uint32_t lately; /* of those that are closed */
	bool only_lately;
};

static bool is_tcp(const struct berth_socket *socket)
{
	return socket->proto == BERTH_TCP || socket->proto == BERTH_MPTCP;
}

static unsigned parity(const struct berth_policy *policy, uint16_t port)
{
	return (port ^ policy->ephemeral.first) & 1U;
}

/* Somebody chose this port by bind(): what else is there was accepted, not opened, from it. */
static bool is_served(const struct berth_socket *sockets, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (is_tcp(sockets + i) &&
			(sockets[i].state == BERTH_LISTEN || sockets[i].state == BERTH_BOUND))
			return true;
	}
	return false;
}

static size_t same_port(const struct berth_socket *sockets, size_t n)
{
	size_t count = 1;

	while (count < n && sockets[count].local_port == sockets[0].local_port)
		count++;
	return count;
}

static bool is_late(const struct berth_socket *socket)
{
	const int64_t before_lately_s = THEFT_TIME_WAIT_S - THEFT_LATELY_S;

	return socket->expires_ms >= before_lately_s * MS_PER_S;
}

/* The sockets with one port. */
static void count_port(const struct berth_socket *sockets, size_t n, struct counting *counting,
	struct theft_survey *survey)
{
	uint16_t port = sockets[0].local_port;

	if (is_served(sockets, n)) {
		if (!binding_is_reserved(counting->policy, port))
			counting->free[parity(counting->policy, port)]--;
		return;
	}
	for (size_t i = 0; i < n; i++) {
		if (!is_tcp(sockets + i))
			continue;
		counting->outgoing[counting->n_outgoing++] = sockets + i;
		if (sockets[i].state == BERTH_TIME_WAIT) {
			survey->closed++;
			counting->lately += is_late(sockets + i);
		}
	}
}

static void count_range(const struct berth_policy *policy, uint32_t free[PARITIES])
{
	for (uint32_t port = policy->ephemeral.first; port <= policy->ephemeral.last; port++) {
		if (!binding_is_reserved(policy, (uint16_t)port))
			free[parity(policy, (uint16_t)port)]++;
	}
}

/* ---- Destinations ---------------------------------------------------------------------------- */

/* Two connections from one port need another address or port at one end. */
static int compare(const void *left, const void *right)
{
	const struct berth_socket *a = *(const struct berth_socket *const *)left;
	const struct berth_socket *b = *(const struct berth_socket *const *)right;
	int r = (a->peer_port > b->peer_port) - (a->peer_port < b->peer_port);

	if (!r)
		r = memcmp(a->peer, b->peer, sizeof(a->peer));
	if (!r)
		r = memcmp(a->local, b->local, sizeof(a->local));
	return r ? r : (a->family > b->family) - (a->family < b->family);
}

/* What the connections to one destination add to the rates. The port of a server is one more when
 * it is given up. */
static void count_destination(const struct counting *counting,
	const struct berth_socket *const *sockets, size_t n, struct theft_survey *survey)
{
	uint32_t used[PARITIES] = {0};
	uint32_t closed = 0;

	for (size_t i = 0; i < n; i++) {
		if (sockets[i]->state == BERTH_TIME_WAIT)
			closed += !counting->only_lately || is_late(sockets[i]);
		if (!exhaustion_is_reusable(counting->policy, sockets[i]))
			used[parity(counting->policy, sockets[i]->local_port)]++;
	}
	double per_s = (double)closed /
		(counting->only_lately ? (double)THEFT_LATELY_S : (double)THEFT_TIME_WAIT_S);
	bool used_up = used[0] >= counting->free[0];
	double left = used_up ? 0 : (double)(counting->free[0] - used[0]);
	double other = used[1] >= counting->free[1] ? 0 : (double)(counting->free[1] - used[1]);

	survey->opens_per_s += per_s;
	survey->takes_per_s += per_s / (left + 1);
	if (used_up)
		survey->takes_other_per_s += per_s / (other + 1);
}

static void count_destinations(struct counting *counting, struct theft_survey *survey)
{
	counting->only_lately =
		counting->lately * THEFT_TIME_WAIT_S > survey->closed * THEFT_LATELY_S;
	qsort(counting->outgoing, counting->n_outgoing, sizeof(struct berth_socket *), compare);
	for (size_t i = 0, end = 0; i < counting->n_outgoing; i = end) {
		while (end < counting->n_outgoing &&
			!compare(&counting->outgoing[i], &counting->outgoing[end]))
			end++;
		count_destination(counting, counting->outgoing + i, end - i, survey);
	}
}

int theft_survey(const struct berth_policy *policy, const struct berth_socket *sockets, size_t n,
	struct theft_survey *ret_survey)
{
	struct theft_survey survey = {
		.known = policy->has_ephemeral && policy->has_reserved, .range = policy->ephemeral};
	struct counting counting = {.policy = policy};
	size_t count = 0;

	if (survey.known) {
		counting.outgoing = malloc((n + 1) * sizeof(struct berth_socket *));
		if (!counting.outgoing)
			return -ENOMEM;
		count_range(policy, counting.free);
		for (size_t i = 0; i < n; i += count) {
			count = same_port(sockets + i, n - i);
			if (binding_is_ephemeral(policy, sockets[i].local_port))
				count_port(sockets + i, count, &counting, &survey);
		}
		count_destinations(&counting, &survey);
		free(counting.outgoing);
	}
	*ret_survey = survey;
	return 0;
}

bool theft_is_preferred(const struct theft_survey *survey, uint16_t port)
{
	return !((port ^ survey->range.first) & 1);
}

/* 1 - e^-x for x of at least 0. By hand, since libm is linked for nothing else. */
static double chance_of_any(double x)
{
	enum {
		CERTAIN = 40, /* beyond it a double has no room for the difference to 1 */
		HALVINGS = 10,
	};

	if (x >= CERTAIN)
		return 1;
	double y = x / (1 << HALVINGS);
	double miss = y * (1 - y / 2 * (1 - y / 3 * (1 - y / 4 * (1 - y / 5)))); /* 1 - e^-y */

	/* 1 - (1 - m)^2 = m (2 - m), which loses no digits when m is small. */
	for (int i = 0; i < HALVINGS; i++)
		miss *= 2 - miss;
	return miss;
}

double theft_chance(const struct theft_survey *survey, uint16_t port, double gap_s)
{
	if (!survey->known || port < survey->range.first || port > survey->range.last || gap_s <= 0)
		return 0;
	return chance_of_any(gap_s *
		(theft_is_preferred(survey, port) ? survey->takes_per_s
						  : survey->takes_other_per_s));
}
