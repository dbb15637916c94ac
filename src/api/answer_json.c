// SPDX-License-Identifier: MIT
/* Who answers, as JSON: docs/schema/berth-answers-1.json. */
#include "api/parts.h"
#include "base/json.h"
#include <berth.h>

static void put_destination(struct json *json, const struct berth_destination *destination)
{
	json_open_object(json, NULL);
	json_string(json, "address", destination->address_text);
	json_uint(json, "family", destination->family);
	json_uint(json, "port", destination->port);
	json_string(json, "proto", berth_proto_name(destination->proto));
	json_string(json, "answer", berth_answer_name(destination->answer));
	json_string(json, "via", berth_via_name(destination->via));
	json_bool(json, "certain", destination->certain);
	json_uint(json, "group_size", destination->group_size);
	json_string(json, "redirect", destination->redirect);
	json_string(json, "text", destination->text);
	parts_sockets(json, "answered_by", destination->answered_by, destination->n_answered_by);
	json_close_object(json);
}

static void put_answers(struct json *json, const struct berth_answers *answers)
{
	json_open_object(json, NULL);
	json_string(json, "schema", "berth-answers-1");
	json_string(json, "host", answers->host);
	json_uint(json, "port", answers->port);
	json_bool(json, "answered", answers->answered);
	json_open_array(json, "destinations");
	for (size_t i = 0; i < answers->n_destinations; i++)
		put_destination(json, &answers->destinations[i]);
	json_close_array(json);
	json_open_array(json, "flags");
	for (size_t i = 0; i < answers->n_flags; i++) {
		json_open_object(json, NULL);
		json_string(json, "kind", berth_flag_kind_name(answers->flags[i].kind));
		json_string(json, "text", answers->flags[i].text);
		json_close_object(json);
	}
	json_close_array(json);
	parts_gaps(json, answers->gaps);
	json_close_object(json);
}

int berth_answers_json(const struct berth_answers *answers, berth_write *write, void *context)
{
	struct buffer out = {0};
	struct json json = {.out = &out};

	put_answers(&json, answers);
	int r = out.error ? out.error : write(context, out.data, out.len);
	buffer_free(&out);
	return r;
}
