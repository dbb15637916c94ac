// SPDX-License-Identifier: MIT
/* Lines of the protocol: what is read, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "desk/line.h"

static const char *decode(const char *text, struct line *ret_line)
{
	static char copy[LINE_MOST];
	size_t len = strlen(text);

	memcpy(copy, text, len + 1);
	return line_decode(copy, len, ret_line);
}

static void test_fields_are_found_by_their_keys(void **state)
{
	struct line line;

	(void)state;
	assert_null(decode("op=lease  name=a%20b%25%c3%A4 folder= ", &line));
	assert_int_equal(line.n, 3);
	assert_string_equal(line_value(&line, "op"), "lease");
	assert_string_equal(line_value(&line, "name"), "a b%\xc3\xa4");
	assert_string_equal(line_value(&line, "folder"), "");
	assert_null(line_value(&line, "port"));
	assert_null(decode("op=a=b", &line));
	assert_string_equal(line_value(&line, "op"), "a=b");
}

static void test_what_is_no_line_is_refused(void **state)
{
	static const char *const bad[] = {"", " ", "op", "=x", "Op=x", "o1=x", "op=x op=y", "op=%",
		"op=%2", "op=%2g", "op=%00", "op=x %41=b",
		"a=1 b=1 c=1 d=1 e=1 f=1 g=1 h=1 i=1 j=1 k=1 l=1 m=1 n=1 o=1 p=1 q=1"};
	static char nul[] = {'o', 'p', '=', '\0', 'x', '\0'};
	struct line line;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_non_null(decode(bad[i], &line));
	assert_non_null(line_decode(nul, sizeof(nul) - 1, &line));
}

static void test_strangers_are_told(void **state)
{
	struct line line;

	(void)state;
	assert_null(decode("op=x nam=y name=z", &line));
	assert_string_equal(line_stranger(&line, "op name"), "nam");
	assert_null(line_stranger(&line, "name op nam"));
	assert_string_equal(line_stranger(&line, ""), "op");
}

static void test_what_is_written_can_be_read(void **state)
{
	char bytes[256];
	struct buffer out = {0};
	struct line line;

	(void)state;
	for (int i = 1; i < 256; i++)
		bytes[i - 1] = (char)i;
	bytes[255] = '\0';
	line_put(&out, true, "a", bytes);
	line_put(&out, false, "b", "");
	for (size_t i = 0; i < out.len; i++)
		assert_true(out.data[i] >= ' ' && out.data[i] <= '~');
	assert_null(line_decode(out.data, out.len, &line));
	assert_string_equal(line_value(&line, "a"), bytes);
	assert_string_equal(line_value(&line, "b"), "");
	buffer_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields_are_found_by_their_keys),
		cmocka_unit_test(test_what_is_no_line_is_refused),
		cmocka_unit_test(test_strangers_are_told),
		cmocka_unit_test(test_what_is_written_can_be_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
