// SPDX-License-Identifier: MIT
/* What pages of lists share. */
#include "web/lists.h"

#include "web/page.h"

void lists_open(struct lists *lists, const char *title, const char *about)
{
	const struct page_head head = {
		.title = title, .about = about, .root = "/", .wide = true, .scripts = false};
	struct html *html = &lists->html;

	page_open(html, &head);
	html_open(html, "header", NULL);
	page_open_trail(html, "/");
	html_close(html, "nav");
	html_element(html, "h1", NULL, title);
	html_element(html, "p", "range", about);
	html_close(html, "header");
	html_open(html, "main", NULL);
}

void lists_close(struct lists *lists)
{
	html_close(&lists->html, "main");
	page_close(&lists->html, lists->registry_date);
	html_end(&lists->html);
}

void lists_open_table(struct lists *lists, const char *caption, const char *const *headings)
{
	struct html *html = &lists->html;

	page_open_table(html, caption);
	html_open(html, "thead", NULL);
	html_open(html, "tr", NULL);
	for (; *headings; headings++) {
		html_open(html, "th", NULL);
		html_attribute(html, "scope", "col");
		html_text(html, *headings);
		html_close(html, "th");
	}
	html_close(html, "tr");
	html_close(html, "thead");
	html_open(html, "tbody", NULL);
}

void lists_close_table(struct lists *lists)
{
	page_close_table(&lists->html);
}

void lists_port(struct lists *lists, uint16_t port)
{
	struct buffer path = {0};

	page_path(&path, "/", port);
	page_port_cell(&lists->html, buffer_string(&path), port);
	buffer_free(&path);
}

void lists_cell(struct lists *lists, const char *text)
{
	html_element(&lists->html, "td", NULL, text);
}

void lists_cell_phrase(struct lists *lists, struct buffer *phrase)
{
	html_open(&lists->html, "td", NULL);
	html_phrase(&lists->html, phrase);
	html_close(&lists->html, "td");
	buffer_clear(phrase);
}

void lists_cell_time(struct lists *lists, double time_s)
{
	struct buffer phrase = {0};

	describe_time(&phrase, &lists->clock, time_s);
	lists_cell_phrase(lists, &phrase);
	buffer_free(&phrase);
}

void lists_note(struct lists *lists, const char *class_name, const char *text)
{
	if (text)
		html_element(&lists->html, "p", class_name, text);
}

void lists_gaps(struct lists *lists, unsigned gaps)
{
	for (unsigned gap = 1; gap <= gaps; gap <<= 1) {
		if (gaps & gap)
			lists_note(lists, "unknown", berth_gap_text((enum berth_gap)gap));
	}
}

void lists_sentence(struct lists *lists, const char *title, const char *sentence)
{
	lists_open(lists, title, sentence);
	lists_close(lists);
}
