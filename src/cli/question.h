/* SPDX-License-Identifier: MIT */
/* What port and ls take alike: which ports, and how owners are looked for. */
#ifndef BERTH_CLI_QUESTION_H
#define BERTH_CLI_QUESTION_H

#include "cli/cli.h"

/*
 * Reads each of `texts` and adds its parts to `query`, which starts out empty and is freed with
 * question_free(). CLI_YES, or, after a complaint, the exit code.
 */
enum cli_exit question_add(
	struct cli *cli, char *const *texts, size_t n, struct berth_query *query);

/*
 * Reads a list of rungs, "cgroup,proc" (enum berth_rung). CLI_YES, or, after a complaint, the exit
 * code.
 */
enum cli_exit question_rungs(const char *list, berth_rungs *ret_rungs);

/*
 * Whether the owners were looked for as was asked. CLI_YES, or, when none of the rungs is possible
 * here and an owner is not known for it, CLI_UNKNOWN after a complaint that says why.
 */
enum cli_exit question_rungs_used(berth_rungs rungs, const struct berth_snapshot *snapshot);

/* What --netns says: own, named, all, or one of them. */
void question_netns(const char *value, struct berth_ask *ask);

/* How many ports the parts have together; a port that is named twice counts twice. */
size_t question_ports(const struct berth_query *query);

void question_free(struct berth_query *query);

#endif
