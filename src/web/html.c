// SPDX-License-Identifier: MIT
/*
 * Writing HTML. Follows the HTML Living Standard, "Serializing HTML fragments": in text and in
 * quoted values the characters & < > " are written as references, which is more than either needs.
 */
#include "web/html.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

static void end_tag(struct html *html)
{
	if (html->in_tag)
		buffer_char(html->out, '>');
	html->in_tag = false;
}

static void fail(struct html *html, int error)
{
	if (!html->out->error)
		html->out->error = error;
}

static void put_safe(struct html *html, const char *text)
{
	struct buffer *out = html->out;

	for (const char *at = text; *at;) {
		size_t plain = strcspn(at, "&<>\"");

		buffer_bytes(out, at, plain);
		at += plain;
		switch (*at) {
		case '&':
			buffer_text(out, "&amp;");
			break;
		case '<':
			buffer_text(out, "&lt;");
			break;
		case '>':
			buffer_text(out, "&gt;");
			break;
		case '"':
			buffer_text(out, "&quot;");
			break;
		}
		at += *at != '\0';
	}
}

static void put_escaped(struct html *html, const char *text)
{
	buffer_clear(&html->scratch);
	text_escape_terminal(&html->scratch, text, strlen(text));
	if (html->scratch.error)
		fail(html, html->scratch.error);
	put_safe(html, buffer_string(&html->scratch));
}

static void open_tag(struct html *html, const char *name)
{
	end_tag(html);
	buffer_char(html->out, '<');
	buffer_text(html->out, name);
	html->in_tag = true;
}

void html_open(struct html *html, const char *name, const char *class_name)
{
	open_tag(html, name);
	if (class_name)
		html_attribute(html, "class", class_name);
	if (html->depth < HTML_DEPTH)
		html->open[html->depth] = name;
	else
		fail(html, -EOVERFLOW);
	html->depth++;
}

void html_close(struct html *html, const char *name)
{
	end_tag(html);
	if (!html->depth || html->depth > HTML_DEPTH ||
		strcmp(html->open[html->depth - 1], name) != 0) {
		fail(html, -EINVAL);
		return;
	}
	html->depth--;
	buffer_text(html->out, "</");
	buffer_text(html->out, name);
	buffer_char(html->out, '>');
}

void html_void(struct html *html, const char *name)
{
	open_tag(html, name);
}

void html_attribute(struct html *html, const char *name, const char *value)
{
	if (!html->in_tag) {
		fail(html, -EINVAL);
		return;
	}
	buffer_char(html->out, ' ');
	buffer_text(html->out, name);
	buffer_text(html->out, "=\"");
	put_escaped(html, value);
	buffer_char(html->out, '"');
}

void html_flag(struct html *html, const char *name)
{
	if (!html->in_tag) {
		fail(html, -EINVAL);
		return;
	}
	buffer_char(html->out, ' ');
	buffer_text(html->out, name);
}

void html_attribute_uint(struct html *html, const char *name, uint64_t value)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	html_attribute(html, name, text);
}

void html_text(struct html *html, const char *text)
{
	end_tag(html);
	if (text)
		put_escaped(html, text);
}

void html_phrase(struct html *html, const struct buffer *phrase)
{
	end_tag(html);
	if (phrase->error)
		fail(html, phrase->error);
	put_safe(html, buffer_string(phrase));
}

void html_uint(struct html *html, uint64_t value)
{
	end_tag(html);
	buffer_uint(html->out, value);
}

void html_format(struct html *html, const char *format, ...)
{
	va_list arguments;
	char *text = NULL;

	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		text = NULL;
	va_end(arguments);
	if (text)
		html_text(html, text);
	else
		fail(html, -ENOMEM);
	free(text);
}

void html_element(struct html *html, const char *name, const char *class_name, const char *text)
{
	html_open(html, name, class_name);
	html_text(html, text);
	html_close(html, name);
}

bool html_is_address(const char *address)
{
	return address &&
		(text_starts_fold(address, "https://") || text_starts_fold(address, "http://"));
}

void html_link(struct html *html, const char *address, const char *class_name, const char *text)
{
	if (!html_is_address(address)) {
		html_element(html, "cite", class_name, text);
		return;
	}
	html_open(html, "a", class_name);
	html_attribute(html, "href", address);
	html_text(html, text);
	html_close(html, "a");
}

void html_raw(struct html *html, const char *markup)
{
	end_tag(html);
	buffer_text(html->out, markup);
}

void html_end(struct html *html)
{
	end_tag(html);
	buffer_free(&html->scratch);
}

void html_open_fact(struct html *html, const char *label)
{
	html_open(html, "div", NULL);
	html_element(html, "dt", NULL, label);
	html_open(html, "dd", NULL);
}

void html_close_fact(struct html *html)
{
	html_close(html, "dd");
	html_close(html, "div");
}
