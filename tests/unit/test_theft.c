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
	assert_int_equal(theft_survey(host, sockets, 1 + CLOSED, &survey), 0);
	return survey;
}

static void test_what_was_closed_tells_the_rate(void **state)
{
	struct theft_survey survey = busy(&policy);

	(void)state;
	assert_true(survey.known);
	assert_int_equal(survey.closed, CLOSED);
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
	assert_int_equal(theft_survey(&policy, sockets, 3, &survey), 0);
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
	assert_float_equal(survey.takes_per_s, 0.5 / (50 - 1 - CLOSED + 1), 1e-9);
}

/* A port that one destination uses is as good as any for another. */
static void test_each_destination_has_ports_of_its_own(void **state)
{
	enum {
		BOTH = 2 * CLOSED
	};
	struct berth_socket sockets[BOTH];
	struct theft_survey survey;

	(void)state;
	for (size_t i = 0; i < BOTH; i++) {
		sockets[i] = socket_at((uint16_t)(FIRST + i / 2 * 2), BERTH_TIME_WAIT);
		sockets[i].peer_port = (uint16_t)(443 + i % 2);
	}
	assert_int_equal(theft_survey(&policy, sockets, BOTH, &survey), 0);
	assert_float_equal(survey.opens_per_s, 1, 1e-9);
	assert_float_equal(survey.takes_per_s, 1.0 / (100 - CLOSED + 1), 1e-9);
}

static void test_a_load_that_has_just_begun_counts_as_it_is_now(void **state)
{
	struct berth_socket sockets[CLOSED];
	struct theft_survey survey;

	(void)state;
	for (size_t i = 0; i < CLOSED; i++) {
		sockets[i] = socket_at((uint16_t)(FIRST + 2 * i), BERTH_TIME_WAIT);
		sockets[i].expires_ms = i % 2 ? 55000 : 49000;
	}
	assert_int_equal(theft_survey(&policy, sockets, CLOSED, &survey), 0);
	assert_float_equal(survey.opens_per_s, CLOSED / 2 / 10.0, 1e-9);
}

static void test_the_other_parity_is_taken_when_the_first_is_used_up(void **state)
{
	const struct berth_port_range reserved = {FIRST + 120, LAST};
	struct berth_policy host = policy;
	struct berth_socket sockets[60];
	struct theft_survey survey;

	(void)state;
	host.reserved = &reserved;
	host.n_reserved = 1;
	for (size_t i = 0; i < 60; i++)
		sockets[i] = socket_at((uint16_t)(FIRST + 2 * i), BERTH_TIME_WAIT);
	assert_int_equal(theft_survey(&host, sockets, 60, &survey), 0);
	assert_float_equal(survey.takes_per_s, 60 / 60.0, 1e-9);
	assert_float_equal(survey.takes_other_per_s, 1.0 / 61, 1e-9);
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
		cmocka_unit_test(test_each_destination_has_ports_of_its_own),
		cmocka_unit_test(test_a_load_that_has_just_begun_counts_as_it_is_now),
		cmocka_unit_test(test_the_other_parity_is_taken_when_the_first_is_used_up),
		cmocka_unit_test(test_without_a_range_nothing_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
