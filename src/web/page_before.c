// SPDX-License-Identifier: MIT
/* What was on the port before, and who failed to get it, as berthd wrote it down. */
#include "web/page.h"

static void put_cell(struct html *html, struct buffer *phrase)
{
	html_open(html, "td", NULL);
	html_phrase(html, phrase);
	html_close(html, "td");
	buffer_clear(phrase);
}

static void put_span(struct page *page, const struct berth_span *span)
{
	struct html *html = &page->html;
	struct buffer phrase = {0};

	html_open(html, "tr", NULL);
	describe_text(&phrase, span->actor.name ? span->actor.name : "not known");
	if (span->actor.pid)
		buffer_format(&phrase, "[%u]", (unsigned)span->actor.pid);
	html_open(html, "th", NULL);
	html_attribute(html, "scope", "row");
	html_phrase(html, &phrase);
	html_close(html, "th");
	buffer_clear(&phrase);
	buffer_format(&phrase, "%s %s", berth_proto_name(span->proto), span->address_text);
	put_cell(html, &phrase);
	describe_from(&phrase, &page->clock, span);
	put_cell(html, &phrase);
	describe_until(&phrase, &page->clock, span);
	put_cell(html, &phrase);
	html_close(html, "tr");
	buffer_free(&phrase);
}

static void put_spans(struct page *page)
{
	static const char *const headings[] = {"Process", "Address", "From", "Until"};
	const struct berth_history *history = page->history;
	struct html *html = &page->html;

	page_open_table(html, "Who had it, the latest first");
	html_open(html, "thead", NULL);
	html_open(html, "tr", NULL);
	for (size_t i = 0; i < sizeof(headings) / sizeof(*headings); i++) {
		html_open(html, "th", NULL);
		html_attribute(html, "scope", "col");
		html_text(html, headings[i]);
		html_close(html, "th");
	}
	html_close(html, "tr");
	html_close(html, "thead");
	html_open(html, "tbody", NULL);
	for (size_t i = history->n_spans; i-- > 0;)
		put_span(page, &history->spans[i]);
	page_close_table(html);
}

/* What is missed anywhere is told with every port, and has none. */
static bool is_of_port(const struct page *page, const struct berth_event *event)
{
	return event->port == page->report->port && event->text;
}

static void put_refusals(struct page *page)
{
	const struct berth_history *history = page->history;
	struct html *html = &page->html;
	bool any = false;

	for (size_t i = history->n_events; i-- > 0;) {
		struct buffer phrase = {0};

		if (!is_of_port(page, &history->events[i]))
			continue;
		if (!any)
			html_open(html, "ul", "refusals");
		any = true;
		html_open(html, "li", NULL);
		describe_time(&phrase, &page->clock, history->events[i].time_s);
		buffer_text(&phrase, ": ");
		describe_text(&phrase, history->events[i].text);
		html_phrase(html, &phrase);
		html_close(html, "li");
		buffer_free(&phrase);
	}
	if (any)
		html_close(html, "ul");
}

static void put_since(struct page *page)
{
	struct html *html = &page->html;
	struct buffer phrase = {0};

	if (!page->history->n_spans)
		buffer_text(&phrase, "No socket was seen on it. ");
	buffer_text(&phrase, "berthd has kept a history since ");
	describe_time(&phrase, &page->clock, page->history->first_s);
	html_open(html, "p", NULL);
	html_phrase(html, &phrase);
	html_text(html, page->served ? "; " : ".");
	if (page->served) {
		struct buffer path = {0};

		buffer_format(&path, "/history?port=%u", (unsigned)page->report->port);
		page_link(html, buffer_string(&path), "all that it knows of this port");
		html_text(html, ".");
		buffer_free(&path);
	}
	html_close(html, "p");
	buffer_free(&phrase);
}

void page_before_write(struct page *page)
{
	struct html *html = &page->html;

	if (!page->history && !page->history_why)
		return;
	page_section(html, "before", "On this machine before");
	if (!page->history) {
		html_open(html, "p", "unknown");
		html_format(html, "Not known: %s.", page->history_why);
		html_close(html, "p");
	} else {
		put_refusals(page);
		if (page->history->n_spans)
			put_spans(page);
		put_since(page);
	}
	html_close(html, "section");
}
