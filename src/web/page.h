/* SPDX-License-Identifier: MIT */
/*
 * The page of one port: a pure function from a report to HTML. Whoever has a report, a command or a
 * server, gets the same page, and its sentences are the report's own, so that page and card cannot
 * disagree.
 */
#ifndef BERTH_WEB_PAGE_H
#define BERTH_WEB_PAGE_H

#include <stdbool.h>

#include <berth.h>

#include "base/buffer.h"
#include "cli/describe.h"
#include "web/html.h"

struct page {
	struct html html;
	const struct berth_report *report;
	bool machine; /* tell of sockets, policy and verdict too; else only what holds everywhere */
	bool site; /* one of many: style and neighbours are files beside it; else it stands alone */
	bool served; /* with `site`: over HTTP, where the others are /N */
	const struct berth_history *history; /* of this port, the latest of it; NULL: none */
	const char *history_why; /* why there is none, one phrase; NULL: it was not asked for */
	struct describe_clock clock;
	size_t time_at; /* page_write(): where in the text the time of the look at the machine is;
			   0: there is none */
};

/* Appends the whole page to page->html.out, where the first failure sticks. */
void page_write(struct page *page);

/* The folder of a site's page, "59" for 60587: a folder for each 1,024 ports. */
unsigned page_folder(uint16_t port);

struct page_head {
	const char *title;
	const char *about; /* for search engines, a sentence */
	const char *root; /* where style.css is, "../"; "/" is HTTP; NULL: it goes into the page */
	bool wide;
	bool scripts; /* ports.js and script.js too */
};

/* Head and foot of any page of ours. */
void page_open(struct html *html, const struct page_head *head);
void page_close(struct html *html, const char *registry_date);

/* The address of a port's page, or of a folder's list, from a page below `root`. */
void page_path(struct buffer *out, const char *root, uint16_t port);
void page_list_path(struct buffer *out, const char *root, unsigned folder);

/* The way back to the index, and to the lists of this machine where it is served. The caller may
 * put in more, and closes "nav". */
void page_open_trail(struct html *html, const char *root);

/* The first cell of a row about a port, which leads to its page. */
void page_port_cell(struct html *html, const char *path, uint16_t port);

/* A link within the site. */
void page_link(struct html *html, const char *path, const char *text);

/* A section with its heading, to be closed by html_close(…, "section"). */
void page_section(struct html *html, const char *id, const char *heading);

/* A table with its caption, which may be NULL; it is scrolled sideways where the screen is narrow;
 * "tbody" is open when it is closed. */
void page_open_table(struct html *html, const char *caption);
void page_close_table(struct html *html);

/* The parts that have a file of their own. */
void page_registry_write(struct page *page);
void page_claims_write(struct page *page);
void page_here_write(struct page *page);
void page_before_write(struct page *page);
void page_check_write(struct page *page);

#endif
