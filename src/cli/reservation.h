/* SPDX-License-Identifier: MIT */
/* What berth reserve and berth unreserve have in common, which is nearly everything. */
#ifndef BERTH_CLI_RESERVATION_H
#define BERTH_CLI_RESERVATION_H

#include "cli/cli.h"

/* Reads the options and ports, reserves or takes back, and tells. */
enum cli_exit reservation_run(struct cli *cli, bool reserve);

#endif
