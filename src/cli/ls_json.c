// SPDX-License-Identifier: MIT
/* See ls_json.h. */
#include "cli/ls_json.h"

#include "base/json.h"
#include "cli/cli.h"

static int put_netns(
	struct json *json, const struct ls_json *to, const struct berth_snapshot *snapshot)
{
	const struct berth_netns *all;
	size_t n = berth_snapshot_netns(snapshot, &all);
	int error = 0;

	json_open_array(json, "netns");
	for (size_t i = 0; i < n && !error; i++) {
		json_value_follows(json, NULL);
		error = berth_netns_json(&all[i], to->write, to->context);
	}
	json_close_array(json);
	return error;
}

int ls_json_write(const struct ls_json *to, const struct berth_snapshot *snapshot,
	ls_json_wanted *wanted, const void *context)
{
	struct json json = {.out = to->text};
	const struct berth_socket *sockets;
	size_t n = berth_snapshot_sockets(snapshot, &sockets);
	uint64_t left_out = 0;
	int rows = 0;
	int error = 0;

	json_open_object(&json, NULL);
	json_string(&json, "schema", "berth-ls-1");
	json_open_array(&json, "sockets");
	for (size_t i = 0; i < n && !error; i++) {
		if (wanted && !wanted(context, &sockets[i]))
			continue;
		if (to->most && (size_t)rows == to->most) {
			left_out++;
			continue;
		}
		json_value_follows(&json, NULL);
		error = berth_socket_json(&sockets[i], to->write, to->context);
		rows++;
	}
	json_close_array(&json);
	if (!error)
		error = put_netns(&json, to, snapshot);
	json_uint(&json, "left_out", left_out);
	cli_put_gaps(&json, berth_snapshot_gaps(snapshot));
	cli_put_losses(&json, snapshot);
	json_close_object(&json);
	return error ? error : rows;
}
