// SPDX-License-Identifier: MIT
/*
 * Who claims the port, and how strongly. A claim that names the port and a claim on a range of
 * which any port may be taken are not alike: the first are told one by one, the others by range,
 * with how many ports each takes in. Every sentence of a claim links what it rests on.
 */
#include <string.h>

#include "base/text.h"
#include "web/page.h"

enum {
	SHOWN_MOST = 12, /* of a list that is not folded */
	SHOWN_FIRST = 8, /* of one that is */
};

static void put_why(struct page *page)
{
	const struct berth_de_facto *de_facto = &page->report->de_facto;
	struct html *html = &page->html;
	const char *owner = berth_ownership_name(de_facto->state);

	if (de_facto->state == BERTH_OWNED)
		owner = de_facto->n_candidates && *de_facto->candidates[0].name
			? de_facto->candidates[0].name
			: de_facto->service;
	html_open(html, "p", "owner");
	html_text(html, "De facto owner: ");
	html_element(html, "strong", NULL, owner);
	html_text(html, ".");
	html_close(html, "p");
	if (!de_facto->why || !*de_facto->why)
		return;
	html_open(html, "p", "why");
	html_text(html, de_facto->why);
	html_text(html, ".");
	html_close(html, "p");
}

static void put_candidate(struct html *html, const struct berth_candidate *candidate)
{
	html_open(html, "tr", NULL);
	html_open(html, "th", NULL);
	html_attribute(html, "scope", "row");
	html_text(html, *candidate->name ? candidate->name : candidate->service);
	html_close(html, "th");
	html_open(html, "td", NULL);
	html_format(html, "%.2f", candidate->weight);
	html_close(html, "td");
	html_open(html, "td", NULL);
	html_uint(html, candidate->sources);
	html_close(html, "td");
	html_open(html, "td", NULL);
	html_text(html, candidate->registry ? "yes" : "no");
	if (*candidate->registered)
		html_format(html, ", since %s", candidate->registered);
	html_close(html, "td");
	html_close(html, "tr");
}

static void put_candidates_of(
	struct html *html, const char *caption, const struct berth_candidate *candidates, size_t n)
{
	page_open_table(html, caption);
	html_raw(html,
		"<thead><tr><th scope=\"col\">Service</th><th scope=\"col\">Weight</th>"
		"<th scope=\"col\">Independent sources</th><th scope=\"col\">Registry</th>"
		"</tr></thead>");
	html_open(html, "tbody", NULL);
	for (size_t i = 0; i < n; i++)
		put_candidate(html, &candidates[i]);
	page_close_table(html);
}

/* What follows is folded: some ports have dozens. To be closed by html_close(…, "details"). */
static void open_more(struct html *html, size_t count)
{
	html_open(html, "details", NULL);
	html_open(html, "summary", NULL);
	html_format(html, "%zu more", count);
	html_close(html, "summary");
}

static void put_candidates(struct page *page)
{
	const struct berth_de_facto *de_facto = &page->report->de_facto;
	size_t n = de_facto->n_candidates;
	size_t shown = n <= SHOWN_MOST ? n : SHOWN_FIRST;

	if (!n)
		return;
	put_candidates_of(&page->html, "Candidates by weight", de_facto->candidates, shown);
	if (shown == n)
		return;
	open_more(&page->html, n - shown);
	put_candidates_of(
		&page->html, "Candidates of less weight", de_facto->candidates + shown, n - shown);
	html_close(&page->html, "details");
}

/* ---- One claim ---------------------------------------------------------------------------------
 */

static void put_source(struct html *html, const struct berth_claim *claim)
{
	struct buffer source = {0};

	describe_text(&source, claim->source);
	if (*claim->source_date && !strstr(claim->source, claim->source_date)) {
		buffer_text(&source, ", ");
		describe_text(&source, claim->source_date);
	}
	html_open(html, html_is_address(claim->source_url) ? "a" : "cite", "source");
	if (html_is_address(claim->source_url))
		html_attribute(html, "href", claim->source_url);
	html_phrase(html, &source);
	html_close(html, html_is_address(claim->source_url) ? "a" : "cite");
	buffer_free(&source);
}

/* "PostgreSQL server (tcp), PostgreSQL · software default: [source]. Note." */
static void put_claim(struct page *page, const struct berth_claim *claim)
{
	struct html *html = &page->html;
	struct buffer protos = {0};

	html_open(html, "li", "claim");
	html_element(html, "b", NULL, *claim->name ? claim->name : claim->service);
	describe_protos(&protos, claim->protos);
	html_text(html, " (");
	html_phrase(html, &protos);
	html_text(html, ")");
	buffer_free(&protos);
	if (*claim->claimant && claim->kind != BERTH_HOST_SERVICES &&
		text_compare_fold(claim->claimant, claim->name) != 0)
		html_format(html, ", %s", claim->claimant);
	if (claim->scope == BERTH_RANGE_BASE)
		html_format(html, ", from %u upwards", claim->first);
	html_format(html, " · %s", describe_claim_kind(claim->kind));
	html_text(html, ": ");
	if (*claim->source)
		put_source(html, claim);
	else
		html_element(html, "cite", "source", claim->origin);
	html_text(html, ".");
	if (*claim->note) {
		html_text(html, " ");
		html_element(html, "span", "note", claim->note);
	}
	html_close(html, "li");
}

/* How many claims are pools, or, for false, are not. */
static size_t count_claims(const struct berth_report *report, bool pools)
{
	size_t count = 0;

	for (size_t i = 0; i < report->n_claims; i++)
		count += (report->claims[i].scope == BERTH_POOL) == pools;
	return count;
}

static void put_exact(struct page *page)
{
	const struct berth_report *report = page->report;
	size_t count = count_claims(report, false);
	size_t shown = 0;
	struct html *html = &page->html;
	struct buffer counted = {0};

	if (!count)
		return;
	describe_counted(&counted, count, "claim names it", "claims name it");
	html_open(html, "h3", NULL);
	html_phrase(html, &counted);
	html_close(html, "h3");
	buffer_free(&counted);
	html_open(html, "ul", "claims");
	for (size_t i = 0; i < report->n_claims; i++) {
		if (report->claims[i].scope == BERTH_POOL)
			continue;
		if (count > SHOWN_MOST && shown++ == SHOWN_FIRST) {
			html_close(html, "ul");
			open_more(html, count - SHOWN_FIRST);
			html_open(html, "ul", "claims");
		}
		put_claim(page, &report->claims[i]);
	}
	html_close(html, "ul");
	if (count > SHOWN_MOST)
		html_close(html, "details");
}

/* ---- Pools -------------------------------------------------------------------------------------
 */

static bool same_pool(const struct berth_claim *a, const struct berth_claim *b)
{
	return a->scope == BERTH_POOL && b->scope == BERTH_POOL && a->first == b->first &&
		a->last == b->last;
}

static bool pool_before(const struct berth_report *report, size_t index)
{
	for (size_t i = 0; i < index; i++) {
		if (same_pool(&report->claims[i], &report->claims[index]))
			return true;
	}
	return false;
}

static void put_pool(struct page *page, size_t index)
{
	const struct berth_report *report = page->report;
	const struct berth_claim *first = &report->claims[index];
	struct html *html = &page->html;
	struct buffer range = {0};

	describe_range(&range, first->first, first->last);
	buffer_text(&range, ", ");
	describe_counted(&range, first->ports_claimed, "port", "ports");
	html_open(html, "h4", NULL);
	html_phrase(html, &range);
	html_close(html, "h4");
	buffer_free(&range);
	html_open(html, "ul", "claims");
	for (size_t i = index; i < report->n_claims; i++) {
		if (same_pool(&report->claims[i], first))
			put_claim(page, &report->claims[i]);
	}
	html_close(html, "ul");
}

static void put_pools(struct page *page)
{
	const struct berth_report *report = page->report;
	size_t count = count_claims(report, true);
	struct html *html = &page->html;
	struct buffer counted = {0};

	if (!count)
		return;
	describe_counted(&counted, count, "pool takes it in", "pools take it in");
	html_open(html, "h3", NULL);
	html_phrase(html, &counted);
	html_close(html, "h3");
	buffer_free(&counted);
	html_element(html, "p", "meaning",
		"Who claims a pool of N ports uses any of them, and says 1/N about each.");
	for (size_t i = 0; i < report->n_claims; i++) {
		if (report->claims[i].scope == BERTH_POOL && !pool_before(report, i))
			put_pool(page, i);
	}
}

void page_claims_write(struct page *page)
{
	page_section(&page->html, "claims", "Claimed by others");
	put_why(page);
	put_candidates(page);
	put_exact(page);
	put_pools(page);
	html_close(&page->html, "section");
}
