// SPDX-License-Identifier: MIT
/* Members that several objects have: the details of a socket, in which what the kernel did not tell
 * is null, lists of sockets, and the gaps of a snapshot. */
#include "api/parts.h"

static void put_options(struct json *json, const struct berth_socket_details *details)
{
	if (!details->has_options) {
		json_null(json, "options");
		return;
	}
	json_open_array(json, "options");
	for (unsigned i = 0; i < BERTH_SOCKET_OPTIONS; i++) {
		unsigned option = 1U << i;

		if (details->options & option)
			json_string(json, NULL,
				berth_socket_option_name((enum berth_socket_option)option));
	}
	json_close_array(json);
}

static void put_tls(struct json *json, const struct berth_socket_details *details)
{
	if (!details->tls_version && !details->tls_send && !details->tls_receive) {
		json_null(json, "tls");
		return;
	}
	json_open_object(json, "tls");
	json_string(json, "version", details->tls_version);
	json_string(json, "cipher", details->tls_cipher);
	json_string(json, "send", details->tls_send);
	json_string(json, "receive", details->tls_receive);
	json_close_object(json);
}

static void put_memory(struct json *json, const struct berth_socket_details *details)
{
	const struct berth_socket_memory *memory = &details->memory;

	if (!details->has_memory) {
		json_null(json, "memory");
		return;
	}
	json_open_object(json, "memory");
	json_uint(json, "receive_used", memory->receive_used);
	json_uint(json, "receive_limit", memory->receive_limit);
	json_uint(json, "send_used", memory->send_used);
	json_uint(json, "send_limit", memory->send_limit);
	json_uint(json, "forward", memory->forward);
	json_uint(json, "send_queued", memory->send_queued);
	json_uint(json, "options", memory->options);
	json_uint(json, "backlog", memory->backlog);
	json_uint(json, "drops", memory->drops);
	json_close_object(json);
}

static void put_tcp(struct json *json, const struct berth_socket_details *details)
{
	const struct berth_tcp_metrics *tcp = &details->tcp;

	if (!details->has_tcp) {
		json_null(json, "tcp");
		return;
	}
	json_open_object(json, "tcp");
	json_uint(json, "rtt_us", tcp->rtt_us);
	json_uint(json, "rtt_variation_us", tcp->rtt_variation_us);
	if (tcp->min_rtt_us == UINT32_MAX)
		json_null(json, "min_rtt_us");
	else
		json_uint(json, "min_rtt_us", tcp->min_rtt_us);
	json_uint(json, "congestion_window", tcp->congestion_window);
	json_uint(json, "mss", tcp->mss);
	json_uint(json, "path_mtu", tcp->path_mtu);
	json_uint(json, "retransmits", tcp->retransmits);
	json_uint(json, "bytes_sent", tcp->bytes_sent);
	json_uint(json, "bytes_received", tcp->bytes_received);
	json_close_object(json);
}

static void put_known(struct json *json, const char *key, bool known, uint32_t value)
{
	if (known)
		json_uint(json, key, value);
	else
		json_null(json, key);
}

void parts_details(struct json *json, const struct berth_socket_details *details)
{
	if (!details) {
		json_null(json, "details");
		return;
	}
	json_open_object(json, "details");
	put_options(json, details);
	json_open_array(json, "shutdown");
	if (details->shut_receive)
		json_string(json, NULL, "receive");
	if (details->shut_send)
		json_string(json, NULL, "send");
	json_close_array(json);
	json_string(json, "congestion", details->congestion);
	json_string(json, "ulp", details->ulp);
	put_tls(json, details);
	put_memory(json, details);
	put_tcp(json, details);
	put_known(json, "traffic_class", details->traffic_class >= 0,
		(uint32_t)(details->traffic_class & UINT8_MAX));
	put_known(json, "mark", details->has_mark, details->mark);
	put_known(json, "class_id", details->has_class, details->class_id);
	json_close_object(json);
}

void parts_sockets(struct json *json, const char *key, const struct berth_socket *const *sockets,
	size_t n_sockets)
{
	json_open_array(json, key);
	for (size_t i = 0; i < n_sockets; i++) {
		json_value_follows(json, NULL);
		/* A failure sticks to the buffer. */
		(void)berth_socket_json(sockets[i], buffer_write, json->out);
	}
	json_close_array(json);
}

void parts_gaps(struct json *json, unsigned gaps)
{
	json_open_array(json, "gaps");
	for (unsigned bit = 1; bit && bit <= gaps; bit <<= 1) {
		if (gaps & bit)
			json_string(json, NULL, berth_gap_text((enum berth_gap)bit));
	}
	json_close_array(json);
}
