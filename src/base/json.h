/* SPDX-License-Identifier: MIT */
/*
 * The typed writer: strings, integers, reals, booleans, null, objects and arrays, appended to a
 * buffer as JSON (RFC 8259) without white space. Numbers stay numbers, text is escaped, and a value
 * that is not known is null: nobody builds JSON by printf.
 */
#ifndef BERTH_BASE_JSON_H
#define BERTH_BASE_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"

struct json {
	struct buffer *out;
	bool comma; /* a value stands before, in the object or array that is open */
};

/* `key` is NULL inside arrays and at the top; it is written as it is and must need no escape. */
void json_open_object(struct json *json, const char *key);
void json_close_object(struct json *json);
void json_open_array(struct json *json, const char *key);
void json_close_array(struct json *json);

/* NULL becomes null. */
void json_string(struct json *json, const char *key, const char *value);
void json_string_bytes(struct json *json, const char *key, const char *value, size_t len);
void json_uint(struct json *json, const char *key, uint64_t value);
void json_int(struct json *json, const char *key, int64_t value);
/* At most `digits` decimals, trailing zeros left away; not finite becomes null. */
void json_real(struct json *json, const char *key, double value, unsigned digits);
void json_bool(struct json *json, const char *key, bool value);
void json_null(struct json *json, const char *key);

/* Writes the comma and the key; the caller appends one whole JSON value to json->out itself. */
void json_value_follows(struct json *json, const char *key);

#endif
