// SPDX-License-Identifier: MIT
/* The page of /ephemeral: the ports that the kernel lends, and how many are left to whom. */
#include "web/lists.h"

static void put_count(struct html *html, const char *label, uint64_t count)
{
	struct buffer phrase = {0};

	describe_count(&phrase, count);
	html_open_fact(html, label);
	html_phrase(html, &phrase);
	html_close_fact(html);
	buffer_free(&phrase);
}

static void put_number(struct lists *lists, uint64_t number)
{
	struct buffer phrase = {0};

	describe_count(&phrase, number);
	lists_cell_phrase(lists, &phrase);
	buffer_free(&phrase);
}

static void put_destinations(struct lists *lists, const struct berth_ephemeral_space *space)
{
	static const char *const headings[] = {
		"To", "From", "Connections", "In TIME_WAIT", "Left", NULL};
	struct buffer phrase = {0};

	if (!space->n_destinations)
		return;
	lists_open_table(lists, "Destinations, the nearest to its end first", headings);
	for (size_t i = 0; i < space->n_destinations && i < LISTS_ROWS_MOST; i++) {
		const struct berth_ephemeral_destination *each = &space->destinations[i];

		html_open(&lists->html, "tr", NULL);
		buffer_format(&phrase, each->family == 6 ? "[%s]:%u" : "%s:%u", each->peer_text,
			each->peer_port);
		lists_cell_phrase(lists, &phrase);
		lists_cell(lists, each->local_text);
		put_number(lists, each->connections);
		put_number(lists, each->time_wait);
		put_number(lists, each->left);
		html_close(&lists->html, "tr");
	}
	lists_close_table(lists);
	buffer_free(&phrase);
}

static void put_users(struct lists *lists, const struct berth_ephemeral_space *space)
{
	static const char *const headings[] = {"Process", "Connections", "Destinations", NULL};
	struct buffer phrase = {0};

	if (!space->n_users)
		return;
	lists_open_table(lists, "Who has them", headings);
	for (size_t i = 0; i < space->n_users && i < LISTS_ROWS_MOST; i++) {
		const struct berth_ephemeral_user *user = &space->users[i];

		html_open(&lists->html, "tr", NULL);
		if (user->process)
			describe_process(&phrase, user->process);
		else
			describe_text(&phrase, berth_reason_name(user->reason));
		lists_cell_phrase(lists, &phrase);
		put_number(lists, user->connections);
		put_number(lists, user->destinations);
		html_close(&lists->html, "tr");
	}
	lists_close_table(lists);
	buffer_free(&phrase);
}

static void put_space(struct lists *lists, const struct berth_ephemeral_space *space)
{
	struct html *html = &lists->html;
	struct buffer phrase = {0};

	if (!space->policy) {
		lists_note(lists, "unknown", "The kernel’s range is not known.");
		return;
	}
	html_open(html, "dl", NULL);
	html_open_fact(html, "Range");
	describe_range(&phrase, space->range.first, space->range.last);
	html_phrase(html, &phrase);
	html_close_fact(html);
	put_count(html, "Ports in it", space->ports);
	put_count(html, "Reserved", space->reserved);
	put_count(html, "With TCP sockets", space->tcp_ports);
	put_count(html, "With UDP sockets", space->udp_ports);
	put_count(html, "Left for a new destination", space->left);
	put_count(html, "Left for bind() to port 0", space->left_bind);
	put_count(html, "Left for UDP", space->left_udp);
	html_close(html, "dl");
	put_destinations(lists, space);
	put_users(lists, space);
	buffer_free(&phrase);
}

void list_ephemeral_write(struct lists *lists, const struct berth_ephemeral *ephemeral)
{
	lists_open(lists, "Ephemeral",
		"The ports that the kernel lends to connections, and how many are left.");
	for (size_t i = 0; i < ephemeral->n_spaces; i++)
		put_space(lists, &ephemeral->spaces[i]);
	lists_gaps(lists, ephemeral->gaps);
	lists_close(lists);
}
