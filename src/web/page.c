// SPDX-License-Identifier: MIT
/*
 * The frame of a port's page: title, what it is in a sentence, the verdict, the range, and the
 * neighbours. What others say and what is here stand in files of their own.
 */
#include "web/page.h"

#include <string.h>

#include "web/assets.h"

enum {
	PORTS_OF_FOLDER = 1024,
	NEIGHBOURS = 4, /* on each side */
};

#define RFC_6335 "https://www.rfc-editor.org/rfc/rfc6335#section-6"

unsigned page_folder(uint16_t port)
{
	return port / PORTS_OF_FOLDER;
}

void page_section(struct html *html, const char *id, const char *heading)
{
	html_open(html, "section", NULL);
	html_attribute(html, "id", id);
	html_element(html, "h2", NULL, heading);
}

void page_open_table(struct html *html, const char *caption)
{
	html_open(html, "section", "scroll");
	html_attribute(html, "aria-label", caption ? caption : "Table");
	html_attribute(html, "tabindex", "0"); /* so that keys can scroll it */
	html_open(html, "table", NULL);
	if (caption)
		html_element(html, "caption", NULL, caption);
}

void page_close_table(struct html *html)
{
	html_close(html, "tbody");
	html_close(html, "table");
	html_close(html, "section");
}

/* ---- Head and foot -----------------------------------------------------------------------------
 */

/* A page of a site fetches the files beside it and nothing else, a page that stands alone nothing.
 */
static void put_policy(struct html *html, bool alone)
{
	struct buffer policy = {0};

	buffer_text(&policy, "default-src 'none'; ");
	if (alone)
		buffer_format(&policy, "style-src '%s'", assets_style_hash);
	else
		buffer_text(&policy, "style-src 'self'; script-src 'self'; img-src 'self'");
	buffer_text(&policy, "; base-uri 'none'; form-action 'none'");
	html_void(html, "meta");
	html_attribute(html, "http-equiv", "Content-Security-Policy");
	html_attribute(html, "content", buffer_string(&policy));
	buffer_free(&policy);
}

static void put_meta(struct html *html, const char *name, const char *content)
{
	html_void(html, "meta");
	html_attribute(html, "name", name);
	html_attribute(html, "content", content);
}

static void put_style(struct html *html, const char *root)
{
	struct buffer path = {0};

	if (!root) {
		html_open(html, "style", NULL);
		html_raw(html, assets_style);
		html_close(html, "style");
		return;
	}
	buffer_format(&path, "%sstyle.css", root);
	html_void(html, "link");
	html_attribute(html, "rel", "stylesheet");
	html_attribute(html, "href", buffer_string(&path));
	buffer_clear(&path);
	/* Without it browsers ask for /favicon.ico. */
	buffer_format(&path, "%sicon.svg", root);
	html_void(html, "link");
	html_attribute(html, "rel", "icon");
	html_attribute(html, "type", "image/svg+xml");
	html_attribute(html, "href", buffer_string(&path));
	buffer_free(&path);
}

static void put_script(struct html *html, const char *root, const char *name)
{
	struct buffer path = {0};

	buffer_format(&path, "%s%s", root, name);
	html_open(html, "script", NULL);
	html_attribute(html, "src", buffer_string(&path));
	html_flag(html, "defer");
	html_close(html, "script");
	buffer_free(&path);
}

static bool is_served(const char *root)
{
	return root && *root == '/';
}

void page_open(struct html *html, const struct page_head *head)
{
	html_raw(html, "<!DOCTYPE html>\n");
	html_open(html, "html", NULL);
	html_attribute(html, "lang", "en");
	html_open(html, "head", NULL);
	html_void(html, "meta");
	html_attribute(html, "charset", "utf-8");
	if (!is_served(head->root)) /* whose headers have it */
		put_policy(html, !head->root);
	put_meta(html, "viewport", "width=device-width, initial-scale=1");
	put_meta(html, "color-scheme", "light dark");
	put_meta(html, "description", head->about);
	html_element(html, "title", NULL, head->title);
	put_style(html, head->root);
	if (head->scripts) {
		put_script(html, head->root, "ports.js");
		put_script(html, head->root, "script.js");
	}
	html_close(html, "head");
	html_raw(html, "\n");
	html_open(html, "body", head->wide ? "wide" : NULL);
	if (is_served(head->root))
		html_attribute(html, "data-served", "live");
}

void page_close(struct html *html, const char *registry_date)
{
	html_open(html, "footer", NULL);
	html_open(html, "p", NULL);
	html_format(html, "Written by berth %s from ", berth_version());
	html_link(html, "https://www.iana.org/assignments/service-names-port-numbers", NULL,
		"IANA’s registry");
	html_format(html, " of %s and from claims that name their sources.", registry_date);
	html_close(html, "p");
	html_close(html, "footer");
	html_close(html, "body");
	html_close(html, "html");
	html_raw(html, "\n");
}

/* ---- Ways through a site -----------------------------------------------------------------------
 */

void page_path(struct buffer *out, const char *root, uint16_t port)
{
	if (is_served(root))
		buffer_format(out, "/%u", port);
	else
		buffer_format(out, "%s%02u/%u.html", root, page_folder(port), port);
}

void page_list_path(struct buffer *out, const char *root, unsigned folder)
{
	if (is_served(root))
		buffer_format(out, "/list/%u", folder);
	else
		buffer_format(out, "%s%02u/index.html", root, folder);
}

void page_port_cell(struct html *html, const char *path, uint16_t port)
{
	html_open(html, "th", NULL);
	html_attribute(html, "scope", "row");
	html_open(html, "a", NULL);
	html_attribute(html, "href", path);
	html_uint(html, port);
	html_close(html, "a");
	html_close(html, "th");
}

void page_link(struct html *html, const char *path, const char *text)
{
	html_open(html, "a", NULL);
	html_attribute(html, "href", path);
	html_text(html, text);
	html_close(html, "a");
}

void page_open_trail(struct html *html, const char *root)
{
	static const char *const lists[][2] = {{"/ls", "Sockets"}, {"/doctor", "Doctor"},
		{"/ephemeral", "Ephemeral"}, {"/leases", "Leases"}, {"/history", "History"}};
	struct buffer path = {0};

	html_open(html, "nav", "trail");
	html_attribute(html, "aria-label", "Site");
	buffer_format(&path, "%s%s", root, is_served(root) ? "" : "index.html");
	page_link(html, buffer_string(&path), "All ports");
	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists) && is_served(root); i++) {
		html_text(html, " · ");
		page_link(html, lists[i][0], lists[i][1]);
	}
	buffer_free(&path);
}

/* ---- What it is --------------------------------------------------------------------------------
 */

static const char *root_of(const struct page *page)
{
	if (!page->site)
		return NULL;
	return page->served ? "/" : "../";
}

static void put_site_links(struct page *page)
{
	unsigned folder = page_folder(page->report->port);
	struct html *html = &page->html;
	struct buffer path = {0};
	struct buffer text = {0};

	if (!page->site)
		return;
	page_list_path(&path, root_of(page), folder);
	buffer_format(&text, "%u–%u", folder * PORTS_OF_FOLDER,
		folder * PORTS_OF_FOLDER + PORTS_OF_FOLDER - 1);
	page_open_trail(html, root_of(page));
	html_text(html, " · ");
	page_link(html, buffer_string(&path), buffer_string(&text));
	html_close(html, "nav");
	buffer_free(&path);
	buffer_free(&text);
}

/* Whom custom gives it to, where it does: the name that most readers come for. */
static const char *owner_name(const struct berth_de_facto *de_facto)
{
	if (de_facto->state != BERTH_OWNED)
		return NULL;
	return de_facto->n_candidates && *de_facto->candidates[0].name
		? de_facto->candidates[0].name
		: de_facto->service;
}

static void put_header(struct page *page)
{
	const struct berth_report *report = page->report;
	const char *owner = owner_name(&report->de_facto);
	struct html *html = &page->html;
	struct buffer range = {0};

	html_open(html, "header", NULL);
	put_site_links(page);
	html_open(html, "h1", NULL);
	html_open(html, "span", "word");
	html_text(html, "Port ");
	html_close(html, "span");
	html_uint(html, report->port);
	html_close(html, "h1");
	html_open(html, "p", "range");
	buffer_format(&range, "%s range, ", report->range.name);
	describe_range(&range, report->range.first, report->range.last);
	html_open(html, "a", NULL);
	html_attribute(html, "href", RFC_6335);
	html_phrase(html, &range);
	html_close(html, "a");
	buffer_free(&range);
	if (owner) {
		html_text(html, " · by custom ");
		html_open(html, "a", NULL);
		html_attribute(html, "href", "#claims");
		html_text(html, owner);
		html_close(html, "a");
	}
	html_close(html, "p");
	html_close(html, "header");
}

/* ---- Verdict -----------------------------------------------------------------------------------
 */

static const char *bindable_class(enum berth_bindable bindable)
{
	switch (bindable) {
	case BERTH_BIND_YES:
		return "good";
	case BERTH_BIND_NO:
		return "bad";
	case BERTH_BIND_UNKNOWN:
		break;
	}
	return "care";
}

static void put_bind(struct page *page)
{
	const struct berth_verdict *verdict = &page->report->verdict;
	struct html *html = &page->html;

	html_open(html, "dl", "bind");
	for (unsigned t = BERTH_TCP; t <= BERTH_UDP; t++) {
		if (!(page->report->protos & BERTH_PROTO_BIT(t)))
			continue;
		html_open(html, "div", NULL);
		html_open(html, "dt", NULL);
		html_format(html, "Plain bind now, %s", berth_proto_name((enum berth_proto)t));
		html_close(html, "dt");
		html_open(html, "dd", bindable_class(verdict->bindable[t]));
		html_text(html, berth_bindable_name(verdict->bindable[t]));
		if (verdict->bind_why[t])
			html_format(html, ", %s", verdict->bind_why[t]);
		html_close(html, "dd");
		html_close(html, "div");
	}
	html_close(html, "dl");
}

static void put_verdict(struct page *page)
{
	const struct berth_verdict *verdict = &page->report->verdict;
	struct html *html = &page->html;

	html_open(html, "section", verdict->wise ? "verdict wise" : "verdict");
	html_attribute(html, "id", "verdict");
	html_element(html, "h2", NULL, page->machine ? "Verdict" : "Is it a wise number?");
	if (page->machine)
		html_element(html, "p", "summary", verdict->summary);
	html_element(html, "p", "advice", verdict->advice);
	if (page->machine)
		put_bind(page);
	html_close(html, "section");
}

/* ---- Neighbours --------------------------------------------------------------------------------
 */

static void put_neighbour(struct page *page, unsigned port)
{
	struct html *html = &page->html;
	struct buffer path = {0};

	html_open(html, "li", NULL);
	if (port == page->report->port) {
		html_open(html, "strong", NULL);
		html_attribute(html, "aria-current", "page");
		html_uint(html, port);
		html_close(html, "strong");
	} else if (page->site) {
		page_path(&path, root_of(page), (uint16_t)port);
		html_open(html, "a", NULL);
		html_attribute(html, "href", buffer_string(&path));
		if (port + 1 == page->report->port)
			html_attribute(html, "rel", "prev");
		if (port == page->report->port + 1U)
			html_attribute(html, "rel", "next");
		html_uint(html, port);
		html_close(html, "a");
	} else {
		buffer_format(&path, "berth %u", port);
		html_element(html, "code", NULL, buffer_string(&path));
	}
	html_close(html, "li");
	buffer_free(&path);
}

static void put_neighbours(struct page *page)
{
	unsigned port = page->report->port;
	struct html *html = &page->html;

	html_open(html, "nav", "neighbours");
	html_attribute(html, "aria-labelledby", "neighbours");
	html_open(html, "h2", NULL);
	html_attribute(html, "id", "neighbours");
	html_text(html, "Neighbours");
	html_close(html, "h2");
	html_open(html, "ul", NULL);
	for (unsigned at = port < NEIGHBOURS ? 0 : port - NEIGHBOURS;
		at <= port + NEIGHBOURS && at <= UINT16_MAX; at++)
		put_neighbour(page, at);
	html_close(html, "ul");
	html_close(html, "nav");
}

void page_write(struct page *page)
{
	const struct berth_report *report = page->report;
	struct html *html = &page->html;
	struct buffer title = {0};
	struct buffer about = {0};

	buffer_format(&title, "Port %u", report->port);
	buffer_format(&about,
		"What IANA assigned to port %u, who claims it and how strongly, and how to check "
		"who uses it.",
		report->port);
	const struct page_head head = {.title = buffer_string(&title),
		.about = buffer_string(&about),
		.root = root_of(page),
		.scripts = page->served};

	page_open(html, &head);
	put_header(page);
	html_open(html, "main", NULL);
	put_verdict(page);
	if (page->machine)
		page_here_write(page);
	page_before_write(page);
	page_registry_write(page);
	page_claims_write(page);
	page_check_write(page);
	put_neighbours(page);
	html_close(html, "main");
	page_close(html, report->registry_date);
	html_end(html);
	buffer_free(&title);
	buffer_free(&about);
}
