// SPDX-License-Identifier: MIT
/* The chance that a port is taken while its server starts again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "binding/theft.h"

enum {
	FIRST = 40000,
	LAST = 40199,
	SERVER = 40010,
	CLOSED = 30,
};

static const struct berth_policy policy = {
	.has_ephemeral = true, .ephemeral = {FIRST, LAST}, .has_reserved = true};

static struct berth_socket socket_at(uint16_t port, enum berth_socket_state state)
{
	return (struct berth_socket){
		.proto = BERTH_TCP, .family = 4, .state = (uint8_t)state, .local_port = port};
}

/* A server, and outgoing connections on the even ports behind it. */
static struct theft_survey busy(const struct berth_policy *host)
{
	struct berth_socket sockets[1 + CLOSED];
	struct theft_survey survey;

	sockets[0] = socket_at(SERVER, BERTH_LISTEN);
	for (size_t i = 1; i <= CLOSED; i++)
		sockets[i] = socket_at((uint16_t)(SERVER + 2 * i), BERTH_TIME_WAIT);
	theft_survey(host, sockets, 1 + CLOSED, &survey);
	return survey;
}

static void test_what_was_closed_tells_the_rate(void **state)
{
	struct theft_survey survey = busy(&policy);

	(void)state;
	assert_true(survey.known);
	assert_int_equal(survey.closed, CLOSED);
	assert_int_equal(survey.preferred, 100 - 1 - CLOSED);
	assert_float_equal(survey.opens_per_s, 0.5, 1e-9);
	/* 7 connections, each at one of 70 ports */
	assert_float_equal(theft_chance(&survey, SERVER, 14), 0.0951625820, 1e-9);
}

static void test_connections_of_a_server_tell_nothing_of_outgoing_ones(void **state)
{
	const struct berth_socket sockets[] = {socket_at(SERVER, BERTH_LISTEN),
		socket_at(SERVER, BERTH_TIME_WAIT), socket_at(SERVER, BERTH_TIME_WAIT)};
	struct theft_survey survey;

	(void)state;
	theft_survey(&policy, sockets, 3, &survey);
	assert_int_equal(survey.closed, 0);
	assert_float_equal(theft_chance(&survey, SERVER, 10), 0, 0);
}

static void test_the_other_parity_and_other_ports_are_left_alone(void **state)
{
	struct theft_survey survey = busy(&policy);

	(void)state;
	assert_false(theft_is_preferred(&survey, SERVER + 1));
	assert_float_equal(theft_chance(&survey, SERVER + 1, 10), 0, 0);
	assert_float_equal(theft_chance(&survey, FIRST - 2, 10), 0, 0);
	assert_float_equal(theft_chance(&survey, LAST + 1, 10), 0, 0);
	assert_float_equal(theft_chance(&survey, SERVER, 0), 0, 0);
}

static void test_reserved_ports_leave_fewer(void **state)
{
	const struct berth_port_range reserved = {40100, 40199};
	struct berth_policy host = policy;

	(void)state;
	host.reserved = &reserved;
	host.n_reserved = 1;
	struct theft_survey survey = busy(&host);
	assert_int_equal(survey.preferred, 50 - 1 - CLOSED);
}

static void test_without_a_range_nothing_is_said(void **state)
{
	const struct berth_policy unknown = {0};
	struct theft_survey survey = busy(&unknown);

	(void)state;
	assert_false(survey.known);
	assert_float_equal(theft_chance(&survey, SERVER, 10), 0, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_was_closed_tells_the_rate),
		cmocka_unit_test(test_connections_of_a_server_tell_nothing_of_outgoing_ones),
		cmocka_unit_test(test_the_other_parity_and_other_ports_are_left_alone),
		cmocka_unit_test(test_reserved_ports_leave_fewer),
		cmocka_unit_test(test_without_a_range_nothing_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
