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
	atlas_fill(&atlas, berth, NULL, ATLAS_LAYER_SOCKETS | ATLAS_LAYER_EPHEMERAL);
	for (unsigned port = 0; port < ATLAS_PORTS; port++)
		assert_int_equal(atlas.kind[port], ATLAS_NOTHING);
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
		cmocka_unit_test(test_kinds_are_told_apart_without_colour),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
