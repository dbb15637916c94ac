// SPDX-License-Identifier: MIT
/*
 * Which network namespaces berth ls looked into, and which it could not: an empty one has no row in
 * the table of sockets, and is to be found all the same.
 */
#include "cli/ls_netns.h"

#include <errno.h>
#include <string.h>

#include "cli/describe.h"
#include "cli/grid.h"

enum {
	COLUMNS = 6,
	NAMES_SHOWN = 4,
};

static int add_row(struct grid *grid, const struct berth_netns *netns)
{
	struct buffer cells[COLUMNS] = {0};
	const char *texts[COLUMNS];
	int error = 0;

	describe_text(&cells[0], netns->name);
	if (netns->inode)
		buffer_uint(&cells[1], netns->inode);
	buffer_text(&cells[2], berth_netns_kind_name(netns->kind));
	if (netns->pid)
		buffer_uint(&cells[3], netns->pid);
	buffer_uint(&cells[4], netns->n_sockets);
	describe_text(&cells[5], netns->reason_text);
	for (size_t i = 0; i < COLUMNS; i++) {
		error = error ? error : cells[i].error;
		texts[i] = buffer_string(&cells[i]);
	}
	if (!error)
		error = grid_row(grid, texts);
	for (size_t i = 0; i < COLUMNS; i++)
		buffer_free(&cells[i]);
	return error;
}

int ls_netns_table(struct cli *cli, const struct berth_snapshot *snapshot)
{
	static const struct grid_column columns[COLUMNS] = {
		{"NETNS", .may_shrink = true},
		{"INODE", .right = true},
		{.heading = "KIND"},
		{"PID", .right = true},
		{"SOCKETS", .right = true},
		{"REASON", .may_wrap = true},
	};
	const struct berth_netns *all;
	size_t n = berth_snapshot_netns(snapshot, &all);
	int error = 0;

	if (!n)
		return 0;
	struct grid *grid = grid_new(&cli->output, columns, COLUMNS, true);
	if (!grid)
		return -ENOMEM;
	for (size_t i = 0; i < n && !error; i++)
		error = add_row(grid, &all[i]);
	if (!error) {
		buffer_text(&cli->output.text, cli->output.text.len ? "\n" : "");
		error = grid_draw(grid, &cli->output);
	}
	grid_free(grid);
	return error;
}

static bool same_reason(const struct berth_netns *a, const struct berth_netns *b)
{
	return a->reason_text && b->reason_text && strcmp(a->reason_text, b->reason_text) == 0;
}

/* All that share the reason of all[first]. */
static void complain_of(
	const struct cli *cli, const struct berth_netns *all, size_t n, size_t first)
{
	struct buffer names = {0};
	size_t count = 0;

	for (size_t i = first; i < n; i++) {
		if (!same_reason(&all[i], &all[first]))
			continue;
		count++;
		if (count > NAMES_SHOWN && !cli->settings.verbose)
			continue;
		buffer_text(&names, count > 1 ? ", " : "");
		buffer_text(&names, all[i].name);
	}
	if (count > NAMES_SHOWN && !cli->settings.verbose)
		buffer_format(&names, " and %zu more", count - NAMES_SHOWN);
	cli_complain("network namespace%s %s: %s", count > 1 ? "s" : "", buffer_string(&names),
		all[first].reason_text);
	buffer_free(&names);
}

void ls_netns_complain(const struct cli *cli, const struct berth_snapshot *snapshot)
{
	const struct berth_netns *all;
	size_t n = berth_snapshot_netns(snapshot, &all);

	for (size_t i = 0; i < n && !cli->settings.quiet; i++) {
		bool said = false;

		for (size_t j = 0; j < i && !said; j++)
			said = same_reason(&all[i], &all[j]);
		if (all[i].reason_text && !said)
			complain_of(cli, all, n, i);
	}
}
