// SPDX-License-Identifier: MIT
/* The pure rules of leases: their text, when they are over, and in which order ports are tried. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "leases/blocked.h"
#include "leases/blocks.h"
#include "leases/entry.h"
#include "leases/hash.h"
#include "leases/order.h"

enum {
	HERE = 7,
	PIDNS = 3,
	SERVER = 42,
	HIDDEN = 44,
	STARTED = 1000,
	NOW_MS = 50000,
};

static const char boot[] = "01234567-89ab-cdef-0123-456789abcdef";

static struct entry lease_of(enum berth_lease_kind kind)
{
	struct entry entry = {.port = 61007,
		.kind = kind,
		.netns = HERE,
		.project = 11,
		.pid = SERVER,
		.start_ticks = STARTED,
		.pidns = PIDNS,
		.made_ms = 40000,
		.made_at_s = 1700000000};

	memcpy(entry.boot_id, boot, sizeof(boot));
	(void)snprintf(entry.name, sizeof(entry.name), "web ä");
	return entry;
}

static int start_of(void *context, uint32_t pid, uint64_t *ret_ticks)
{
	(void)context;
	if (pid == HIDDEN)
		return -EACCES;
	if (pid != SERVER)
		return -ESRCH;
	*ret_ticks = STARTED;
	return 0;
}

static enum berth_lease_state state_of(const struct entry *entry)
{
	const struct entry_now now = {
		.boot_id = boot, .pidns = PIDNS, .now_ms = NOW_MS, .start = start_of};

	return entry_state(entry, &now);
}

/* ---- Text ------------------------------------------------------------------------------------ */

static void a_record_is_read_as_it_was_written(void **state)
{
	struct entry entry = lease_of(BERTH_LEASE_PROCESS);
	struct entry again = {0};
	struct buffer text = {0};

	(void)state;
	entry_write(&entry, &text);
	assert_int_equal(entry_read(text.data, text.len, &again), 0);
	assert_memory_equal(&entry, &again, sizeof(entry));
	buffer_free(&text);
}

static void any_changed_byte_and_any_cut_is_noticed(void **state)
{
	struct entry entry = lease_of(BERTH_LEASE_TIMED);
	struct entry again;
	struct buffer text = {0};

	(void)state;
	entry_write(&entry, &text);
	for (size_t i = 0; i < text.len; i++) {
		text.data[i] ^= 1;
		assert_int_equal(entry_read(text.data, text.len, &again), -EBADMSG);
		text.data[i] ^= 1;
		assert_int_equal(entry_read(text.data, i, &again), -EBADMSG);
	}
	assert_int_equal(entry_read(text.data, text.len, &again), 0);
	buffer_free(&text);
}

static void names_are_short_and_plain(void **state)
{
	char longest[ENTRY_NAME_MAX + 1];

	(void)state;
	memset(longest, 'a', sizeof(longest));
	longest[ENTRY_NAME_MAX] = '\0';
	assert_false(entry_is_name(longest));
	longest[ENTRY_NAME_MAX - 1] = '\0';
	assert_true(entry_is_name(longest));
	assert_true(entry_is_name("web ä"));
	static const char *const bad[] = {"", "a/b", "a\nb", "\x1b[0m", " web", "web ", "\xff"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_false(entry_is_name(bad[i]));
}

/* ---- Its end --------------------------------------------------------------------------------- */

static void a_lease_is_over_with_the_boot_its_time_and_its_process(void **state)
{
	struct entry entry = lease_of(BERTH_LEASE_PROCESS);

	(void)state;
	assert_int_equal(state_of(&entry), BERTH_LEASE_ACTIVE);
	entry.start_ticks++; /* the pid is another's now */
	assert_int_equal(state_of(&entry), BERTH_LEASE_OVER);
	entry = lease_of(BERTH_LEASE_PROCESS);
	entry.pid++;
	assert_int_equal(state_of(&entry), BERTH_LEASE_OVER);
	entry = lease_of(BERTH_LEASE_TIMED);
	entry.ends_ms = NOW_MS + 1;
	assert_int_equal(state_of(&entry), BERTH_LEASE_ACTIVE);
	entry.ends_ms = NOW_MS;
	assert_int_equal(state_of(&entry), BERTH_LEASE_OVER);
	entry = lease_of(BERTH_LEASE_PROCESS);
	entry.boot_id[0] = 'f';
	assert_int_equal(state_of(&entry), BERTH_LEASE_OVER);
}

static void what_cannot_be_seen_from_here_is_unsure(void **state)
{
	struct entry entry = lease_of(BERTH_LEASE_PROCESS);

	(void)state;
	entry.pidns++;
	assert_int_equal(state_of(&entry), BERTH_LEASE_UNSURE);
	entry.ends_ms = NOW_MS - 1;
	assert_int_equal(state_of(&entry), BERTH_LEASE_OVER);
}

static bool is_gone(void *context, uint64_t pidns)
{
	(void)context;
	return pidns == PIDNS + 1;
}

static void what_was_of_a_namespace_without_processes_is_over(void **state)
{
	struct entry entry = lease_of(BERTH_LEASE_PROCESS);
	const struct entry_now now = {.boot_id = boot,
		.pidns = PIDNS,
		.now_ms = NOW_MS,
		.start = start_of,
		.gone = is_gone};

	(void)state;
	assert_int_equal(entry_state(&entry, &now), BERTH_LEASE_ACTIVE);
	entry.pidns++;
	assert_int_equal(entry_state(&entry, &now), BERTH_LEASE_OVER);
	entry.pidns++;
	assert_int_equal(entry_state(&entry, &now), BERTH_LEASE_UNSURE);
}

static void what_is_held_lasts_as_long_as_its_process(void **state)
{
	struct entry entry = lease_of(BERTH_LEASE_HELD);

	(void)state;
	assert_int_equal(state_of(&entry), BERTH_LEASE_ACTIVE);
	entry.start_ticks++;
	assert_int_equal(state_of(&entry), BERTH_LEASE_OVER);
	entry.pid = HIDDEN; /* it is there, but not to be seen */
	assert_int_equal(state_of(&entry), BERTH_LEASE_UNSURE);
}

static void a_place_has_one_name(void **state)
{
	static const char *const bad[] = {"", "7", "7-61007", "7-61007-0123456789abcdef",
		"07-61007-0123456789abcdef-0123456789abcdef",
		"7-061007-0123456789abcdef-0123456789abcdef",
		"7-0-0123456789abcdef-0123456789abcdef",
		"7-65536-0123456789abcdef-0123456789abcdef",
		"7-61007-0123456789ABCDEF-0123456789abcdef",
		"7-61007-123456789abcdef-0123456789abcdef",
		"7-61007-0123456789abcdef-0123456789abcdef-",
		"7-61007-0123456789abcdef-0123456789abcdefg",
		"-61007-0123456789abcdef-0123456789abcdef", "names"};
	struct entry_place place = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(entry_read_name(bad[i], &place), -EBADMSG);
	assert_int_equal(entry_read_name("7f-61007-0123456789abcdef-fedcba9876543210", &place), 0);
	assert_int_equal(place.netns, 0x7f);
	assert_int_equal(place.port, 61007);
	assert_true(place.key == UINT64_C(0x0123456789abcdef));
	assert_true(place.id == UINT64_C(0xfedcba9876543210));
}

/* ---- Which port ------------------------------------------------------------------------------ */

static void the_quiet_ports_come_first_and_all_come(void **state)
{
	static bool seen[65536];
	const struct berth_policy policy = {.has_ephemeral = true, .ephemeral = {32768, 60999}};
	struct order order = order_of(&policy, (struct berth_port_range){0, 0});
	uint32_t n = 0;

	(void)state;
	order.start = 4000;
	for (uint16_t port = 0; (port = order_nth(&order, n)) != 0; n++) {
		assert_false(seen[port]);
		seen[port] = true;
		if (n < 65535 - 60999)
			assert_true(port > 60999);
		else if (n < 65535 - 60999 + 32768 - 1024)
			assert_in_range(port, 1024, 32767);
		else
			assert_in_range(port, 32768, 60999);
	}
	assert_int_equal(n, 65536 - 1024);
}

static void a_block_comes_before_all_others_from_its_place_on(void **state)
{
	const struct berth_policy policy = {.has_ephemeral = true, .ephemeral = {32768, 60999}};
	struct order order = order_of(&policy, (struct berth_port_range){0, 0});

	(void)state;
	assert_int_equal(order_blocks(&order), (65535 - 60999) / ORDER_BLOCK);
	order_begin_at(&order, 2, 15, 0);
	assert_int_equal(order_nth(&order, 0), 61000 + 2 * ORDER_BLOCK + 15);
	assert_int_equal(order_nth(&order, 1), 61000 + 2 * ORDER_BLOCK);
	assert_int_equal(order_nth(&order, ORDER_BLOCK), 61000);
	order = order_of(&policy, (struct berth_port_range){8000, 8003});
	assert_int_equal(order_blocks(&order), 0);
	assert_int_equal(order_nth(&order, 3), 8003);
	assert_int_equal(order_nth(&order, 4), 0);
}

static void a_key_keeps_its_block_and_no_two_have_one(void **state)
{
	char text[4096] = "";
	size_t len = 0;
	uint32_t given[10];

	(void)state;
	for (uint64_t key = 0; key < 10; key++) { /* all hash to the same block of 10 */
		assert_int_equal(blocks_find(text, len, 100 * (key + 1), 10, &given[key]), 0);
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%u %016" PRIx64 "\n",
			given[key], 100 * (key + 1));
		for (uint64_t other = 0; other < key; other++)
			assert_int_not_equal(given[key], given[other]);
	}
	for (uint64_t key = 0; key < 10; key++) {
		uint32_t again = 99;

		assert_int_equal(blocks_find(text, len, 100 * (key + 1), 10, &again), 1);
		assert_int_equal(again, given[key]);
	}
}

static void of_two_that_wrote_at_once_the_first_line_counts(void **state)
{
	static const char text[] = "noise\n4 00000000000000aa\n4 00000000000000bb\n9 zz\n";
	uint32_t block = 0;

	(void)state;
	assert_int_equal(blocks_find(text, strlen(text), 0xaa, 10, &block), 1);
	assert_int_equal(block, 4);
	assert_int_equal(blocks_find(text, strlen(text), 0xbb, 10, &block), 0);
	assert_int_not_equal(block, 4);
}

static void browsers_refuse_some_ports(void **state)
{
	(void)state;
	assert_true(blocked_by_browsers(6000));
	assert_true(blocked_by_browsers(10080));
	assert_false(blocked_by_browsers(3000));
	assert_false(blocked_by_browsers(61000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_record_is_read_as_it_was_written),
		cmocka_unit_test(any_changed_byte_and_any_cut_is_noticed),
		cmocka_unit_test(names_are_short_and_plain),
		cmocka_unit_test(a_lease_is_over_with_the_boot_its_time_and_its_process),
		cmocka_unit_test(what_cannot_be_seen_from_here_is_unsure),
		cmocka_unit_test(what_was_of_a_namespace_without_processes_is_over),
		cmocka_unit_test(what_is_held_lasts_as_long_as_its_process),
		cmocka_unit_test(a_place_has_one_name),
		cmocka_unit_test(the_quiet_ports_come_first_and_all_come),
		cmocka_unit_test(a_block_comes_before_all_others_from_its_place_on),
		cmocka_unit_test(a_key_keeps_its_block_and_no_two_have_one),
		cmocka_unit_test(of_two_that_wrote_at_once_the_first_line_counts),
		cmocka_unit_test(browsers_refuse_some_ports),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
