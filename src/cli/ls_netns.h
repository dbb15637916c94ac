/* SPDX-License-Identifier: MIT */
/* Network namespaces in the answers of berth ls. */
#ifndef BERTH_CLI_LS_NETNS_H
#define BERTH_CLI_LS_NETNS_H

#include "cli/cli.h"

/* A table of them, behind that of the sockets; nothing when none were asked for. */
int ls_netns_table(struct cli *cli, const struct berth_snapshot *snapshot);

/* A line on standard error for the namespaces that could not be looked into. */
void ls_netns_complain(const struct cli *cli, const struct berth_snapshot *snapshot);

#endif
