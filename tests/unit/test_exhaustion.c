// SPDX-License-Identifier: MIT
/* How many ports are left for a destination. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "binding/exhaustion.h"

enum {
	FIRST = 40000,
	LAST = 40099,
	PORTS = 100,
	WEB = 443,
};

static const struct berth_policy usual = {.has_ephemeral = true,
	.ephemeral = {FIRST, LAST},
	.has_reserved = true,
	.tw_reuse = 2,
	.tw_reuse_delay_ms = 1000,
	.tcp_timestamps = 1};
static struct arena arena;

/* 192.0.2.1:port to 198.51.100.1:443 */
static struct berth_socket client(uint16_t port, enum berth_socket_state state)
{
	return (struct berth_socket){.proto = BERTH_TCP,
		.family = 4,
		.state = (uint8_t)state,
		.local = {192, 0, 2, 1},
		.peer = {198, 51, 100, 1},
		.local_port = port,
		.peer_port = WEB,
		.local_text = "192.0.2.1",
		.peer_text = "198.51.100.1",
		.expires_ms = -1};
}

static struct berth_socket bound(uint16_t port, enum berth_socket_state state)
{
	return (struct berth_socket){
		.proto = BERTH_TCP, .family = 6, .state = (uint8_t)state, .local_port = port};
}

static struct berth_ephemeral_space survey(
	const struct berth_policy *policy, const struct berth_socket *sockets, size_t n)
{
	const struct exhaustion_ask ask = {.policy = policy, .sockets = sockets, .n_sockets = n};
	struct berth_ephemeral_space space = {0};

	assert_int_equal(exhaustion_survey(&ask, &arena, &space), 0);
	return space;
}

static int forget(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

static void test_an_empty_table_has_all_ports_left(void **state)
{
	struct berth_ephemeral_space space = survey(&usual, NULL, 0);

	(void)state;
	assert_int_equal(space.ports, PORTS);
	assert_int_equal(space.left, PORTS);
	assert_int_equal(space.left_preferred, PORTS / 2);
	assert_int_equal(space.left_bind, PORTS);
	assert_int_equal(space.left_udp, PORTS);
	assert_int_equal(space.n_destinations + space.n_users + space.n_states, 0);
}

static void test_a_connection_takes_its_port_from_its_destination_alone(void **state)
{
	struct berth_socket sockets[] = {client(FIRST, BERTH_ESTABLISHED),
		client(FIRST + 1, BERTH_SYN_SENT), client(FIRST + 2, BERTH_ESTABLISHED)};
	struct berth_ephemeral_space space;

	(void)state;
	sockets[2].peer[3] = 2; /* another server */
	space = survey(&usual, sockets, 3);
	assert_int_equal(space.left, PORTS);
	assert_int_equal(space.left_bind, PORTS - 3);
	assert_int_equal(space.n_destinations, 2);
	assert_int_equal(space.destinations[0].connections, 2);
	assert_int_equal(space.destinations[0].left, PORTS - 2);
	assert_int_equal(space.destinations[0].left_preferred, PORTS / 2 - 1);
	assert_int_equal(space.destinations[1].left, PORTS - 1);
}

static void test_our_own_addresses_do_not_compete(void **state)
{
	struct berth_socket sockets[] = {
		client(FIRST, BERTH_ESTABLISHED), client(FIRST, BERTH_ESTABLISHED)};
	struct berth_ephemeral_space space;

	(void)state;
	sockets[1].local[3] = 3;
	space = survey(&usual, sockets, 2);
	assert_int_equal(space.n_destinations, 2);
	assert_int_equal(space.destinations[0].left, PORTS - 1);
	assert_int_equal(space.destinations[1].left, PORTS - 1);
	assert_int_equal(space.tcp_ports, 1);
}

static void test_a_bind_keeps_its_port_from_every_destination(void **state)
{
	const struct berth_socket sockets[] = {bound(FIRST, BERTH_LISTEN),
		bound(FIRST + 1, BERTH_BOUND), client(FIRST, BERTH_ESTABLISHED),
		client(FIRST + 2, BERTH_ESTABLISHED), bound(LAST + 1, BERTH_LISTEN)};
	struct berth_ephemeral_space space = survey(&usual, sockets, 5);

	(void)state;
	assert_int_equal(space.bound, 2);
	assert_int_equal(space.left, PORTS - 2);
	/* What the listener accepted is no outgoing connection. */
	assert_int_equal(space.n_destinations, 1);
	assert_int_equal(space.destinations[0].connections, 1);
	assert_int_equal(space.destinations[0].left, PORTS - 3);
}

static void test_what_the_kernel_tells_of_binds_counts_too(void **state)
{
	const struct berth_socket sockets[] = {client(FIRST + 2, BERTH_ESTABLISHED)};
	struct berth_ephemeral_space space = {0};
	struct portlist told;

	(void)state;
	memset(&told, 0, sizeof(told));
	portlist_add_range(&told, FIRST + 2, FIRST + 2);
	portlist_add_range(&told, FIRST - 1, FIRST - 1);
	const struct exhaustion_ask ask = {
		.policy = &usual, .sockets = sockets, .n_sockets = 1, .bound = &told};
	assert_int_equal(exhaustion_survey(&ask, &arena, &space), 0);
	assert_int_equal(space.bound, 1);
	assert_int_equal(space.left, PORTS - 1);
	assert_int_equal(space.n_destinations, 0);
}

static void test_reserved_ports_are_never_taken(void **state)
{
	static const struct berth_port_range reserved[] = {{80, 80}, {FIRST + 10, FIRST + 19}};
	const struct berth_socket sockets[] = {
		client(FIRST + 10, BERTH_ESTABLISHED), bound(FIRST + 11, BERTH_LISTEN)};
	struct berth_policy policy = usual;

	(void)state;
	policy.reserved = reserved;
	policy.n_reserved = 2;
	struct berth_ephemeral_space space = survey(&policy, sockets, 2);
	assert_int_equal(space.reserved, 10);
	assert_int_equal(space.bound, 0);
	assert_int_equal(space.left, PORTS - 10);
	assert_int_equal(space.destinations[0].left, PORTS - 10);
	assert_int_equal(space.bins[FIRST / 1024].lent, PORTS - 10); /* 39936 to 40959 */
	assert_int_equal(space.bins[0].reserved, 1);
}

static void test_time_wait_is_taken_again_by_the_rules(void **state)
{
	static const struct {
		int8_t tw_reuse;
		int8_t timestamps;
		int64_t expires_ms;
		bool loopback;
		enum berth_socket_state state;
		bool reusable;
	} cases[] = {
		{2, 1, 58000, true, BERTH_TIME_WAIT, true},
		{2, 1, 59500, true, BERTH_TIME_WAIT, false}, /* half a second old */
		{2, 1, 10, false, BERTH_TIME_WAIT, false},
		{1, 1, 58000, false, BERTH_TIME_WAIT, true},
		{0, 1, 10, true, BERTH_TIME_WAIT, false},
		{2, 0, 10, true, BERTH_TIME_WAIT, false},
		{-1, 1, 10, true, BERTH_TIME_WAIT, false},
		{1, 1, -1, true, BERTH_TIME_WAIT, false},
		{1, 1, 10, true, BERTH_FIN_WAIT2, false},
		{1, 1, 10, true, BERTH_ESTABLISHED, false},
		{1, 2, 10, true, BERTH_TIME_WAIT, true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct berth_socket socket = client(FIRST, cases[i].state);
		struct berth_policy policy = usual;

		socket.expires_ms = cases[i].expires_ms;
		if (cases[i].loopback)
			socket.peer[0] = 127;
		policy.tw_reuse = cases[i].tw_reuse;
		policy.tcp_timestamps = cases[i].timestamps;
		assert_int_equal(exhaustion_is_reusable(&policy, &socket), cases[i].reusable);
		struct berth_ephemeral_space space = survey(&policy, &socket, 1);
		assert_int_equal(space.destinations[0].left, PORTS - !cases[i].reusable);
		assert_int_equal(space.destinations[0].reusable, cases[i].reusable);
	}
}

static void test_ipv4_in_ipv6_competes_with_ipv4(void **state)
{
	struct berth_socket sockets[] = {
		client(FIRST, BERTH_ESTABLISHED), client(FIRST + 1, BERTH_ESTABLISHED)};

	(void)state;
	sockets[1].family = 6;
	memcpy(sockets[1].local,
		(uint8_t[16]){[10] = 255, [11] = 255, [12] = 192, [14] = 2, [15] = 1}, 16);
	memcpy(sockets[1].peer,
		(uint8_t[16]){[10] = 255, [11] = 255, [12] = 198, [13] = 51, [14] = 100, [15] = 1},
		16);
	sockets[1].local_text = "::ffff:192.0.2.1";
	sockets[1].peer_text = "::ffff:198.51.100.1";
	struct berth_ephemeral_space space = survey(&usual, sockets, 2);
	assert_int_equal(space.n_destinations, 1);
	assert_int_equal(space.destinations[0].left, PORTS - 2);
	assert_string_equal(space.destinations[0].peer_text, "198.51.100.1");
}

static void test_users_are_counted_by_process_and_destination(void **state)
{
	static const struct berth_process web = {.pid = 7, .start_ticks = 1, .name = "web"};
	static const struct berth_owner owner = {.process = &web, .fd = 3};
	struct berth_socket sockets[4];

	(void)state;
	for (uint16_t i = 0; i < 4; i++) {
		sockets[i] = client((uint16_t)(FIRST + i), BERTH_ESTABLISHED);
		sockets[i].peer[3] = i == 2 ? 9 : 1;
		if (i < 3) {
			sockets[i].owners = &owner;
			sockets[i].n_owners = 1;
		} else {
			sockets[i].state = BERTH_TIME_WAIT;
			sockets[i].expires_ms = 4000;
			sockets[i].reason = BERTH_CLOSING_SOCKET;
		}
	}
	struct berth_ephemeral_space space = survey(&usual, sockets, 4);
	assert_int_equal(space.n_users, 2);
	assert_ptr_equal(space.users[0].process, &web);
	assert_int_equal(space.users[0].connections, 3);
	assert_int_equal(space.users[0].destinations, 2);
	assert_null(space.users[1].process);
	assert_int_equal(space.users[1].reason, BERTH_CLOSING_SOCKET);
	assert_int_equal(space.time_wait, 1);
	assert_float_equal(space.time_wait_ends_per_s, 0.1, 1e-9);
	assert_int_equal(space.n_states, 2);
	assert_int_equal(space.states[0].sockets, 3);
}

static void test_the_stock_range_and_ianas(void **state)
{
	struct berth_policy policy = usual;

	(void)state;
	policy.ephemeral = (struct berth_port_range){32768, 60999};
	struct berth_ephemeral_space space = survey(&policy, NULL, 0);
	assert_int_equal(space.dynamic_lent, 11848);
	assert_int_equal(space.n_quiet, 1);
	assert_int_equal(space.quiet[0].first, 61000);
	assert_int_equal(space.quiet[0].last, 65535);
	assert_int_equal(space.odd_one_out, 0);
	policy.ephemeral = (struct berth_port_range){50000, 50000};
	space = survey(&policy, NULL, 0);
	assert_int_equal(space.left, 1);
	assert_int_equal(space.n_quiet, 2);
	assert_int_equal(space.quiet[1].first, 50001);
	policy.ephemeral = (struct berth_port_range){49152, 65535};
	space = survey(&policy, NULL, 0);
	assert_int_equal(space.n_quiet, 0);
	assert_int_equal(space.dynamic_lent, 16384);
}

static void test_other_namespaces_do_not_count(void **state)
{
	static const struct berth_netns here = {.own = true};
	static const struct berth_netns there = {0};
	struct berth_socket sockets[] = {
		client(FIRST, BERTH_ESTABLISHED), bound(FIRST, BERTH_LISTEN)};
	struct berth_ephemeral_space space = {0};
	const struct exhaustion_ask ask = {
		.policy = &usual, .sockets = sockets, .n_sockets = 2, .netns = &here};

	(void)state;
	sockets[0].netns = &here;
	sockets[1].netns = &there;
	assert_int_equal(exhaustion_survey(&ask, &arena, &space), 0);
	assert_int_equal(space.bound, 0);
	assert_int_equal(space.destinations[0].left, PORTS - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_an_empty_table_has_all_ports_left, forget),
		cmocka_unit_test_teardown(
			test_a_connection_takes_its_port_from_its_destination_alone, forget),
		cmocka_unit_test_teardown(test_our_own_addresses_do_not_compete, forget),
		cmocka_unit_test_teardown(
			test_a_bind_keeps_its_port_from_every_destination, forget),
		cmocka_unit_test_teardown(test_what_the_kernel_tells_of_binds_counts_too, forget),
		cmocka_unit_test_teardown(test_reserved_ports_are_never_taken, forget),
		cmocka_unit_test_teardown(test_time_wait_is_taken_again_by_the_rules, forget),
		cmocka_unit_test_teardown(test_ipv4_in_ipv6_competes_with_ipv4, forget),
		cmocka_unit_test_teardown(
			test_users_are_counted_by_process_and_destination, forget),
		cmocka_unit_test_teardown(test_the_stock_range_and_ianas, forget),
		cmocka_unit_test_teardown(test_other_namespaces_do_not_count, forget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
