// SPDX-License-Identifier: MIT
/* The judgement of one port: plain structs in, a verdict out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "binding/binding.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static const struct berth_port_range reserved[] = {{8080, 8080}, {40000, 40010}};

/* Stock Linux with two reservations, asked by an ordinary user. */
static const struct berth_policy stock = {
	.has_ephemeral = true,
	.ephemeral = {32768, 60999},
	.has_reserved = true,
	.reserved = reserved,
	.n_reserved = COUNT(reserved),
	.has_unprivileged = true,
	.unprivileged_start = 1024,
	.may_bind_low = 0,
};

static void policy_has_inclusive_borders(void **state)
{
	(void)state;
	assert_false(binding_is_ephemeral(&stock, 32767));
	assert_true(binding_is_ephemeral(&stock, 32768));
	assert_true(binding_is_ephemeral(&stock, 60999));
	assert_false(binding_is_ephemeral(&stock, 61000));
	assert_true(binding_is_reserved(&stock, 8080));
	assert_false(binding_is_reserved(&stock, 8081));
	assert_true(binding_is_reserved(&stock, 40010));
	assert_false(binding_is_reserved(&stock, 40011));
	assert_true(binding_is_privileged(&stock, 1));
	assert_true(binding_is_privileged(&stock, 1023));
	assert_false(binding_is_privileged(&stock, 1024));
	assert_false(binding_is_privileged(&stock, 0));
}

static void unknown_policy_claims_nothing(void **state)
{
	const struct berth_policy unknown = {.may_bind_low = -1};

	(void)state;
	assert_false(binding_is_ephemeral(&unknown, 40000));
	assert_false(binding_is_reserved(&unknown, 8080));
	assert_false(binding_is_privileged(&unknown, 80));
}

struct use_case {
	enum berth_proto proto;
	unsigned socket_state;
	enum berth_proto asked;
	enum berth_use use;
	enum berth_bindable bindable;
};

static void each_state_of_a_socket_has_its_use(void **state)
{
	static const struct use_case cases[] = {
		{BERTH_TCP, BERTH_LISTEN, BERTH_TCP, BERTH_USE_LISTENING, BERTH_BIND_NO},
		{BERTH_MPTCP, BERTH_LISTEN, BERTH_TCP, BERTH_USE_LISTENING, BERTH_BIND_NO},
		{BERTH_TCP, BERTH_LISTEN, BERTH_UDP, BERTH_USE_FREE, BERTH_BIND_YES},
		{BERTH_UDP, BERTH_CLOSE, BERTH_UDP, BERTH_USE_LISTENING, BERTH_BIND_NO},
		{BERTH_UDP, BERTH_CLOSE, BERTH_TCP, BERTH_USE_FREE, BERTH_BIND_YES},
		{BERTH_UDP, BERTH_ESTABLISHED, BERTH_UDP, BERTH_USE_CONNECTED, BERTH_BIND_NO},
		{BERTH_UDPLITE, BERTH_CLOSE, BERTH_UDP, BERTH_USE_FREE, BERTH_BIND_YES},
		{BERTH_TCP, BERTH_BOUND, BERTH_TCP, BERTH_USE_BOUND, BERTH_BIND_NO},
		{BERTH_TCP, BERTH_CLOSE, BERTH_TCP, BERTH_USE_BOUND, BERTH_BIND_NO},
		{BERTH_TCP, BERTH_ESTABLISHED, BERTH_TCP, BERTH_USE_CONNECTED, BERTH_BIND_NO},
		{BERTH_TCP, BERTH_CLOSE_WAIT, BERTH_TCP, BERTH_USE_CONNECTED, BERTH_BIND_NO},
		{BERTH_TCP, BERTH_TIME_WAIT, BERTH_TCP, BERTH_USE_CLOSING, BERTH_BIND_NO},
		{BERTH_TCP, BERTH_FIN_WAIT2, BERTH_TCP, BERTH_USE_CLOSING, BERTH_BIND_NO},
		{BERTH_TCP, BERTH_LAST_ACK, BERTH_TCP, BERTH_USE_CLOSING, BERTH_BIND_NO},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct berth_socket socket = {
			.proto = cases[i].proto, .state = (uint8_t)cases[i].socket_state};
		const struct berth_socket *list[] = {&socket};
		const char *why;

		assert_int_equal(binding_use(list, 1, cases[i].asked, 0), cases[i].use);
		assert_int_equal(binding_plain(&stock, list, 1, cases[i].asked, 8080, 0, &why),
			cases[i].bindable);
		assert_int_equal(why == NULL, cases[i].bindable == BERTH_BIND_YES);
	}
}

static void the_strongest_use_wins(void **state)
{
	const struct berth_socket sockets[] = {
		{.proto = BERTH_TCP, .state = BERTH_TIME_WAIT},
		{.proto = BERTH_TCP, .state = BERTH_LISTEN},
		{.proto = BERTH_TCP, .state = BERTH_ESTABLISHED},
	};
	const struct berth_socket *list[] = {&sockets[0], &sockets[1], &sockets[2]};

	(void)state;
	assert_int_equal(binding_use(list, 3, BERTH_TCP, 0), BERTH_USE_LISTENING);
	assert_int_equal(binding_use(list, 1, BERTH_TCP, 0), BERTH_USE_CLOSING);
}

static void not_seeing_is_not_being_free(void **state)
{
	const char *why;

	(void)state;
	assert_int_equal(binding_use(NULL, 0, BERTH_TCP, 0), BERTH_USE_FREE);
	assert_int_equal(binding_use(NULL, 0, BERTH_TCP, BERTH_GAP_REFUSED), BERTH_USE_UNKNOWN);
	assert_int_equal(binding_use(NULL, 0, BERTH_TCP, BERTH_GAP_INTERRUPTED), BERTH_USE_UNKNOWN);
	assert_int_equal(binding_use(NULL, 0, BERTH_TCP, BERTH_GAP_UNSUPPORTED), BERTH_USE_UNKNOWN);
	assert_int_equal(binding_plain(&stock, NULL, 0, BERTH_TCP, 8080, BERTH_GAP_BOUND, &why),
		BERTH_BIND_UNKNOWN);
	assert_non_null(why);
	/* UDP has no such blind spot. */
	assert_int_equal(binding_plain(&stock, NULL, 0, BERTH_UDP, 8080, BERTH_GAP_BOUND, &why),
		BERTH_BIND_YES);
}

static void low_ports_need_the_capability(void **state)
{
	struct berth_policy policy = stock;
	const char *why;

	(void)state;
	assert_int_equal(binding_plain(&policy, NULL, 0, BERTH_TCP, 80, 0, &why), BERTH_BIND_NO);
	assert_non_null(strstr(why, "CAP_NET_BIND_SERVICE"));
	policy.may_bind_low = 1;
	assert_int_equal(binding_plain(&policy, NULL, 0, BERTH_TCP, 80, 0, &why), BERTH_BIND_YES);
	policy.may_bind_low = -1;
	assert_int_equal(
		binding_plain(&policy, NULL, 0, BERTH_TCP, 80, 0, &why), BERTH_BIND_UNKNOWN);
	assert_int_equal(binding_plain(&policy, NULL, 0, BERTH_TCP, 8080, 0, &why), BERTH_BIND_YES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(policy_has_inclusive_borders),
		cmocka_unit_test(unknown_policy_claims_nothing),
		cmocka_unit_test(each_state_of_a_socket_has_its_use),
		cmocka_unit_test(the_strongest_use_wins),
		cmocka_unit_test(not_seeing_is_not_being_free),
		cmocka_unit_test(low_ports_need_the_capability),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
