// SPDX-License-Identifier: MIT
/*
 * A streaming JSON writer: no tree is built, 65,536 reports leave it at memory speed.
 */
#include "base/json.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

static void start_value(struct json *json, const char *key)
{
	if (json->comma)
		buffer_char(json->out, ',');
	json->comma = true;
	if (!key)
		return;
	buffer_char(json->out, '"');
	buffer_text(json->out, key);
	buffer_bytes(json->out, "\":", 2);
}

static void open(struct json *json, const char *key, char bracket)
{
	start_value(json, key);
	buffer_char(json->out, bracket);
	json->comma = false;
}

static void close(struct json *json, char bracket)
{
	buffer_char(json->out, bracket);
	json->comma = true;
}

void json_open_object(struct json *json, const char *key)
{
	open(json, key, '{');
}

void json_close_object(struct json *json)
{
	close(json, '}');
}

void json_open_array(struct json *json, const char *key)
{
	open(json, key, '[');
}

void json_close_array(struct json *json)
{
	close(json, ']');
}

void json_string(struct json *json, const char *key, const char *value)
{
	if (value)
		json_string_bytes(json, key, value, strlen(value));
	else
		json_null(json, key);
}

void json_string_bytes(struct json *json, const char *key, const char *value, size_t len)
{
	start_value(json, key);
	buffer_char(json->out, '"');
	text_escape_json(json->out, value, len);
	buffer_char(json->out, '"');
}

void json_uint(struct json *json, const char *key, uint64_t value)
{
	start_value(json, key);
	buffer_uint(json->out, value);
}

void json_int(struct json *json, const char *key, int64_t value)
{
	start_value(json, key);
	if (value < 0)
		buffer_char(json->out, '-');
	buffer_uint(json->out, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

void json_real(struct json *json, const char *key, double value, unsigned digits)
{
	char text[64];

	if (!isfinite(value)) {
		json_null(json, key);
		return;
	}
	int len = snprintf(text, sizeof(text), "%.*f", (int)digits, value);
	if (len < 0 || (size_t)len >= sizeof(text)) {
		json_null(json, key); /* beyond 10^50: nothing that berth measures */
		return;
	}
	if (strchr(text, '.')) {
		while (text[len - 1] == '0')
			len--;
		if (text[len - 1] == '.')
			len--;
	}
	start_value(json, key);
	buffer_bytes(json->out, text, (size_t)len);
}

void json_bool(struct json *json, const char *key, bool value)
{
	start_value(json, key);
	buffer_text(json->out, value ? "true" : "false");
}

void json_null(struct json *json, const char *key)
{
	start_value(json, key);
	buffer_text(json->out, "null");
}

void json_value_follows(struct json *json, const char *key)
{
	start_value(json, key);
}
