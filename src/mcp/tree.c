// SPDX-License-Identifier: MIT
/* See tree.h. A struct tree is a struct json_object by another name. */
#include "mcp/tree.h"

#include <json-c/json_object.h>
#include <json-c/json_object_iterator.h>
#include <json-c/json_tokener.h>
#include <string.h>

#include "base/text.h"

static struct json_object *object_of(struct tree *tree)
{
	return (struct json_object *)tree;
}

const char *tree_parse(const char *text, size_t len, struct tree **ret_tree)
{
	if (len > TREE_BYTES_MOST)
		return "the message is too long";
	if (!text_is_utf8(text, len))
		return "this is not UTF-8";
	struct json_tokener *tokener = json_tokener_new_ex(TREE_DEPTH_MOST);
	if (!tokener)
		return "out of memory";
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
	/* With the NUL behind it, which ends a number. */
	struct json_object *root = json_tokener_parse_ex(tokener, text, (int)len + 1);
	enum json_tokener_error error = json_tokener_get_error(tokener);
	size_t used = json_tokener_get_parse_end(tokener);
	json_tokener_free(tokener);

	/* A NUL within the text ends it for json-c. */
	if (error == json_tokener_success && used >= len) {
		*ret_tree = (struct tree *)root;
		return NULL;
	}
	json_object_put(root);
	return error == json_tokener_error_depth ? "the message is nested too deeply"
						 : "this is no JSON";
}

void tree_free(struct tree *tree)
{
	json_object_put(object_of(tree));
}

enum tree_kind tree_kind(struct tree *tree)
{
	switch (json_object_get_type(object_of(tree))) {
	case json_type_boolean:
		return TREE_FLAG;
	case json_type_double:
		return TREE_REAL;
	case json_type_int:
		return TREE_INTEGER;
	case json_type_object:
		return TREE_OBJECT;
	case json_type_array:
		return TREE_ARRAY;
	case json_type_string:
		return TREE_TEXT;
	case json_type_null:
		break;
	}
	return TREE_NULL;
}

bool tree_flag(struct tree *tree)
{
	return json_object_get_boolean(object_of(tree));
}

int64_t tree_integer(struct tree *tree)
{
	return json_object_get_int64(object_of(tree));
}

double tree_real(struct tree *tree)
{
	return json_object_get_double(object_of(tree));
}

const char *tree_text(struct tree *tree, size_t *ret_len)
{
	*ret_len = (size_t)json_object_get_string_len(object_of(tree));
	return json_object_get_string(object_of(tree));
}

size_t tree_length(struct tree *array)
{
	return json_object_array_length(object_of(array));
}

struct tree *tree_at(struct tree *array, size_t i)
{
	return (struct tree *)json_object_array_get_idx(object_of(array), i);
}

bool tree_member(struct tree *object, const char *name, struct tree **ret_value)
{
	struct json_object *value = NULL;
	bool found = tree_kind(object) == TREE_OBJECT &&
		json_object_object_get_ex(object_of(object), name, &value);

	*ret_value = (struct tree *)value;
	return found;
}

const char *tree_word(struct tree *object, const char *name)
{
	struct tree *value = NULL;
	size_t len = 0;

	if (!tree_member(object, name, &value) || tree_kind(value) != TREE_TEXT)
		return NULL;
	const char *text = tree_text(value, &len);
	/* What comes behind a NUL would go unseen. */
	return strlen(text) == len ? text : NULL;
}

bool tree_all_names(struct tree *object, bool (*test)(const void *context, const char *name),
	const void *context)
{
	struct json_object_iterator at = json_object_iter_begin(object_of(object));
	const struct json_object_iterator end = json_object_iter_end(object_of(object));
	bool all = true;

	for (; all && !json_object_iter_equal(&at, &end); json_object_iter_next(&at))
		all = test(context, json_object_iter_peek_name(&at));
	return all;
}
