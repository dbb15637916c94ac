// SPDX-License-Identifier: MIT
/* The page of /ls: the sockets of this machine, as berth ls lists them. */
#include "web/lists.h"

#include "web/page.h"

static void put_owner(struct lists *lists, const struct berth_socket *socket)
{
	const struct berth_owner *oldest = describe_oldest(socket);
	struct buffer phrase = {0};

	if (oldest) {
		describe_process(&phrase, oldest->process);
		if (socket->n_owners > 1)
			buffer_format(&phrase, " and %zu more", socket->n_owners - 1);
	} else if (socket->maker) {
		describe_text(&phrase, socket->maker);
	} else {
		describe_text(&phrase, socket->reason_text);
	}
	lists_cell_phrase(lists, &phrase);
	if (oldest)
		describe_user(&phrase, oldest->process->user, oldest->process->uid, false);
	else if (socket->has_uid)
		describe_user(&phrase, socket->user, socket->uid, false);
	lists_cell_phrase(lists, &phrase);
	if (oldest && oldest->process->place)
		describe_place_shortly(&phrase, oldest->process->place);
	lists_cell_phrase(lists, &phrase);
	lists_cell_time(lists, oldest ? oldest->process->start_s : 0);
	buffer_free(&phrase);
}

static void put_row(struct lists *lists, const struct berth_socket *socket, bool all)
{
	struct buffer phrase = {0};

	html_open(&lists->html, "tr", NULL);
	lists_port(lists, socket->local_port);
	lists_cell(lists, berth_proto_name(socket->proto));
	describe_address(&phrase, socket);
	lists_cell_phrase(lists, &phrase);
	lists_cell(lists, berth_socket_state_name(socket->proto, socket->state));
	if (all) {
		if (socket->peer_text)
			describe_peer(&phrase, socket);
		lists_cell_phrase(lists, &phrase);
	}
	if (!lists->bare) {
		put_owner(lists, socket);
	} else {
		if (socket->has_uid)
			describe_user(&phrase, socket->user, socket->uid, false);
		lists_cell_phrase(lists, &phrase);
	}
	html_close(&lists->html, "tr");
	buffer_free(&phrase);
}

static void open_table(struct lists *lists, bool all)
{
	const char *headings[10] = {"Port", "Protocol", "Address", "State"};
	size_t n = 4;

	if (all)
		headings[n++] = "Peer";
	if (!lists->bare)
		headings[n++] = "Process";
	headings[n++] = "User";
	if (!lists->bare) {
		headings[n++] = "Unit";
		headings[n++] = "Since";
	}
	lists_open_table(lists, NULL, headings);
}

static void put_table(struct lists *lists, const struct berth_snapshot *snapshot, bool all)
{
	const struct berth_socket *sockets = NULL;
	size_t n = berth_snapshot_sockets(snapshot, &sockets);

	if (!n) {
		lists_note(lists, NULL, "There is no such socket.");
		return;
	}
	open_table(lists, all);
	for (size_t i = 0; i < n && i < LISTS_ROWS_MOST; i++)
		put_row(lists, &sockets[i], all);
	lists_close_table(lists);
	if (n > LISTS_ROWS_MOST) {
		html_open(&lists->html, "p", "care");
		html_format(&lists->html, "These are %d of %zu; berth ls lists all.",
			LISTS_ROWS_MOST, n);
		html_close(&lists->html, "p");
	}
}

void list_sockets_write(
	struct lists *lists, const struct berth_snapshot *snapshot, bool all, const uint16_t *port)
{
	struct html *html = &lists->html;

	lists_open(lists, "Sockets",
		all ? "Every socket of this machine that has a port, connections too."
		    : "What listens on this machine or is bound, and who holds it.");
	html_open(html, "p", NULL);
	if (port)
		html_format(html, "Of port %u alone. ", *port);
	page_link(html, all ? "/ls" : "/ls?all", all ? "Without connections" : "With connections");
	html_text(html, ".");
	html_close(html, "p");
	if (lists->bare)
		lists_note(lists, "note",
			"Who holds them is told to those who prove that they are the server’s "
			"user.");
	put_table(lists, snapshot, all);
	lists_gaps(lists, berth_snapshot_gaps(snapshot));
	lists_close(lists);
}
