// SPDX-License-Identifier: MIT
/* See theft.h for the rule of the kernel. */
#include "binding/theft.h"

#include <string.h>

#include "binding/binding.h"

enum {
	PORTS = 65536,
	EVERY_BYTE = 8,
};

/* Ports of the range that no connection can get, or that one has. */
struct taken {
	uint8_t bits[PORTS / EVERY_BYTE];
};

static void take(struct taken *taken, uint16_t port)
{
	taken->bits[port / EVERY_BYTE] |= (uint8_t)(1U << port % EVERY_BYTE);
}

static bool is_taken(const struct taken *taken, uint32_t port)
{
	return taken->bits[port / EVERY_BYTE] >> port % EVERY_BYTE & 1;
}

static bool is_tcp(const struct berth_socket *socket)
{
	return socket->proto == BERTH_TCP || socket->proto == BERTH_MPTCP;
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

/* The sockets with one port. */
static void survey_port(const struct berth_socket *sockets, size_t n, struct taken *taken,
	struct theft_survey *survey)
{
	bool served = is_served(sockets, n);

	for (size_t i = 0; i < n; i++) {
		if (!is_tcp(sockets + i))
			continue;
		take(taken, sockets[i].local_port);
		survey->closed += !served && sockets[i].state == BERTH_TIME_WAIT;
	}
}

void theft_survey(const struct berth_policy *policy, const struct berth_socket *sockets, size_t n,
	struct theft_survey *ret_survey)
{
	struct theft_survey survey = {
		.known = policy->has_ephemeral && policy->has_reserved, .range = policy->ephemeral};
	struct taken taken;
	size_t count = 0;

	memset(&taken, 0, sizeof(taken));
	for (size_t i = 0; survey.known && i < n; i += count) {
		count = same_port(sockets + i, n - i);
		if (binding_is_ephemeral(policy, sockets[i].local_port))
			survey_port(sockets + i, count, &taken, &survey);
	}
	for (size_t i = 0; survey.known && i < policy->n_reserved; i++) {
		for (uint32_t port = policy->reserved[i].first; port <= policy->reserved[i].last;
			port++)
			take(&taken, (uint16_t)port);
	}
	for (uint32_t port = survey.range.first; survey.known && port <= survey.range.last;
		port += 2)
		survey.preferred += !is_taken(&taken, port);
	survey.opens_per_s = (double)survey.closed / THEFT_TIME_WAIT_S;
	*ret_survey = survey;
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
	/* The server's own port is one more when it is given up. */
	double candidates = survey->preferred + 1.0;

	if (!survey->known || port < survey->range.first || port > survey->range.last ||
		!theft_is_preferred(survey, port) || gap_s <= 0)
		return 0;
	return chance_of_any(survey->opens_per_s * gap_s / candidates);
}
