// SPDX-License-Identifier: MIT
/* The writer of HTML: what it escapes, what it refuses, and that a failure sticks. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "web/html.h"

static void assert_wrote(struct html *html, const char *expected)
{
	html_end(html);
	assert_int_equal(html->out->error, 0);
	assert_string_equal(buffer_string(html->out), expected);
	buffer_free(html->out);
}

static void assert_failed(struct html *html, int error)
{
	html_end(html);
	assert_int_equal(html->out->error, error);
	buffer_free(html->out);
}

static void test_text_is_escaped(void **state)
{
	struct buffer out = {0};
	struct html html = {.out = &out};

	(void)state;
	html_open(&html, "p", NULL);
	html_text(&html, "a<b> & \"c\" 'd'");
	html_close(&html, "p");
	assert_wrote(&html, "<p>a&lt;b&gt; &amp; &quot;c&quot; 'd'</p>");
}

static void test_values_are_escaped(void **state)
{
	struct buffer out = {0};
	struct html html = {.out = &out};

	(void)state;
	html_open(&html, "a", "\"><script>");
	html_attribute(&html, "title", "x\" onclick=\"y");
	html_attribute_uint(&html, "tabindex", UINT64_MAX);
	html_close(&html, "a");
	assert_wrote(&html,
		"<a class=\"&quot;&gt;&lt;script&gt;\" title=\"x&quot; onclick=&quot;y\" "
		"tabindex=\"18446744073709551615\"></a>");
}

static void test_control_characters_and_overrides_reach_nobody(void **state)
{
	/* U+202E as bytes: clang-tidy, rightly, wants it in no literal. */
	static const char override[] = {'\342', '\200', '\256', 0};
	static const char hostile[] = {'a', '\033', '[', '3', '1', 'm', 'b', '\342', '\200', '\256',
		'c', '\n', 'd', '\377', 0};
	struct buffer out = {0};
	struct html html = {.out = &out};

	(void)state;
	html_text(&html, hostile);
	html_end(&html);
	assert_int_equal(out.error, 0);
	assert_null(strpbrk(buffer_string(&out), "\033\n\xff"));
	assert_null(strstr(buffer_string(&out), override));
	assert_non_null(strchr(buffer_string(&out), 'd'));
	buffer_free(&out);
}

static void test_links_lead_to_the_web_alone(void **state)
{
	static const char *const refused[] = {"javascript:alert(1)", "data:text/html,x",
		"file:///etc/passwd", "//evil.example", " https://x", "", "httpsx://y"};
	struct buffer out = {0};
	struct html html = {.out = &out};

	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++)
		assert_false(html_is_address(refused[i]));
	assert_false(html_is_address(NULL));
	html_link(&html, "javascript:alert(1)", "source", "a book");
	html_link(&html, "HTTPS://x.example/?a&b", NULL, "a page");
	assert_wrote(&html,
		"<cite class=\"source\">a book</cite>"
		"<a href=\"HTTPS://x.example/?a&amp;b\">a page</a>");
}

static void test_nothing_is_written_for_nothing(void **state)
{
	struct buffer out = {0};
	struct html html = {.out = &out};

	(void)state;
	html_element(&html, "td", NULL, NULL);
	html_element(&html, "td", NULL, "");
	html_void(&html, "br");
	html_format(&html, "%u of %s", 3U, "<4>");
	assert_wrote(&html, "<td></td><td></td><br>3 of &lt;4&gt;");
}

static void test_a_wrong_end_is_refused(void **state)
{
	struct buffer out = {0};
	struct html html = {.out = &out};

	(void)state;
	html_open(&html, "ul", NULL);
	html_open(&html, "li", NULL);
	html_close(&html, "ul");
	assert_failed(&html, -EINVAL);
}

static void test_an_end_without_a_beginning_is_refused(void **state)
{
	struct buffer out = {0};
	struct html html = {.out = &out};

	(void)state;
	html_close(&html, "p");
	assert_failed(&html, -EINVAL);
}

static void test_attributes_stand_in_a_tag(void **state)
{
	struct buffer out = {0};
	struct html html = {.out = &out};

	(void)state;
	html_open(&html, "p", NULL);
	html_text(&html, "x");
	html_attribute(&html, "id", "late");
	assert_failed(&html, -EINVAL);
}

static void test_too_deep_is_refused(void **state)
{
	struct buffer out = {0};
	struct html html = {.out = &out};

	(void)state;
	for (unsigned i = 0; i < HTML_DEPTH; i++)
		html_open(&html, "div", NULL);
	assert_int_equal(out.error, 0);
	html_open(&html, "div", NULL);
	html_close(&html, "div");
	assert_failed(&html, -EOVERFLOW);
}

static void test_a_phrase_that_failed_fails_the_page(void **state)
{
	struct buffer phrase = {.error = -ENOMEM};
	struct buffer out = {0};
	struct html html = {.out = &out};

	(void)state;
	html_phrase(&html, &phrase);
	assert_failed(&html, -ENOMEM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text_is_escaped),
		cmocka_unit_test(test_values_are_escaped),
		cmocka_unit_test(test_control_characters_and_overrides_reach_nobody),
		cmocka_unit_test(test_links_lead_to_the_web_alone),
		cmocka_unit_test(test_nothing_is_written_for_nothing),
		cmocka_unit_test(test_a_wrong_end_is_refused),
		cmocka_unit_test(test_an_end_without_a_beginning_is_refused),
		cmocka_unit_test(test_attributes_stand_in_a_tag),
		cmocka_unit_test(test_too_deep_is_refused),
		cmocka_unit_test(test_a_phrase_that_failed_fails_the_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
