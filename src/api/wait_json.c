// SPDX-License-Identifier: MIT
/* What became of the waiting, as JSON: docs/schema/berth-wait-1.json. */
#include "api/parts.h"

static void put_port(struct json *json, const struct berth_waited_port *port)
{
	json_open_object(json, NULL);
	json_uint(json, "port", port->port);
	json_string(json, "proto", berth_proto_name(port->proto));
	json_bool(json, "done", port->done);
	json_string(json, "text", port->text);
	parts_sockets(json, "sockets", port->sockets, port->n_sockets);
	json_close_object(json);
}

int berth_waited_json(const struct berth_waited *waited, berth_write *write, void *context)
{
	struct buffer out = {0};
	struct json json = {.out = &out};

	json_open_object(&json, NULL);
	json_string(&json, "schema", "berth-wait-1");
	json_bool(&json, "done", waited->done);
	json_string(&json, "until", waited->free ? "free" : "listening");
	json_real(&json, "waited_ms", waited->waited_ms, 3);
	json_uint(&json, "looks", waited->looks);
	json_open_array(&json, "ports");
	for (size_t i = 0; i < waited->n_ports; i++)
		put_port(&json, &waited->ports[i]);
	json_close_array(&json);
	parts_gaps(&json, waited->gaps);
	json_close_object(&json);
	int r = out.error ? out.error : write(context, out.data, out.len);
	buffer_free(&out);
	return r;
}
