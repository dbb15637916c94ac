// SPDX-License-Identifier: MIT
/*
 * Follows JSON-RPC 2.0 and, where that leaves a choice, the schema of MCP 2025-11-25: ids are texts
 * or whole numbers, params are objects, and a reply to a message whose id cannot be read has none.
 * When an object names a key twice, the last one counts.
 */
#include "mcp/rpc.h"

#include <string.h>

/* Larger numbers do not survive a client in JavaScript; json-c ends at 64 bits, without a word. */
static const int64_t id_most = (INT64_C(1) << 53) - 1;

static bool is_id(struct tree *id)
{
	size_t len = 0;

	if (tree_kind(id) == TREE_TEXT) {
		(void)tree_text(id, &len);
		return len <= RPC_ID_MOST;
	}
	return tree_kind(id) == TREE_INTEGER && tree_integer(id) >= -id_most &&
		tree_integer(id) <= id_most;
}

static void refuse(struct rpc_message *message, enum rpc_code code, const char *why)
{
	message->kind = RPC_WRONG;
	message->code = code;
	message->why = why;
}

static void read_object(struct tree *root, struct rpc_message *message)
{
	struct tree *id = NULL;
	struct tree *value = NULL;
	const char *version = tree_word(root, "jsonrpc");
	bool has_id = tree_member(root, "id", &id);

	message->id = has_id && is_id(id) ? id : NULL;
	message->method = tree_word(root, "method");
	message->kind = has_id ? RPC_REQUEST : RPC_NOTIFICATION;
	if (!version || strcmp(version, "2.0") != 0) {
		refuse(message, RPC_INVALID, "\"jsonrpc\" is to be \"2.0\"");
		return;
	}
	if (!tree_member(root, "method", &value) &&
		(tree_member(root, "result", &value) || tree_member(root, "error", &value))) {
		message->kind = RPC_RESPONSE;
		return;
	}
	if (has_id && !message->id) {
		refuse(message, RPC_INVALID, "\"id\" is to be a text or a whole number");
		return;
	}
	if (!message->method) {
		refuse(message, RPC_INVALID, "\"method\" is to be a text");
		return;
	}
	if (!tree_member(root, "params", &message->params))
		return;
	/* A notification is never answered, whatever its parameters are. */
	if (tree_kind(message->params) != TREE_OBJECT && has_id)
		refuse(message, RPC_BAD_PARAMS, "\"params\" is to be an object");
	else if (!has_id)
		message->params = NULL;
}

void rpc_read(struct tree *root, struct rpc_message *ret_message)
{
	*ret_message = (struct rpc_message){.kind = RPC_WRONG};
	if (tree_kind(root) == TREE_OBJECT)
		read_object(root, ret_message);
	else
		refuse(ret_message, RPC_INVALID, "a message is to be an object");
}

void rpc_open_reply(struct json *json, struct tree *id)
{
	size_t len = 0;

	json_open_object(json, NULL);
	json_string(json, "jsonrpc", "2.0");
	if (tree_kind(id) == TREE_TEXT) {
		const char *text = tree_text(id, &len);

		json_string_bytes(json, "id", text, len);
	} else if (id) {
		json_int(json, "id", tree_integer(id));
	}
}

void rpc_put_error(struct json *json, struct tree *id, enum rpc_code code, const char *why)
{
	rpc_open_reply(json, id);
	json_open_object(json, "error");
	json_int(json, "code", code);
	json_string(json, "message", why);
	json_close_object(json);
	json_close_object(json);
}
