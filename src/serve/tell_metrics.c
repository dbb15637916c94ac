// SPDX-License-Identifier: MIT
/*
 * Numbers for Prometheus, in its text format (version 0.0.4). They name ports, addresses and
 * errors, never processes, so that everybody who may connect may have them.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "serve/tell.h"

enum {
	DESTINATIONS = 20, /* those that are nearest to their end */
	STATES = BERTH_BOUND + 1,
};

static void open_family(struct buffer *out, const char *name, const char *type, const char *help)
{
	buffer_format(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* What stands between the quotes of a label: backslash, quote and line feed escaped. */
static void put_label(struct buffer *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '\n') {
			buffer_text(out, "\\n");
			continue;
		}
		if (*text == '\\' || *text == '"')
			buffer_char(out, '\\');
		buffer_char(out, *text);
	}
}

/* ---- Sockets ----------------------------------------------------------------------------------
 */

static void put_sockets(struct buffer *out, const struct berth_snapshot *snapshot)
{
	uint32_t counts[BERTH_PROTOS][STATES] = {{0}};
	uint32_t listeners[BERTH_PROTOS] = {0};
	const struct berth_socket *sockets = NULL;
	size_t n = berth_snapshot_sockets(snapshot, &sockets);

	for (size_t i = 0; i < n; i++) {
		const struct berth_socket *socket = &sockets[i];

		counts[socket->proto][socket->state]++;
		if (socket->state == BERTH_LISTEN ||
			(socket->proto != BERTH_TCP && socket->state == BERTH_CLOSE))
			listeners[socket->proto]++;
	}
	open_family(out, "berth_listeners", "gauge",
		"Sockets that wait for anybody: listeners, and unconnected ones of UDP.");
	for (unsigned proto = 0; proto < BERTH_PROTOS; proto++)
		buffer_format(out, "berth_listeners{proto=\"%s\"} %u\n",
			berth_proto_name((enum berth_proto)proto), listeners[proto]);
	open_family(out, "berth_sockets", "gauge", "Sockets with a local port, by state.");
	for (unsigned proto = 0; proto < BERTH_PROTOS; proto++) {
		for (unsigned state = 1; state < STATES; state++) {
			if (counts[proto][state])
				buffer_format(out, "berth_sockets{proto=\"%s\",state=\"%s\"} %u\n",
					berth_proto_name((enum berth_proto)proto),
					berth_socket_state_name((enum berth_proto)proto, state),
					counts[proto][state]);
		}
	}
	open_family(
		out, "berth_snapshot_complete", "gauge", "Whether the kernel told of all sockets.");
	buffer_format(out, "berth_snapshot_complete %d\n", !berth_snapshot_gaps(snapshot));
}

/* ---- Ephemeral ports --------------------------------------------------------------------------
 */

static void put_destinations(
	struct buffer *out, const struct berth_ephemeral_space *space, const char *name, bool left)
{
	for (size_t i = 0; i < space->n_destinations && i < DESTINATIONS; i++) {
		const struct berth_ephemeral_destination *each = &space->destinations[i];

		buffer_format(out, "%s{local=\"%s\",peer=\"%s\",peer_port=\"%u\"} %u\n", name,
			each->local_text, each->peer_text, each->peer_port,
			left ? each->left : each->connections);
	}
}

static void put_space(struct buffer *out, const struct berth_ephemeral_space *space)
{
	open_family(out, "berth_ephemeral_ports", "gauge", "Ports that the kernel lends.");
	buffer_format(out, "berth_ephemeral_ports %u\n", space->ports);
	open_family(out, "berth_ephemeral_ports_reserved", "gauge", "Of these, reserved.");
	buffer_format(out, "berth_ephemeral_ports_reserved %u\n", space->reserved);
	open_family(out, "berth_ephemeral_ports_in_use", "gauge", "Of these, that sockets have.");
	buffer_format(out,
		"berth_ephemeral_ports_in_use{proto=\"tcp\"} %u\n"
		"berth_ephemeral_ports_in_use{proto=\"udp\"} %u\n",
		space->tcp_ports, space->udp_ports);
	open_family(out, "berth_ephemeral_left", "gauge",
		"How many are left for a connect to a new destination, a bind to port 0, and UDP.");
	buffer_format(out,
		"berth_ephemeral_left{call=\"connect\"} %u\n"
		"berth_ephemeral_left{call=\"bind\"} %u\n"
		"berth_ephemeral_left{call=\"udp\"} %u\n",
		space->left, space->left_bind, space->left_udp);
	open_family(out, "berth_ephemeral_time_wait", "gauge",
		"Outgoing connections of the range in TIME_WAIT.");
	buffer_format(out, "berth_ephemeral_time_wait %u\n", space->time_wait);
	open_family(out, "berth_ephemeral_destination_connections", "gauge",
		"Outgoing connections to the destinations that are nearest to exhaustion.");
	put_destinations(out, space, "berth_ephemeral_destination_connections", false);
	open_family(out, "berth_ephemeral_destination_left", "gauge",
		"How many more connects to them get a port before EADDRNOTAVAIL.");
	put_destinations(out, space, "berth_ephemeral_destination_left", true);
}

static void put_ephemeral(struct tell *tell, struct buffer *out)
{
	struct berth_ephemeral *ephemeral = NULL;

	if (berth_ephemeral(tell->berth, NULL, &ephemeral) < 0)
		return;
	if (ephemeral->n_spaces && ephemeral->spaces[0].policy)
		put_space(out, &ephemeral->spaces[0]);
	berth_ephemeral_free(ephemeral);
}

/* ---- Leases and history -----------------------------------------------------------------------
 */

static void put_leases(struct tell *tell, enum wire_view view, struct buffer *out)
{
	uint32_t counts[BERTH_LEASE_KINDS] = {0};
	struct berth_leases *leases = NULL;

	if (berth_leases(tell->berth, &leases) < 0)
		return;
	for (size_t i = 0; i < leases->n_leases; i++) {
		if (leases->leases[i].here && leases->leases[i].state != BERTH_LEASE_OVER)
			counts[leases->leases[i].kind]++;
	}
	if (view != WIRE_PUBLIC || leases->shared) {
		open_family(out, "berth_leases", "gauge", "Leases that are not over.");
		for (unsigned kind = 0; kind < BERTH_LEASE_KINDS; kind++)
			buffer_format(out, "berth_leases{kind=\"%s\"} %u\n",
				berth_lease_kind_name((enum berth_lease_kind)kind), counts[kind]);
	}
	berth_leases_free(leases);
}

static void put_failures(struct tell *tell, struct buffer *out)
{
	struct tally *tally = &tell->tally;

	tally_read(tally, tell->berth, tell->history, clock_now_s(CLOCK_REALTIME));
	open_family(out, "berth_history_readable", "gauge",
		"Whether what berthd wrote could be read; without it nothing is known of "
		"failures.");
	buffer_format(out, "berth_history_readable %d\n", tally->known);
	if (!tally->known)
		return;
	open_family(out, "berth_history_running", "gauge", "Whether berthd writes it now.");
	buffer_format(out, "berth_history_running %d\n", tally->running);
	open_family(out, "berth_history_last_seconds", "gauge", "When berthd last wrote.");
	buffer_format(out, "berth_history_last_seconds %.3f\n", tally->last_s);
	open_family(out, "berth_bind_failures_total", "counter",
		"Binds that failed since the server began; port 0 stands for the many others.");
	for (size_t i = 0; i < tally->n; i++) {
		buffer_format(
			out, "berth_bind_failures_total{port=\"%u\",error=\"", tally->rows[i].port);
		put_label(out, tally->rows[i].name);
		buffer_format(out, "\"} %llu\n", (unsigned long long)tally->rows[i].count);
	}
}

/* ---- Itself -----------------------------------------------------------------------------------
 */

/* The second number of statm: pages that are resident (proc_pid_statm(5)). */
static uint64_t resident_bytes(void)
{
	struct buffer text = {0};
	uint64_t pages = 0;

	if (!file_read(-1, "/proc/self/statm", BUFSIZ, &text)) {
		const char *number = strchr(buffer_string(&text), ' ');

		if (number)
			(void)text_number(number + 1, strcspn(number + 1, " "), UINT32_MAX, &pages);
	}
	buffer_free(&text);
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void put_self(struct buffer *out)
{
	open_family(out, "berth_build_info", "gauge", "The version of berth.");
	buffer_format(out, "berth_build_info{version=\"%s\"} 1\n", berth_version());
	open_family(out, "process_resident_memory_bytes", "gauge",
		"Memory of the process that looks at the machine.");
	buffer_format(
		out, "process_resident_memory_bytes %llu\n", (unsigned long long)resident_bytes());
}

void tell_metrics(struct tell *tell, const struct wire_question *question, struct wire_head *head,
	struct buffer *out)
{
	const double age_s = 0.8;
	struct looks *looks = &tell->looks[question->view];
	int error = looks_take(looks, tell->berth, question->view != WIRE_PUBLIC, age_s);

	head->type = WIRE_METRICS;
	if (error < 0) {
		tell_failure(error, head, out);
		return;
	}
	put_sockets(out, looks->snapshot);
	put_ephemeral(tell, out);
	put_leases(tell, question->view, out);
	put_failures(tell, out);
	put_self(out);
}
