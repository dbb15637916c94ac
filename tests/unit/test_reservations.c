// SPDX-License-Identifier: MIT
/* What berth reserve and unreserve change, and what they leave alone. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "binding/reservations.h"

static struct portlist set(const char *text)
{
	struct portlist list;

	memset(&list, 0, sizeof(list));
	assert_int_equal(portlist_parse(text, strlen(text), &list), 0);
	return list;
}

static void assert_set(const struct portlist *list, const char *expected)
{
	struct buffer out = {0};

	portlist_print(list, &out);
	assert_string_equal(buffer_string(&out), expected);
	buffer_free(&out);
}

/* The namespace of the first process, in which berth has a record. */
static struct reservations_state stand(
	const char *kernel, const char *added, const char *kept, const char *others)
{
	struct reservations_state state = {
		.has_record = true, .has_drop_in = *kept != 0, .boots_here = true};

	state.kernel = set(kernel);
	state.added = set(added);
	state.kept = set(kept);
	state.others = set(others);
	reservations_settle(&state);
	return state;
}

static void test_what_is_there_is_merged_and_not_berths(void **unused)
{
	struct reservations_state state = stand("80,9000", "", "", "");
	struct portlist wanted = set("9000-9002");
	struct reservations_plan plan;

	(void)unused;
	reservations_reserve(&state, &wanted, true, &plan);
	assert_set(&plan.kernel, "80,9000-9002");
	assert_set(&plan.changed, "9001-9002");
	assert_set(&plan.already, "9000");
	assert_set(&plan.added, "9001-9002");
	assert_set(&plan.kept, "9000-9002"); /* at boot nobody else names 9000 */
	assert_set(&plan.value, "80,9000-9002");
	assert_true(plan.writes_kernel && plan.writes_record && plan.writes_drop_in);
}

static void test_reserving_twice_changes_nothing(void **unused)
{
	struct reservations_state state = stand("8000", "8000", "8000", "");
	struct portlist wanted = set("8000");
	struct reservations_plan plan;

	(void)unused;
	reservations_reserve(&state, &wanted, true, &plan);
	assert_false(plan.writes_kernel || plan.writes_record || plan.writes_drop_in);
}

static void test_what_another_file_keeps_is_not_kept_again(void **unused)
{
	struct reservations_state state = stand("7000", "", "", "7000");
	struct portlist wanted = set("7000,8000");
	struct reservations_plan plan;

	(void)unused;
	reservations_reserve(&state, &wanted, true, &plan);
	assert_set(&plan.kept, "8000");
	assert_set(&plan.value, "7000,8000");
}

static void test_taking_back_leaves_what_others_added(void **unused)
{
	struct reservations_state state = stand("80,8000-8002", "8000-8001", "8000", "80");
	struct portlist wanted = set("80,8000,8002,9000");
	struct reservations_plan plan;

	(void)unused;
	reservations_unreserve(&state, &wanted, true, &plan);
	assert_set(&plan.changed, "8000");
	assert_set(&plan.kernel, "80,8001-8002");
	assert_set(&plan.foreign, "80,8002");
	assert_set(&plan.absent, "9000");
	assert_set(&plan.added, "8001");
	assert_set(&plan.kept, "");
	assert_true(plan.writes_drop_in);
	reservations_unreserve(&state, NULL, true, &plan);
	assert_set(&plan.kernel, "80,8002");
	assert_set(&plan.added, "");
	assert_set(&plan.foreign, "");
}

static void test_all_is_no_question_about_what_others_reserved(void **unused)
{
	struct reservations_state state = stand("7000,8000", "8000", "7000-7001,8000", "");
	struct reservations_plan plan;

	(void)unused;
	reservations_unreserve(&state, NULL, true, &plan);
	assert_set(&plan.kernel, "7000");
	assert_set(&plan.foreign, "");
	assert_set(&plan.absent, "");
	assert_set(&plan.kept, "");
}

static void test_what_boot_brought_can_be_taken_back(void **unused)
{
	struct reservations_state state = stand("80,8000", "", "80,8000", "80");
	struct reservations_plan plan;

	(void)unused;
	state.has_record = false;
	reservations_settle(&state);
	reservations_unreserve(&state, NULL, true, &plan);
	assert_set(&plan.changed, "8000"); /* 80 is named by another file as well */
	assert_set(&plan.kernel, "80");
}

static void test_the_drop_in_says_nothing_of_other_namespaces(void **unused)
{
	struct reservations_state state = stand("8000", "", "8000", "");
	struct portlist wanted = set("8000");
	struct reservations_plan plan;

	(void)unused;
	state.has_record = false;
	state.boots_here = false;
	reservations_settle(&state);
	reservations_unreserve(&state, &wanted, false, &plan);
	assert_set(&plan.foreign, "8000");
	assert_set(&plan.kept, "8000");
	assert_false(plan.writes_kernel || plan.writes_drop_in);
}

static void test_keeping_what_others_reserved_now_does_not_make_it_berths(void **unused)
{
	struct reservations_state state = stand("8000", "", "", "");
	struct portlist wanted = set("8000");
	struct reservations_plan plan;

	(void)unused;
	state.has_record = false;
	reservations_reserve(&state, &wanted, true, &plan);
	/* Else the drop-in would be taken for what came with this boot. */
	assert_true(plan.writes_record && plan.writes_drop_in && !plan.writes_kernel);
	assert_set(&plan.added, "");
}

static void test_what_somebody_took_out_is_not_berths_any_more(void **unused)
{
	struct reservations_state state = stand("9000", "8000,9000", "", "");

	(void)unused;
	assert_set(&state.added, "9000");
}

/* ---- Files ---- */

static void test_files_are_read_as_they_are_written(void **unused)
{
	struct portlist added = set("8000-8010,9000");
	struct portlist value = set("80,8000-8010,9000");
	struct portlist read = set("");
	struct portlist settings = set("");
	struct buffer out = {0};

	(void)unused;
	reservations_print_record(&added, "boot-1", &out);
	assert_int_equal(reservations_read_record(out.data, out.len, "boot-1", &read), 1);
	assert_set(&read, "8000-8010,9000");
	read = set("1");
	assert_int_equal(reservations_read_record(out.data, out.len, "boot-2", &read), 0);
	assert_set(&read, "1");
	buffer_clear(&out);
	reservations_print_drop_in(&added, &value, &out);
	assert_int_equal(reservations_read_drop_in(out.data, out.len, &read), 0);
	assert_set(&read, "8000-8010,9000");
	assert_true(reservations_read_settings(out.data, out.len, &settings));
	assert_set(&settings, "80,8000-8010,9000");
	buffer_clear(&out);
	added = set("");
	reservations_print_record(&added, "boot-1", &out);
	assert_int_equal(reservations_read_record(out.data, out.len, "boot-1", &read), 1);
	assert_set(&read, "");
	buffer_free(&out);
}

static void test_files_of_others_are_refused(void **unused)
{
	static const char *const records[] = {
		"", "added: 1\n", "boot: b\n", "boot: b\nadded: x\n", "boot: b\nadded: 1\nmore\n"};
	static const char *const drop_ins[] = {
		"", RESERVATIONS_SETTING " = 80\n", "# berth-added: 80,\n"};
	struct portlist list = set("");

	(void)unused;
	for (size_t i = 0; i < sizeof(records) / sizeof(*records); i++)
		assert_int_equal(
			reservations_read_record(records[i], strlen(records[i]), "b", &list),
			-EBADMSG);
	for (size_t i = 0; i < sizeof(drop_ins) / sizeof(*drop_ins); i++)
		assert_int_equal(reservations_read_drop_in(drop_ins[i], strlen(drop_ins[i]), &list),
			-EBADMSG);
	assert_set(&list, "");
}

static void test_settings_are_found_in_all_their_spellings(void **unused)
{
	static const char text[] = "# net.ipv4.ip_local_reserved_ports = 1\n"
				   "; net.ipv4.ip_local_reserved_ports = 2\n"
				   "net.ipv4.ip_local_port_range = 3 4\n"
				   "\tnet.ipv4.ip_local_reserved_ports=5\n"
				   "net/ipv4/ip_local_reserved_ports = 6-7 \n"
				   "-net.ipv4.ip_local_reserved_ports = 8\n"
				   "net.ipv4.ip_local_reserved_ports = 9,\n"
				   "net.ipv4.ip_local_reserved_ports";
	struct portlist list = set("");

	(void)unused;
	assert_true(reservations_read_settings(text, strlen(text), &list));
	assert_set(&list, "5-8");
	assert_false(reservations_read_settings("kernel.x = 1\n", 13, &list));
	assert_false(reservations_read_settings(NULL, 0, &list));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_there_is_merged_and_not_berths),
		cmocka_unit_test(test_reserving_twice_changes_nothing),
		cmocka_unit_test(test_what_another_file_keeps_is_not_kept_again),
		cmocka_unit_test(test_taking_back_leaves_what_others_added),
		cmocka_unit_test(test_all_is_no_question_about_what_others_reserved),
		cmocka_unit_test(test_what_boot_brought_can_be_taken_back),
		cmocka_unit_test(test_the_drop_in_says_nothing_of_other_namespaces),
		cmocka_unit_test(test_keeping_what_others_reserved_now_does_not_make_it_berths),
		cmocka_unit_test(test_what_somebody_took_out_is_not_berths_any_more),
		cmocka_unit_test(test_files_are_read_as_they_are_written),
		cmocka_unit_test(test_files_of_others_are_refused),
		cmocka_unit_test(test_settings_are_found_in_all_their_spellings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
