// SPDX-License-Identifier: MIT
/* berth leases: who leased which port, and until when. */
#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/describe.h"
#include "cli/grid.h"
#include "cli/project_root.h"

static const struct command_option leases_options[] = {
	{'a', "all", NULL, "also those that are over, and those of other network namespaces"},
	{0, NULL, NULL, NULL},
};

static const struct grid_column columns[] = {
	{"PORT", true, false, false},
	{"NAME", false, true, false},
	{"USER", false, false, false},
	{"KIND", false, false, false},
	{"PID", true, false, false},
	{"UNTIL", false, false, false},
	{"PROJECT", false, false, false},
};

enum {
	COLUMNS = sizeof(columns) / sizeof(*columns),
};

void cmd_leases_cover(const struct cli *cli, bool shared)
{
	if (!shared && !cli->settings.quiet)
		cli_complain(
			"other users are not covered: /run/berth/leases is not there; as root, "
			"berth leases makes it");
}

static void put_user(struct buffer *out, uint32_t uid)
{
	const struct passwd *user = getpwuid(uid);

	describe_user(out, user ? user->pw_name : NULL, uid, false);
}

static const char *project_word(const struct berth_lease *lease, uint64_t project)
{
	if (!lease->project)
		return "";
	return lease->project == project ? "this one" : "another";
}

static int put_row(struct grid *grid, const struct berth_lease *lease, uint64_t project)
{
	struct buffer texts[COLUMNS] = {{0}};
	const char *cells[COLUMNS];

	buffer_uint(&texts[0], lease->port);
	describe_text(&texts[1], lease->name);
	put_user(&texts[2], lease->uid);
	buffer_text(&texts[3], berth_lease_kind_name(lease->kind));
	if (lease->pid)
		buffer_uint(&texts[4], lease->pid);
	describe_lease_end(&texts[5], lease);
	buffer_text(&texts[6], project_word(lease, project));
	for (size_t i = 0; i < COLUMNS; i++)
		cells[i] = buffer_string(&texts[i]);
	int r = grid_row(grid, cells);
	for (size_t i = 0; i < COLUMNS; i++)
		buffer_free(&texts[i]);
	return r;
}

static int draw(struct cli *cli, const struct berth_leases *leases, bool all)
{
	struct grid *grid = grid_new(&cli->output, columns, COLUMNS, true);
	char *folder = project_root();
	uint64_t project = berth_project_number(folder);
	size_t shown = 0;
	int r = grid ? 0 : -ENOMEM;

	for (size_t i = 0; !r && i < leases->n_leases; i++) {
		const struct berth_lease *lease = leases->leases + i;

		if (!all && (lease->state == BERTH_LEASE_OVER || !lease->here))
			continue;
		r = put_row(grid, lease, project);
		shown++;
	}
	if (!r && shown)
		r = grid_draw(grid, &cli->output);
	grid_free(grid);
	free(folder);
	return r;
}

static bool has_any(const struct berth_leases *leases)
{
	for (size_t i = 0; i < leases->n_leases; i++) {
		if (leases->leases[i].state != BERTH_LEASE_OVER && leases->leases[i].here)
			return true;
	}
	return false;
}

enum cli_exit cmd_leases_read(struct cli *cli, struct berth_leases **ret_leases)
{
	enum cli_exit code = cli_open(cli);

	if (code == CLI_YES && berth_leases(cli->berth, ret_leases)) {
		cli_complain("%s", berth_error());
		code = CLI_UNKNOWN;
	}
	return code;
}

static enum cli_exit leases_run(struct cli *cli)
{
	struct berth_leases *leases = NULL;
	enum cli_exit code = CLI_YES;
	int error = 0;

	if (cli->n_operands) {
		cli_complain("'%s' is too much; berth leases lists all", cli->operands[0]);
		code = CLI_USAGE;
	}
	if (code == CLI_YES)
		code = cmd_leases_read(cli, &leases);
	if (code != CLI_YES)
		return code;
	cmd_leases_cover(cli, leases->shared);
	if (leases->damaged)
		cli_complain("%u notes of the ledger are damaged and count for nothing; what is "
			     "really bound stays taken",
			(unsigned)leases->damaged);
	if (cli->settings.format == CLI_TEXT) {
		error = draw(cli, leases, cli->n_given > 0);
	} else {
		error = berth_leases_json(leases, output_write, &cli->output);
		if (!error)
			error = output_write(&cli->output, "\n", 1);
	}
	code = has_any(leases) ? CLI_YES : CLI_NO;
	berth_leases_free(leases);
	return error < 0 ? cli_cannot(cli, error) : code;
}

const struct command cmd_leases = {
	.name = "leases",
	.args = "",
	.help = "list leases of ports",
	.options = leases_options,
	.run = leases_run,
};
