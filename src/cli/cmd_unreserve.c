// SPDX-License-Identifier: MIT
/* berth unreserve: takes back what berth reserve did, and nothing else. */
#include "cli/commands.h"
#include "cli/reservation.h"

static const struct command_option unreserve_options[] = {
	{KEY_ALL, "all", NULL, "whatever berth reserved"},
	{'n', "dry-run", NULL, "say what would be done, and do nothing"},
	{KEY_PERSIST, "persist", NULL, "for the next boot too, in whatever network namespace"},
	{KEY_NO_PERSIST, "no-persist", NULL, "until the next boot only"},
	{0, NULL, NULL, NULL},
};

static enum cli_exit unreserve_run(struct cli *cli)
{
	return reservation_run(cli, false);
}

const struct command cmd_unreserve = {
	.name = "unreserve",
	.args = "PORT...|--all [--dry-run] [--no-persist]",
	.help = "take back what berth reserve did",
	.options = unreserve_options,
	.run = unreserve_run,
};
