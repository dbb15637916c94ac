// SPDX-License-Identifier: MIT
/* The helpers that know nothing of ports. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/crew.h"
#include "base/file.h"
#include "base/json.h"
#include "base/keyed.h"
#include "base/map.h"
#include "base/sort.h"
#include "base/spans.h"
#include "base/text.h"

static void arena_gives_zeroed_aligned_memory(void **state)
{
	struct arena arena = {0};

	(void)state;
	for (size_t size = 0; size < 9000; size += 37) {
		unsigned char *memory = arena_alloc(&arena, size);

		assert_non_null(memory);
		assert_int_equal((uintptr_t)memory % _Alignof(max_align_t), 0);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(memory[i], 0);
		memset(memory, 0xff, size);
	}
	assert_null(arena_array(&arena, SIZE_MAX / 2, 3));
	assert_string_equal(arena_text(&arena, "berth-and-more", 5), "berth");
	arena_free(&arena);
	assert_null(arena.blocks);
}

static void a_map_is_walked_once_over(void **state)
{
	struct map map = {0};
	uint64_t key = 0;
	uint64_t sum = 0;
	void *value = NULL;
	size_t seen = 0;

	(void)state;
	for (uint64_t i = 1; i <= 1000; i++)
		assert_int_equal(map_put(&map, i, &map), 0);
	for (size_t at = 0; map_next(&map, &at, &key, &value); seen++) {
		assert_ptr_equal(value, &map);
		sum += key;
	}
	assert_int_equal(seen, 1000);
	assert_int_equal(sum, 500500);
	map_free(&map);
	size_t at = 0;
	assert_false(map_next(&map, &at, &key, &value));
}

static int compare_bytes(const void *a, const void *b)
{
	return *(const char *)a - *(const char *)b;
}

static void what_is_in_order_stays_and_the_rest_is_sorted(void **state)
{
	char texts[][6] = {"", "a", "abcde", "ba", "abced", "edcba"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		size_t len = strlen(texts[i]);

		sort_array(texts[i], len, 1, compare_bytes);
		for (size_t j = 1; j < len; j++)
			assert_true(texts[i][j - 1] <= texts[i][j]);
	}
	assert_string_equal(texts[5], "abcde");
}

static void arena_adopts_another_with_all_that_lives_in_it(void **state)
{
	struct arena to = {0};
	struct arena from = {0};

	(void)state;
	arena_adopt(&to, &from);
	assert_null(to.blocks);
	char *moved = arena_text(&from, "moved", 5);
	arena_adopt(&to, &from);
	assert_null(from.blocks);
	char *own = arena_text(&to, "own", 3);
	assert_non_null(arena_alloc(&from, 100000));
	assert_non_null(arena_alloc(&from, 100000));
	arena_adopt(&to, &from);
	assert_null(from.blocks);
	assert_non_null(arena_text(&to, "more", 4));
	assert_string_equal(moved, "moved");
	assert_string_equal(own, "own");
	arena_free(&to);
}

/* ---- Crew ------------------------------------------------------------------------------------ */

enum {
	CREW_ITEMS = 1000
};

struct crew_seen {
	pthread_t caller;
	unsigned done[CREW_ITEMS]; /* how often, each touched by whoever took it */
	size_t fails_at; /* SIZE_MAX: nothing fails */
	atomic_uint workers; /* a bit for each */
	atomic_bool by_caller;
};

static int do_item(void *context, unsigned worker, size_t item)
{
	struct crew_seen *seen = context;

	seen->done[item]++;
	atomic_fetch_or(&seen->workers, 1U << worker);
	if (pthread_equal(pthread_self(), seen->caller))
		atomic_store(&seen->by_caller, true);
	return item == seen->fails_at ? -EIO : 0;
}

static void crew_does_each_item_once_and_none_in_the_callers_thread(void **state)
{
	struct crew_seen seen = {.caller = pthread_self(), .fails_at = SIZE_MAX};

	(void)state;
	assert_int_equal(crew_run(3, CREW_ITEMS, do_item, &seen), 0);
	for (size_t i = 0; i < CREW_ITEMS; i++)
		assert_int_equal(seen.done[i], 1);
	assert_false(atomic_load(&seen.by_caller));
	assert_int_equal(atomic_load(&seen.workers) & ~7U, 0);
	assert_int_equal(crew_run(3, 0, do_item, &seen), 0);
	assert_int_equal(seen.done[0], 1);
}

static void crew_stops_at_the_first_failure_and_hands_it_on(void **state)
{
	struct crew_seen seen = {.caller = pthread_self(), .fails_at = 5};

	(void)state;
	assert_int_equal(crew_run(1, CREW_ITEMS, do_item, &seen), -EIO);
	assert_int_equal(seen.done[5], 1);
	assert_int_equal(seen.done[6], 0);
	assert_int_equal(crew_run(100, 6, do_item, &seen), -EIO);
}

struct card {
	uint32_t suit; /* is the key */
	uint32_t value;
	uint32_t number; /* in the order of dealing */
};

static int compare_cards(const void *left, const void *right)
{
	const struct card *a = left;
	const struct card *b = right;

	assert_int_equal(a->suit, b->suit); /* else the key is enough */
	return (a->value > b->value) - (a->value < b->value);
}

static void elements_are_sorted_by_key_then_by_themselves_and_equals_stay_in_order(void **state)
{
	enum {
		MOST = 300
	};
	struct card cards[MOST];
	struct keyed_place places[MOST];
	uint32_t seed = 2463534242;

	(void)state;
	for (uint32_t count = 0; count <= MOST; count += count < 20 ? 1 : 28) {
		for (uint32_t i = 0; i < count; i++) {
			seed = seed * 1664525 + 1013904223;
			cards[i] = (struct card){
				.suit = seed >> 30, .value = seed >> 25 & 7, .number = i};
			places[i] = (struct keyed_place){.key = cards[i].suit, .at = i};
		}
		assert_int_equal(
			keyed_sort(cards, count, sizeof(*cards), places, compare_cards), 0);
		uint32_t sum = 0;
		for (uint32_t i = 0; i < count; i++) {
			const struct card *last = &cards[i ? i - 1 : 0];

			sum += cards[i].number + 1;
			assert_true(last->suit <= cards[i].suit);
			if (i && last->suit == cards[i].suit)
				assert_true(last->value < cards[i].value ||
					(last->value == cards[i].value &&
						last->number < cards[i].number));
		}
		assert_int_equal(sum, count * (count + 1) / 2);
	}
}

static void buffer_takes_texts_of_every_length(void **state)
{
	static const char text[] = "0123456789abcdefghijklmnopqrstuvwxyz";
	struct buffer buffer = {0};

	(void)state;
	for (size_t len = 0; len < sizeof(text); len++) {
		buffer_clear(&buffer);
		buffer_char(&buffer, '<');
		buffer_bytes(&buffer, text, len);
		buffer_char(&buffer, '>');
		assert_int_equal(buffer.len, len + 2);
		assert_memory_equal(buffer.data + 1, text, len);
		assert_string_equal(buffer.data + 1 + len, ">");
	}
	buffer_free(&buffer);
}

static void buffer_grows_and_remembers_the_first_error(void **state)
{
	struct buffer buffer = {0};

	(void)state;
	assert_string_equal(buffer_string(&buffer), "");
	for (int i = 0; i < 1000; i++)
		buffer_format(&buffer, "%d,", i);
	buffer_uint(&buffer, UINT64_MAX);
	assert_int_equal(buffer.error, 0);
	assert_string_equal(buffer.data + buffer.len - 20, "18446744073709551615");
	assert_null(buffer_reserve(&buffer, SIZE_MAX));
	assert_int_equal(buffer.error, -ENOMEM);
	size_t len = buffer.len;
	buffer_text(&buffer, "more");
	assert_int_equal(buffer.len, len);
	buffer_free(&buffer);
}

static void text_decodes_as_rfc_3629_says(void **state)
{
	static const struct {
		const char *bytes;
		uint32_t point;
		size_t used;
	} cases[] = {
		{"a", 'a', 1},
		{"\xc3\xa4", 0xe4, 2},
		{"\xe2\x82\xac", 0x20ac, 3},
		{"\xf0\x9f\x98\x80", 0x1f600, 4},
		{"\xc3", TEXT_INVALID, 1},
		{"\xc0\x80", TEXT_INVALID, 1},
		{"\xe0\x80\x80", TEXT_INVALID, 1},
		{"\xed\xa0\x80", TEXT_INVALID, 1},
		{"\xf4\x90\x80\x80", TEXT_INVALID, 1},
		{"\xf5\x80\x80\x80", TEXT_INVALID, 1},
		{"\x80", TEXT_INVALID, 1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		size_t used;

		assert_int_equal(
			text_decode(cases[i].bytes, strlen(cases[i].bytes), &used), cases[i].point);
		assert_int_equal(used, cases[i].used);
	}
}

static void text_escapes_what_a_terminal_would_act_on(void **state)
{
	/* U+202E, not as a literal: compilers and editors rightly warn of those. */
	static const char turned[] = {'a', '\xe2', '\x80', '\xae', 'b', '\0'};
	static const char *const cases[][2] = {
		{"plain ä €", "plain ä €"},
		{"\033[31mred\a", "\\x1b[31mred\\x07"},
		{"tab\tlf\n", "tab\\x09lf\\x0a"},
		{"\xff\xc3", "\\xff\\xc3"},
		{"\xc2\x9b", "\\u{9b}"},
		{turned, "a\\u{202e}b"},
		{"back\\slash", "back\\\\slash"},
	};
	struct buffer out = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		buffer_clear(&out);
		text_escape_terminal(&out, cases[i][0], strlen(cases[i][0]));
		assert_string_equal(buffer_string(&out), cases[i][1]);
	}
	buffer_free(&out);
}

static void words_are_quoted_for_a_shell(void **state)
{
	static const char *const cases[][2] = {
		{"nginx.service", "nginx.service"},
		{"", "''"},
		{"a b", "'a b'"},
		{"dev-disk\\x2dby.service", "'dev-disk\\x2dby.service'"},
		{"it's; rm", "'it'\\''s; rm'"},
	};
	struct buffer out = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		buffer_clear(&out);
		text_shell_word(&out, cases[i][0]);
		assert_string_equal(buffer_string(&out), cases[i][1]);
	}
	buffer_free(&out);
}

static void text_that_is_too_long_loses_its_middle(void **state)
{
	static const char accents[] = "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9";
	struct buffer out = {0};

	(void)state;
	text_abridge(&out, "harbour", 7, 7);
	assert_string_equal(buffer_string(&out), "harbour");
	buffer_clear(&out);
	text_abridge(&out, "the harbour master", 18, 6);
	assert_string_equal(buffer_string(&out), "the...ter");
	buffer_clear(&out);
	text_abridge(&out, accents, 8, 6); /* neither half ends inside a character */
	assert_string_equal(buffer_string(&out), "\xc3\xa9...\xc3\xa9");
	buffer_clear(&out);
	text_abridge(&out, "\xbf\xbf\xbf\xbf", 4, 2);
	assert_string_equal(buffer_string(&out), "...");
	buffer_free(&out);
}

static void text_knows_ends_and_words(void **state)
{
	(void)state;
	assert_true(text_ends("web.socket", ".socket"));
	assert_false(text_ends(".socket", ".socket")); /* there is nothing in front of it */
	assert_false(text_ends("web.sockets", ".socket"));
	assert_true(text_has_word("one two three", "one"));
	assert_true(text_has_word("one two three", "three"));
	assert_false(text_has_word("one two three", "tw"));
	assert_false(text_has_word("one two three", "two three"));
	assert_false(text_has_word("", "one"));
}

static void arena_arrays_grow_and_keep_what_they_have(void **state)
{
	struct arena arena = {0};
	uint64_t *all = NULL;
	size_t room = 0;

	(void)state;
	for (size_t n = 0; n < 100; n++) {
		all = arena_grow(&arena, all, n, &room, sizeof(*all));
		assert_non_null(all);
		assert_true(room > n);
		assert_int_equal(all[n], 0);
		all[n] = n + 1;
	}
	for (size_t n = 0; n < 100; n++)
		assert_int_equal(all[n], n + 1);
	room = SIZE_MAX / 2;
	assert_null(arena_grow(&arena, all, room, &room, sizeof(*all)));
	assert_int_equal(room, SIZE_MAX / 2);
	arena_free(&arena);
}

static void text_parses_numbers_strictly(void **state)
{
	uint64_t value = 7;

	(void)state;
	assert_int_equal(text_number("65535", 5, 65535, &value), 0);
	assert_int_equal(value, 65535);
	assert_int_equal(text_number("65536", 5, 65535, &value), -ERANGE);
	assert_int_equal(text_number("99999999999999999999999", 23, UINT64_MAX, &value), -ERANGE);
	assert_int_equal(text_number("18446744073709551615", 20, UINT64_MAX, &value), 0);
	assert_true(value == UINT64_MAX);
	value = 7;
	assert_int_equal(text_number("", 0, 9, &value), -EINVAL);
	assert_int_equal(text_number("-1", 2, 9, &value), -EINVAL);
	assert_int_equal(text_number(" 1", 2, 9, &value), -EINVAL);
	assert_int_equal(text_number("1x", 2, 9, &value), -EINVAL);
	assert_int_equal(value, 7);
}

static void text_compares_without_case(void **state)
{
	const char *spaced = " \t name \r\n";

	(void)state;
	assert_int_equal(text_compare_fold("HTTP", "http"), 0);
	assert_true(text_compare_fold("a", "B") < 0);
	assert_true(text_equal_fold("SSH", 3, "ssh", 3));
	assert_false(text_equal_fold("ssh", 3, "sshd", 4));
	assert_true(text_starts_fold("PostgreSQL", "postgres"));
	assert_string_equal(text_find_fold("World Wide Web", "wide"), "Wide Web");
	assert_null(text_find_fold("World", "x"));
	assert_int_equal(text_trim(&spaced, strlen(spaced)), 4);
	assert_memory_equal(spaced, "name", 4);
}

static void text_measures_misspellings(void **state)
{
	(void)state;
	assert_int_equal(text_distance("postgresql", "PostgreSQL", 2), 0);
	assert_int_equal(text_distance("postgersql", "postgresql", 2), 1);
	assert_int_equal(text_distance("postgresq", "postgresql", 2), 1);
	assert_int_equal(text_distance("redis", "radius", 2), 2);
	assert_int_equal(text_distance("redis", "mysql", 2), 3);
	assert_int_equal(text_distance("", "ab", 2), 2);
}

static void json_keeps_numbers_numbers_and_escapes_text(void **state)
{
	struct buffer out = {0};
	struct json json = {.out = &out};

	(void)state;
	json_open_object(&json, NULL);
	json_string(&json, "text", "a\"b\\\n\x01\xff\xc3\xa4");
	json_string(&json, "none", NULL);
	json_int(&json, "min", INT64_MIN);
	json_real(&json, "half", 0.5, 6);
	json_real(&json, "whole", 3.0, 6);
	json_real(&json, "nan", NAN, 6);
	json_open_array(&json, "list");
	json_uint(&json, NULL, 1);
	json_bool(&json, NULL, true);
	json_open_object(&json, NULL);
	json_close_object(&json);
	json_close_array(&json);
	json_close_object(&json);
	assert_string_equal(buffer_string(&out),
		"{\"text\":\"a\\\"b\\\\\\n\\u0001\xef\xbf\xbd\xc3\xa4\",\"none\":null,"
		"\"min\":-9223372036854775808,\"half\":0.5,\"whole\":3,\"nan\":null,"
		"\"list\":[1,true,{}]}");
	buffer_free(&out);
}

static void json_makes_room_for_a_value_of_somebody_else(void **state)
{
	struct buffer out = {0};
	struct json json = {.out = &out};

	(void)state;
	json_open_object(&json, NULL);
	json_value_follows(&json, "first");
	buffer_text(&out, "{}");
	json_value_follows(&json, "second");
	buffer_text(&out, "[1]");
	json_bool(&json, "third", true);
	json_close_object(&json);
	assert_string_equal(buffer_string(&out), "{\"first\":{},\"second\":[1],\"third\":true}");
	buffer_free(&out);
}

static void spans_find_all_that_cover_a_number(void **state)
{
	static const struct spans_interval intervals[] = {
		{0, 65535, 0},
		{80, 80, 1},
		{6000, 6063, 2},
		{6042, 6042, 3},
		{65535, 65535, 4},
		{80, 81, 5},
	};
	struct spans spans;
	const uint16_t *ids;

	(void)state;
	assert_int_equal(spans_build(intervals, 6, &spans), 0);
	for (uint32_t number = 0; number < SPANS_NUMBERS; number++) {
		size_t n = spans_at(&spans, (uint16_t)number, &ids);
		size_t seen = 0;

		for (size_t i = 0; i < 6; i++) {
			if (intervals[i].first <= number && number <= intervals[i].last) {
				assert_true(seen < n);
				assert_int_equal(ids[seen++], intervals[i].id);
			}
		}
		assert_int_equal(seen, n);
	}
	assert_int_equal(spans_check(&spans, 6), 0);
	assert_int_equal(spans_check(&spans, 5), -EBADMSG);
	spans_free(&spans);
	assert_int_equal(spans_build(intervals, 0, &spans), 0);
	assert_int_equal(spans_at(&spans, 80, &ids), 0);
	spans_free(&spans);
	static const struct spans_interval upside_down[] = {{81, 80, 0}};
	assert_int_equal(spans_build(upside_down, 1, &spans), -EINVAL);
}

static void file_is_replaced_whole_or_not_at_all(void **state)
{
	char folder[] = "berth-test-XXXXXX";
	struct buffer read = {0};

	(void)state;
	assert_non_null(mkdtemp(folder));
	int dir = open(folder, O_RDONLY | O_DIRECTORY);
	assert_true(dir >= 0);
	assert_int_equal(file_replace(dir, "name", 0600, "one", 3), 0);
	assert_int_equal(file_replace(dir, "name", 0600, "second", 6), 0);
	assert_int_equal(file_read(dir, "name", 6, &read), 0);
	assert_string_equal(read.data, "second");
	assert_int_equal(file_read(dir, "name", 5, &read), -EFBIG);
	assert_int_equal(file_read(dir, "absent", 5, &read), -ENOENT);
	assert_int_equal(file_read(dir, ".", 5, &read), -EISDIR);
	assert_int_equal(mkfifoat(dir, "fifo", 0600), 0);
	assert_int_equal(file_read(dir, "fifo", 5, &read), -EINVAL);
	assert_int_equal(unlinkat(dir, "fifo", 0), 0);
	assert_int_equal(unlinkat(dir, "name", 0), 0);
	close(dir);
	assert_int_equal(rmdir(folder), 0); /* no temporary file was left behind */
	buffer_free(&read);
}

static void map_keeps_what_was_put_last(void **state)
{
	struct map map = {0};
	int values[2];

	(void)state;
	assert_false(map_has(&map, 0));
	assert_null(map_get(&map, 0));
	for (uint64_t key = 0; key < 1000; key++)
		assert_int_equal(map_put(&map, key << 32, values), 0);
	assert_int_equal(map_put(&map, UINT64_MAX, NULL), 0);
	assert_int_equal(map_put(&map, 0, values + 1), 0);
	assert_int_equal(map.count, 1001);
	assert_ptr_equal(map_get(&map, 0), values + 1);
	assert_ptr_equal(map_get(&map, UINT64_C(999) << 32), values);
	assert_true(map_has(&map, UINT64_MAX));
	assert_null(map_get(&map, UINT64_MAX));
	assert_false(map_has(&map, 1));
	map_free(&map);
	assert_false(map_has(&map, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arena_gives_zeroed_aligned_memory),
		cmocka_unit_test(a_map_is_walked_once_over),
		cmocka_unit_test(
			elements_are_sorted_by_key_then_by_themselves_and_equals_stay_in_order),
		cmocka_unit_test(buffer_takes_texts_of_every_length),
		cmocka_unit_test(what_is_in_order_stays_and_the_rest_is_sorted),
		cmocka_unit_test(arena_adopts_another_with_all_that_lives_in_it),
		cmocka_unit_test(crew_does_each_item_once_and_none_in_the_callers_thread),
		cmocka_unit_test(crew_stops_at_the_first_failure_and_hands_it_on),
		cmocka_unit_test(buffer_grows_and_remembers_the_first_error),
		cmocka_unit_test(text_decodes_as_rfc_3629_says),
		cmocka_unit_test(text_escapes_what_a_terminal_would_act_on),
		cmocka_unit_test(words_are_quoted_for_a_shell),
		cmocka_unit_test(text_that_is_too_long_loses_its_middle),
		cmocka_unit_test(text_parses_numbers_strictly),
		cmocka_unit_test(text_compares_without_case),
		cmocka_unit_test(text_measures_misspellings),
		cmocka_unit_test(json_keeps_numbers_numbers_and_escapes_text),
		cmocka_unit_test(json_makes_room_for_a_value_of_somebody_else),
		cmocka_unit_test(spans_find_all_that_cover_a_number),
		cmocka_unit_test(map_keeps_what_was_put_last),
		cmocka_unit_test(text_knows_ends_and_words),
		cmocka_unit_test(arena_arrays_grow_and_keep_what_they_have),
		cmocka_unit_test(file_is_replaced_whole_or_not_at_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
