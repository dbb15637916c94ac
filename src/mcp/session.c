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
	bool stateless; /* no handshake: each request names the version that it is in */
	bool structured; /* structuredContent and outputSchema */
	bool batches; /* arrays of messages have to be taken */
};

/* The newest first. */
static const struct session_version versions[] = {
	{.name = "2026-07-28", .stateless = true, .structured = true},
	{.name = "2025-11-25", .structured = true},
	{.name = "2025-06-18", .structured = true},
	{.name = "2025-03-26", .batches = true},
	{.name = "2024-11-05"},
};

enum {
	VERSIONS = sizeof(versions) / sizeof(*versions),
	UNSUPPORTED_VERSION = -32022, /* of 2026-07-28; an answer to such requests alone */
	KEEP_MS = 3600000, /* how long lists may be kept: they are the same until we end */
};

static const char *const version_key = "io.modelcontextprotocol/protocolVersion";
static const char *const capabilities_key = "io.modelcontextprotocol/clientCapabilities";

/* One request and its answer. */
struct exchange {
	struct session *session;
	const struct rpc_message *message;
	const struct session_version *version; /* that it is in; NULL: none was agreed on */
	struct json *json;
};

static const struct session_version *find_version(const char *name, bool stateless)
{
	for (size_t i = 0; i < VERSIONS; i++) {
		if (versions[i].stateless == stateless && !strcmp(versions[i].name, name))
			return &versions[i];
	}
	return NULL;
}

/* Another than we know: the newest of ours with a handshake, and the client decides. */
static const struct session_version *choose_version(const char *wanted)
{
	const struct session_version *version = find_version(wanted, false);

	for (size_t i = 0; !version; i++)
		version = versions[i].stateless ? NULL : &versions[i];
	return version;
}

/* ---- Parts of answers ------------------------------------------------------------------------ */

static void put_server(struct json *json, const char *key)
{
	json_open_object(json, key);
	json_string(json, "name", "berth");
	json_string(json, "title", "berth: ports of this machine");
	json_string(json, "version", BERTH_VERSION);
	json_close_object(json);
}

static void put_capabilities(struct json *json)
{
	json_open_object(json, "capabilities");
	json_open_object(json, "tools");
	json_bool(json, "listChanged", false);
	json_close_object(json);
	json_close_object(json);
}

static void open_result(const struct exchange *exchange)
{
	struct json *json = exchange->json;

	rpc_open_reply(json, exchange->message->id);
	json_open_object(json, "result");
	if (!exchange->version || !exchange->version->stateless)
		return;
	json_string(json, "resultType", "complete");
	json_open_object(json, "_meta");
	put_server(json, "io.modelcontextprotocol/serverInfo");
	json_close_object(json);
}

static void close_result(const struct exchange *exchange)
{
	json_close_object(exchange->json);
	json_close_object(exchange->json);
}

static void refuse(const struct exchange *exchange, enum rpc_code code, const char *why)
{
	rpc_put_error(exchange->json, exchange->message->id, code, why);
}

static void put_keeping(const struct exchange *exchange)
{
	if (!exchange->version->stateless)
		return;
	json_uint(exchange->json, "ttlMs", KEEP_MS);
	json_string(exchange->json, "cacheScope", "private");
}

/* ---- How it begins --------------------------------------------------------------------------- */

static void put_initialize(const struct exchange *exchange)
{
	struct session *session = exchange->session;
	struct json *json = exchange->json;
	const char *wanted = tree_word(exchange->message->params, "protocolVersion");

	if (!wanted) {
		refuse(exchange, RPC_BAD_PARAMS,
			"\"protocolVersion\" is to be a text, as 2025-11-25");
		return;
	}
	session->version = choose_version(wanted);
	open_result(exchange);
	json_string(json, "protocolVersion", session->version->name);
	put_capabilities(json);
	put_server(json, "serverInfo");
	json_string(json, "instructions", tools_instructions(session->allow_leases));
	close_result(exchange);
}

static void put_versions(struct json *json, const char *key)
{
	json_open_array(json, key);
	for (size_t i = 0; i < VERSIONS; i++)
		json_string(json, NULL, versions[i].name);
	json_close_array(json);
}

static void put_discovery(const struct exchange *exchange)
{
	open_result(exchange);
	put_versions(exchange->json, "supportedVersions");
	put_capabilities(exchange->json);
	json_string(exchange->json, "instructions",
		tools_instructions(exchange->session->allow_leases));
	put_keeping(exchange);
	close_result(exchange);
}

static void put_unsupported(const struct exchange *exchange, const char *wanted)
{
	struct json *json = exchange->json;

	rpc_open_reply(json, exchange->message->id);
	json_open_object(json, "error");
	json_int(json, "code", UNSUPPORTED_VERSION);
	json_string(json, "message", "this version of the protocol is not spoken");
	json_open_object(json, "data");
	put_versions(json, "supported");
	json_string(json, "requested", wanted);
	json_close_object(json);
	json_close_object(json);
	json_close_object(json);
}

static void put_pong(const struct exchange *exchange)
{
	open_result(exchange);
	close_result(exchange);
}

/* ---- Tools ----------------------------------------------------------------------------------- */

static void put_list(const struct exchange *exchange)
{
	struct tree *cursor = NULL;

	if (tree_member(exchange->message->params, "cursor", &cursor)) {
		refuse(exchange, RPC_BAD_PARAMS,
			"there is one page of tools, and no cursor leads to another");
		return;
	}
	open_result(exchange);
	tools_put(exchange->json, exchange->session->allow_leases, exchange->version->structured);
	put_keeping(exchange);
	close_result(exchange);
}

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
static void put_result(
	const struct exchange *exchange, const struct tool_answer *answer, bool failed)
{
	struct json *json = exchange->json;
	struct buffer clean = {0};

	foreign_json(&clean, buffer_string(&answer->json), answer->json.len);
	open_result(exchange);
	json_open_array(json, "content");
	put_text(json, &answer->text);
	if (clean.len)
		put_text(json, &clean);
	json_close_array(json);
	if (clean.len && exchange->version->structured) {
		json_value_follows(json, "structuredContent");
		buffer_bytes(json->out, clean.data, clean.len);
	}
	json_bool(json, "isError", failed);
	close_result(exchange);
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

static void put_call(const struct exchange *exchange)
{
	struct tree *params = exchange->message->params;
	struct tree *arguments = NULL;
	struct tool_answer answer = {{0}, {0}};
	const char *name = tree_word(params, "name");
	enum tool_id id = name ? tools_find(name, exchange->session->allow_leases) : TOOLS;

	(void)tree_member(params, "arguments", &arguments);
	if (id == TOOLS) {
		refuse(exchange, RPC_BAD_PARAMS,
			name ? "there is no tool of that name" : "\"name\" is to be a text");
		return;
	}
	if (arguments && tree_kind(arguments) != TREE_OBJECT) {
		refuse(exchange, RPC_BAD_PARAMS, "\"arguments\" is to be an object");
		return;
	}
	bool done = answer_call(exchange->session, id, arguments, &answer);
	if (answer.text.error || answer.json.error)
		refuse(exchange, RPC_INTERNAL, "out of memory");
	else
		put_result(exchange, &answer, !done);
	buffer_free(&answer.text);
	buffer_free(&answer.json);
}

/* ---- Messages -------------------------------------------------------------------------------- */

static const struct {
	const char *method;
	bool stateless; /* with versions of either kind */
	bool handshake;
	bool early; /* also before the handshake */
	void (*put)(const struct exchange *exchange);
} methods[] = {
	{"initialize", .handshake = true, .early = true, .put = put_initialize},
	{"ping", .handshake = true, .early = true, .put = put_pong},
	{"server/discover", .stateless = true, .put = put_discovery},
	{"tools/list", .stateless = true, .handshake = true, .put = put_list},
	{"tools/call", .stateless = true, .handshake = true, .put = put_call},
};

static void put_reply(const struct exchange *exchange)
{
	const struct session_version *version = exchange->version;
	bool stateless = version && version->stateless;

	for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++) {
		if (strcmp(methods[i].method, exchange->message->method) != 0 ||
			!(stateless ? methods[i].stateless : methods[i].handshake))
			continue;
		if (version || methods[i].early)
			methods[i].put(exchange);
		else
			refuse(exchange, RPC_INVALID, "initialize comes first");
		return;
	}
	refuse(exchange, RPC_NO_METHOD, "there is no such method");
}

/* A request that names its version is answered in it, whatever was agreed on before. */
static void answer_request(
	struct session *session, const struct rpc_message *message, struct json *json)
{
	struct exchange exchange = {session, message, session->version, json};
	struct tree *meta = NULL;
	struct tree *value = NULL;

	(void)tree_member(message->params, "_meta", &meta);
	if (!tree_member(meta, version_key, &value)) {
		put_reply(&exchange);
		return;
	}
	const char *wanted = tree_word(meta, version_key);
	if (!wanted) {
		refuse(&exchange, RPC_BAD_PARAMS, "the version of the protocol is to be a text");
		return;
	}
	exchange.version = find_version(wanted, true);
	if (!exchange.version)
		put_unsupported(&exchange, wanted);
	else if (!tree_member(meta, capabilities_key, &value) || tree_kind(value) != TREE_OBJECT)
		refuse(&exchange, RPC_BAD_PARAMS,
			"\"_meta\" is to have the client's capabilities, as an object");
	else
		put_reply(&exchange);
}

static void answer_message(struct session *session, struct tree *root, struct json *json)
{
	struct rpc_message message;

	rpc_read(root, &message);
	switch (message.kind) {
	case RPC_REQUEST:
		answer_request(session, &message, json);
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
