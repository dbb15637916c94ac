/* SPDX-License-Identifier: MIT */
/*
 * JSON-RPC 2.0 as the Model Context Protocol uses it: what a message is, and how replies are
 * written. Pure, and fuzzed. What a message asks for is session.c's business.
 */
#ifndef BERTH_MCP_RPC_H
#define BERTH_MCP_RPC_H

#include <stddef.h>

#include "base/json.h"
#include "mcp/tree.h"

enum {
	RPC_ID_MOST = 256, /* bytes of an id that is a text */
};

/* JSON-RPC 2.0, section 5.1. */
enum rpc_code {
	RPC_UNREADABLE = -32700,
	RPC_INVALID = -32600,
	RPC_NO_METHOD = -32601,
	RPC_BAD_PARAMS = -32602,
	RPC_INTERNAL = -32603,
};

enum rpc_kind {
	RPC_REQUEST,
	RPC_NOTIFICATION,
	RPC_RESPONSE, /* to a request that we never made */
	RPC_WRONG,
};

/* All of it belongs to the JSON that it was read from. */
struct rpc_message {
	enum rpc_kind kind;
	struct tree *id; /* NULL: there is none, or none that can be answered to */
	const char *method; /* of requests and notifications */
	struct tree *params; /* an object; NULL: none */
	enum rpc_code code; /* of RPC_WRONG */
	const char *why;
};

/* What one message is. Never fails: what is wrong with it is in it. */
void rpc_read(struct tree *root, struct rpc_message *ret_message);

/* Opens a reply; the caller adds the member "result", and closes the object. */
void rpc_open_reply(struct json *json, struct tree *id);

/* A whole reply that tells of an error. */
void rpc_put_error(struct json *json, struct tree *id, enum rpc_code code, const char *why);

#endif
