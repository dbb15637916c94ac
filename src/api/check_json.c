// SPDX-License-Identifier: MIT
/* The pre-flight as JSON: docs/schema/berth-check-1.json. */
#include <arpa/inet.h>

#include "api/parts.h"
#include "base/json.h"
#include <berth.h>

static void put_port(struct json *json, const char *key, uint16_t port)
{
	if (port)
		json_uint(json, key, port);
	else
		json_null(json, key);
}

/* Where it stands; "file" and "line" are null on a command line. */
static void put_place(struct json *json, const struct berth_wish *wish)
{
	json_string(json, "file", *wish->file ? wish->file : NULL);
	if (*wish->file)
		json_uint(json, "line", wish->line);
	else
		json_null(json, "line");
	json_string(json, "name", wish->name);
}

static void put_wish(struct json *json, const struct berth_wish *wish)
{
	char address[INET6_ADDRSTRLEN];

	json_open_object(json, NULL);
	put_place(json, wish);
	json_string(json, "kind", berth_wish_kind_name(wish->kind));
	json_string(json, "text", wish->text);
	put_port(json, "first", wish->first);
	put_port(json, "last", wish->last);
	json_string(json, "proto", berth_proto_name(wish->proto));
	json_string(json, "address",
		wish->family ? inet_ntop(wish->family == 4 ? AF_INET : AF_INET6, wish->address,
				       address, sizeof(address))
			     : NULL);
	json_bool(json, "any", wish->any || !wish->first);
	json_bool(json, "sure", wish->sure);
	json_close_object(json);
}

static void put_finding(struct json *json, const struct berth_check_finding *finding)
{
	json_open_object(json, NULL);
	json_string(json, "id", berth_check_kind_name(finding->kind));
	json_string(json, "level", berth_check_level_name(finding->level));
	put_place(json, finding->wish);
	put_port(json, "first", finding->first);
	put_port(json, "last", finding->last);
	json_string(json, "proto", berth_proto_name(finding->wish->proto));
	json_string(json, "text", finding->text);
	json_string(json, "errno", finding->errno_name);
	json_string(json, "cure", finding->cure);
	json_string(json, "command", finding->command);
	if (finding->other) {
		json_open_object(json, "other");
		put_place(json, finding->other);
		json_close_object(json);
	} else {
		json_null(json, "other");
	}
	json_close_object(json);
}

int berth_check_json(const struct berth_check *check, berth_write *write, void *context)
{
	struct buffer out = {0};
	struct json json = {.out = &out};

	json_open_object(&json, NULL);
	json_string(&json, "schema", "berth-check-1");
	json_open_array(&json, "wishes");
	for (size_t i = 0; i < check->project->n_wishes; i++)
		put_wish(&json, &check->project->wishes[i]);
	json_close_array(&json);
	json_open_array(&json, "findings");
	for (size_t i = 0; i < check->n_findings; i++)
		put_finding(&json, &check->findings[i]);
	json_close_array(&json);
	json_bool(&json, "leases_known", check->has_leases);
	parts_gaps(&json, check->gaps);
	json_close_object(&json);
	int r = out.error ? out.error : write(context, buffer_string(&out), out.len);
	buffer_free(&out);
	return r;
}
