// SPDX-License-Identifier: MIT
/*
 * What a client of the Model Context Protocol sends, as lines, after an initialize of each version
 * in turn; and text that others chose, in the same bytes. Each reply must be one line of JSON that
 * is read again, tools must be given only what their inputs allow, and nothing invisible may get
 * out.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "mcp/foreign.h"
#include "mcp/session.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void insist(bool holds)
{
	if (!holds)
		abort();
}

static void check_value(const struct input *input, const struct input_value *value)
{
	if (!value->given) {
		insist(!input->required);
		return;
	}
	if (input->kind == INPUT_INTEGER)
		insist(value->number >= input->least && value->number <= input->most);
	if (input->kind == INPUT_TEXT)
		insist(*value->text && strlen(value->text) <= (size_t)input->most);
	if (input->kind == INPUT_WORD)
		insist(!strcmp(value->text, input->words[0]) ||
			!strcmp(value->text, input->words[1]));
}

/* A session_call: fails for lack of a lease, else says the arguments again. */
static int call(void *context, enum tool_id tool, const struct input_value values[INPUTS_MOST],
	struct tool_answer *answer)
{
	const bool *allow_leases = context;
	struct json json = {.out = &answer->json};

	insist(tool < TOOLS && (!tools[tool].leases || *allow_leases));
	json_open_object(&json, NULL);
	for (size_t i = 0; tools[tool].inputs[i].name; i++) {
		check_value(&tools[tool].inputs[i], &values[i]);
		if (values[i].text)
			foreign_quote(&answer->text, values[i].text);
		json_string(&json, tools[tool].inputs[i].name, values[i].text);
	}
	json_close_object(&json);
	return tool == TOOL_RELEASE ? -ENOENT : 0;
}

static void check_reply(const struct buffer *reply)
{
	struct tree *tree = NULL;
	struct tree *value = NULL;

	insist(!reply->error);
	if (!reply->len)
		return;
	char *end = strchr(reply->data, '\n');
	insist(end && end + 1 == reply->data + reply->len);
	*end = '\0';
	insist(!tree_parse(reply->data, reply->len - 1, &tree));
	insist(tree_kind(tree) == TREE_ARRAY || tree_member(tree, "jsonrpc", &value));
	tree_free(tree);
}

static void talk(const char *text, const char *hello, bool allow_leases)
{
	struct session session = {
		.allow_leases = allow_leases, .call = call, .context = &allow_leases};
	struct buffer reply = {0};

	session_line(&session, hello, strlen(hello), &reply);
	check_reply(&reply);
	while (text) {
		const char *end = strchr(text, '\n');
		size_t len = end ? (size_t)(end - text) : strlen(text);
		char *line = strndup(text, len);

		buffer_clear(&reply);
		if (line)
			session_line(&session, line, len, &reply);
		check_reply(&reply);
		free(line);
		text = end ? end + 1 : NULL;
	}
	buffer_free(&reply);
}

static void insist_visible(const struct buffer *text)
{
	for (size_t at = 0, used = 0; at < text->len; at += used) {
		uint32_t point = text_decode(text->data + at, text->len - at, &used);

		insist(point != TEXT_INVALID && !text_is_hidden(point));
	}
}

static void tell_foreign(const char *text, size_t size)
{
	struct buffer out = {0};

	foreign_quote(&out, text);
	foreign_sentence(&out, text);
	foreign_json(&out, text, size);
	if (!out.error)
		insist_visible(&out);
	buffer_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	talk(text,
		"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":"
		"{\"protocolVersion\":\"2025-11-25\"}}",
		true);
	talk(text,
		"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":"
		"{\"protocolVersion\":\"2025-03-26\"}}",
		false);
	talk(text, "", false);
	tell_foreign(text, size);
	free(text);
	return 0;
}
