// SPDX-License-Identifier: MIT
/* The page of /leases: who leased which port, as berth leases lists them. */
#include "web/lists.h"

static void put_row(struct lists *lists, const struct berth_lease *lease)
{
	struct buffer phrase = {0};

	html_open(&lists->html, "tr", NULL);
	lists_port(lists, lease->port);
	lists_cell(lists, lease->name);
	buffer_uint(&phrase, lease->uid);
	lists_cell_phrase(lists, &phrase);
	lists_cell(lists, berth_lease_kind_name(lease->kind));
	if (lease->pid)
		buffer_uint(&phrase, lease->pid);
	lists_cell_phrase(lists, &phrase);
	describe_lease_end(&phrase, lease);
	lists_cell_phrase(lists, &phrase);
	html_close(&lists->html, "tr");
	buffer_free(&phrase);
}

void list_leases_write(struct lists *lists, const struct berth_leases *leases)
{
	static const char *const headings[] = {"Port", "Name", "Uid", "Kind", "Pid", "Until", NULL};
	size_t shown = 0;

	lists_open(lists, "Leases", "Ports that somebody leased, and until when.");
	for (size_t i = 0; i < leases->n_leases && shown < LISTS_ROWS_MOST; i++) {
		const struct berth_lease *lease = &leases->leases[i];

		if (lease->state == BERTH_LEASE_OVER || !lease->here)
			continue;
		if (!shown++)
			lists_open_table(lists, NULL, headings);
		put_row(lists, lease);
	}
	if (shown)
		lists_close_table(lists);
	else
		lists_note(lists, NULL, "No port is leased.");
	if (!leases->shared)
		lists_note(lists, "unknown",
			"Leases of other users are not covered: /run/berth/leases is not there.");
	if (leases->damaged)
		lists_note(lists, "care", "Some files of the ledger are damaged.");
	lists_close(lists);
}
