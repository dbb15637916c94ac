// SPDX-License-Identifier: MIT
/* Phrases for backlog, options, memory, congestion control and TLS. Zeros that say nothing are left
 * out; --json has them all. */
#include "cli/extras.h"

#include "cli/describe.h"

/* Begins a phrase of several. */
static struct buffer *next(struct buffer *out)
{
	if (out->len)
		buffer_text(out, " · ");
	return out;
}

void extras_backlog(struct buffer *out, const struct berth_socket *socket)
{
	struct berth_backlog backlog;

	if (!berth_socket_backlog(socket, &backlog))
		return;
	buffer_format(out, "backlog %u", backlog.used);
	if (backlog.has_limit)
		buffer_format(out, "/%u", backlog.limit);
	if (backlog.full)
		buffer_text(out, ", full");
}

void extras_group(struct buffer *out, const struct berth_socket *socket)
{
	bool datagrams = socket->proto == BERTH_UDP || socket->proto == BERTH_UDPLITE;

	if (socket->reuseport_group > 1)
		buffer_format(next(out), "one of %u with %s", socket->reuseport_group,
			datagrams ? "SO_REUSEPORT or SO_REUSEADDR" : "SO_REUSEPORT");
}

/* "512 B", "208 KiB". */
static void put_bytes(struct buffer *out, uint64_t bytes)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB"};
	const unsigned step = 1024;
	unsigned unit = 0;

	while (bytes >= step && unit + 1 < sizeof(units) / sizeof(*units)) {
		bytes = (bytes + step / 2) / step;
		unit++;
	}
	buffer_format(out, "%llu %s", (unsigned long long)bytes, units[unit]);
}

static void put_tls(struct buffer *out, const struct berth_socket_details *details)
{
	if (details->tls_version)
		buffer_format(out, " %s", details->tls_version);
	if (details->tls_cipher)
		buffer_format(out, " %s", details->tls_cipher);
	if (details->tls_send)
		buffer_format(out, ", sends by %s", details->tls_send);
	if (details->tls_receive)
		buffer_format(out, ", receives by %s", details->tls_receive);
}

static void put_tcp(struct buffer *out, const struct berth_tcp_metrics *tcp)
{
	const double us_per_ms = 1000.0;

	if (tcp->rtt_us)
		buffer_format(next(out), "rtt %.3g ms ± %.2g", tcp->rtt_us / us_per_ms,
			tcp->rtt_variation_us / us_per_ms);
	if (tcp->congestion_window)
		buffer_format(next(out), "window %u × %u B", tcp->congestion_window, tcp->mss);
	if (tcp->retransmits)
		describe_counted(
			next(out), tcp->retransmits, "segment sent again", "segments sent again");
	if (tcp->bytes_sent) {
		buffer_text(next(out), "sent ");
		put_bytes(out, tcp->bytes_sent);
	}
	if (tcp->bytes_received) {
		buffer_text(next(out), "received ");
		put_bytes(out, tcp->bytes_received);
	}
}

static void put_used(struct buffer *out, const char *what, uint32_t used, uint32_t limit)
{
	buffer_text(next(out), what);
	put_bytes(out, used);
	buffer_text(out, " of ");
	put_bytes(out, limit);
}

static void put_memory(struct buffer *out, const struct berth_socket_memory *memory)
{
	put_used(out, "receive memory ", memory->receive_used, memory->receive_limit);
	put_used(out, "send memory ", memory->send_used, memory->send_limit);
	if (memory->drops)
		describe_counted(next(out), memory->drops, "drop", "drops");
}

/* What a program chose: those of multicast are set by themselves. */
static void put_options(struct buffer *out, const struct berth_socket_details *details)
{
	const unsigned usual = BERTH_OPTION_MULTICAST_LOOP | BERTH_OPTION_MULTICAST_ALL;

	for (unsigned i = 0; i < BERTH_SOCKET_OPTIONS; i++) {
		unsigned option = 1U << i;

		if (details->options & ~usual & option)
			buffer_text(next(out),
				berth_socket_option_name((enum berth_socket_option)option));
	}
}

void extras_all(struct buffer *out, const struct berth_socket *socket)
{
	const struct berth_socket_details *details = socket->details;

	if (!details)
		return;
	if (details->congestion) {
		buffer_text(next(out), "congestion control ");
		describe_text(out, details->congestion);
	}
	if (details->ulp) {
		describe_text(next(out), details->ulp);
		put_tls(out, details);
	}
	if (details->has_tcp)
		put_tcp(out, &details->tcp);
	if (details->has_memory)
		put_memory(out, &details->memory);
	put_options(out, details);
	if (details->shut_receive)
		buffer_text(next(out), "shut down for receiving");
	if (details->shut_send)
		buffer_text(next(out), "shut down for sending");
	if (details->traffic_class > 0)
		buffer_format(next(out), "traffic class 0x%02x", details->traffic_class);
	if (details->has_mark && details->mark)
		buffer_format(next(out), "mark 0x%x", details->mark);
	if (details->has_class && details->class_id)
		buffer_format(next(out), "class %u", details->class_id);
}

void extras_losses(struct buffer *out, const struct berth_listen_losses *losses)
{
	if (!losses->known)
		return;
	describe_counted(out, losses->overflows, "connection was", "connections were");
	buffer_text(out,
		" lost to full backlogs so far, of all listeners of this network namespace "
		"together");
}
