/* SPDX-License-Identifier: MIT */
/*
 * The tools, as a model is told of them. What they do is in calls_look.c and calls_lease.c.
 */
#ifndef BERTH_MCP_TOOLS_H
#define BERTH_MCP_TOOLS_H

#include "mcp/input.h"

enum tool_id {
	TOOL_REPORT,
	TOOL_LIST,
	TOOL_WHY,
	TOOL_FREE,
	TOOL_DOCTOR,
	TOOL_HISTORY,
	TOOL_LEASE,
	TOOL_RELEASE,
	TOOL_LEASES,
	TOOLS,
};

/* The places of a tool's inputs, as tools.c has them. */
enum report_input {
	REPORT_PORT,
	REPORT_PROTO,
	REPORT_COMMANDS,
	REPORT_CLAIMS
};
enum list_input {
	LIST_PORT,
	LIST_PROTO,
	LIST_CONNECTIONS,
	LIST_COMMANDS,
	LIST_LIMIT
};
enum why_input {
	WHY_PORT,
	WHY_PROTO,
	WHY_ADDRESS,
	WHY_REUSEADDR,
	WHY_REUSEPORT,
	WHY_V6ONLY
};
enum free_input {
	FREE_COUNT,
	FREE_CONSECUTIVE,
	FREE_FIRST,
	FREE_LAST
};
enum history_input {
	HISTORY_PORT,
	HISTORY_NAME,
	HISTORY_LIMIT
};
enum lease_input {
	LEASE_NAME,
	LEASE_PORT,
	LEASE_MINUTES
};
enum release_input {
	RELEASE_NAME
};

enum {
	TOOLS_LIST_LIMIT = 100, /* rows of list when nothing is said */
	TOOLS_HISTORY_LIMIT = 50,
};

struct tool {
	const char *name;
	const char *title;
	const char *help; /* when to use it, and what it tells */
	const struct input *inputs;
	const char *schema; /* of what it answers, in docs/schema; NULL: text alone */
	bool leases; /* only where leasing is allowed */
	bool writes; /* it changes the ledger of leases; nothing else is ever changed */
	bool repeatable; /* another call with the same arguments changes nothing more */
};

extern const struct tool tools[TOOLS];

/* TOOLS: there is none of that name, or it is not allowed. */
enum tool_id tools_find(const char *name, bool allow_leases);

/* The array of tools as the member "tools". `outputs`: with their output schemas. */
void tools_put(struct json *json, bool allow_leases, bool outputs);

/* What a model is told before anything else. */
const char *tools_instructions(bool allow_leases);

#endif
