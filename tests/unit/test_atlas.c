// SPDX-License-Identifier: MIT
/* The picture of all ports: places, and what a port shows of the built-in data. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "web/atlas.h"

static struct atlas atlas;

static unsigned apart(unsigned a, unsigned b)
{
	return a > b ? a - b : b - a;
}

static void test_each_port_has_one_place(void **state)
{
	static bool seen[ATLAS_PORTS];

	(void)state;
	for (unsigned hilbert = 0; hilbert < 2; hilbert++) {
		atlas.hilbert = hilbert;
		memset(seen, 0, sizeof(seen));
		for (unsigned place = 0; place < ATLAS_PORTS; place++) {
			uint16_t port = atlas_port(&atlas, place % ATLAS_SIDE, place / ATLAS_SIDE);

			assert_false(seen[port]);
			seen[port] = true;
		}
	}
}

static void test_the_curve_makes_no_jump(void **state)
{
	static unsigned x[ATLAS_PORTS];
	static unsigned y[ATLAS_PORTS];

	(void)state;
	atlas.hilbert = true;
	for (unsigned place = 0; place < ATLAS_PORTS; place++) {
		uint16_t port = atlas_port(&atlas, place % ATLAS_SIDE, place / ATLAS_SIDE);

		x[port] = place % ATLAS_SIDE;
		y[port] = place / ATLAS_SIDE;
	}
	for (unsigned port = 1; port < ATLAS_PORTS; port++)
		assert_int_equal(apart(x[port], x[port - 1]) + apart(y[port], y[port - 1]), 1);
	assert_int_equal(x[0] + y[0], 0);
}

static void test_kinds_follow_the_layers(void **state)
{
	struct berth *berth = NULL;

	(void)state;
	assert_int_equal(berth_open(NULL, &berth), 0);
	atlas_fill(&atlas, berth, NULL, ATLAS_LAYER_REGISTRY);
	assert_int_equal(atlas.kind[0], ATLAS_RESERVED);
	assert_int_equal(atlas.kind[443], ATLAS_ASSIGNED);
	assert_int_equal(atlas.kind[60587], ATLAS_DYNAMIC);
	atlas_fill(&atlas, berth, NULL, ATLAS_LAYER_REGISTRY | ATLAS_LAYER_CLAIMS);
	assert_int_equal(atlas.kind[5432], ATLAS_CLAIMED);
	/* A claim on all of the dynamic range is none on this number. */
	assert_int_equal(atlas.kind[60587], ATLAS_DYNAMIC);
	atlas_fill(&atlas, berth, NULL,
		ATLAS_LAYERS_ALL & ~(ATLAS_LAYER_REGISTRY | ATLAS_LAYER_CLAIMS));
	for (unsigned port = 0; port < ATLAS_PORTS; port++)
		assert_int_equal(atlas.kind[port], ATLAS_NOTHING);
	berth_close(berth);
}

static void test_leases_and_history_have_layers(void **state)
{
	const struct berth_lease leased[] = {
		{.port = 8000, .here = true, .state = BERTH_LEASE_ACTIVE},
		{.port = 8001, .here = false, .state = BERTH_LEASE_ACTIVE},
		{.port = 8002, .here = true, .state = BERTH_LEASE_OVER},
	};
	const struct berth_leases leases = {.leases = leased, .n_leases = 3};
	const struct berth_span spans[] = {
		{.port = 9000, .first_s = 100, .last_s = 100},
		{.port = 9001, .first_s = 100, .last_s = 130},
		{.port = 9001, .first_s = 200, .last_s = 240},
		{.port = 9002, .first_s = 100, .last_s = 100 + 8 * 86400.0},
	};
	const struct berth_history history = {.spans = spans, .n_spans = 4};
	const struct atlas_here here = {.leases = &leases, .history = &history};
	struct berth *berth = NULL;

	(void)state;
	assert_int_equal(berth_open(NULL, &berth), 0);
	atlas_fill(&atlas, berth, &here, ATLAS_LAYER_LEASES | ATLAS_LAYER_HISTORY);
	assert_int_equal(atlas.kind[8000], ATLAS_LEASED);
	assert_int_equal(atlas.kind[8001], ATLAS_NOTHING);
	assert_int_equal(atlas.kind[8002], ATLAS_NOTHING);
	assert_int_equal(atlas.kind[9000], ATLAS_SEEN);
	assert_int_equal(atlas_heat(&atlas, 8000), 0);
	assert_int_equal(atlas_heat(&atlas, 9000), 1);
	assert_int_equal(atlas_heat(&atlas, 9001), 2);
	assert_int_equal(atlas_heat(&atlas, 9002), ATLAS_HEATS - 1);
	atlas_fill(&atlas, berth, &here, ATLAS_LAYER_SOCKETS);
	assert_int_equal(atlas.kind[8000], ATLAS_NOTHING);
	assert_int_equal(atlas_heat(&atlas, 9002), 0);
	berth_close(berth);
}

static void test_kinds_are_told_apart_without_colour(void **state)
{
	(void)state;
	for (unsigned a = 0; a < ATLAS_KINDS; a++) {
		for (unsigned b = 0; b < a; b++) {
			assert_int_not_equal(atlas_paints[a].letter, atlas_paints[b].letter);
			assert_int_not_equal(atlas_paints[a].terminal, atlas_paints[b].terminal);
			assert_string_not_equal(atlas_paints[a].light, atlas_paints[b].light);
			assert_string_not_equal(atlas_paints[a].dark, atlas_paints[b].dark);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_port_has_one_place),
		cmocka_unit_test(test_the_curve_makes_no_jump),
		cmocka_unit_test(test_kinds_follow_the_layers),
		cmocka_unit_test(test_leases_and_history_have_layers),
		cmocka_unit_test(test_kinds_are_told_apart_without_colour),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
