/* SPDX-License-Identifier: MIT */
/* From argv to a struct cli: which command, with which settings, options and operands. */
#ifndef BERTH_CLI_COMMAND_LINE_H
#define BERTH_CLI_COMMAND_LINE_H

#include "cli/cli.h"

/*
 * Fills in command, settings, given and operands. argv is permuted and lives as long as `cli`.
 * CLI_YES, or, after a complaint, the exit code.
 */
enum cli_exit command_line_parse(int argc, char **argv, struct cli *cli);

#endif
