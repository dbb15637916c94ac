/* SPDX-License-Identifier: MIT */
/* Holding a port for a command that is about to start, as berth run and berth up do it. */
#ifndef BERTH_CLI_PORT_HOLD_H
#define BERTH_CLI_PORT_HOLD_H

#include "cli/cli.h"

enum {
	PORT_HOLD_NONE = 125, /* as timeout(1) has it: what went wrong is ours, not the command's */
};

/* What decides whether a port needs a socket to keep it: the kernel lends ports of its ephemeral
 * range to clients. CLI_YES, or an exit status after a complaint. */
enum cli_exit port_hold_policy(
	struct cli *cli, struct berth_snapshot **ret_snapshot, struct berth_policy *ret_policy);

/* Holds a port, with a socket only where one is needed, so that any server can bind the others,
 * also one that sets no option. CLI_YES, or PORT_HOLD_NONE after a complaint that says who has it.
 */
enum cli_exit port_hold_take(const struct cli *cli, const struct berth_hold_ask *ask,
	const struct berth_policy *policy, struct berth_hold **ret_hold);

#endif
