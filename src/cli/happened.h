/* SPDX-License-Identifier: MIT */
/* What watch, history, at and blame have in common: for whom they look, and how they tell it. */
#ifndef BERTH_CLI_HAPPENED_H
#define BERTH_CLI_HAPPENED_H

#include "cli/cli.h"

/* Of which ports, or of whom. */
struct happened_filter {
	struct berth_query query; /* no parts: all ports */
	const char *name; /* a process, unit, container or user; NULL: anybody */
};

/*
 * Reads operands: ports as everywhere, and at most one name. A word that stands for a service and
 * could be a name is a name if `names`, else the service's ports. CLI_YES, or, after a complaint,
 * the exit code.
 */
enum cli_exit happened_filter_read(struct cli *cli, char *const *words, size_t n, bool names,
	struct happened_filter *ret_filter);
void happened_filter_free(struct happened_filter *filter);

bool happened_matches(const struct happened_filter *filter, const struct berth_event *event);

/* One line: the time, what it is, and its text. */
void happened_line(struct output *output, const struct berth_event *event, double now_s);

/* Reads a time for an option or operand. CLI_YES, or, after a complaint, CLI_USAGE. */
enum cli_exit happened_time(const char *text, double now_s, double *ret_time_s);

/* Reads the history; complains when there is none. CLI_YES or the exit code. */
enum cli_exit happened_history(
	struct cli *cli, const struct berth_history_ask *ask, struct berth_history **ret_history);

/* Spans and events as one table, in the order of time. 0 or negative errno. */
int happened_table(struct cli *cli, const struct berth_history *history, double now_s);

/* The object of JSON; with --jsonl each span and event as one line. */
int happened_json(struct cli *cli, const struct berth_history *history);

/* On standard error: when nobody watched. */
void happened_unwatched(struct cli *cli, const struct berth_history *history, double now_s);

/* Whether anything is in it but what was missed anywhere. */
bool happened_any(const struct berth_history *history);

/* Whether somebody watched at that time. */
bool happened_was_watched(const struct berth_history *history, double time_s);

#endif
