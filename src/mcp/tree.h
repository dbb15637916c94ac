/* SPDX-License-Identifier: MIT */
/*
 * JSON that was read, by json-c: its names and ours for JSON that is written (base/json.h) exclude
 * each other in one file, so this is the one that knows it. Limits are set here; what messages mean
 * is rpc.c's business.
 */
#ifndef BERTH_MCP_TREE_H
#define BERTH_MCP_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tree; /* a value; NULL is JSON's null */

enum tree_kind {
	TREE_NULL,
	TREE_FLAG,
	TREE_INTEGER,
	TREE_REAL,
	TREE_TEXT,
	TREE_ARRAY,
	TREE_OBJECT,
};

enum {
	TREE_BYTES_MOST = 1 << 20, /* of one text */
	TREE_DEPTH_MOST = 32, /* objects and arrays within each other */
};

/*
 * Reads one text, UTF-8 as RFC 8259 has it, with nothing behind it. NULL, and *ret_tree; else why
 * it cannot be read. text[len] must be readable, and be NUL. When an object has a name twice, the
 * last one counts.
 */
const char *tree_parse(const char *text, size_t len, struct tree **ret_tree);
void tree_free(struct tree *tree);

enum tree_kind tree_kind(struct tree *tree);

/* Each of a value of that kind. Integers beyond 64 bits are the largest or smallest one. */
bool tree_flag(struct tree *tree);
int64_t tree_integer(struct tree *tree);
double tree_real(struct tree *tree);
const char *tree_text(struct tree *tree, size_t *ret_len);
size_t tree_length(struct tree *array);
struct tree *tree_at(struct tree *array, size_t i);

/* Whether an object has the name, and its value. False, and NULL, when it is no object. */
bool tree_member(struct tree *object, const char *name, struct tree **ret_value);

/* A member that is a text without NUL; NULL: it is not there, or something else. */
const char *tree_word(struct tree *object, const char *name);

/* Whether all names of an object pass the test. */
bool tree_all_names(struct tree *object, bool (*test)(const void *context, const char *name),
	const void *context);

#endif
