// SPDX-License-Identifier: MIT
/* The ports that the kernel lends, as JSON: docs/schema/berth-ephemeral-1.json. */
#include "api/parts.h"
#include "base/json.h"
#include <berth.h>

static void put_range(struct json *json, const char *key, uint16_t first, uint16_t last)
{
	json_open_object(json, key);
	json_uint(json, "first", first);
	json_uint(json, "last", last);
	json_close_object(json);
}

static void put_ranges(
	struct json *json, const char *key, const struct berth_port_range *ranges, size_t n)
{
	json_open_array(json, key);
	for (size_t i = 0; i < n; i++)
		put_range(json, NULL, ranges[i].first, ranges[i].last);
	json_close_array(json);
}

static void put_known(struct json *json, const char *key, int64_t value)
{
	if (value < 0)
		json_null(json, key);
	else
		json_int(json, key, value);
}

static void put_policy(struct json *json, const struct berth_policy *policy)
{
	if (policy->has_reserved)
		put_ranges(json, "reserved_list", policy->reserved, policy->n_reserved);
	else
		json_null(json, "reserved_list");
	json_open_object(json, "time_wait_rules");
	put_known(json, "tw_reuse", policy->tw_reuse);
	put_known(json, "tw_reuse_delay_ms", policy->tw_reuse_delay_ms);
	put_known(json, "tcp_timestamps", policy->tcp_timestamps);
	json_close_object(json);
}

static void put_states(struct json *json, const struct berth_ephemeral_space *space)
{
	json_open_array(json, "states");
	for (size_t i = 0; i < space->n_states; i++) {
		const struct berth_ephemeral_state *state = space->states + i;

		json_open_object(json, NULL);
		json_string(json, "proto", berth_proto_name(state->proto));
		json_string(json, "state", berth_socket_state_name(state->proto, state->state));
		json_uint(json, "sockets", state->sockets);
		json_uint(json, "ports", state->ports);
		json_close_object(json);
	}
	json_close_array(json);
}

static void put_destinations(struct json *json, const struct berth_ephemeral_space *space)
{
	json_open_array(json, "destinations");
	for (size_t i = 0; i < space->n_destinations; i++) {
		const struct berth_ephemeral_destination *destination = space->destinations + i;

		json_open_object(json, NULL);
		json_string(json, "from", destination->local_text);
		json_string(json, "address", destination->peer_text);
		json_uint(json, "port", destination->peer_port);
		json_uint(json, "connections", destination->connections);
		json_uint(json, "time_wait", destination->time_wait);
		json_uint(json, "reusable", destination->reusable);
		json_uint(json, "left", destination->left);
		json_uint(json, "left_preferred", destination->left_preferred);
		json_close_object(json);
	}
	json_close_array(json);
}

static void put_users(struct json *json, const struct berth_ephemeral_space *space)
{
	json_open_array(json, "users");
	for (size_t i = 0; i < space->n_users; i++) {
		const struct berth_ephemeral_user *user = space->users + i;

		json_open_object(json, NULL);
		if (user->process) {
			json_uint(json, "pid", user->process->pid);
			json_uint(json, "start_ticks", user->process->start_ticks);
			json_string(json, "name", user->process->name);
		} else {
			json_null(json, "pid");
			json_null(json, "start_ticks");
			json_null(json, "name");
		}
		json_string(json, "reason_kind", berth_reason_name(user->reason));
		json_uint(json, "connections", user->connections);
		json_uint(json, "destinations", user->destinations);
		json_close_object(json);
	}
	json_close_array(json);
}

static void put_ranged(struct json *json, const struct berth_ephemeral_space *space)
{
	json_open_array(json, "socket_ranges");
	for (size_t i = 0; i < space->n_ranged; i++) {
		const struct berth_socket *socket = space->ranged[i];

		json_open_object(json, NULL);
		put_range(json, "range", socket->range_first, socket->range_last);
		json_value_follows(json, "socket");
		/* A failure sticks to the buffer. */
		(void)berth_socket_json(socket, buffer_write, json->out);
		json_close_object(json);
	}
	json_close_array(json);
}

static void put_bins(struct json *json, const struct berth_ephemeral_space *space)
{
	json_open_array(json, "picture");
	for (size_t i = 0; i < BERTH_EPHEMERAL_BINS; i++) {
		const struct berth_ephemeral_bin *bin = space->bins + i;

		json_open_object(json, NULL);
		json_uint(json, "first", bin->first);
		json_uint(json, "last", bin->last);
		json_uint(json, "lent", bin->lent);
		json_uint(json, "reserved", bin->reserved);
		json_uint(json, "in_use", bin->in_use);
		json_close_object(json);
	}
	json_close_array(json);
}

static void put_numbers(struct json *json, const struct berth_ephemeral_space *space)
{
	const bool odd = space->range.first & 1;

	put_range(json, "range", space->range.first, space->range.last);
	json_uint(json, "ports", space->ports);
	json_uint(json, "reserved", space->reserved);
	json_uint(json, "bound", space->bound);
	json_bool(json, "bound_exact", space->bound_exact);
	json_string(json, "bound_why_not", space->bound_why_not);
	json_bool(json, "odd_one_out", space->odd_one_out != 0);
	json_open_object(json, "first_parity");
	json_string(json, "connect", odd ? "odd" : "even");
	json_string(json, "bind", odd ? "even" : "odd");
	json_close_object(json);
	json_uint(json, "left", space->left);
	json_uint(json, "left_preferred", space->left_preferred);
	json_uint(json, "left_bind", space->left_bind);
	json_uint(json, "left_udp", space->left_udp);
	json_uint(json, "tcp_ports", space->tcp_ports);
	json_uint(json, "udp_ports", space->udp_ports);
	json_uint(json, "time_wait", space->time_wait);
	json_real(json, "time_wait_ends_per_s", space->time_wait_ends_per_s, 3);
	json_real(json, "sustained_per_s", space->sustained_per_s, 3);
	json_open_object(json, "iana");
	json_uint(json, "dynamic_lent", space->dynamic_lent);
	json_uint(json, "assigned_lent", space->assigned_lent);
	put_ranges(json, "quiet", space->quiet, space->n_quiet);
	json_close_object(json);
}

static void put_space(struct json *json, const struct berth_ephemeral_space *space)
{
	json_open_object(json, NULL);
	if (space->netns) {
		json_value_follows(json, "netns");
		/* A failure sticks to the buffer. */
		(void)berth_netns_json(space->netns, buffer_write, json->out);
	} else {
		json_null(json, "netns");
	}
	json_bool(json, "known", space->policy != NULL);
	if (space->policy) {
		put_numbers(json, space);
		put_policy(json, space->policy);
		put_states(json, space);
		put_destinations(json, space);
		put_users(json, space);
		put_ranged(json, space);
		put_bins(json, space);
	}
	json_close_object(json);
}

int berth_ephemeral_json(const struct berth_ephemeral *ephemeral, berth_write *write, void *context)
{
	struct buffer out = {0};
	struct json json = {.out = &out};

	json_open_object(&json, NULL);
	json_string(&json, "schema", "berth-ephemeral-1");
	json_open_array(&json, "spaces");
	for (size_t i = 0; i < ephemeral->n_spaces; i++)
		put_space(&json, ephemeral->spaces + i);
	json_close_array(&json);
	parts_gaps(&json, ephemeral->gaps);
	json_close_object(&json);
	int r = out.error ? out.error : write(context, out.data, out.len);
	buffer_free(&out);
	return r;
}
