// SPDX-License-Identifier: MIT
/*
 * Follows the revisions of MCP with an initialize handshake, 2024-11-05 to 2025-11-25. A client
 * that also speaks 2026-07-28 asks server/discover first and goes on with initialize when that is
 * not known. Everything is answered at once and in order, so a cancellation always comes too late,
 * which the protocol allows for.
 */
#include "mcp/session.h"

#include <string.h>

#include "mcp/foreign.h"
#include "mcp/rpc.h"

struct session_version {
	const char *name;
	bool structured; /* structuredContent and outputSchema */
	bool batches; /* arrays of messages have to be taken */
};

static const struct session_version versions[] = {
	{.name = "2025-11-25", .structured = true},
	{.name = "2025-06-18", .structured = true},
	{.name = "2025-03-26", .batches = true},
	{.name = "2024-11-05"},
};

/* Another than we know: the newest of ours, and the client decides. */
static const struct session_version *choose_version(const char *wanted)
{
	for (size_t i = 0; i < sizeof(versions) / sizeof(*versions); i++) {
		if (!strcmp(versions[i].name, wanted))
			return &versions[i];
	}
	return &versions[0];
}

static void put_initialize(
	struct session *session, const struct rpc_message *message, struct json *json)
{
	const char *wanted = tree_word(message->params, "protocolVersion");

	if (!wanted) {
		rpc_put_error(json, message->id, RPC_BAD_PARAMS,
			"\"protocolVersion\" is to be a text, as 2025-11-25");
		return;
	}
	session->version = choose_version(wanted);
	rpc_open_reply(json, message->id);
	json_open_object(json, "result");
	json_string(json, "protocolVersion", session->version->name);
	json_open_object(json, "capabilities");
	json_open_object(json, "tools");
	json_bool(json, "listChanged", false);
	json_close_object(json);
	json_close_object(json);
	json_open_object(json, "serverInfo");
	json_string(json, "name", "berth");
	json_string(json, "title", "berth: ports of this machine");
	json_string(json, "version", BERTH_VERSION);
	json_close_object(json);
	json_string(json, "instructions", tools_instructions(session->allow_leases));
	json_close_object(json);
	json_close_object(json);
}

static void put_pong(const struct rpc_message *message, struct json *json)
{
	rpc_open_reply(json, message->id);
	json_open_object(json, "result");
	json_close_object(json);
	json_close_object(json);
}

static void put_list(
	const struct session *session, const struct rpc_message *message, struct json *json)
{
	struct tree *cursor = NULL;

	if (tree_member(message->params, "cursor", &cursor)) {
		rpc_put_error(json, message->id, RPC_BAD_PARAMS,
			"there is one page of tools, and no cursor leads to another");
		return;
	}
	rpc_open_reply(json, message->id);
	json_open_object(json, "result");
	tools_put(json, session->allow_leases, session->version->structured);
	json_close_object(json);
	json_close_object(json);
}

/* ---- Calls ----------------------------------------------------------------------------------- */

static void put_text(struct json *json, const struct buffer *text)
{
	json_open_object(json, NULL);
	json_string(json, "type", "text");
	json_string_bytes(json, "text", buffer_string(text), text->len);
	json_close_object(json);
}

/*
 * A sentence, and then the JSON as text, as the protocol asks for, for the sake of clients that do
 * not hand structured content on.
 */
static void put_result(const struct session *session, const struct rpc_message *message,
	const struct tool_answer *answer, bool failed, struct json *json)
{
	struct buffer clean = {0};

	foreign_json(&clean, buffer_string(&answer->json), answer->json.len);
	rpc_open_reply(json, message->id);
	json_open_object(json, "result");
	json_open_array(json, "content");
	put_text(json, &answer->text);
	if (clean.len)
		put_text(json, &clean);
	json_close_array(json);
	if (clean.len && session->version->structured) {
		json_value_follows(json, "structuredContent");
		buffer_bytes(json->out, clean.data, clean.len);
	}
	json_bool(json, "isError", failed);
	json_close_object(json);
	json_close_object(json);
	if (clean.error && !json->out->error)
		json->out->error = clean.error;
	buffer_free(&clean);
}

/* What is wrong with arguments is told to the model, which can do better: no protocol error. */
static bool answer_call(const struct session *session, enum tool_id id, struct tree *arguments,
	struct tool_answer *answer)
{
	struct input_value values[INPUTS_MOST];

	if (input_read(tools[id].inputs, arguments, values, &answer->text))
		return false;
	if (session->call(session->context, id, values, answer)) {
		buffer_clear(&answer->json);
		return false;
	}
	if (answer->json.len <= SESSION_ANSWER_MOST)
		return true;
	buffer_clear(&answer->json);
	buffer_clear(&answer->text);
	buffer_text(&answer->text,
		"The answer is too large to be told here: ask for one port or one protocol, or "
		"for fewer rows.");
	return false;
}

static void put_call(
	const struct session *session, const struct rpc_message *message, struct json *json)
{
	struct tree *arguments = NULL;
	struct tool_answer answer = {{0}, {0}};
	const char *name = tree_word(message->params, "name");
	enum tool_id id = name ? tools_find(name, session->allow_leases) : TOOLS;

	(void)tree_member(message->params, "arguments", &arguments);
	if (id == TOOLS) {
		rpc_put_error(json, message->id, RPC_BAD_PARAMS,
			name ? "there is no tool of that name" : "\"name\" is to be a text");
		return;
	}
	if (arguments && tree_kind(arguments) != TREE_OBJECT) {
		rpc_put_error(
			json, message->id, RPC_BAD_PARAMS, "\"arguments\" is to be an object");
		return;
	}
	bool done = answer_call(session, id, arguments, &answer);
	if (answer.text.error || answer.json.error)
		rpc_put_error(json, message->id, RPC_INTERNAL, "out of memory");
	else
		put_result(session, message, &answer, !done, json);
	buffer_free(&answer.text);
	buffer_free(&answer.json);
}

/* ---- Messages -------------------------------------------------------------------------------- */

static void put_reply(struct session *session, const struct rpc_message *message, struct json *json)
{
	const char *method = message->method;

	if (!strcmp(method, "initialize"))
		put_initialize(session, message, json);
	else if (!strcmp(method, "ping"))
		put_pong(message, json);
	else if (strcmp(method, "tools/list") != 0 && strcmp(method, "tools/call") != 0)
		rpc_put_error(json, message->id, RPC_NO_METHOD, "there is no such method");
	else if (!session->version)
		rpc_put_error(json, message->id, RPC_INVALID, "initialize comes first");
	else if (!strcmp(method, "tools/list"))
		put_list(session, message, json);
	else
		put_call(session, message, json);
}

static void answer_message(struct session *session, struct tree *root, struct json *json)
{
	struct rpc_message message;

	rpc_read(root, &message);
	switch (message.kind) {
	case RPC_REQUEST:
		put_reply(session, &message, json);
		break;
	case RPC_WRONG:
		rpc_put_error(json, message.id, message.code, message.why);
		break;
	case RPC_NOTIFICATION: /* none changes what we do */
	case RPC_RESPONSE:
		break;
	}
}

/* Those of 2025-03-26: one array of replies, or nothing when there are none. */
static void answer_batch(struct session *session, struct tree *root, struct json *json)
{
	size_t n = tree_length(root);

	if (!session->version || !session->version->batches || !n || n > SESSION_BATCH_MOST) {
		rpc_put_error(json, NULL, RPC_INVALID,
			session->version && session->version->batches
				? "a batch has 1 to 64 messages"
				: "this version of the protocol has no batches");
		return;
	}
	size_t start = json->out->len;
	json_open_array(json, NULL);
	size_t empty = json->out->len;
	for (size_t i = 0; i < n; i++)
		answer_message(session, tree_at(root, i), json);
	bool silent = json->out->len == empty;
	json_close_array(json);
	if (silent && !json->out->error) {
		json->out->len = start;
		json->out->data[start] = '\0';
	}
}

static bool is_blank(const char *line, size_t len)
{
	return strspn(line, " \t\r") == len;
}

void session_line(struct session *session, const char *line, size_t len, struct buffer *out)
{
	struct json json = {.out = out};
	struct tree *root = NULL;
	size_t before = out->len;

	if (is_blank(line, len))
		return;
	const char *why = tree_parse(line, len, &root);

	if (why)
		rpc_put_error(&json, NULL, RPC_UNREADABLE, why);
	else if (tree_kind(root) == TREE_ARRAY)
		answer_batch(session, root, &json);
	else
		answer_message(session, root, &json);
	tree_free(root);
	if (out->len > before)
		buffer_char(out, '\n');
}

void session_too_long(struct buffer *out)
{
	struct json json = {.out = out};

	rpc_put_error(&json, NULL, RPC_UNREADABLE, "the message is too long");
	buffer_char(out, '\n');
}
