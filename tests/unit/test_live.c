// SPDX-License-Identifier: MIT
/* Pieces of what happened become news: what is held back, what it was a part of, and what looks
 * add. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "history/live.h"

enum {
	COOKIE = 7,
	OTHER = 8,
	PORT = 8080,
	THREAD = 42,
	NEWS_MOST = 32,
};

struct told {
	enum berth_event_kind kind;
	uint64_t cookie;
	bool listening;
	bool certain;
	double time_s;
	double since_s;
};

struct fixture {
	struct live live;
	struct told news[NEWS_MOST];
	size_t count;
	int answer; /* to a bind that failed and is not certain to have */
};

static int tell(void *context, const struct live_news *news)
{
	struct fixture *fixture = context;

	assert_true(fixture->count < NEWS_MOST);
	if (news->kind == BERTH_EVENT_REFUSED && !news->certain && fixture->answer)
		return fixture->answer;
	fixture->news[fixture->count++] = (struct told){.kind = news->kind,
		.cookie = news->socket ? news->socket->cookie : news->event->cookie,
		.listening = news->socket && news->socket->listening,
		.certain = news->certain,
		.time_s = news->time_s,
		.since_s = news->since_s};
	return 0;
}

static int set_up(void **state)
{
	static struct fixture fixture;

	fixture = (struct fixture){.live = {.tell = tell, .context = &fixture}};
	*state = &fixture;
	return 0;
}

static int tear_down(void **state)
{
	live_free(&((struct fixture *)*state)->live);
	return 0;
}

static void happens(
	struct fixture *fixture, enum sockets_event_kind kind, uint64_t cookie, double s)
{
	const struct sockets_event event = {.kind = kind,
		.cookie = cookie,
		.time_s = s,
		.proto = BERTH_TCP,
		.family = 4,
		.port = PORT,
		.thread = THREAD,
		.shut = kind == SOCKETS_CLOSES};

	assert_int_equal(live_event(&fixture->live, &event), 0);
}

static void looks(struct fixture *fixture, const struct berth_socket *rows, size_t n, double s)
{
	live_look(&fixture->live);
	assert_int_equal(live_compare(&fixture->live, rows, n, s, ~0U), 0);
}

static struct berth_socket row(uint64_t cookie, enum berth_socket_state state)
{
	return (struct berth_socket){.proto = BERTH_TCP,
		.family = 4,
		.state = (uint8_t)state,
		.cookie = cookie,
		.local_port = PORT};
}

static void test_a_server_is_one_piece_of_news(void **state)
{
	struct fixture *fixture = *state;

	happens(fixture, SOCKETS_TRIES, COOKIE, 1.0);
	happens(fixture, SOCKETS_BOUND, COOKIE, 1.0);
	happens(fixture, SOCKETS_LISTENS, COOKIE, 1.001);
	assert_int_equal(fixture->count, 0);
	assert_true(live_due_s(&fixture->live) < 1.01);
	assert_int_equal(live_tick(&fixture->live, 1.2), 0);
	assert_int_equal(fixture->count, 1);
	assert_int_equal(fixture->news[0].kind, BERTH_EVENT_OPENED);
	assert_true(fixture->news[0].listening);
	happens(fixture, SOCKETS_STOPS, COOKIE, 3);
	happens(fixture, SOCKETS_CLOSES, COOKIE, 3);
	assert_int_equal(fixture->count, 2);
	assert_int_equal(fixture->news[1].kind, BERTH_EVENT_CLOSED);
	assert_float_equal(fixture->news[1].since_s, fixture->news[1].time_s, 0);
}

static void test_what_closes_at_once_was_open(void **state)
{
	struct fixture *fixture = *state;

	happens(fixture, SOCKETS_BOUND, COOKIE, 1.0);
	happens(fixture, SOCKETS_LISTENS, COOKIE, 1.0);
	happens(fixture, SOCKETS_CLOSES, COOKIE, 1.001);
	assert_int_equal(fixture->count, 2);
	assert_int_equal(fixture->news[0].kind, BERTH_EVENT_OPENED);
	assert_int_equal(fixture->news[1].kind, BERTH_EVENT_CLOSED);
}

static void test_a_client_that_chose_its_port_is_no_news(void **state)
{
	struct fixture *fixture = *state;

	happens(fixture, SOCKETS_BOUND, COOKIE, 1.0);
	happens(fixture, SOCKETS_CONNECTS, COOKIE, 1.01);
	assert_int_equal(live_tick(&fixture->live, 9), 0);
	assert_int_equal(fixture->count, 0);
}

static void test_a_bind_without_success_failed(void **state)
{
	struct fixture *fixture = *state;

	happens(fixture, SOCKETS_TRIES, COOKIE, 1.0);
	assert_int_equal(live_tick(&fixture->live, 1.005), 0);
	assert_int_equal(fixture->count, 0);
	assert_int_equal(live_tick(&fixture->live, 1.04), 0);
	assert_int_equal(fixture->count, 1);
	assert_int_equal(fixture->news[0].kind, BERTH_EVENT_REFUSED);
	assert_float_equal(fixture->news[0].time_s, 1.0, 0);
}

static void test_a_bind_that_is_followed_by_another_failed(void **state)
{
	struct fixture *fixture = *state;

	happens(fixture, SOCKETS_TRIES, COOKIE, 1.0);
	happens(fixture, SOCKETS_TRIES, COOKIE, 1.001);
	assert_int_equal(fixture->count, 1);
	assert_true(fixture->news[0].certain);
	happens(fixture, SOCKETS_BOUND, COOKIE, 1.001);
	assert_int_equal(live_tick(&fixture->live, 9), 0);
	assert_int_equal(fixture->count, 2);
	assert_int_equal(fixture->news[1].kind, BERTH_EVENT_OPENED);
}

static void test_a_slow_bind_is_waited_for(void **state)
{
	struct fixture *fixture = *state;

	fixture->answer = 1; /* nothing is in its way */
	happens(fixture, SOCKETS_TRIES, COOKIE, 1.0);
	assert_int_equal(live_tick(&fixture->live, 1.05), 0);
	happens(fixture, SOCKETS_BOUND, COOKIE, 1.1);
	assert_int_equal(live_tick(&fixture->live, 9), 0);
	assert_int_equal(fixture->count, 1);
	assert_int_equal(fixture->news[0].kind, BERTH_EVENT_OPENED);
	/* And one that never ends well is told after all. */
	happens(fixture, SOCKETS_TRIES, OTHER, 10);
	assert_int_equal(live_tick(&fixture->live, 10.1), 0);
	assert_int_equal(live_tick(&fixture->live, 11.1), 0);
	assert_int_equal(fixture->count, 2);
	assert_int_equal(fixture->news[1].kind, BERTH_EVENT_REFUSED);
	assert_true(fixture->news[1].certain);
}

static void test_what_was_lost_is_not_judged(void **state)
{
	struct fixture *fixture = *state;

	happens(fixture, SOCKETS_TRIES, COOKIE, 1.0);
	live_lost(&fixture->live);
	assert_int_equal(live_tick(&fixture->live, 9), 0);
	assert_int_equal(fixture->count, 0);
	assert_true(fixture->live.wants_look);
}

static void test_a_listen_that_fails_leaves_it_bound(void **state)
{
	struct fixture *fixture = *state;

	happens(fixture, SOCKETS_BOUND, COOKIE, 1.0);
	happens(fixture, SOCKETS_LISTENS, COOKIE, 1.01);
	happens(fixture, SOCKETS_STOPS, COOKIE, 1.0101);
	assert_int_equal(fixture->count, 1);
	assert_int_equal(fixture->news[0].kind, BERTH_EVENT_REFUSED);
	assert_int_equal(live_tick(&fixture->live, 9), 0);
	assert_int_equal(fixture->count, 2);
	assert_int_equal(fixture->news[1].kind, BERTH_EVENT_OPENED);
	assert_false(fixture->news[1].listening);
}

static void test_looks_find_what_came_and_went(void **state)
{
	struct fixture *fixture = *state;
	const struct berth_socket rows[] = {
		row(COOKIE, BERTH_LISTEN), row(OTHER, BERTH_BOUND), row(9, BERTH_ESTABLISHED)};

	looks(fixture, rows, 1, 10);
	assert_int_equal(fixture->count, 1);
	assert_int_equal(fixture->news[0].kind, BERTH_EVENT_FOUND);
	looks(fixture, rows, 3, 11);
	assert_int_equal(fixture->count, 2);
	assert_int_equal(fixture->news[1].kind, BERTH_EVENT_OPENED);
	assert_int_equal(fixture->news[1].cookie, OTHER);
	assert_float_equal(fixture->news[1].since_s, 10, 0);
	looks(fixture, rows + 1, 1, 12);
	assert_int_equal(fixture->count, 3);
	assert_int_equal(fixture->news[2].kind, BERTH_EVENT_CLOSED);
	assert_int_equal(fixture->news[2].cookie, COOKIE);
	assert_float_equal(fixture->news[2].since_s, 11, 0);
}

static void test_a_look_that_is_not_whole_closes_nothing(void **state)
{
	struct fixture *fixture = *state;
	const struct berth_socket rows[] = {row(COOKIE, BERTH_LISTEN), row(OTHER, BERTH_BOUND)};

	looks(fixture, rows, 2, 10);
	live_look(&fixture->live);
	assert_int_equal(live_compare(&fixture->live, NULL, 0, 11, 0), 0);
	assert_int_equal(fixture->count, 2);
	/* Asked for listeners alone, what is bound only cannot be missing. */
	live_look(&fixture->live);
	assert_int_equal(
		live_compare(&fixture->live, NULL, 0, 12, BERTH_STATE_BIT(BERTH_LISTEN)), 0);
	assert_int_equal(fixture->count, 3);
	assert_int_equal(fixture->news[2].cookie, COOKIE);
}

static void test_what_closes_while_somebody_looks_is_gone(void **state)
{
	struct fixture *fixture = *state;
	const struct berth_socket rows[] = {row(COOKIE, BERTH_LISTEN)};

	live_look(&fixture->live);
	happens(fixture, SOCKETS_CLOSES, COOKIE, 10.001);
	assert_int_equal(live_compare(&fixture->live, rows, 1, 10, ~0U), 0);
	assert_int_equal(fixture->count, 0);
}

static void test_what_ended_unseen_is_missed(void **state)
{
	struct fixture *fixture = *state;
	const struct berth_socket rows[] = {row(COOKIE, BERTH_LISTEN)};

	happens(fixture, SOCKETS_ENDED, OTHER, 9); /* nobody knows what was there */
	looks(fixture, rows, 1, 10);
	happens(fixture, SOCKETS_ENDED, OTHER, 11);
	happens(fixture, SOCKETS_ENDED, COOKIE, 12);
	assert_int_equal(fixture->count, 3);
	assert_int_equal(fixture->news[1].kind, BERTH_EVENT_MISSED);
	assert_int_equal(fixture->news[2].kind, BERTH_EVENT_CLOSED);
	assert_float_equal(fixture->news[2].since_s, 12, 0);
}

static void test_all_that_is_open_is_told_again(void **state)
{
	struct fixture *fixture = *state;
	const struct berth_socket rows[] = {row(COOKIE, BERTH_LISTEN), row(OTHER, BERTH_LISTEN)};

	looks(fixture, rows, 2, 10);
	assert_int_equal(live_tell_all(&fixture->live), 0);
	assert_int_equal(fixture->count, 4);
	assert_int_equal(fixture->news[3].kind, BERTH_EVENT_FOUND);
}

static void test_many_come_and_go(void **state)
{
	struct fixture *fixture = *state;

	for (uint64_t i = 1; i <= 10000; i++) {
		happens(fixture, SOCKETS_BOUND, i, (double)i);
		happens(fixture, SOCKETS_CONNECTS, i, (double)i);
		assert_int_equal(live_tick(&fixture->live, (double)i), 0);
	}
	assert_int_equal(fixture->live.sockets.count, 0);
	assert_true(fixture->live.queues[LIVE_BOUND].size < 1000);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_a_server_is_one_piece_of_news),
		TEST(test_what_closes_at_once_was_open),
		TEST(test_a_client_that_chose_its_port_is_no_news),
		TEST(test_a_bind_without_success_failed),
		TEST(test_a_bind_that_is_followed_by_another_failed),
		TEST(test_a_slow_bind_is_waited_for),
		TEST(test_what_was_lost_is_not_judged),
		TEST(test_a_listen_that_fails_leaves_it_bound),
		TEST(test_looks_find_what_came_and_went),
		TEST(test_a_look_that_is_not_whole_closes_nothing),
		TEST(test_what_closes_while_somebody_looks_is_gone),
		TEST(test_what_ended_unseen_is_missed),
		TEST(test_all_that_is_open_is_told_again),
		TEST(test_many_come_and_go),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
