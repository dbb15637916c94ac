/* SPDX-License-Identifier: MIT */
/* berth doctor --self. */
#ifndef BERTH_CLI_DOCTOR_SELF_H
#define BERTH_CLI_DOCTOR_SELF_H

#include "cli/cli.h"

/* Tells how berth finds owners here; the handle is open. */
enum cli_exit doctor_self(struct cli *cli);

#endif
