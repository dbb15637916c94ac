/* SPDX-License-Identifier: MIT */
/*
 * The Model Context Protocol: lines in, lines out. Which versions are spoken, what is answered to
 * each request, and how the answer of a tool is told. Touches nothing but memory; tools are called
 * through a function pointer.
 */
#ifndef BERTH_MCP_SESSION_H
#define BERTH_MCP_SESSION_H

#include "mcp/tools.h"

struct tool_answer {
	struct buffer text; /* for the model: a few sentences, safe (foreign.h) */
	struct buffer json; /* of the tool's schema; may be empty */
};

/* 0; a negative errno: it cannot be done, and `text` says why. */
typedef int session_call(void *context, enum tool_id tool,
	const struct input_value values[INPUTS_MOST], struct tool_answer *answer);

struct session {
	bool allow_leases;
	session_call *call;
	void *context;
	const struct session_version *version; /* NULL before initialize */
};

enum {
	SESSION_BATCH_MOST = 64, /* messages of one array */
	SESSION_ANSWER_MOST = 1 << 20, /* bytes of JSON; more than any model reads */
};

/*
 * Answers one line, without its line feed; line[len] is readable, and NUL. Appends a line, or
 * nothing where there is nothing to answer.
 */
void session_line(struct session *session, const char *line, size_t len, struct buffer *out);

/* Answers a line that was longer than TREE_BYTES_MOST, and was not kept. */
void session_too_long(struct buffer *out);

#endif
