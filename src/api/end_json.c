// SPDX-License-Identifier: MIT
/* What became of an ending, as JSON: docs/schema/berth-kill-1.json. */
#include "api/parts.h"
#include "base/signals.h"

static void put_process(struct json *json, const struct berth_process *process)
{
	if (!process) {
		json_null(json, "process");
		return;
	}
	json_open_object(json, "process");
	json_uint(json, "pid", process->pid);
	json_string(json, "name", process->name);
	json_uint(json, "uid", process->uid);
	json_string(json, "user", process->user);
	json_close_object(json);
}

static void put_command(struct json *json, const char *const *words)
{
	if (!words) {
		json_null(json, "command");
		return;
	}
	json_open_array(json, "command");
	for (; *words; words++)
		json_string(json, NULL, *words);
	json_close_array(json);
}

static void put_step(struct json *json, const struct berth_end_step *step)
{
	json_open_object(json, NULL);
	json_uint(json, "port", step->socket->local_port);
	json_string(json, "proto", berth_proto_name(step->socket->proto));
	json_string(json, "address", step->socket->local_text);
	json_string(json, "kind", berth_end_kind_name(step->kind));
	json_string(json, "outcome", berth_end_outcome_name(step->outcome));
	put_process(json, step->process);
	json_bool(json, "later", step->later);
	json_string(json, "signal", step->signal ? signals_name(step->signal) : NULL);
	put_command(json, step->command);
	json_bool(json, "by_hand", step->by_hand);
	json_string(json, "why", step->why);
	json_string(json, "text", step->text);
	json_close_object(json);
}

int berth_ended_json(const struct berth_ended *ended, berth_write *write, void *context)
{
	struct buffer out = {0};
	struct json json = {.out = &out};

	json_open_object(&json, NULL);
	json_string(&json, "schema", "berth-kill-1");
	json_bool(&json, "listened", ended->listened);
	json_bool(&json, "ended", ended->ended);
	json_bool(&json, "dry_run", ended->dry_run);
	json_real(&json, "waited_ms", ended->waited_ms, 3);
	json_open_array(&json, "steps");
	for (size_t i = 0; i < ended->n_steps; i++)
		put_step(&json, &ended->steps[i]);
	json_close_array(&json);
	json_string(&json, "text", ended->text);
	parts_gaps(&json, ended->gaps);
	json_close_object(&json);
	int r = out.error ? out.error : write(context, out.data, out.len);
	buffer_free(&out);
	return r;
}
