// SPDX-License-Identifier: MIT
/* See input.h. Complaints are made of our own words: they are told to a model. */
#include "mcp/input.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

/* ---- The schema ------------------------------------------------------------------------------ */

static void put_kind(struct json *json, const struct input *input)
{
	switch (input->kind) {
	case INPUT_INTEGER:
		json_string(json, "type", "integer");
		json_int(json, "minimum", input->least);
		json_int(json, "maximum", input->most);
		break;
	case INPUT_TEXT:
		json_string(json, "type", "string");
		json_int(json, "minLength", 1);
		json_int(json, "maxLength", input->most);
		break;
	case INPUT_WORD:
		json_string(json, "type", "string");
		json_open_array(json, "enum");
		for (size_t i = 0; input->words[i]; i++)
			json_string(json, NULL, input->words[i]);
		json_close_array(json);
		break;
	case INPUT_FLAG:
		json_string(json, "type", "boolean");
		break;
	}
}

void input_put_schema(struct json *json, const char *key, const struct input *inputs)
{
	json_open_object(json, key);
	json_string(json, "type", "object");
	json_open_object(json, "properties");
	for (const struct input *input = inputs; input->name; input++) {
		json_open_object(json, input->name);
		put_kind(json, input);
		json_string(json, "description", input->help);
		json_close_object(json);
	}
	json_close_object(json);
	json_open_array(json, "required");
	for (const struct input *input = inputs; input->name; input++) {
		if (input->required)
			json_string(json, NULL, input->name);
	}
	json_close_array(json);
	json_bool(json, "additionalProperties", false);
	json_close_object(json);
}

/* ---- Arguments ------------------------------------------------------------------------------- */

static void say_kind(struct buffer *out, const struct input *input)
{
	switch (input->kind) {
	case INPUT_INTEGER:
		buffer_format(out, "a whole number from %" PRId64 " to %" PRId64, input->least,
			input->most);
		break;
	case INPUT_TEXT:
		buffer_format(out, "a text of 1 to %" PRId64 " bytes without control characters",
			input->most);
		break;
	case INPUT_WORD:
		for (size_t i = 0; input->words[i]; i++)
			buffer_format(out, "%s%s", i ? " or " : "", input->words[i]);
		break;
	case INPUT_FLAG:
		buffer_text(out, "true or false");
		break;
	}
}

/* JSON has one kind of number: 8080.0 is a whole one. */
static bool read_integer(
	const struct input *input, struct tree *value, struct input_value *ret_value)
{
	if (tree_kind(value) == TREE_REAL) {
		double real = tree_real(value);

		if (!(real >= (double)input->least && real <= (double)input->most))
			return false;
		ret_value->number = (int64_t)real;
		return (double)ret_value->number == real;
	}
	if (tree_kind(value) != TREE_INTEGER)
		return false;
	ret_value->number = tree_integer(value);
	return ret_value->number >= input->least && ret_value->number <= input->most;
}

static bool read_text(const struct input *input, struct tree *value, struct input_value *ret_value)
{
	size_t len = 0;

	if (tree_kind(value) != TREE_TEXT)
		return false;
	ret_value->text = tree_text(value, &len);
	if (!len || len > (size_t)input->most)
		return false;
	for (size_t i = 0; i < len; i++) {
		unsigned char byte = (unsigned char)ret_value->text[i];

		if (byte < 0x20 || byte == 0x7f)
			return false;
	}
	return true;
}

static bool read_word(const struct input *input, struct tree *value, struct input_value *ret_value)
{
	size_t len = 0;

	if (tree_kind(value) != TREE_TEXT)
		return false;
	const char *text = tree_text(value, &len);
	for (size_t i = 0; input->words[i]; i++) {
		if (len == strlen(input->words[i]) && !memcmp(text, input->words[i], len)) {
			ret_value->text = input->words[i];
			return true;
		}
	}
	return false;
}

static bool read_value(const struct input *input, struct tree *value, struct input_value *ret_value)
{
	ret_value->given = true;
	switch (input->kind) {
	case INPUT_INTEGER:
		return read_integer(input, value, ret_value);
	case INPUT_TEXT:
		return read_text(input, value, ret_value);
	case INPUT_WORD:
		return read_word(input, value, ret_value);
	case INPUT_FLAG:
		ret_value->flag = tree_flag(value);
		return tree_kind(value) == TREE_FLAG;
	}
	return false;
}

/* A test of tree_all_names(). */
static bool is_known(const void *context, const char *name)
{
	for (const struct input *input = context; input->name; input++) {
		if (!strcmp(input->name, name))
			return true;
	}
	return false;
}

static int refuse_unknown(const struct input *inputs, struct buffer *complaint)
{
	buffer_text(complaint, "There is an argument that this tool does not take; it takes ");
	if (!inputs->name)
		buffer_text(complaint, "none");
	for (const struct input *input = inputs; input->name; input++)
		buffer_format(complaint, "%s%s", input == inputs ? "" : ", ", input->name);
	buffer_char(complaint, '.');
	return -EINVAL;
}

int input_read(const struct input *inputs, struct tree *arguments,
	struct input_value ret_values[INPUTS_MOST], struct buffer *complaint)
{
	struct input_value values[INPUTS_MOST] = {{0}};

	if (arguments && !tree_all_names(arguments, is_known, inputs))
		return refuse_unknown(inputs, complaint);
	for (size_t i = 0; inputs[i].name; i++) {
		const struct input *input = &inputs[i];
		struct tree *value = NULL;

		/* A null is what some clients write for what was left out. */
		(void)tree_member(arguments, input->name, &value);
		if (!value && !input->required)
			continue;
		if (value && read_value(input, value, &values[i]))
			continue;
		buffer_format(complaint, "The argument \"%s\" is %s: it is to be ", input->name,
			value ? "no good" : "missing");
		say_kind(complaint, input);
		buffer_char(complaint, '.');
		return -EINVAL;
	}
	memcpy(ret_values, values, sizeof(values));
	return 0;
}
