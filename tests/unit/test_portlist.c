// SPDX-License-Identifier: MIT
/* Sets of ports, and the kernel's way to write them. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "binding/portlist.h"

static struct portlist parsed(const char *text)
{
	struct portlist list;

	memset(&list, 0, sizeof(list));
	assert_int_equal(portlist_parse(text, strlen(text), &list), 0);
	return list;
}

static void assert_prints(const struct portlist *list, const char *expected)
{
	struct buffer out = {0};

	portlist_print(list, &out);
	assert_string_equal(buffer_string(&out), expected);
	buffer_free(&out);
}

static void test_a_list_is_printed_as_the_kernel_does(void **state)
{
	static const struct {
		const char *text;
		const char *printed;
		uint32_t count;
	} cases[] = {
		{"", "", 0},
		{"\n", "", 0},
		{"80\n", "80", 1},
		{"9000,8000-8002", "8000-8002,9000", 4},
		{"1,2,3,5", "1-3,5", 4},
		{"0-65535", "0-65535", 65536},
		{"65535,65534", "65534-65535", 2},
		{"7-7", "7", 1},
		{"10-20,15-30", "10-30", 21},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct portlist list = parsed(cases[i].text);

		assert_prints(&list, cases[i].printed);
		assert_int_equal(portlist_count(&list), cases[i].count);
	}
}

static void test_what_is_no_list_adds_nothing(void **state)
{
	static const char *const bad[] = {"x", "80,", ",80", "80-", "-80", "90-80", "65536",
		"80,,81", "80 81", "80-81-82", "1-70000", "+1"};
	struct portlist list;

	(void)state;
	memset(&list, 0, sizeof(list));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		assert_int_equal(portlist_parse(bad[i], strlen(bad[i]), &list), -EBADMSG);
		assert_int_equal(portlist_count(&list), 0);
	}
}

static void test_sets_are_joined_and_parted(void **state)
{
	struct portlist list = parsed("1-10");
	struct portlist other = parsed("5-15");

	(void)state;
	portlist_add(&list, &other);
	assert_prints(&list, "1-15");
	portlist_remove(&list, &other);
	assert_prints(&list, "1-4");
	list = parsed("1-10");
	portlist_keep(&list, &other);
	assert_prints(&list, "5-10");
	assert_true(portlist_has(&list, 10));
	assert_false(portlist_has(&list, 11));
}

static void test_every_other_port_comes_back(void **state)
{
	struct portlist list;
	struct portlist again;
	struct buffer out = {0};
	struct arena arena = {0};
	const struct berth_port_range *ranges = NULL;
	size_t n = 0;

	(void)state;
	memset(&list, 0, sizeof(list));
	for (uint32_t port = 1; port < PORTLIST_PORTS; port += 2)
		portlist_add_range(&list, (uint16_t)port, (uint16_t)port);
	portlist_print(&list, &out);
	again = parsed(buffer_string(&out));
	assert_true(portlist_equal(&list, &again));
	assert_int_equal(portlist_ranges(&list, &arena, &ranges, &n), 0);
	assert_int_equal(n, 32768);
	assert_int_equal(ranges[n - 1].first, 65535);
	arena_free(&arena);
	buffer_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_list_is_printed_as_the_kernel_does),
		cmocka_unit_test(test_what_is_no_list_adds_nothing),
		cmocka_unit_test(test_sets_are_joined_and_parted),
		cmocka_unit_test(test_every_other_port_comes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
