// SPDX-License-Identifier: MIT
/* Would a bind succeed? The kernel is asked the same by tests/live/truth_table.c. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "binding/binding.h"
#include "binding/verdict.h"

enum {
	PORT = 8080,
	USER = 1000,
	ANOTHER = 1001,
};

static const uint8_t loopback4[4] = {127, 0, 0, 1};

/* A socket of 0.0.0.0:8080, to begin with. */
static struct berth_socket socket4(enum berth_proto proto, enum berth_socket_state state)
{
	return (struct berth_socket){.proto = (uint8_t)proto,
		.family = 4,
		.state = (uint8_t)state,
		.local_port = PORT,
		.has_uid = true,
		.uid = USER,
		.has_reuse = true,
		.expires_ms = -1};
}

static struct verdict_bind bind4(enum berth_proto proto)
{
	return (struct verdict_bind){.proto = proto, .family = 4, .port = PORT, .uid = USER};
}

static verdict_truth judge(const struct verdict_bind *bind, const struct berth_socket *socket)
{
	return verdict_judge(bind, &socket, 1);
}

static void test_a_listener_is_in_the_way(void **state)
{
	struct berth_socket listener = socket4(BERTH_TCP, BERTH_LISTEN);
	struct verdict_bind bind = bind4(BERTH_TCP);

	(void)state;
	assert_int_equal(judge(&bind, &listener), 1);
	bind.reuseaddr = listener.reuseaddr = true;
	assert_int_equal(judge(&bind, &listener), 1);
	listener.state = BERTH_BOUND;
	assert_int_equal(judge(&bind, &listener), 0);
}

static void test_other_ports_and_protocols_are_not(void **state)
{
	struct berth_socket other = socket4(BERTH_UDP, BERTH_CLOSE);
	const struct verdict_bind bind = bind4(BERTH_TCP);

	(void)state;
	assert_int_equal(judge(&bind, &other), 0);
	other = socket4(BERTH_TCP, BERTH_LISTEN);
	other.local_port++;
	assert_int_equal(judge(&bind, &other), 0);
	assert_int_equal(verdict_judge(&bind, NULL, 0), 0);
}

static void test_other_addresses_and_interfaces_are_not(void **state)
{
	struct berth_socket listener = socket4(BERTH_TCP, BERTH_LISTEN);
	struct verdict_bind bind = bind4(BERTH_TCP);

	(void)state;
	memcpy(listener.local, loopback4, sizeof(loopback4));
	assert_int_equal(judge(&bind, &listener), 1);
	bind.address[0] = 10;
	assert_int_equal(judge(&bind, &listener), 0);
	memcpy(bind.address, loopback4, sizeof(loopback4));
	assert_int_equal(judge(&bind, &listener), 1);
	listener.ifindex = 2;
	assert_int_equal(judge(&bind, &listener), 1);
	bind.ifindex = 3;
	assert_int_equal(judge(&bind, &listener), 0);
}

static void test_both_families_meet_unless_one_is_for_ipv6_alone(void **state)
{
	struct berth_socket listener = socket4(BERTH_TCP, BERTH_LISTEN);
	const struct verdict_bind bind = bind4(BERTH_TCP);

	(void)state;
	listener.family = 6;
	listener.v6only = 0;
	assert_int_equal(judge(&bind, &listener), 1);
	listener.v6only = 1;
	assert_int_equal(judge(&bind, &listener), 0);
	listener.v6only = -1;
	assert_int_equal(judge(&bind, &listener), -1);
}

static void test_a_group_is_of_one_user(void **state)
{
	struct berth_socket listener = socket4(BERTH_TCP, BERTH_LISTEN);
	struct verdict_bind bind = bind4(BERTH_TCP);

	(void)state;
	bind.reuseport = listener.reuseport = true;
	assert_int_equal(judge(&bind, &listener), 0);
	bind.uid = ANOTHER;
	assert_int_equal(judge(&bind, &listener), 1);
	listener.has_uid = false;
	assert_int_equal(judge(&bind, &listener), -1);
}

static void test_what_is_not_known_decides_nothing(void **state)
{
	struct berth_socket bound = socket4(BERTH_TCP, BERTH_BOUND);
	struct verdict_bind bind = bind4(BERTH_TCP);

	(void)state;
	bound.has_reuse = false;
	assert_int_equal(judge(&bind, &bound), 1);
	bind.reuseaddr = true;
	assert_int_equal(judge(&bind, &bound), -1);
}

/* A connection of another user, accepted from a listener of ours: only the bucket knows. */
static void test_the_bucket_lets_in_whom_it_remembers(void **state)
{
	struct berth_socket accepted = socket4(BERTH_TCP, BERTH_ESTABLISHED);
	struct verdict_bind bind = bind4(BERTH_TCP);
	struct verdict_bucket bucket = {
		.reuseport = true, .any_address = true, .uid = USER, .family = 4};

	(void)state;
	accepted.uid = ANOTHER;
	accepted.reuseport = bind.reuseport = true;
	assert_int_equal(judge(&bind, &accepted), -1);
	bind.bucket = &bucket;
	assert_int_equal(judge(&bind, &accepted), 0);
	bucket.uid = ANOTHER;
	assert_int_equal(judge(&bind, &accepted), 1);
	bind.reuseport = false;
	bucket.uid = USER;
	assert_int_equal(judge(&bind, &accepted), 1);
}

/* A mark that a closed socket left (FASTREUSEPORT_STRICT) counts for its address alone. */
static void test_a_strict_bucket_compares_addresses(void **state)
{
	struct berth_socket listener = socket4(BERTH_TCP, BERTH_LISTEN);
	struct verdict_bind bind = bind4(BERTH_TCP);
	struct verdict_bucket bucket = {.reuseport = true, .uid = USER, .family = 4};

	(void)state;
	bind.bucket = &bucket;
	bind.reuseport = true;
	assert_int_equal(judge(&bind, &listener), 0); /* a wildcard matches all */
	memcpy(bucket.address4, loopback4, sizeof(loopback4));
	assert_int_equal(judge(&bind, &listener), 1);
	memcpy(bind.address, loopback4, sizeof(loopback4));
	assert_int_equal(judge(&bind, &listener), 0);
}

static void test_a_strict_bucket_compares_families(void **state)
{
	struct berth_socket listener = socket4(BERTH_TCP, BERTH_LISTEN);
	struct verdict_bind bind = bind4(BERTH_TCP);
	struct verdict_bucket bucket = {.reuseport = true, .uid = USER, .family = 6};

	(void)state;
	bind.bucket = &bucket;
	bind.reuseport = true;
	assert_int_equal(judge(&bind, &listener), 0); /* :: of both families */
	bucket.v6only = true;
	assert_int_equal(judge(&bind, &listener), 1);
	bind.family = 6;
	assert_int_equal(judge(&bind, &listener), 0);
	bucket.address6[15] = 1;
	assert_int_equal(judge(&bind, &listener), 1);
	bind.address[15] = 1;
	listener.family = 6;
	assert_int_equal(judge(&bind, &listener), 0);
}

/* fastreuse helps bind(), and not the listen() that follows. */
static void test_reuseaddr_in_the_bucket_does_not_help_to_listen(void **state)
{
	struct berth_socket bound = socket4(BERTH_TCP, BERTH_BOUND);
	struct verdict_bind bind = bind4(BERTH_TCP);
	const struct verdict_bucket bucket = {.reuseaddr = true};

	(void)state;
	bind.bucket = &bucket;
	bind.reuseaddr = true;
	assert_int_equal(judge(&bind, &bound), 0); /* its option was taken back since */
	bind.listen = true;
	assert_int_equal(judge(&bind, &bound), 1);
}

/* udp_lib_lport_inuse() leaves off at the first of the same group. */
static void test_the_first_in_the_chain_decides_for_udp(void **state)
{
	struct berth_socket group = socket4(BERTH_UDP, BERTH_CLOSE);
	struct berth_socket alone = socket4(BERTH_UDP, BERTH_CLOSE);
	struct verdict_bind bind = bind4(BERTH_UDP);
	const struct berth_socket *both[] = {&group, &alone};

	(void)state;
	bind.reuseport = group.reuseport = true;
	group.kernel_order = 1;
	alone.kernel_order = 2;
	assert_int_equal(verdict_judge(&bind, both, 2), 0);
	group.kernel_order = 3;
	assert_int_equal(verdict_judge(&bind, both, 2), 1);
	group.kernel_order = 0;
	assert_int_equal(verdict_judge(&bind, both, 2), -1);
}

static void test_a_request_has_no_place_in_the_bucket(void **state)
{
	const struct berth_socket request = socket4(BERTH_TCP, BERTH_NEW_SYN_RECV);
	const struct verdict_bind bind = bind4(BERTH_TCP);

	(void)state;
	assert_int_equal(judge(&bind, &request), 0);
}

static const struct berth_policy usual = {.has_unprivileged = true, .unprivileged_start = 1024};

/* What the port report says without options of sockets, and berth why with them. */
static void test_a_plain_server_is_judged_alike_by_both(void **state)
{
	static const enum berth_socket_state states[] = {BERTH_LISTEN, BERTH_BOUND,
		BERTH_ESTABLISHED, BERTH_SYN_SENT, BERTH_FIN_WAIT2, BERTH_TIME_WAIT,
		BERTH_CLOSE_WAIT, BERTH_LAST_ACK, BERTH_CLOSING, BERTH_CLOSE};
	enum {
		OPTIONS = 32, /* each bit one of the following */
		IS_IPV6 = 1,
		IS_V6ONLY = 2,
		HAS_REUSE = 4,
		HAS_ADDRESS = 8,
		HAS_INTERFACE = 16,
	};
	const struct berth_policy policy = {.has_unprivileged = true};

	(void)state;
	for (size_t s = 0; s < sizeof(states) / sizeof(*states) * OPTIONS * 2; s++) {
		enum berth_proto proto = s % 2 ? BERTH_UDP : BERTH_TCP;
		unsigned options = (unsigned)(s / 2 % OPTIONS);
		struct berth_socket socket = socket4(proto, states[s / 2 / OPTIONS]);
		const struct berth_socket *const sockets[] = {&socket};
		struct verdict_bind bind = bind4(proto);
		const char *why = NULL;

		if (proto == BERTH_UDP && socket.state != BERTH_CLOSE &&
			socket.state != BERTH_ESTABLISHED)
			continue;
		bind.family = 6;
		socket.family = options & IS_IPV6 ? 6 : 4;
		socket.v6only = socket.family == 6 && options & IS_V6ONLY;
		socket.reuseaddr = socket.reuseport = (options & HAS_REUSE) != 0;
		socket.local[0] = options & HAS_ADDRESS ? 10 : 0;
		socket.ifindex = options & HAS_INTERFACE ? 2 : 0;
		assert_int_equal(
			binding_plain(&policy, sockets, 1, proto, PORT, 0, &why), BERTH_BIND_NO);
		assert_int_equal(judge(&bind, &socket), 1);
	}
}

static void test_low_ports_need_a_capability(void **state)
{
	struct verdict_bind bind = bind4(BERTH_TCP);
	const struct verdict_host host = {.policy = &usual, .address_is_local = 1};

	(void)state;
	bind.port = 80;
	struct verdict_check check = verdict_before(&bind, &host);
	assert_int_equal(check.fails, 1);
	assert_int_equal(check.errnum, EACCES);
	bind.may_bind_low = -1;
	assert_int_equal(verdict_before(&bind, &host).fails, -1);
	bind.may_bind_low = 1;
	assert_int_equal(verdict_before(&bind, &host).fails, 0);
}

/* inet_bind() looks at the address first, inet6_bind() at the privilege. */
static void test_what_fails_first_is_said(void **state)
{
	struct verdict_bind bind = bind4(BERTH_TCP);
	const struct verdict_host host = {.policy = &usual, .address_is_local = 0};

	(void)state;
	bind.port = 80;
	bind.address[0] = 10;
	assert_int_equal(verdict_before(&bind, &host).errnum, EADDRNOTAVAIL);
	bind.family = 6;
	assert_int_equal(verdict_before(&bind, &host).errnum, EACCES);
	bind.may_bind_low = 1;
	assert_int_equal(verdict_before(&bind, &host).errnum, EADDRNOTAVAIL);
	bind.freebind = true;
	assert_int_equal(verdict_before(&bind, &host).fails, 0);
}

static void test_addresses_that_make_no_sense(void **state)
{
	const struct verdict_host host = {.policy = &usual, .address_is_local = 1};
	struct verdict_bind bind = bind4(BERTH_TCP);

	(void)state;
	bind.family = 6;
	bind.address[0] = 0xff;
	assert_int_equal(verdict_before(&bind, &host).errnum, EINVAL);
	bind.proto = BERTH_UDP;
	assert_int_equal(verdict_before(&bind, &host).fails, 0);
	bind.address[0] = 0xfe;
	bind.address[1] = 0x80;
	assert_int_equal(verdict_before(&bind, &host).errnum, EINVAL);
	bind.ifindex = 2;
	assert_int_equal(verdict_before(&bind, &host).fails, 0);
}

static void test_datagrams_are_not_listened_for(void **state)
{
	struct verdict_bind bind = bind4(BERTH_UDP);

	(void)state;
	assert_false(verdict_cannot_listen(&bind));
	bind.listen = true;
	assert_true(verdict_cannot_listen(&bind));
	bind.proto = BERTH_TCP;
	assert_false(verdict_cannot_listen(&bind));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_listener_is_in_the_way),
		cmocka_unit_test(test_other_ports_and_protocols_are_not),
		cmocka_unit_test(test_other_addresses_and_interfaces_are_not),
		cmocka_unit_test(test_both_families_meet_unless_one_is_for_ipv6_alone),
		cmocka_unit_test(test_a_group_is_of_one_user),
		cmocka_unit_test(test_what_is_not_known_decides_nothing),
		cmocka_unit_test(test_the_bucket_lets_in_whom_it_remembers),
		cmocka_unit_test(test_a_strict_bucket_compares_addresses),
		cmocka_unit_test(test_a_strict_bucket_compares_families),
		cmocka_unit_test(test_reuseaddr_in_the_bucket_does_not_help_to_listen),
		cmocka_unit_test(test_the_first_in_the_chain_decides_for_udp),
		cmocka_unit_test(test_a_request_has_no_place_in_the_bucket),
		cmocka_unit_test(test_a_plain_server_is_judged_alike_by_both),
		cmocka_unit_test(test_low_ports_need_a_capability),
		cmocka_unit_test(test_what_fails_first_is_said),
		cmocka_unit_test(test_addresses_that_make_no_sense),
		cmocka_unit_test(test_datagrams_are_not_listened_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
