/* SPDX-License-Identifier: MIT */
/*
 * What a tool takes: one table that its JSON schema is written from and that arguments are read by,
 * so that the two cannot disagree. Pure, and fuzzed.
 */
#ifndef BERTH_MCP_INPUT_H
#define BERTH_MCP_INPUT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"
#include "mcp/tree.h"

enum {
	INPUTS_MOST = 8, /* of one tool */
};

enum input_kind {
	INPUT_INTEGER, /* from least to most */
	INPUT_TEXT, /* of 1 to most bytes, without control characters */
	INPUT_WORD, /* one of words */
	INPUT_FLAG,
};

struct input {
	const char *name; /* NULL ends a list */
	enum input_kind kind;
	bool required;
	int64_t least;
	int64_t most;
	const char *const *words; /* a NULL ends it */
	const char *help; /* for the model, one sentence */
};

struct input_value {
	bool given;
	bool flag;
	int64_t number;
	const char *text; /* belongs to the arguments */
};

/* A JSON schema of these inputs as the member `key`. */
void input_put_schema(struct json *json, const char *key, const struct input *inputs);

/*
 * Reads arguments (NULL: none): a value for each input, in their order. 0; -EINVAL: something is
 * missing, unknown or no good, and `complaint` says in one sentence what would be.
 */
int input_read(const struct input *inputs, struct tree *arguments,
	struct input_value ret_values[INPUTS_MOST], struct buffer *complaint);

#endif
