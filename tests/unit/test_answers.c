// SPDX-License-Identifier: MIT
/*
 * Who answers, judged on plain structs: each rule of the kernel's look-up for itself. That they are
 * the kernel's rules is what tests/live/test_answers.py shows.
 */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "binding/answers.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

enum {
	MOST = 8,
	LO = 1,
};

static const struct answers_target tcp4 = {
	.proto = BERTH_TCP, .family = 4, .address = {127, 0, 0, 1}, .port = 80, .ifindex = LO};
static const struct answers_target tcp6 = {
	.proto = BERTH_TCP, .family = 6, .address = {[15] = 1}, .port = 80, .ifindex = LO};
static const struct answers_target udp4 = {
	.proto = BERTH_UDP, .family = 4, .address = {127, 0, 0, 1}, .port = 80, .ifindex = LO};
static const struct answers_target udp6 = {
	.proto = BERTH_UDP, .family = 6, .address = {[15] = 1}, .port = 80, .ifindex = LO};

struct world {
	struct berth_socket all[MOST];
	const struct berth_socket *pointers[MOST];
	const struct berth_socket *found[MOST];
	size_t n;
};

/* One socket from its word: "::", "::/only" for IPV6_V6ONLY, "0.0.0.0%2" for an interface,
 * "0.0.0.0@5" for a user. */
static void make_socket(struct berth_socket *socket, enum berth_proto proto, char *word)
{
	char *interface = strchr(word, '%');
	char *user = strchr(word, '@');
	char *only = strstr(word, "/only");

	*socket = (struct berth_socket){.proto = proto,
		.family = strchr(word, ':') ? 6 : 4,
		.state = proto == BERTH_TCP ? BERTH_LISTEN : BERTH_CLOSE,
		.local_port = 80,
		.v6only = only != NULL,
		.ifindex = interface ? (uint32_t)(interface[1] - '0') : 0,
		.has_uid = true,
		.uid = user ? (uint32_t)(user[1] - '0') : 0};
	word[strcspn(word, "%@/")] = '\0';
	assert_int_equal(
		inet_pton(socket->family == 4 ? AF_INET : AF_INET6, word, socket->local), 1);
}

/* The words in the order in which the kernel tells its sockets; cookies count from 1. */
static void make_world(struct world *world, enum berth_proto proto, const char *places)
{
	char text[128];
	char *rest = text;

	*world = (struct world){.n = 0};
	assert_true(strlen(places) < sizeof(text));
	memcpy(text, places, strlen(places) + 1);
	for (char *word; (word = strsep(&rest, " "));) {
		struct berth_socket *socket = world->all + world->n;

		make_socket(socket, proto, word);
		world->pointers[world->n++] = socket;
		socket->cookie = socket->inode = world->n;
		socket->kernel_order = (uint32_t)world->n;
	}
}

static struct answers_verdict judge(struct world *world, const struct answers_target *target)
{
	return answers_judge(target, world->pointers, world->n, world->found);
}

struct judged {
	const struct answers_target *target;
	const char *places;
	uint64_t first; /* cookie; 0: nobody */
	size_t n;
	enum berth_via via;
	bool certain;
};

static void check(const struct judged *cases, size_t n_cases)
{
	struct world world;

	for (size_t i = 0; i < n_cases; i++) {
		make_world(&world, cases[i].target->proto, cases[i].places);
		struct answers_verdict verdict = judge(&world, cases[i].target);

		assert_int_equal(verdict.n, cases[i].n);
		assert_int_equal(verdict.certain, cases[i].certain);
		assert_int_equal(verdict.via, cases[i].via);
		if (verdict.n)
			assert_int_equal(world.found[0]->cookie, cases[i].first);
	}
}

static void a_specific_address_comes_before_all_wildcards(void **state)
{
	static const struct judged cases[] = {
		{&tcp4, "0.0.0.0 127.0.0.1 ::", 2, 1, BERTH_VIA_ADDRESS, true},
		{&tcp6, ":: ::1 0.0.0.0", 2, 1, BERTH_VIA_ADDRESS, true},
		{&udp4, "0.0.0.0 127.0.0.1", 2, 1, BERTH_VIA_ADDRESS, true},
		{&udp6, ":: ::1", 2, 1, BERTH_VIA_ADDRESS, true},
		/* Even when the wildcard is bound to the interface, which scores more. */
		{&udp4, "0.0.0.0%1 127.0.0.1", 2, 1, BERTH_VIA_ADDRESS, true},
	};

	(void)state;
	check(cases, COUNT(cases));
}

static void a_dual_stack_socket_takes_what_no_ipv4_socket_takes(void **state)
{
	static const struct judged cases[] = {
		{&tcp4, "::", 1, 1, BERTH_VIA_DUAL_STACK, true},
		{&tcp4, "::/only", 0, 0, BERTH_VIA_NOTHING, true},
		{&tcp4, "::1", 0, 0, BERTH_VIA_NOTHING, true},
		{&tcp4, "::ffff:127.0.0.1 0.0.0.0", 1, 1, BERTH_VIA_DUAL_STACK, true},
		{&tcp4, "0.0.0.0 ::", 1, 1, BERTH_VIA_WILDCARD, true},
		{&udp4, "0.0.0.0 ::", 1, 1, BERTH_VIA_WILDCARD, true},
		{&tcp6, "0.0.0.0", 0, 0, BERTH_VIA_NOTHING, true},
		{&tcp6, "::ffff:127.0.0.1", 0, 0, BERTH_VIA_NOTHING, true},
		{&tcp6, "::/only", 1, 1, BERTH_VIA_WILDCARD, true},
	};

	(void)state;
	check(cases, COUNT(cases));
}

static void a_socket_bound_to_an_interface_takes_what_comes_in_there(void **state)
{
	static const struct judged cases[] = {
		{&tcp4, "0.0.0.0%2", 0, 0, BERTH_VIA_NOTHING, true},
		{&tcp4, "0.0.0.0%1", 1, 1, BERTH_VIA_WILDCARD, true},
		{&tcp4, "127.0.0.1%2 0.0.0.0", 2, 1, BERTH_VIA_WILDCARD, true},
		/* Bound with SO_REUSEPORT, as both must be: the first of the chain. */
		{&tcp4, "0.0.0.0 0.0.0.0%1", 1, 1, BERTH_VIA_WILDCARD, true},
		/* Of UDP it may be SO_REUSEADDR, and then the interface decides. */
		{&udp4, "0.0.0.0 0.0.0.0%1", 1, 2, BERTH_VIA_WILDCARD, false},
		{&udp4, "0.0.0.0%1 0.0.0.0", 1, 1, BERTH_VIA_WILDCARD, true},
	};
	struct world world;

	(void)state;
	check(cases, COUNT(cases));
	make_world(&world, BERTH_TCP, cases[0].places);
	assert_true(answers_misses_interface(&tcp4, world.pointers[0]));
	make_world(&world, BERTH_TCP, cases[1].places);
	assert_false(answers_misses_interface(&tcp4, world.pointers[0]));
}

static void all_members_of_a_group_are_named(void **state)
{
	static const struct judged cases[] = {
		{&tcp4, "0.0.0.0 0.0.0.0 0.0.0.0", 1, 3, BERTH_VIA_WILDCARD, true},
		{&tcp4, "0.0.0.0 0.0.0.0 ::", 1, 2, BERTH_VIA_WILDCARD, true},
		{&tcp6, "::/only ::", 1, 1, BERTH_VIA_WILDCARD, true},
		{&udp4, "0.0.0.0 0.0.0.0", 1, 2, BERTH_VIA_WILDCARD, false},
		{&udp4, "0.0.0.0@5 0.0.0.0@6", 1, 1, BERTH_VIA_WILDCARD, true},
		/* Another interface has a listener too, and the short cut of bind() may have been
		 * taken. */
		{&tcp4, "0.0.0.0%1 0.0.0.0%1 0.0.0.0%2", 1, 2, BERTH_VIA_WILDCARD, false},
	};
	struct world world;

	(void)state;
	check(cases, COUNT(cases));
	make_world(&world, BERTH_TCP, cases[0].places);
	assert_true(judge(&world, &tcp4).group);
}

static void only_who_waits_for_anybody_is_considered(void **state)
{
	static const char places[] = "127.0.0.1";
	struct world world;

	(void)state;
	make_world(&world, BERTH_TCP, places);
	assert_int_equal(judge(&world, &tcp4).n, 1);
	assert_int_equal(judge(&world, &udp4).n, 0);
	world.all[0].state = BERTH_BOUND;
	assert_int_equal(judge(&world, &tcp4).n, 0);
	world.all[0].state = BERTH_ESTABLISHED;
	assert_int_equal(judge(&world, &tcp4).n, 0);
	world.all[0].state = BERTH_LISTEN;
	world.all[0].local_port = 81;
	assert_int_equal(judge(&world, &tcp4).n, 0);
	make_world(&world, BERTH_UDP, places);
	world.all[0].state = BERTH_ESTABLISHED; /* connected: takes from its peer only */
	assert_int_equal(judge(&world, &udp4).n, 0);
}

static void the_listener_of_mptcp_stands_for_its_tcp_socket(void **state)
{
	static const char places[] = "127.0.0.1 127.0.0.1";
	struct world world;

	(void)state;
	make_world(&world, BERTH_TCP, places);
	world.all[1].proto = BERTH_MPTCP;
	world.all[1].inode = world.all[0].inode;
	assert_int_equal(judge(&world, &tcp4).n, 1);
	assert_ptr_equal(world.found[0], world.pointers[1]);
}

/* ---- Redirects ------------------------------------------------------------------------------- */

static void the_first_redirect_that_catches_a_target_wins(void **state)
{
	static const struct answers_redirect redirects[] = {
		{.family = 6,
			.protos = BERTH_PROTO_BIT(BERTH_TCP),
			.last = 65535,
			.local = true,
			.to_port = 1},
		{.protos = BERTH_PROTO_BIT(BERTH_UDP), .last = 65535, .local = true, .to_port = 2},
		{.family = 4,
			.protos = BERTH_PROTO_BIT(BERTH_TCP),
			.first = 80,
			.last = 89,
			.prefix_len = 9,
			.prefix = {127, 128},
			.local = true,
			.to_port = 3},
		{.family = 4,
			.protos = BERTH_PROTO_BIT(BERTH_TCP),
			.first = 80,
			.last = 89,
			.to_port = 4},
		{.family = 4,
			.protos = BERTH_PROTO_BIT(BERTH_TCP),
			.first = 80,
			.last = 89,
			.prefix_len = 8,
			.prefix = {127},
			.local = true,
			.to_family = 4,
			.to = {10, 0, 0, 1},
			.to_port = 5},
	};
	struct answers_target there = tcp4;

	(void)state;
	assert_ptr_equal(
		answers_redirect(&tcp4, redirects, COUNT(redirects), true, &there), redirects + 4);
	assert_int_equal(there.port, 5);
	assert_int_equal(there.address[0], 10);
	assert_ptr_equal(
		answers_redirect(&tcp4, redirects, COUNT(redirects), false, &there), redirects + 3);
	assert_int_equal(there.port, 4);
	assert_int_equal(there.address[0], 127);
	assert_ptr_equal(
		answers_redirect(&udp6, redirects, COUNT(redirects), true, &there), redirects + 1);
	assert_null(answers_redirect(&tcp4, redirects, 2, true, &there));
	assert_null(answers_redirect(&tcp4, NULL, 0, true, &there));
}

/* ---- Strangers ------------------------------------------------------------------------------- */

static struct berth_socket held_by(const struct berth_owner *owner, uint64_t inode)
{
	return (struct berth_socket){
		.inode = inode, .owners = owner, .n_owners = 1, .has_uid = true};
}

static void relatives_are_no_strangers(void **state)
{
	const struct berth_process init = {.pid = 1, .name = "init", .exe = "/sbin/init"};
	const struct berth_process shell = {
		.pid = 10, .name = "sh", .exe = "/bin/sh", .parent = &init};
	const struct berth_process master = {
		.pid = 20, .name = "node", .exe = "/bin/node", .parent = &shell};
	const struct berth_process worker = {
		.pid = 21, .name = "node", .exe = "/bin/node", .parent = &master};
	const struct berth_process sibling = {
		.pid = 22, .name = "node", .exe = "/bin/node", .parent = &master};
	const struct berth_process other = {
		.pid = 30, .name = "node", .exe = "/bin/node", .parent = &shell};
	const struct berth_process again = {
		.pid = 20, .start_ticks = 7, .name = "node", .exe = "/bin/node"};
	const struct {
		const struct berth_process *a;
		const struct berth_process *b;
		bool strangers;
	} cases[] = {
		{&master, &master, false}, {&master, &worker, false}, /* a parent */
		{&worker, &shell, false}, /* an ancestor */
		{&worker, &sibling, false}, /* workers of one master */
		{&master, &other, true}, /* two programs of one shell */
		{&master, &init, true}, /* everybody descends from that */
		{&master, &again, true}, /* another process of the same number */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct berth_owner one = {.process = cases[i].a};
		const struct berth_owner two = {.process = cases[i].b};
		const struct berth_socket a = held_by(&one, 1);
		const struct berth_socket b = held_by(&two, 2);

		assert_int_equal(answers_strangers(&a, &b), cases[i].strangers);
		assert_int_equal(answers_strangers(&b, &a), cases[i].strangers);
	}
}

static void unknown_owners_are_strangers_to_other_users_only(void **state)
{
	struct berth_socket a = {.inode = 1, .has_uid = true, .uid = 33};
	struct berth_socket b = {.inode = 2, .has_uid = true, .uid = 1000};

	(void)state;
	assert_true(answers_strangers(&a, &b));
	b.uid = 33;
	assert_false(answers_strangers(&a, &b));
	b.uid = 1000;
	b.has_uid = false;
	assert_false(answers_strangers(&a, &b));
	b.has_uid = true;
	b.inode = 1;
	assert_false(answers_strangers(&a, &b));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_specific_address_comes_before_all_wildcards),
		cmocka_unit_test(a_dual_stack_socket_takes_what_no_ipv4_socket_takes),
		cmocka_unit_test(a_socket_bound_to_an_interface_takes_what_comes_in_there),
		cmocka_unit_test(all_members_of_a_group_are_named),
		cmocka_unit_test(only_who_waits_for_anybody_is_considered),
		cmocka_unit_test(the_listener_of_mptcp_stands_for_its_tcp_socket),
		cmocka_unit_test(the_first_redirect_that_catches_a_target_wins),
		cmocka_unit_test(relatives_are_no_strangers),
		cmocka_unit_test(unknown_owners_are_strangers_to_other_users_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
