// SPDX-License-Identifier: MIT
/* What is on this machine now: sockets with their owners, redirects, and the host's policy. */
#include <inttypes.h>
#include <time.h>

#include "web/page.h"

static void put_owner(struct page *page, const struct berth_owner *owner)
{
	const struct berth_process *process = owner->process;
	struct html *html = &page->html;
	struct buffer phrase = {0};

	html_open(html, "li", NULL);
	describe_process(&phrase, process);
	html_open(html, "b", NULL);
	html_phrase(html, &phrase);
	html_close(html, "b");
	buffer_clear(&phrase);
	buffer_text(&phrase, process->user ? " · " : " · uid ");
	describe_user(&phrase, process->user, process->uid, false);
	if (process->place &&
		(process->place->unit || process->place->user_unit || process->place->container)) {
		buffer_text(&phrase, " · ");
		describe_place(&phrase, process->place);
	}
	if (process->serves) {
		buffer_text(&phrase, " · for ");
		describe_place(&phrase, process->serves);
	}
	if (process->start_s > 0) {
		buffer_text(&phrase, " · since ");
		describe_time(&phrase, &page->clock, process->start_s);
	}
	html_phrase(html, &phrase);
	buffer_clear(&phrase);
	describe_command(&phrase, process, 0);
	if (phrase.len) {
		html_text(html, " ");
		html_open(html, "code", NULL);
		html_phrase(html, &phrase);
		html_close(html, "code");
	}
	buffer_free(&phrase);
	html_close(html, "li");
}

static void put_owners(struct page *page, const struct berth_socket *socket)
{
	struct html *html = &page->html;

	if (socket->n_owners) {
		html_open(html, "ul", "owners");
		for (size_t i = 0; i < socket->n_owners; i++)
			put_owner(page, &socket->owners[i]);
		html_close(html, "ul");
	}
	if (!socket->reason_text)
		return;
	html_open(html, "p", "unknown");
	if (!socket->maker)
		html_text(html, socket->n_owners ? "perhaps others: " : "owner not known: ");
	html_text(html, socket->reason_text);
	html_close(html, "p");
}

static void put_socket(struct page *page, const struct berth_socket *socket)
{
	struct html *html = &page->html;
	struct buffer phrase = {0};

	html_open(html, "li", "socket");
	buffer_format(&phrase, "%s ", berth_proto_name(socket->proto));
	html_phrase(html, &phrase);
	html_element(html, "span", "state", berth_socket_state_name(socket->proto, socket->state));
	buffer_clear(&phrase);
	buffer_char(&phrase, ' ');
	describe_local(&phrase, socket);
	if (socket->peer_text) {
		buffer_text(&phrase, " to ");
		describe_peer(&phrase, socket);
	}
	if (socket->interface) {
		buffer_text(&phrase, " on ");
		describe_text(&phrase, socket->interface);
	}
	html_phrase(html, &phrase);
	put_owners(page, socket);
	if (socket->activation_unit) {
		html_open(html, "p", NULL);
		html_format(html, "opened by %s", socket->activation_unit);
		if (socket->activation_service)
			html_format(html, " for %s", socket->activation_service);
		html_close(html, "p");
	}
	html_close(html, "li");
	buffer_free(&phrase);
}

static void put_sockets(struct page *page)
{
	const struct berth_report *report = page->report;
	struct html *html = &page->html;

	if (!report->has_sockets) {
		html_element(html, "p", NULL,
			"Not known: the sockets of this machine could not be read.");
		return;
	}
	if (!report->n_sockets) {
		html_element(html, "p", NULL,
			report->gaps & BERTH_GAP_UNSUPPORTED
				? "Not known: berth cannot ask this system about its sockets."
				: "No socket has it as its local port.");
		return;
	}
	html_open(html, "ul", "sockets");
	for (size_t i = 0; i < report->n_sockets; i++)
		put_socket(page, report->sockets[i]);
	html_close(html, "ul");
}

static void put_redirects(struct page *page)
{
	const struct berth_report *report = page->report;
	struct html *html = &page->html;

	if (report->n_redirects) {
		html_element(html, "h3", NULL, "Redirects");
		html_open(html, "ul", NULL);
		for (size_t i = 0; i < report->n_redirects; i++) {
			html_open(html, "li", NULL);
			html_format(
				html, "%s: ", berth_redirect_kind_name(report->redirects[i]->kind));
			html_element(html, "code", NULL, report->redirects[i]->rule);
			html_close(html, "li");
		}
		html_close(html, "ul");
	}
	if (report->redirects_unknown)
		html_element(html, "p", "unknown", report->redirects_unknown);
}

static void put_others(struct page *page)
{
	const struct berth_report *report = page->report;
	struct html *html = &page->html;

	if (!report->n_other_netns)
		return;
	html_open(html, "p", NULL);
	html_text(html, "Held in other network namespaces too, which is no conflict: ");
	for (size_t i = 0; i < report->n_other_netns; i++) {
		html_text(html, i ? ", " : "");
		html_text(html, report->other_netns[i].netns->name);
	}
	html_text(html, ".");
	html_close(html, "p");
}

static void put_policy(struct page *page)
{
	const struct berth_report *report = page->report;
	struct html *html = &page->html;

	html_open(html, "p", "policy");
	if (!report->policy.has_ephemeral) {
		html_text(html, "The kernel’s ephemeral range is not known.");
	} else {
		html_format(html, "%s the kernel’s ephemeral range %u–%u",
			report->ephemeral ? "Inside" : "Outside", report->policy.ephemeral.first,
			report->policy.ephemeral.last);
		html_text(html,
			report->reserved ? "; reserved, so that the kernel lends it to nobody."
				: report->ephemeral ? ": any outgoing connection may be given it."
						    : ".");
	}
	if (!report->policy.has_unprivileged)
		html_text(html, " Whether binding it needs a privilege is not known.");
	else if (report->privileged)
		html_text(html, " Privileged: binding it needs CAP_NET_BIND_SERVICE.");
	else
		html_text(html, " Not privileged.");
	html_close(html, "p");
}

static void put_time(struct page *page)
{
	time_t taken = (time_t)page->clock.now_s;
	struct tm parts;
	char text[40];

	if (!taken || !gmtime_r(&taken, &parts) ||
		!strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &parts))
		return;
	html_open(&page->html, "p", "when");
	html_text(&page->html, "As of ");
	html_open(&page->html, "time", NULL);
	html_raw(&page->html, "");
	page->time_at = page->html.out->len;
	html_text(&page->html, text);
	html_close(&page->html, "time");
	html_text(&page->html, ".");
	html_close(&page->html, "p");
}

void page_here_write(struct page *page)
{
	page_section(&page->html, "here", "On this machine now");
	put_sockets(page);
	if (page->report->split)
		html_element(&page->html, "p", "care", page->report->split);
	put_redirects(page);
	put_others(page);
	put_policy(page);
	put_time(page);
	html_close(&page->html, "section");
}
