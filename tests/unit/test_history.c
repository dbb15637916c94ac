// SPDX-License-Identifier: MIT
/* The history in a file: what is written is read, what failed is not there, and what is old goes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <cmocka.h>
#include <errno.h>

#include "history/chronicle.h"
#include "remove_tree.h"

enum {
	PORT = 8080,
};

static const uint64_t netns = 4026531840;
static char folder[] = "history-XXXXXX";

static int set_up(void **state)
{
	(void)state;
	for (size_t i = sizeof("history-") - 1; folder[i]; i++)
		folder[i] = 'X'; /* what mkdtemp(3) wrote there before */
	return mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	remove_tree(AT_FDCWD, folder);
	return 0;
}

static struct chronicle *opened(double now_s, const char *boot)
{
	const struct chronicle_ask ask = {.folder = folder,
		.boot = boot,
		.netns = netns,
		.now_s = now_s,
		.limits = {.age_s = 1000, .bytes = 1 << 20}};
	struct chronicle *chronicle = NULL;
	struct buffer problem = {0};

	assert_int_equal(chronicle_open(&ask, &chronicle, &problem), 0);
	buffer_free(&problem);
	return chronicle;
}

static struct berth_event event_of(enum berth_event_kind kind, uint64_t cookie, double time_s)
{
	return (struct berth_event){.kind = kind,
		.time_s = time_s,
		.since_s = time_s,
		.proto = BERTH_TCP,
		.family = 4,
		.address = {127, 0, 0, 1},
		.port = PORT,
		.cookie = cookie,
		.listening = true,
		.actor = {.pid = 12, .has_uid = true, .name = "nginx", .unit = "nginx.service"}};
}

static void write_one(struct chronicle *chronicle, const struct berth_event *event)
{
	assert_int_equal(chronicle_begin(chronicle), 0);
	assert_int_equal(chronicle_event(chronicle, event), 0);
	assert_int_equal(chronicle_commit(chronicle, event->time_s), 0);
}

static struct berth_history *history_of(const struct berth_history_ask *wanted)
{
	struct berth_history_ask ask = wanted ? *wanted : (struct berth_history_ask){0};
	struct berth_history *history = NULL;
	struct buffer problem = {0};

	ask.size = sizeof(ask);
	ask.folder = folder;
	assert_int_equal(chronicle_read(&ask, netns, &history, &problem), 0);
	buffer_free(&problem);
	return history;
}

static void test_a_span_is_opened_and_closed(void **state)
{
	const struct berth_event open = event_of(BERTH_EVENT_OPENED, 1, 100.5);
	const struct berth_event close = event_of(BERTH_EVENT_CLOSED, 1, 200.25);
	struct chronicle *chronicle = opened(100, "a");

	(void)state;
	write_one(chronicle, &open);
	struct berth_history *history = history_of(NULL);
	assert_int_equal(history->n_spans, 1);
	assert_true(history->spans[0].open && history->spans[0].first_exact);
	chronicle_read_free(history);
	write_one(chronicle, &close);
	chronicle_close(chronicle, 201);
	history = history_of(NULL);
	assert_false(history->spans[0].open);
	assert_float_equal(history->spans[0].first_s, 100.5, 0);
	assert_float_equal(history->spans[0].last_s, 200.25, 0);
	assert_string_equal(history->spans[0].actor.name, "nginx");
	assert_string_equal(history->spans[0].actor.unit, "nginx.service");
	assert_null(history->spans[0].actor.exe);
	chronicle_read_free(history);
}

static void test_a_transaction_that_is_undone_leaves_nothing(void **state)
{
	const struct berth_event open = event_of(BERTH_EVENT_OPENED, 1, 100);
	struct chronicle *chronicle = opened(100, "a");

	(void)state;
	assert_int_equal(chronicle_begin(chronicle), 0);
	assert_int_equal(chronicle_event(chronicle, &open), 0);
	chronicle_undo(chronicle);
	write_one(chronicle, &open); /* handed in once more, it is there once */
	write_one(chronicle, &open);
	struct berth_history *history = history_of(NULL);
	assert_int_equal(history->n_spans, 1);
	chronicle_read_free(history);
	chronicle_close(chronicle, 101);
}

static void test_a_new_run_goes_on_with_what_is_there(void **state)
{
	const struct berth_event kept = event_of(BERTH_EVENT_OPENED, 1, 100);
	const struct berth_event lost = event_of(BERTH_EVENT_OPENED, 2, 101);
	const struct berth_event found = event_of(BERTH_EVENT_FOUND, 1, 150);
	struct chronicle *chronicle = opened(100, "a");

	(void)state;
	write_one(chronicle, &kept);
	write_one(chronicle, &lost);
	chronicle_close(chronicle, 0); /* as when it is killed */
	chronicle = opened(150, "a");
	assert_int_equal(chronicle_begin(chronicle), 0);
	assert_int_equal(chronicle_event(chronicle, &found), 0);
	assert_int_equal(chronicle_settle(chronicle), 0);
	assert_int_equal(chronicle_commit(chronicle, 150), 0);
	struct berth_history *history = history_of(NULL);
	assert_int_equal(history->n_spans, 2);
	assert_true(history->spans[0].open);
	assert_float_equal(history->spans[0].first_s, 100, 0);
	assert_false(history->spans[1].open || history->spans[1].last_exact);
	assert_float_equal(history->spans[1].last_s, 101, 0);
	assert_int_equal(history->n_unwatched, 1);
	assert_float_equal(history->unwatched[0].from_s, 101, 0);
	assert_float_equal(history->unwatched[0].until_s, 150, 0);
	chronicle_read_free(history);
	chronicle_close(chronicle, 151);
}

static void test_cookies_begin_anew_with_the_machine(void **state)
{
	const struct berth_event open = event_of(BERTH_EVENT_OPENED, 1, 100);
	const struct berth_event found = event_of(BERTH_EVENT_FOUND, 1, 500);
	struct chronicle *chronicle = opened(100, "a");

	(void)state;
	write_one(chronicle, &open);
	chronicle_close(chronicle, 0);
	chronicle = opened(500, "b");
	write_one(chronicle, &found);
	struct berth_history *history = history_of(NULL);
	assert_int_equal(history->n_spans, 2);
	assert_false(history->spans[0].open);
	assert_true(history->spans[1].open && !history->spans[1].first_exact);
	chronicle_read_free(history);
	chronicle_close(chronicle, 501);
}

static void test_a_refusal_has_loser_and_holder(void **state)
{
	struct berth_event refused = event_of(BERTH_EVENT_REFUSED, 3, 100);
	struct chronicle *chronicle = opened(99, "a");

	(void)state;
	refused.errnum = EADDRINUSE;
	refused.has_cause = true;
	refused.cause = BERTH_BIND_CONNECTION;
	refused.cause_text = "curl has it";
	refused.holder = (struct berth_actor){.pid = 456, .name = "curl"};
	write_one(chronicle, &refused);
	const struct berth_history_ask by_holder = {.name = "curl", .refusals_only = true};
	struct berth_history *history = history_of(&by_holder);
	assert_int_equal(history->n_events, 1);
	assert_int_equal(history->events[0].errnum, EADDRINUSE);
	assert_int_equal(history->events[0].cause, BERTH_BIND_CONNECTION);
	assert_int_equal(history->events[0].holder.pid, 456);
	assert_string_equal(history->events[0].actor.name, "nginx");
	chronicle_read_free(history);
	chronicle_close(chronicle, 101);
}

static void test_questions_narrow_the_answer(void **state)
{
	struct chronicle *chronicle = opened(99, "a");
	struct berth_query_part part = {.first = PORT, .last = PORT};
	const struct berth_query query = {.parts = &part, .n_parts = 1};

	(void)state;
	for (uint64_t i = 0; i < 10; i++) {
		struct berth_event open = event_of(BERTH_EVENT_OPENED, i + 1, 100.0 + (double)i);
		struct berth_event close = event_of(BERTH_EVENT_CLOSED, i + 1, 100.5 + (double)i);

		open.port = (uint16_t)(PORT + i % 2);
		write_one(chronicle, &open);
		write_one(chronicle, &close);
	}
	const struct {
		struct berth_history_ask ask;
		size_t spans;
	} cases[] = {
		{{.query = &query}, 5},
		{{.since_s = 105.2}, 5},
		{{.until_s = 102.2}, 3},
		{{.since_s = 104.2, .until_s = 104.2}, 1},
		{{.since_s = 104.7, .until_s = 104.7}, 0},
		{{.name = "nginx"}, 10},
		{{.name = "12"}, 10},
		{{.name = "apache"}, 0},
		{{.most = 3}, 3},
		{{.refusals_only = true}, 0},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct berth_history *history = history_of(&cases[i].ask);

		assert_int_equal(history->n_spans, cases[i].spans);
		assert_true(history->cut == (cases[i].ask.most == 3));
		chronicle_read_free(history);
	}
	chronicle_close(chronicle, 120);
}

static void test_what_is_old_goes(void **state)
{
	const struct berth_event open = event_of(BERTH_EVENT_OPENED, 1, 100);
	const struct berth_event close = event_of(BERTH_EVENT_CLOSED, 1, 200);
	const struct berth_event stays = event_of(BERTH_EVENT_OPENED, 2, 150);
	struct chronicle *chronicle = opened(100, "a");

	(void)state;
	write_one(chronicle, &open);
	write_one(chronicle, &close);
	write_one(chronicle, &stays);
	assert_int_equal(chronicle_prune(chronicle, 1100), 0);
	struct berth_history *history = history_of(NULL);
	assert_int_equal(history->n_spans, 2);
	chronicle_read_free(history);
	assert_int_equal(chronicle_prune(chronicle, 1201), 0);
	history = history_of(NULL);
	assert_int_equal(history->n_spans, 1);
	assert_true(history->spans[0].open);
	chronicle_read_free(history);
	chronicle_close(chronicle, 1202);
}

static void test_a_newer_format_is_left_alone(void **state)
{
	struct chronicle *chronicle = opened(100, "a");
	const struct chronicle_ask ask = {.folder = folder, .boot = "a", .now_s = 100};
	struct buffer problem = {0};
	char path[64];

	(void)state;
	chronicle_close(chronicle, 101);
	(void)snprintf(path, sizeof(path), "%s/" CHRONICLE_FILE, folder);
	FILE *file = fopen(path, "r+");
	assert_non_null(file);
	assert_int_equal(fseek(file, 60, SEEK_SET), 0); /* user_version, the SQLite file format */
	assert_int_equal(fwrite("\0\0\0\x63", 1, 4, file), 4);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chronicle_open(&ask, &chronicle, &problem), -EPROTO);
	assert_non_null(strstr(buffer_string(&problem), "newer"));
	buffer_free(&problem);
}

static void test_there_may_be_no_history(void **state)
{
	const struct berth_history_ask ask = {.size = sizeof(ask), .folder = folder};
	struct berth_history *history = NULL;
	struct buffer problem = {0};

	(void)state;
	assert_int_equal(chronicle_read(&ask, netns, &history, &problem), -ENOENT);
	assert_non_null(strstr(buffer_string(&problem), "there is no history"));
	buffer_free(&problem);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_a_span_is_opened_and_closed),
		TEST(test_a_transaction_that_is_undone_leaves_nothing),
		TEST(test_a_new_run_goes_on_with_what_is_there),
		TEST(test_cookies_begin_anew_with_the_machine),
		TEST(test_a_refusal_has_loser_and_holder),
		TEST(test_questions_narrow_the_answer),
		TEST(test_what_is_old_goes),
		TEST(test_a_newer_format_is_left_alone),
		TEST(test_there_may_be_no_history),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
