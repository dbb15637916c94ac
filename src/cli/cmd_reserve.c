// SPDX-License-Identifier: MIT
/* berth reserve: keeps ports out of the kernel's own choice. */
#include "cli/commands.h"
#include "cli/reservation.h"

static const struct command_option reserve_options[] = {
	{'n', "dry-run", NULL, "say what would be done, and do nothing"},
	{KEY_PERSIST, "persist", NULL, "for the next boot too, in whatever network namespace"},
	{KEY_NO_PERSIST, "no-persist", NULL, "until the next boot only"},
	{0, NULL, NULL, NULL},
};

static enum cli_exit reserve_run(struct cli *cli)
{
	return reservation_run(cli, true);
}

const struct command cmd_reserve = {
	.name = "reserve",
	.args = "PORT... [--dry-run] [--no-persist]",
	.help = "keep the kernel from giving a port to outgoing connections",
	.options = reserve_options,
	.run = reserve_run,
};
