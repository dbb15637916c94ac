/* SPDX-License-Identifier: MIT */
/* Where an answer that is a file goes: to a name, or to standard output. */
#ifndef BERTH_CLI_DELIVER_H
#define BERTH_CLI_DELIVER_H

#include "cli/cli.h"

/*
 * Replaces the file at `path` as a whole, so that nobody reads half of it; NULL and "-": standard
 * output. CLI_YES, or, after a complaint, the exit code. A failure of the buffer is one here.
 */
enum cli_exit deliver_text(struct cli *cli, const char *path, const struct buffer *text);

#endif
