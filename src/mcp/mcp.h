/* SPDX-License-Identifier: MIT */
/* A server of the Model Context Protocol on two descriptors, one message a line. */
#ifndef BERTH_MCP_MCP_H
#define BERTH_MCP_MCP_H

#include <berth.h>

struct mcp_settings {
	bool allow_leases;
	const char *folder; /* of the project that leases belong to; NULL: of none */
};

/*
 * Answers what comes from `in` on `out` until `in` ends. 0; a negative errno: it could not be read
 * or written.
 */
int mcp_run(struct berth *berth, const struct mcp_settings *settings, int in, int out);

#endif
