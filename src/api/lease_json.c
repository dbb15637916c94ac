// SPDX-License-Identifier: MIT
/* Leases and free ports as JSON: docs/schema/berth-leases-1.json, berth-lease-1.json and
 * berth-free-1.json; and the words for their enums. */
#include "api/parts.h"
#include "base/json.h"
#include "leases/entry.h"
#include <berth.h>

const char *berth_lease_kind_name(enum berth_lease_kind kind)
{
	return entry_kind_name(kind);
}

const char *berth_lease_state_name(enum berth_lease_state state)
{
	switch (state) {
	case BERTH_LEASE_ACTIVE:
		return "active";
	case BERTH_LEASE_OVER:
		return "over";
	case BERTH_LEASE_UNSURE:
		return "unsure";
	}
	return "?";
}

static void put_lease(struct json *json, const struct berth_lease *lease)
{
	json_open_object(json, NULL);
	json_uint(json, "port", lease->port);
	json_string(json, "name", lease->name);
	json_string(json, "kind", berth_lease_kind_name(lease->kind));
	json_string(json, "state", berth_lease_state_name(lease->state));
	json_uint(json, "uid", lease->uid);
	if (lease->pid)
		json_uint(json, "pid", lease->pid);
	else
		json_null(json, "pid");
	json_bool(json, "project", lease->project != 0);
	json_bool(json, "here", lease->here);
	json_real(json, "made", lease->made_s, 0);
	if (lease->left_s < 0)
		json_null(json, "left_s");
	else
		json_real(json, "left_s", lease->left_s, 3);
	json_close_object(json);
}

static int finish(struct buffer *out, berth_write *write, void *context)
{
	int r = out->error ? out->error : write(context, buffer_string(out), out->len);

	buffer_free(out);
	return r;
}

int berth_leases_json(const struct berth_leases *leases, berth_write *write, void *context)
{
	struct buffer out = {0};
	struct json json = {.out = &out};

	json_open_object(&json, NULL);
	json_string(&json, "schema", "berth-leases-1");
	json_bool(&json, "shared", leases->shared);
	json_uint(&json, "damaged", leases->damaged);
	json_open_array(&json, "leases");
	for (size_t i = 0; i < leases->n_leases; i++)
		put_lease(&json, &leases->leases[i]);
	json_close_array(&json);
	json_close_object(&json);
	return finish(&out, write, context);
}

int berth_free_json(const struct berth_free *found, berth_write *write, void *context)
{
	struct buffer out = {0};
	struct json json = {.out = &out};

	json_open_object(&json, NULL);
	json_string(&json, "schema", "berth-free-1");
	json_open_array(&json, "ports");
	for (size_t i = 0; i < found->n_ports; i++)
		json_uint(&json, NULL, found->ports[i].port);
	json_close_array(&json);
	json_open_array(&json, "why");
	for (size_t i = 0; i < found->n_ports; i++)
		json_string(&json, NULL, found->ports[i].text);
	json_close_array(&json);
	json_real(&json, "kept_s", found->kept_s, 0);
	json_bool(&json, "shared", found->shared);
	json_close_object(&json);
	return finish(&out, write, context);
}

int berth_leased_json(
	const char *name, uint16_t port, bool renewed, berth_write *write, void *context)
{
	struct buffer out = {0};
	struct json json = {.out = &out};

	json_open_object(&json, NULL);
	json_string(&json, "schema", "berth-lease-1");
	json_string(&json, "name", name);
	json_uint(&json, "port", port);
	json_bool(&json, "renewed", renewed);
	json_close_object(&json);
	return finish(&out, write, context);
}
