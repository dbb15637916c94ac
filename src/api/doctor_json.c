// SPDX-License-Identifier: MIT
/* Findings as JSON: docs/schema/berth-doctor-1.json. */
#include "api/parts.h"
#include "base/json.h"
#include <berth.h>

static void put_socket(struct json *json, const char *key, const struct berth_socket *socket)
{
	if (!socket) {
		json_null(json, key);
		return;
	}
	json_value_follows(json, key);
	/* A failure sticks to the buffer. */
	(void)berth_socket_json(socket, buffer_write, json->out);
}

static void put_finding(struct json *json, const struct berth_finding *finding)
{
	enum {
		DIGITS = 9
	};

	json_open_object(json, NULL);
	json_string(json, "id", berth_finding_id(finding->kind));
	json_string(json, "level", berth_finding_level_name(finding->level));
	if (finding->port) {
		json_uint(json, "port", finding->port);
		json_string(json, "proto", berth_proto_name(finding->proto));
	} else {
		json_null(json, "port");
		json_null(json, "proto");
	}
	json_string(json, "evidence", finding->evidence);
	json_string(json, "consequence", finding->consequence);
	json_string(json, "cure", finding->cure);
	json_string(json, "command", finding->command);
	if (finding->has_probability)
		json_real(json, "probability", finding->probability, DIGITS);
	else
		json_null(json, "probability");
	json_string(json, "assumptions", finding->assumptions);
	put_socket(json, "socket", finding->socket);
	put_socket(json, "other", finding->other);
	json_close_object(json);
}

int berth_doctor_json(const struct berth_doctor *doctor, berth_write *write, void *context)
{
	struct buffer out = {0};
	struct json json = {.out = &out};

	json_open_object(&json, NULL);
	json_string(&json, "schema", "berth-doctor-1");
	json_real(&json, "restart_gap_s", doctor->restart_gap_s, 3);
	json_open_array(&json, "findings");
	for (size_t i = 0; i < doctor->n_findings; i++)
		put_finding(&json, &doctor->findings[i]);
	json_close_array(&json);
	parts_gaps(&json, doctor->gaps);
	json_close_object(&json);
	int r = out.error ? out.error : write(context, out.data, out.len);
	buffer_free(&out);
	return r;
}
