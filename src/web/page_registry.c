// SPDX-License-Identifier: MIT
/* What IANA assigned: the state for each transport, and the registry's own rows. */
#include <ctype.h>
#include <string.h>

#include "web/page.h"

#define IANA                                                                                       \
	"https://www.iana.org/assignments/service-names-port-numbers/"                             \
	"service-names-port-numbers.xhtml"

static void put_iana_link(struct page *page, const char *text)
{
	struct buffer address = {0};

	buffer_format(&address, IANA "?search=%u", page->report->port);
	html_link(&page->html, buffer_string(&address), "source", text);
	buffer_free(&address);
}

static berth_protos transports_in(const struct berth_report *report, enum berth_state state)
{
	berth_protos set = 0;

	for (unsigned t = 0; t < BERTH_TRANSPORTS; t++) {
		if (report->state[t] == state && report->protos & BERTH_PROTO_BIT(t))
			set |= BERTH_PROTO_BIT(t);
	}
	return set;
}

static void put_state(struct page *page, enum berth_state state)
{
	berth_protos set = transports_in(page->report, state);
	struct html *html = &page->html;
	struct buffer protos = {0};

	if (!set)
		return;
	html_open(html, "p", "state");
	html_element(html, "strong", NULL, berth_state_name(state));
	if (state == BERTH_UNASSIGNABLE) {
		html_text(html, ": no port of this range can be assigned to anyone (");
		html_link(html, "https://www.rfc-editor.org/rfc/rfc6335#section-8.1.2", "source",
			"RFC 6335");
		html_text(html, "; ");
	} else {
		describe_protos(&protos, set);
		html_text(html, " for ");
		html_phrase(html, &protos);
		html_text(html, " (");
	}
	put_iana_link(page, "IANA");
	html_format(html, ", %s).", page->report->registry_date);
	html_close(html, "p");
	buffer_free(&protos);
}

static void put_fact(struct html *html, const char *name, const char *text)
{
	struct buffer prose = {0};

	if (!*text)
		return;
	describe_prose(&prose, text, 0);
	html_open_fact(html, name);
	html_phrase(html, &prose);
	html_close_fact(html);
	buffer_free(&prose);
}

/* Each "[RFC…]" of a reference with its address, people and companies by name. */
static void put_references(struct html *html, const char *name, const char *reference)
{
	if (!*reference)
		return;
	html_open_fact(html, name);
	for (const char *at = reference; *at; at += *at != '\0') {
		size_t len = strcspn(at, "[]");
		struct buffer one = {0};
		struct buffer words = {0};

		if (at != reference && len)
			html_text(html, " ");
		buffer_bytes(&one, at, len);
		describe_references(&words, buffer_string(&one), false);
		if (len > 3 && strncmp(at, "RFC", 3) == 0 && isdigit((unsigned char)at[3])) {
			buffer_clear(&one);
			buffer_format(&one, "https://www.rfc-editor.org/rfc/rfc%.*s", (int)len - 3,
				at + 3);
			html_open(html, "a", "source");
			html_attribute(html, "href", buffer_string(&one));
			html_phrase(html, &words);
			html_close(html, "a");
		} else if (len) {
			html_phrase(html, &words);
		}
		buffer_free(&one);
		buffer_free(&words);
		at += len;
		if (!*at)
			break;
	}
	html_close_fact(html);
}

static void put_heading(struct page *page, const struct berth_record *record)
{
	struct html *html = &page->html;
	struct buffer facts = {0};

	html_open(html, "h3", NULL);
	html_text(html, *record->name ? record->name : berth_state_name(record->state));
	html_text(html, " ");
	if (record->any_transport)
		buffer_text(&facts, "any transport");
	else
		describe_protos(&facts, record->protos & page->report->protos);
	if (record->first != record->last) {
		buffer_text(&facts, ", ");
		describe_range(&facts, record->first, record->last);
	}
	html_open(html, "small", NULL);
	html_phrase(html, &facts);
	html_close(html, "small");
	html_close(html, "h3");
	buffer_free(&facts);
}

static void put_record(struct page *page, const struct berth_record *record)
{
	struct html *html = &page->html;

	html_open(html, "article", "record");
	put_heading(page, record);
	html_open(html, "dl", NULL);
	put_fact(html, "Description", record->description);
	put_references(html, "Assignee", record->assignee);
	put_fact(html, "Registered", record->registered);
	put_fact(html, "Modified", record->modified);
	put_references(html, "Reference", record->reference);
	put_fact(html, "Service code", record->service_code);
	put_fact(html, "Reported unauthorised use", record->unauthorized);
	put_fact(html, "Note", record->notes);
	html_open_fact(html, "Source");
	put_iana_link(page, "IANA, this port");
	html_close_fact(html);
	html_close(html, "dl");
	html_close(html, "article");
}

void page_registry_write(struct page *page)
{
	static const enum berth_state order[] = {
		BERTH_ASSIGNED, BERTH_RESERVED, BERTH_UNASSIGNED, BERTH_UNASSIGNABLE};

	page_section(&page->html, "registry", "Assigned by IANA");
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		put_state(page, order[i]);
	for (size_t i = 0; i < page->report->n_records; i++)
		put_record(page, &page->report->records[i]);
	html_close(&page->html, "section");
}
