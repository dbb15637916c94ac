/* SPDX-License-Identifier: MIT */
/*
 * What the tools do: each asks <berth.h> as the command of the command line does, and tells the
 * same JSON, with a few sentences of our own words in front.
 */
#ifndef BERTH_MCP_CALLS_H
#define BERTH_MCP_CALLS_H

#include <berth.h>

#include "mcp/session.h"

struct calls {
	struct berth *berth;
	const char *folder; /* of the project that leases belong to; NULL: of none */
	char **leased; /* the names that were leased in this session, each once */
	size_t n_leased;
};

/* A session_call; `context` is a struct calls. */
int calls_make(void *context, enum tool_id tool, const struct input_value values[INPUTS_MOST],
	struct tool_answer *answer);
void calls_free(struct calls *calls);

/* The last failure of the library as the answer. Returns `error`. */
int calls_fail(struct tool_answer *answer, int error);

/* Each: 0 or a negative errno, with a sentence in answer->text. */
int calls_look_report(
	struct calls *calls, const struct input_value *values, struct tool_answer *answer);
int calls_look_list(
	struct calls *calls, const struct input_value *values, struct tool_answer *answer);
int calls_look_why(
	struct calls *calls, const struct input_value *values, struct tool_answer *answer);
int calls_look_free(
	struct calls *calls, const struct input_value *values, struct tool_answer *answer);
int calls_look_doctor(struct calls *calls, struct tool_answer *answer);
int calls_look_history(
	struct calls *calls, const struct input_value *values, struct tool_answer *answer);
int calls_lease_take(
	struct calls *calls, const struct input_value *values, struct tool_answer *answer);
int calls_lease_release(
	struct calls *calls, const struct input_value *values, struct tool_answer *answer);
int calls_lease_list(struct calls *calls, struct tool_answer *answer);

#endif
