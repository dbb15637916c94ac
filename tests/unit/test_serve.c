// SPDX-License-Identifier: MIT
/* What the server reads of strangers, and what its two processes say to each other. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "serve/door.h"
#include "serve/front_settings.h"
#include "serve/route.h"
#include "serve/wire.h"

#define TOKEN "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* ---- Routes ------------------------------------------------------------------------------------
 */

static void test_targets_lead_to_routes(void **state)
{
	static const struct {
		const char *target;
		enum route_kind kind;
		int port; /* -1: none */
	} cases[] = {
		{"/", ROUTE_INDEX, -1},
		{"/?", ROUTE_INDEX, -1},
		{"/0", ROUTE_PORT, 0},
		{"/60587", ROUTE_PORT, 60587},
		{"/65535?utm_source=x", ROUTE_PORT, 65535},
		{"/list/0", ROUTE_LIST, 0},
		{"/list/63", ROUTE_LIST, 63},
		{"/api/8080", ROUTE_API_PORT, 8080},
		{"/api/ls?port=80", ROUTE_API_LS, 80},
		{"/ls?all", ROUTE_LS, -1},
		{"/events", ROUTE_EVENTS, -1},
		{"/metrics", ROUTE_METRICS, -1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct route route;

		assert_int_equal(route_parse(cases[i].target, &route), 0);
		assert_int_equal(route.kind, cases[i].kind);
		assert_int_equal(route.has_port, cases[i].port >= 0);
		assert_int_equal(route.port, cases[i].port >= 0 ? cases[i].port : 0);
		assert_false(route.has_token);
	}
}

static void test_other_targets_lead_nowhere(void **state)
{
	static const struct {
		const char *target;
		int status;
	} cases[] = {
		{"", 400},
		{"*", 400},
		{"http://localhost/", 400},
		{"/65536", 404},
		{"/00", 404},
		{"/080", 404},
		{"/8080/", 404},
		{"//", 404},
		{"/list/64", 404},
		{"/list/", 404},
		{"/api/", 404},
		{"/api/65536", 404},
		{"/%38%30", 404},
		{"/../etc/passwd", 404},
		{"/ls/../ls", 404},
		{"/LS", 404},
		{"/ls#x", 404},
		{"/-1", 404},
		{"/ls?port=", 400},
		{"/ls?port=65536", 400},
		{"/ls?port=8 0", 400},
		{"/history?limit=0", 400},
		{"/history?limit=1001", 400},
		{"/?token=", 400},
		{"/?token=" TOKEN "0", 400},
		{"/?token=0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef", 400},
	};
	const struct route before = {.kind = ROUTE_BEAT, .port = 7};
	char longest[ROUTE_TARGET_MOST + 2];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct route route = before;

		assert_int_equal(route_parse(cases[i].target, &route), cases[i].status);
		assert_int_equal(route.kind, before.kind);
		assert_int_equal(route.port, before.port);
	}
	memset(longest, 'x', sizeof(longest));
	memcpy(longest, "/?", 2);
	longest[ROUTE_TARGET_MOST + 1] = '\0';
	struct route route;
	assert_int_equal(route_parse(longest, &route), 414);
	longest[ROUTE_TARGET_MOST] = '\0';
	assert_int_equal(route_parse(longest, &route), 0);
}

static void test_a_route_has_a_place(void **state)
{
	static const char *const places[] = {"/", "/60587", "/list/7", "/ls", "/ls?all",
		"/ls?all&port=80", "/ls?port=80", "/history?port=80&limit=7", "/history?limit=7",
		"/api/80", "/metrics"};

	(void)state;
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		struct route route;
		char place[ROUTE_PLACE];

		assert_int_equal(route_parse(places[i], &route), 0);
		route_place(&route, place);
		assert_string_equal(place, places[i]);
	}
}

static void test_a_token_is_read_and_not_shown(void **state)
{
	struct route route;
	char place[ROUTE_PLACE];

	(void)state;
	assert_int_equal(route_parse("/ls?all&token=" TOKEN, &route), 0);
	assert_true(route.has_token);
	assert_string_equal(route.token, TOKEN);
	route_place(&route, place);
	assert_string_equal(place, "/ls?all");
}

/* ---- The door ----------------------------------------------------------------------------------
 */

static void test_hosts(void **state)
{
	static const char *const names[] = {"ports.example", NULL};
	static const char *const ours[] = {"localhost", "LOCALHOST:8080", "127.0.0.1",
		"127.0.0.1:80", "192.0.2.1:8080", "[::1]", "[::1]:8080", "[2001:db8::1]",
		"Ports.Example:443", "localhost:"};
	static const char *const others[] = {"", ":80", "evil.example", "localhost.evil.example",
		"127.0.0.1.evil.example", "localhost:x", "localhost:65536", "[::1", "::1", "[::1]x",
		"[127.0.0.1]", "[]", "127.1", "0x7f000001", "ports.example.", "127.0.0.1:80:80",
		" localhost", "localhost "};

	(void)state;
	for (size_t i = 0; i < sizeof(ours) / sizeof(*ours); i++) {
		/* "localhost:" has no port, which is no number either. */
		assert_int_equal(
			door_is_host(ours[i], names), i + 1 < sizeof(ours) / sizeof(*ours));
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		assert_false(door_is_host(others[i], names));
	assert_false(door_is_host("ports.example", NULL));
}

static void test_origins(void **state)
{
	(void)state;
	assert_true(door_is_origin("http://127.0.0.1:80", "127.0.0.1:80"));
	assert_true(door_is_origin("https://Ports.example", "ports.example"));
	assert_false(door_is_origin("null", "127.0.0.1"));
	assert_false(door_is_origin("http://127.0.0.1:81", "127.0.0.1:80"));
	assert_false(door_is_origin("http://127.0.0.1:80.evil", "127.0.0.1:80"));
	assert_false(door_is_origin("", ""));
	assert_false(door_is_foreign(NULL, NULL));
	assert_false(door_is_foreign("none", NULL));
	assert_false(door_is_foreign("same-origin", "cors"));
	assert_false(door_is_foreign("cross-site", "navigate"));
	assert_true(door_is_foreign("cross-site", "no-cors"));
	assert_true(door_is_foreign("same-site", "cors"));
	assert_true(door_is_foreign("cross-site", NULL));
}

static void test_cookies_and_bearers(void **state)
{
	size_t len = 7;

	(void)state;
	const char *value = door_cookie("a=b; berth-80=" TOKEN " ; c=d", "berth-80", &len);
	assert_non_null(value);
	assert_true(door_is_token(value, len, TOKEN));
	len = 7;
	assert_null(door_cookie("berth-801=x; xberth-80=y;berth-80", "berth-80", &len));
	assert_null(door_cookie("", "berth-80", &len));
	assert_int_equal(len, 7);
	value = door_cookie("berth-80=", "berth-80", &len);
	assert_non_null(value);
	assert_int_equal(len, 0);
	value = door_bearer("bEaReR  " TOKEN, &len);
	assert_non_null(value);
	assert_true(door_is_token(value, len, TOKEN));
	assert_null(door_bearer("Basic " TOKEN, &len));
	assert_false(door_is_token(TOKEN, ROUTE_TOKEN - 1, TOKEN));
	for (size_t i = 0; i < ROUTE_TOKEN; i++) {
		char other[] = TOKEN;

		other[i] = 'x';
		assert_false(door_is_token(other, ROUTE_TOKEN, TOKEN));
	}
}

/* ---- The wire ----------------------------------------------------------------------------------
 */

static void test_questions_survive_the_wire(void **state)
{
	const struct wire_question cases[] = {
		{.id = 1, .route = {.kind = ROUTE_INDEX}, .view = WIRE_OWN},
		{.id = UINT32_MAX,
			.route = {.kind = ROUTE_PORT, .has_port = true, .port = 65535},
			.view = WIRE_PUBLIC},
		{.id = 256,
			.route = {.kind = ROUTE_HISTORY, .all = true, .limit = ROUTE_LIMIT_MOST},
			.view = WIRE_USER,
			.uid = UINT32_MAX},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		uint8_t bytes[WIRE_QUESTION];
		struct wire_question back;

		wire_put_question(bytes, &cases[i]);
		assert_int_equal(wire_get_question(bytes, &back), 0);
		assert_int_equal(back.id, cases[i].id);
		assert_int_equal(back.route.kind, cases[i].route.kind);
		assert_int_equal(back.route.has_port, cases[i].route.has_port);
		assert_int_equal(back.route.port, cases[i].route.port);
		assert_int_equal(back.route.all, cases[i].route.all);
		assert_int_equal(back.route.limit, cases[i].route.limit);
		assert_int_equal(back.view, cases[i].view);
		assert_int_equal(back.uid, cases[i].uid);
	}
}

/* What a front that was taken over could send. */
static void test_bad_questions_are_refused(void **state)
{
	static const struct {
		size_t at;
		uint8_t byte;
	} changes[] = {{4, ROUTE_KINDS}, {4, UINT8_MAX}, {5, 4}, {6, WIRE_VIEWS}, {7, 1},
		{11, UINT8_MAX}, {12, 1}, {16, 1}, {8, 1}};
	const struct wire_question sound = {.id = 1, .route = {.kind = ROUTE_LS}};

	(void)state;
	for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
		uint8_t bytes[WIRE_QUESTION];
		struct wire_question back = {.id = 9};

		wire_put_question(bytes, &sound);
		bytes[changes[i].at] = changes[i].byte;
		assert_int_equal(wire_get_question(bytes, &back), -EBADMSG);
		assert_int_equal(back.id, 9);
	}
	uint8_t none[WIRE_QUESTION] = {0};
	struct wire_question back;
	assert_int_equal(wire_get_question(none, &back), -EBADMSG);
}

static void test_heads_survive_the_wire(void **state)
{
	const struct wire_head head = {.id = 77,
		.type = WIRE_JSON,
		.status = 404,
		.keep = true,
		.len = 1000,
		.time_at = 980};
	uint8_t bytes[WIRE_HEAD];
	struct wire_head back;

	(void)state;
	wire_put_head(bytes, &head);
	assert_int_equal(wire_get_head(bytes, &back), 0);
	assert_int_equal(back.id, head.id);
	assert_int_equal(back.type, head.type);
	assert_int_equal(back.status, head.status);
	assert_int_equal(back.keep, head.keep);
	assert_int_equal(back.len, head.len);
	assert_int_equal(back.time_at, head.time_at);
	bytes[12]++; /* the time would end behind the text */
	assert_int_equal(wire_get_head(bytes, &back), -EBADMSG);
	wire_put_head(bytes, &head);
	bytes[11] = UINT8_MAX;
	assert_int_equal(wire_get_head(bytes, &back), -EBADMSG);
}

static void test_looks_and_news(void **state)
{
	struct wire_look look = {.time_s = 1795464251, .all = true, .ports = {[1000] = 0x80}};
	struct wire_look back = {0};
	struct buffer out = {0};
	struct buffer own = {0};
	struct buffer others = {0};
	const char *first = NULL;
	const char *second = NULL;
	size_t first_len = 0;
	size_t second_len = 0;

	(void)state;
	wire_put_look(&out, &look);
	assert_int_equal(wire_get_look(out.data, out.len, &back), 0);
	assert_memory_equal(&back, &look, sizeof(look));
	assert_int_equal(wire_get_look(out.data, out.len - 1, &back), -EBADMSG);
	buffer_clear(&out);
	buffer_text(&own, "mine");
	wire_put_news(&out, &own, &others);
	assert_int_equal(
		wire_get_news(out.data, out.len, &first, &first_len, &second, &second_len), 0);
	assert_int_equal(first_len, 4);
	assert_memory_equal(first, "mine", 4);
	assert_int_equal(second_len, 0);
	out.data[0] = 5;
	assert_int_equal(wire_get_news(out.data, out.len, &first, &first_len, &second, &second_len),
		-EBADMSG);
	buffer_free(&out);
	buffer_free(&own);
}

static void test_settings_survive_the_wire(void **state)
{
	struct front_settings settings = {.n_listeners = 2,
		.has_token = true,
		.share = true,
		.uid = 1000,
		.beat_s = 1.5,
		.token = TOKEN,
		.names = {"a.example", "b.example"}};
	struct front_settings back;
	struct buffer out = {0};

	(void)state;
	front_settings_put(&out, &settings);
	assert_int_equal(front_settings_get(out.data, out.len, &back), 0);
	assert_memory_equal(&back, &settings, sizeof(settings));
	assert_int_equal(front_settings_get("token=1\n", 8, &back), -EBADMSG);
	assert_int_equal(front_settings_get("what=1\n", 7, &back), -EBADMSG);
	assert_int_equal(front_settings_get("listeners=9\n", 12, &back), -EBADMSG);
	buffer_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_targets_lead_to_routes),
		cmocka_unit_test(test_other_targets_lead_nowhere),
		cmocka_unit_test(test_a_route_has_a_place),
		cmocka_unit_test(test_a_token_is_read_and_not_shown),
		cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_origins),
		cmocka_unit_test(test_cookies_and_bearers),
		cmocka_unit_test(test_questions_survive_the_wire),
		cmocka_unit_test(test_bad_questions_are_refused),
		cmocka_unit_test(test_heads_survive_the_wire),
		cmocka_unit_test(test_looks_and_news),
		cmocka_unit_test(test_settings_survive_the_wire),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
