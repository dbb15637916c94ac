// SPDX-License-Identifier: MIT
/* Decodes what the kernel tells of sockets: records of our BPF programs, messages of sock_diag, and
 * the ring in which the former come. Pure. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "sockets/linux/bpf/events_record.h"
#include "sockets/linux/events.h"
#include "sockets/linux/message.h"

static bool proto_of(uint32_t protocol, enum berth_proto *ret_proto)
{
	switch (protocol) {
	case IPPROTO_TCP:
		*ret_proto = BERTH_TCP;
		return true;
	case IPPROTO_UDP:
		*ret_proto = BERTH_UDP;
		return true;
	case IPPROTO_SCTP:
		*ret_proto = BERTH_SCTP;
		return true;
	case IPPROTO_DCCP:
		*ret_proto = BERTH_DCCP;
		return true;
	case IPPROTO_UDPLITE:
		*ret_proto = BERTH_UDPLITE;
		return true;
	case IPPROTO_MPTCP:
		*ret_proto = BERTH_MPTCP;
		return true;
	default:
		return false;
	}
}

static bool kind_of(uint32_t kind, enum sockets_event_kind *ret_kind)
{
	static const enum sockets_event_kind kinds[] = {
		[EVENTS_TRIES] = SOCKETS_TRIES,
		[EVENTS_BOUND] = SOCKETS_BOUND,
		[EVENTS_LISTENS] = SOCKETS_LISTENS,
		[EVENTS_STOPS] = SOCKETS_STOPS,
		[EVENTS_CONNECTS] = SOCKETS_CONNECTS,
		[EVENTS_CLOSES] = SOCKETS_CLOSES,
	};

	if (kind >= sizeof(kinds) / sizeof(*kinds))
		return false;
	*ret_kind = kinds[kind];
	return true;
}

static void take_bits(uint32_t bits, struct sockets_event *event)
{
	event->may_bind_low = bits & EVENTS_MAY_BIND_LOW;
	event->reuseaddr = bits & EVENTS_REUSEADDR;
	event->reuseport = bits & EVENTS_REUSEPORT;
	event->v6only = bits & EVENTS_V6ONLY;
	event->freebind = bits & EVENTS_FREEBIND;
	event->was_bound = bits & EVENTS_HAS_PORT;
	event->shut = bits & EVENTS_SHUT;
}

int events_records_decode(const void *bytes, size_t len, const struct events_clock *clock,
	struct sockets_event *ret_event)
{
	const double ns_per_s = 1e9;
	const uint64_t ns = 1000000000;
	struct events_record record;
	struct sockets_event event = {0};

	if (len < sizeof(record) || !clock->ticks)
		return -EBADMSG;
	memcpy(&record, bytes, sizeof(record));
	if (!kind_of(record.kind, &event.kind) ||
		(record.family != AF_INET && record.family != AF_INET6))
		return -EBADMSG;
	if (!proto_of(record.protocol, &event.proto))
		return 1;
	event.time_s = (double)record.time_ns / ns_per_s + clock->ahead_s;
	event.cookie = record.cookie;
	event.family = record.family == AF_INET ? 4 : 6;
	memcpy(event.address, record.address, event.family == 4 ? 4 : sizeof(event.address));
	event.port = record.port;
	event.ifindex = record.ifindex;
	event.pid = record.pid;
	event.thread = record.thread;
	event.start_ticks = record.start_ns / (ns / clock->ticks);
	event.uid = record.uid;
	memcpy(event.name, record.name, sizeof(record.name));
	take_bits(record.bits, &event);
	*ret_event = event;
	return 0;
}

int events_records_walk(const void *data, size_t size, uint64_t producer, uint64_t *consumer,
	events_record *seen, void *context)
{
	int r = 0;

	while (!r && *consumer < producer) {
		const char *at = (const char *)data + (*consumer & (size - 1));
		uint32_t head =
			__atomic_load_n((const uint32_t *)(const void *)at, __ATOMIC_ACQUIRE);
		uint32_t len = head & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);

		if (head & BPF_RINGBUF_BUSY_BIT) /* it is being written */
			break;
		if (len > size - BPF_RINGBUF_HDR_SZ)
			return -EBADMSG;
		if (!(head & BPF_RINGBUF_DISCARD_BIT))
			r = seen(context, at + BPF_RINGBUF_HDR_SZ, len);
		*consumer += ((uint64_t)len + BPF_RINGBUF_HDR_SZ + 7) / 8 * 8;
	}
	return r;
}

static int take_ending(const struct nlmsghdr *message, struct sockets_event *event)
{
	static const uint8_t nowhere[16];
	struct message_rest rest = message_attributes(message, sizeof(struct inet_diag_msg));
	const struct nlattr *attribute = NULL;
	struct inet_diag_msg head;
	uint8_t protocol = 0;
	size_t len = 0;
	const void *payload = message_payload(message, &len);

	if (len < sizeof(head))
		return -EBADMSG;
	memcpy(&head, payload, sizeof(head));
	while (message_next_attribute(&rest, &attribute)) {
		if (message_type(attribute) == INET_DIAG_PROTOCOL &&
			!message_copy(attribute, &protocol, sizeof(protocol)))
			return -EBADMSG;
	}
	if (head.idiag_family != AF_INET && head.idiag_family != AF_INET6)
		return -EBADMSG;
	if (!head.id.idiag_sport || head.id.idiag_dport || !proto_of(protocol, &event->proto) ||
		memcmp(head.id.idiag_dst, nowhere, sizeof(head.id.idiag_dst)) != 0)
		return 1;
	event->kind = SOCKETS_ENDED;
	event->cookie = head.id.idiag_cookie[0] | (uint64_t)head.id.idiag_cookie[1] << 32;
	event->family = head.idiag_family == AF_INET ? 4 : 6;
	memcpy(event->address, head.id.idiag_src, event->family == 4 ? 4 : sizeof(event->address));
	event->port = ntohs(head.id.idiag_sport);
	event->ifindex = head.id.idiag_if;
	return 0;
}

int events_records_endings(
	const void *bytes, size_t len, double time_s, sockets_event_seen *seen, void *context)
{
	struct message_rest rest = {.at = bytes, .len = len};
	const struct nlmsghdr *message = NULL;
	bool malformed = false;

	while (message_next(&rest, &message)) {
		struct sockets_event event = {.time_s = time_s};
		int r = message->nlmsg_type == SOCK_DIAG_BY_FAMILY ? take_ending(message, &event)
								   : 1;

		malformed = malformed || r < 0;
		r = r ? 0 : seen(context, &event);
		if (r)
			return r;
	}
	return malformed || rest.len ? -EBADMSG : 0;
}
