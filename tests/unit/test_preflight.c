// SPDX-License-Identifier: MIT
/* Which bind a wish amounts to, which wishes clash, and what is only a guess. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "project/preflight.h"

enum {
	PORT = 3000
};

static const uint8_t loopback4[16] = {127, 0, 0, 1};
static const uint8_t loopback6[16] = {[15] = 1};

static struct berth_wish wish_at(enum berth_wish_kind kind, uint8_t family, const uint8_t *address)
{
	struct berth_wish wish = {.kind = kind,
		.file = "file",
		.line = 1,
		.name = kind == BERTH_WISH_LIST ? NULL : "web",
		.text = "3000",
		.first = PORT,
		.last = PORT,
		.sure = true,
		.family = family};

	if (address)
		memcpy(wish.address, address, sizeof(wish.address));
	return wish;
}

static void the_bind_is_that_of_a_usual_server(void **state)
{
	struct berth_wish wish = wish_at(BERTH_WISH_MANIFEST, 4, loopback4);
	struct berth_bind bind = preflight_bind(&wish, PORT + 1);

	(void)state;
	assert_int_equal(bind.size, sizeof(bind));
	assert_int_equal(bind.port, PORT + 1);
	assert_int_equal(bind.family, 4);
	assert_memory_equal(bind.address, loopback4, sizeof(loopback4));
	assert_true(bind.reuseaddr && bind.listen);
	assert_int_equal(bind.may_bind_low, 0);
	wish.proto = BERTH_UDP;
	bind = preflight_bind(&wish, PORT);
	assert_false(bind.reuseaddr || bind.listen);
}

static void engines_and_systemd_bind_as_root(void **state)
{
	struct berth_wish compose = wish_at(BERTH_WISH_COMPOSE, 6, NULL);
	struct berth_wish service = wish_at(BERTH_WISH_SERVICE_UNIT, 6, NULL);

	(void)state;
	assert_int_equal(preflight_bind(&compose, PORT).may_bind_low, 1);
	assert_true(preflight_bind(&compose, PORT).v6only);
	assert_int_equal(preflight_bind(&service, PORT).may_bind_low, 1);
	assert_false(preflight_bind(&service, PORT).v6only);
	assert_true(preflight_sets_reuseaddr(&compose));
	assert_false(preflight_sets_reuseaddr(&service));
}

static void addresses_that_overlap_clash(void **state)
{
	static const uint8_t zeros[16];
	static const uint8_t other4[16] = {127, 0, 0, 2};
	const struct {
		struct berth_wish wish;
		bool clash[5]; /* with each of the list */
	} rows[] = {
		{wish_at(BERTH_WISH_LIST, 0, NULL), {true, true, true, true, true}},
		{wish_at(BERTH_WISH_LIST, 4, zeros), {true, true, true, false, true}},
		{wish_at(BERTH_WISH_LIST, 4, loopback4), {true, true, true, false, true}},
		{wish_at(BERTH_WISH_LIST, 6, loopback6), {true, false, false, true, true}},
		{wish_at(BERTH_WISH_LIST, 6, zeros), {true, true, true, true, true}},
	};
	struct berth_wish other = wish_at(BERTH_WISH_LIST, 4, other4);

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		for (size_t j = 0; j < 5; j++)
			assert_int_equal(
				preflight_clash(&rows[i].wish, &rows[j].wish), rows[i].clash[j]);
	}
	assert_false(preflight_clash(&other, &rows[2].wish));
	assert_true(preflight_clash(&other, &rows[1].wish));
}

static void an_engine_takes_one_family_at_a_time(void **state)
{
	static const uint8_t zeros[16];
	struct berth_wish four = wish_at(BERTH_WISH_COMPOSE, 4, zeros);
	struct berth_wish six = wish_at(BERTH_WISH_COMPOSE, 6, zeros);
	struct berth_wish both = wish_at(BERTH_WISH_COMPOSE, 0, NULL);

	(void)state;
	six.name = both.name = "other";
	assert_false(preflight_clash(&four, &six));
	assert_false(preflight_clash(&six, &four));
	assert_true(preflight_clash(&four, &both));
	four.name = "other"; /* the override of a service repeats its ports */
	assert_false(preflight_clash(&four, &both));
}

static void only_what_is_bound_for_sure_clashes(void **state)
{
	struct berth_wish wish = wish_at(BERTH_WISH_LIST, 0, NULL);
	struct berth_wish env = wish_at(BERTH_WISH_ENV, 0, NULL);
	struct berth_wish guess = wish;
	struct berth_wish any = wish;
	struct berth_wish udp = wish;
	struct berth_wish range = wish;

	(void)state;
	guess.sure = false;
	any.any = true;
	udp.proto = BERTH_UDP;
	range.first = 1;
	range.last = PORT - 1;
	assert_true(preflight_clash(&wish, &wish));
	assert_false(preflight_clash(&wish, &env));
	assert_false(preflight_clash(&guess, &wish));
	assert_false(preflight_clash(&wish, &any));
	assert_false(preflight_clash(&wish, &udp));
	assert_false(preflight_clash(&wish, &range));
	range.last = PORT;
	assert_true(preflight_clash(&wish, &range));
}

static void a_guess_fails_nothing(void **state)
{
	struct berth_wish wish = wish_at(BERTH_WISH_ENV, 0, NULL);

	(void)state;
	assert_int_equal(preflight_level(&wish, BERTH_BIND_NO), BERTH_CHECK_FAILS);
	assert_int_equal(preflight_level(&wish, BERTH_BIND_UNKNOWN), BERTH_CHECK_UNKNOWN);
	wish.sure = false;
	assert_int_equal(preflight_level(&wish, BERTH_BIND_NO), BERTH_CHECK_WARNS);
	assert_int_equal(preflight_level(&wish, BERTH_BIND_UNKNOWN), BERTH_CHECK_NOTES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_bind_is_that_of_a_usual_server),
		cmocka_unit_test(engines_and_systemd_bind_as_root),
		cmocka_unit_test(addresses_that_overlap_clash),
		cmocka_unit_test(an_engine_takes_one_family_at_a_time),
		cmocka_unit_test(only_what_is_bound_for_sure_clashes),
		cmocka_unit_test(a_guess_fails_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
