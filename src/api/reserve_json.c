// SPDX-License-Identifier: MIT
/* Reservations as JSON: docs/schema/berth-reserve-1.json. */
#include "base/json.h"
#include <berth.h>

static void put_ranges(
	struct json *json, const char *key, const struct berth_port_range *ranges, size_t n)
{
	json_open_array(json, key);
	for (size_t i = 0; i < n; i++) {
		json_open_object(json, NULL);
		json_uint(json, "first", ranges[i].first);
		json_uint(json, "last", ranges[i].last);
		json_close_object(json);
	}
	json_close_array(json);
}

int berth_reserved_json(const struct berth_reserved *reserved, berth_write *write, void *context)
{
	struct buffer out = {0};
	struct json json = {.out = &out};

	json_open_object(&json, NULL);
	json_string(&json, "schema", "berth-reserve-1");
	json_string(&json, "action", reserved->reserve ? "reserve" : "unreserve");
	json_bool(&json, "dry_run", reserved->dry_run);
	put_ranges(&json, "changed", reserved->changed, reserved->n_changed);
	put_ranges(&json, "already", reserved->already, reserved->n_already);
	put_ranges(&json, "foreign", reserved->foreign, reserved->n_foreign);
	put_ranges(&json, "absent", reserved->absent, reserved->n_absent);
	put_ranges(&json, "before", reserved->before, reserved->n_before);
	put_ranges(&json, "after", reserved->after, reserved->n_after);
	json_open_object(&json, "file");
	json_string(&json, "path", reserved->file);
	json_bool(&json, "written", reserved->file_written);
	put_ranges(&json, "ports", reserved->in_file, reserved->n_in_file);
	json_string(&json, "why_not", reserved->file_why_not);
	json_close_object(&json);
	if (reserved->has_ephemeral) {
		json_open_object(&json, "ephemeral");
		json_uint(&json, "first", reserved->ephemeral.first);
		json_uint(&json, "last", reserved->ephemeral.last);
		json_close_object(&json);
	} else {
		json_null(&json, "ephemeral");
	}
	json_close_object(&json);
	int r = out.error ? out.error : write(context, out.data, out.len);
	buffer_free(&out);
	return r;
}
