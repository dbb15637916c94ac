// SPDX-License-Identifier: MIT
/* Findings: what is one, and what must be none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "binding/findings.h"

enum {
	FIRST = 32768,
	LAST = 60999,
	SOCKETS = 64,
	FACTS = 16,
};

static struct berth_process processes[] = {{.pid = 10, .name = "redis-server"},
	{.pid = 11, .name = "python3"}, {.pid = 12, .name = "docker-proxy"},
	{.pid = 13, .name = "sshd"}};
static struct berth_owner owners[] = {
	{&processes[0], 3}, {&processes[1], 3}, {&processes[2], 3}, {&processes[3], 3}};
enum program {
	REDIS,
	PYTHON,
	PROXY,
	SSHD,
	HIDDEN,
};

static const struct berth_policy policy = {
	.has_ephemeral = true, .ephemeral = {FIRST, LAST}, .has_reserved = true};

struct seen {
	struct findings_fact facts[FACTS];
	size_t n;
};

static int see(void *context, const struct findings_fact *fact)
{
	struct seen *seen = context;

	assert_true(seen->n < FACTS);
	seen->facts[seen->n++] = *fact;
	return 0;
}

static struct berth_socket server(enum program program, uint16_t port, uint8_t first_of_address)
{
	struct berth_socket socket = {.proto = BERTH_TCP,
		.family = 4,
		.state = BERTH_LISTEN,
		.local_port = port,
		.local = {first_of_address}};

	if (program != HIDDEN) {
		socket.owners = &owners[program];
		socket.n_owners = 1;
	}
	return socket;
}

/* Custom of a few ports. */
static void tell(
	void *context, enum berth_proto proto, uint16_t port, struct findings_claims *ret_claims)
{
	(void)context, (void)proto;
	if (port == 6379)
		ret_claims->owner = "redis";
	else if (port == 22)
		ret_claims->owner = "ssh";
	else if (port == 80)
		ret_claims->owner = "http";
	else if (port == 31337)
		ret_claims->malware = "Back Orifice";
}

static struct seen judge(const struct berth_socket *sockets, size_t n)
{
	const struct findings_ask ask = {.policy = &policy,
		.sockets = sockets,
		.n_sockets = n,
		.restart_gap_s = 1,
		.claims = tell};
	struct seen seen = {0};

	assert_int_equal(findings_judge(&ask, see, &seen), 0);
	return seen;
}

static void assert_only(const struct seen *seen, enum berth_finding_kind kind, uint16_t port)
{
	assert_int_equal(seen->n, 1);
	assert_int_equal(seen->facts[0].kind, kind);
	assert_int_equal(seen->facts[0].socket->local_port, port);
}

static void test_what_should_stay_on_loopback(void **state)
{
	struct berth_socket sockets[2] = {server(REDIS, 6379, 0), server(REDIS, 6379, 0)};
	struct seen seen;

	(void)state;
	sockets[1].family = 6;
	seen = judge(sockets, 2); /* once for both families */
	assert_only(&seen, BERTH_FINDING_EXPOSED, 6379);
	assert_string_equal(seen.facts[0].custom->what, "Redis");
	sockets[0] = server(REDIS, 7000, 0); /* the program counts, not the port */
	seen = judge(sockets, 1);
	assert_only(&seen, BERTH_FINDING_EXPOSED, 7000);
	sockets[0] = server(REDIS, 6379, 127);
	assert_int_equal(judge(sockets, 1).n, 0);
	sockets[0] = server(HIDDEN, 6379, 0); /* the port where the program is not known */
	seen = judge(sockets, 1);
	assert_only(&seen, BERTH_FINDING_EXPOSED, 6379);
	sockets[0] = server(PROXY, 6379, 0); /* or passes on */
	seen = judge(sockets, 1);
	assert_only(&seen, BERTH_FINDING_EXPOSED, 6379);
	sockets[0] = server(SSHD, 22, 0); /* is for others */
	assert_int_equal(judge(sockets, 1).n, 0);
}

static void test_strangers_are_oddities(void **state)
{
	struct berth_socket sockets[1] = {server(PYTHON, 6379, 0)};
	struct seen seen = judge(sockets, 1);

	(void)state;
	assert_only(&seen, BERTH_FINDING_ODD_OWNER, 6379);
	assert_int_equal(seen.facts[0].level, BERTH_LEVEL_ODDITY);
	sockets[0] = server(PYTHON, 80, 0); /* of HTTP nobody knows all programs */
	assert_int_equal(judge(sockets, 1).n, 0);
	sockets[0] = server(PYTHON, 6379, 0);
	sockets[0].state = BERTH_ESTABLISHED; /* an outgoing connection is nobody's server */
	assert_int_equal(judge(sockets, 1).n, 0);
	sockets[0] = server(HIDDEN, 22, 0);
	assert_int_equal(judge(sockets, 1).n, 0);
	sockets[0] = server(PROXY, 22, 0);
	assert_int_equal(judge(sockets, 1).n, 0);
}

static void test_malware_is_told_of_servers_alone(void **state)
{
	struct berth_socket sockets[1] = {server(PYTHON, 31337, 127)};
	struct seen seen = judge(sockets, 1);

	(void)state;
	assert_only(&seen, BERTH_FINDING_MALWARE_PORT, 31337);
	assert_string_equal(seen.facts[0].malware, "Back Orifice");
	sockets[0].state = BERTH_ESTABLISHED;
	assert_int_equal(judge(sockets, 1).n, 0);
}

static void test_configuration_meets_the_range_or_not(void **state)
{
	const struct findings_configured configured[] = {
		{BERTH_TCP, 40000, 40000, "inside"},
		{BERTH_TCP, 30000, 32767, "below"},
		{BERTH_TCP, 30000, 32768, "meets"},
		{BERTH_TCP, 61000, 61000, "above"},
		{BERTH_TCP, 40002, 40002, "reserved"},
		{BERTH_TCP, 40004, 40004, "served"},
		{BERTH_UDP, 40004, 40004, "not served by UDP"},
	};
	const struct berth_port_range reserved = {40002, 40003};
	struct berth_policy reserving = policy;
	struct berth_socket sockets[1] = {server(PYTHON, 40004, 127)};
	const struct findings_ask ask = {.policy = &reserving,
		.sockets = sockets,
		.n_sockets = 1,
		.restart_gap_s = 1,
		.configured = configured,
		.n_configured = sizeof(configured) / sizeof(*configured)};
	struct seen seen = {0};

	(void)state;
	reserving.reserved = &reserved;
	reserving.n_reserved = 1;
	assert_int_equal(findings_judge(&ask, see, &seen), 0);
	assert_int_equal(seen.n, 4);
	assert_int_equal(seen.facts[0].kind, BERTH_FINDING_EPHEMERAL_PORT);
	assert_string_equal(seen.facts[1].configured->text, "inside");
	assert_true(seen.facts[1].has_probability);
	assert_string_equal(seen.facts[2].configured->text, "meets");
	assert_false(seen.facts[2].has_probability);
	assert_string_equal(seen.facts[3].configured->text, "not served by UDP");
	assert_false(seen.facts[3].has_probability);
}

static void test_exhaustion_is_told_when_nearly_all_are_used(void **state)
{
	const struct berth_ephemeral_destination destinations[] = {
		{.connections = 901, .left = 100}, {.connections = 900, .left = 100},
		{.connections = 1, .left = 0}};
	const struct findings_ask ask = {.policy = &policy,
		.restart_gap_s = 1,
		.destinations = destinations,
		.n_destinations = 3};
	struct seen seen = {0};

	(void)state;
	assert_int_equal(findings_judge(&ask, see, &seen), 0);
	assert_int_equal(seen.n, 2);
	assert_int_equal(seen.facts[0].kind, BERTH_FINDING_EXHAUSTION);
	assert_ptr_equal(seen.facts[0].destination, &destinations[0]);
	assert_ptr_equal(seen.facts[1].destination, &destinations[2]);
}

static void test_connections_that_nobody_closes(void **state)
{
	struct berth_socket sockets[FINDINGS_CLOSE_WAIT];
	struct seen seen;

	(void)state;
	for (size_t i = 0; i < FINDINGS_CLOSE_WAIT; i++) {
		sockets[i] = server(PYTHON, (uint16_t)(1000 + i), 127);
		sockets[i].state = BERTH_CLOSE_WAIT;
	}
	seen = judge(sockets, FINDINGS_CLOSE_WAIT);
	assert_only(&seen, BERTH_FINDING_CLOSE_WAIT, 1000);
	assert_int_equal(seen.facts[0].count, FINDINGS_CLOSE_WAIT);
	assert_int_equal(judge(sockets, FINDINGS_CLOSE_WAIT - 1).n, 0);
}

static void test_full_backlogs(void **state)
{
	struct berth_socket sockets[1] = {server(PYTHON, 7000, 127)};
	struct seen seen;

	(void)state;
	sockets[0].cookie = 1;
	sockets[0].receive_queue = sockets[0].send_queue = 5;
	assert_int_equal(judge(sockets, 1).n, 0);
	sockets[0].receive_queue = 6;
	seen = judge(sockets, 1);
	assert_only(&seen, BERTH_FINDING_BACKLOG_FULL, 7000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_should_stay_on_loopback),
		cmocka_unit_test(test_strangers_are_oddities),
		cmocka_unit_test(test_malware_is_told_of_servers_alone),
		cmocka_unit_test(test_configuration_meets_the_range_or_not),
		cmocka_unit_test(test_exhaustion_is_told_when_nearly_all_are_used),
		cmocka_unit_test(test_connections_that_nobody_closes),
		cmocka_unit_test(test_full_backlogs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
