// SPDX-License-Identifier: MIT
/*
 * The Model Context Protocol without a machine: how answers of tools become results, and what
 * becomes of text that others chose. Lines of all kinds are in tests/cli/test_mcp.py.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mcp/foreign.h"
#include "mcp/outline.h"
#include "mcp/session.h"

/* ---- Text that others chose ------------------------------------------------------------------ */

static void assert_text(struct buffer *out, const char *wanted)
{
	assert_int_equal(out->error, 0);
	assert_string_equal(buffer_string(out), wanted);
	buffer_free(out);
}

static void test_a_name_is_quoted(void **state)
{
	static const struct {
		const char *name;
		const char *wanted;
	} cases[] = {
		{"node", "\"node\""},
		{"", "\"\""},
		{"a\"b", "\"a'b\""},
		{"a\nb\x1b[2J", "\"a\uFFFDb\uFFFD[2J\""},
		{"\xff\xc3", "\"\uFFFD\uFFFD\""},
		{"a\u202Eb\u202C\u200Bc\uFEFF", "\"a\uFFFDb\uFFFD\uFFFDc\uFFFD\""},
		{"\xf3\xa0\x81\x81", "\"\uFFFD\""}, /* U+E0041, a letter as a tag */
		{"caf\u00E9 \\", "\"caf\u00E9 \\\""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct buffer out = {0};

		foreign_quote(&out, cases[i].name);
		assert_text(&out, cases[i].wanted);
	}
}

static void test_a_long_name_is_cut(void **state)
{
	struct buffer out = {0};
	char name[301];

	(void)state;
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	foreign_quote(&out, name);
	assert_int_equal(out.len, 80 + strlen("...") + 2);
	buffer_free(&out);
}

static void test_json_stays_what_it_is_without_what_is_hidden(void **state)
{
	static const struct {
		const char *json;
		const char *wanted;
	} cases[] = {
		{"{\"a\":[1,null,\"b\"]}", "{\"a\":[1,null,\"b\"]}"},
		{"\"\\\"\\\\\"", "\"\\\"\\\\\""},
		{"\"\\\\n\"", "\"\\\\n\""}, /* a backslash and an n */
		{"\"a\\nb\\tc\\u001bd\"", "\"a\uFFFDb\uFFFDc\uFFFDd\""},
		{"\"\u202E\u202C\xc2\x9b\"", "\"\uFFFD\uFFFD\uFFFD\""},
		{"\"\\u00", "\"\uFFFD"}, /* cut, as our writer never leaves it */
		{"\\", "\uFFFD"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct buffer out = {0};

		foreign_json(&out, cases[i].json, strlen(cases[i].json));
		assert_text(&out, cases[i].wanted);
	}
}

/* ---- Answers --------------------------------------------------------------------------------- */

struct stub {
	int result;
	size_t filler; /* bytes of JSON */
	enum tool_id asked;
	unsigned calls;
};

/* A session_call. */
static int answer(void *context, enum tool_id tool, const struct input_value values[INPUTS_MOST],
	struct tool_answer *said)
{
	struct stub *stub = context;

	(void)values;
	stub->asked = tool;
	stub->calls++;
	buffer_text(&said->text, "Said.");
	buffer_text(&said->json, "{\"a\":\"");
	for (size_t i = 0; i < stub->filler; i++)
		buffer_char(&said->json, 'x');
	buffer_text(&said->json, "\\n\"}");
	return stub->result;
}

static const char *const doctor =
	"{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tools/call\",\"params\":{\"name\":\"doctor\"}}";

/* What is answered to a line, after a handshake of that version. */
static struct buffer say(struct stub *stub, const char *version, const char *line)
{
	struct session session = {.call = answer, .context = stub};
	struct buffer out = {0};
	struct buffer hello = {0};

	buffer_format(&hello,
		"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":"
		"{\"protocolVersion\":\"%s\"}}",
		version);
	session_line(&session, hello.data, hello.len, &out);
	assert_non_null(strstr(out.data, version));
	buffer_clear(&out);
	session_line(&session, line, strlen(line), &out);
	buffer_free(&hello);
	return out;
}

static void test_a_result_has_sentences_text_and_structure(void **state)
{
	struct stub stub = {0};
	struct buffer out = say(&stub, "2025-06-18", doctor);

	(void)state;
	assert_int_equal(stub.asked, TOOL_DOCTOR);
	assert_int_equal(stub.calls, 1);
	assert_text(&out,
		"{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{\"content\":[{\"type\":\"text\","
		"\"text\":\"Said.\"},{\"type\":\"text\",\"text\":\"{\\\"a\\\":\\\"\uFFFD\\\"}\"}],"
		"\"structuredContent\":{\"a\":\"\uFFFD\"},\"isError\":false}}\n");
}

static void test_an_older_version_has_text_alone(void **state)
{
	struct stub stub = {0};
	struct buffer out = say(&stub, "2024-11-05", doctor);

	(void)state;
	assert_text(&out,
		"{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{\"content\":[{\"type\":\"text\","
		"\"text\":\"Said.\"},{\"type\":\"text\",\"text\":\"{\\\"a\\\":\\\"\uFFFD\\\"}\"}],"
		"\"isError\":false}}\n");
}

static void test_a_failure_has_its_sentence_alone(void **state)
{
	struct stub stub = {.result = -EIO};
	struct buffer out = say(&stub, "2025-11-25", doctor);

	(void)state;
	assert_text(&out,
		"{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{\"content\":[{\"type\":\"text\","
		"\"text\":\"Said.\"}],\"isError\":true}}\n");
}

static void test_an_answer_that_is_too_large_is_told_to_be(void **state)
{
	struct stub stub = {.filler = SESSION_ANSWER_MOST};
	struct buffer out = say(&stub, "2025-11-25", doctor);

	(void)state;
	assert_true(out.len < 512);
	assert_non_null(strstr(out.data, "The answer is too large"));
	assert_non_null(strstr(out.data, "\"isError\":true"));
	buffer_free(&out);
}

static void test_a_tool_is_not_called_with_what_it_does_not_take(void **state)
{
	struct stub stub = {0};
	struct buffer out = say(&stub, "2025-11-25",
		"{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tools/call\",\"params\":"
		"{\"name\":\"doctor\",\"arguments\":{\"a\\nb\":1}}}");

	(void)state;
	assert_int_equal(stub.calls, 0);
	assert_non_null(strstr(out.data, "\"isError\":true"));
	assert_null(strstr(out.data, "a\\nb"));
	buffer_free(&out);
}

static void test_every_schema_has_an_outline(void **state)
{
	(void)state;
	for (unsigned id = 0; id < TOOLS; id++) {
		bool found = !tools[id].schema;

		for (const struct outline *outline = outlines; outline->name; outline++)
			found = found || !strcmp(outline->name, tools[id].schema);
		assert_true(found);
		assert_int_equal(tools_find(tools[id].name, true), id);
		assert_int_equal(tools_find(tools[id].name, false), tools[id].leases ? TOOLS : id);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_name_is_quoted),
		cmocka_unit_test(test_a_long_name_is_cut),
		cmocka_unit_test(test_json_stays_what_it_is_without_what_is_hidden),
		cmocka_unit_test(test_a_result_has_sentences_text_and_structure),
		cmocka_unit_test(test_an_older_version_has_text_alone),
		cmocka_unit_test(test_a_failure_has_its_sentence_alone),
		cmocka_unit_test(test_an_answer_that_is_too_large_is_told_to_be),
		cmocka_unit_test(test_a_tool_is_not_called_with_what_it_does_not_take),
		cmocka_unit_test(test_every_schema_has_an_outline),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
