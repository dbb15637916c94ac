// SPDX-License-Identifier: MIT
/*
 * Builds sock_diag requests and decodes the answers (linux/sock_diag.h, linux/inet_diag.h; kernel
 * side net/ipv4/inet_diag.c, udp_diag.c, net/sctp/diag.c, net/mptcp/mptcp_diag.c). Decides nothing
 * on retries or gaps: that is for tables.c.
 */
#include "sockets/linux/diag.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <string.h>

#include "sockets/linux/details.h"
#include "sockets/linux/message.h"

enum {
	TIMER_TIME_WAIT = 3, /* idiag_timer, inet_diag.c inet_twsk_diag_fill */
};

static uint32_t number_of(enum berth_proto proto)
{
	switch (proto) {
	case BERTH_TCP:
		return IPPROTO_TCP;
	case BERTH_UDP:
		return IPPROTO_UDP;
	case BERTH_SCTP:
		return IPPROTO_SCTP;
	case BERTH_DCCP:
		return IPPROTO_DCCP;
	case BERTH_UDPLITE:
		return IPPROTO_UDPLITE;
	case BERTH_MPTCP:
		return IPPROTO_MPTCP;
	case BERTH_PROTOS:
		break;
	}
	return 0;
}

/*
 * TCP of both families at once: the request of before 3.3, in which the kernel reads no family
 * (inet_diag_dump_compat). One walk of the hash table of connections instead of two: it costs 1 ms
 * on a machine with 24 GB even when it is empty. iproute2 does the same (ss.c tcpdiag_send).
 */
static void put_both_families(struct nlmsghdr *header, const struct diag_question *question)
{
	struct inet_diag_req *request = message_put_header(header, sizeof(*request));
	request->idiag_family = AF_INET;
	request->idiag_states = question->states;
	request->idiag_ext = question->details ? details_extensions() : 0;
	request->id.idiag_sport = htons(question->port);
}

static void put_one_family(struct nlmsghdr *header, const struct diag_question *question)
{
	uint32_t proto = number_of(question->proto);

	struct inet_diag_req_v2 *request = message_put_header(header, sizeof(*request));
	request->sdiag_family = question->family == 4 ? AF_INET : AF_INET6;
	request->sdiag_protocol = (uint8_t)proto;
	request->idiag_states = question->states;
	request->idiag_ext = question->details ? details_extensions() : 0;
	request->id.idiag_sport = htons(question->port);
	if (proto > UINT8_MAX) /* since 5.9 */
		message_put_u32(header, INET_DIAG_REQ_PROTOCOL, proto);
}

/* Since 5.7 (1ed4d92458a9); needs CAP_BPF. */
static void put_notes(struct nlmsghdr *header, int map)
{
	struct nlattr *nested = message_open_nested(header, INET_DIAG_REQ_SK_BPF_STORAGES);

	message_put_u32(header, SK_DIAG_BPF_STORAGE_REQ_MAP_FD, (uint32_t)map);
	message_close_nested(header, nested);
}

size_t diag_request(const struct diag_question *question, void *bytes)
{
	memset(bytes, 0, DIAG_REQUEST_MAX);
	struct nlmsghdr *header = message_begin(
		bytes, question->family ? SOCK_DIAG_BY_FAMILY : TCPDIAG_GETSOCK, NLM_F_DUMP);
	if (question->family)
		put_one_family(header, question);
	else
		put_both_families(header, question);
	if (question->notes > 0)
		put_notes(header, question->notes);
	return header->nlmsg_len;
}

/*
 * SCTP associations have states of their own (include/net/sctp/constants.h: CLOSED, COOKIE_WAIT,
 * COOKIE_ECHOED, ESTABLISHED, SHUTDOWN_PENDING, _SENT, _RECEIVED, _ACK_SENT): told by the nearest
 * one of TCP.
 */
static uint8_t association_state(uint8_t state)
{
	static const uint8_t nearest[] = {
		BERTH_CLOSE,
		BERTH_SYN_SENT,
		BERTH_SYN_SENT,
		BERTH_ESTABLISHED,
		BERTH_FIN_WAIT1,
		BERTH_FIN_WAIT2,
		BERTH_CLOSE_WAIT,
		BERTH_LAST_ACK,
	};

	return state < sizeof(nearest) ? nearest[state] : UINT8_MAX;
}

struct attributes {
	int8_t v6only;
	uint64_t cgroup_id;
	bool association;
	const struct nlattr *notes; /* NULL: none */
};

/* `details` may be NULL. */
static void read_attributes(
	const struct nlmsghdr *header, struct attributes *ret, struct details *details)
{
	struct message_rest rest = message_attributes(header, sizeof(struct inet_diag_msg));
	const struct nlattr *attribute;
	uint8_t v6only = 0;

	*ret = (struct attributes){.v6only = -1};
	while (message_next_attribute(&rest, &attribute)) {
		switch (message_type(attribute)) {
		case INET_DIAG_SKV6ONLY:
			if (message_copy(attribute, &v6only, sizeof(v6only)))
				ret->v6only = v6only != 0;
			break;
		case INET_DIAG_CGROUP_ID:
			(void)message_copy(attribute, &ret->cgroup_id, sizeof(ret->cgroup_id));
			break;
		case INET_DIAG_SK_BPF_STORAGES:
			ret->notes = attribute;
			break;
		case INET_DIAG_PEERS:
			ret->association = true;
			break;
		default:
			if (details)
				(void)details_take(details, attribute);
			break;
		}
	}
}

static uint8_t state_of(enum berth_proto proto, uint8_t state, const struct attributes *attributes)
{
	/* The kernel dumps bound-only TCP sockets as CLOSE (inet_diag_dump_icsk, since 6.8); no
	 * other TCP socket that it lists is closed. */
	if (proto == BERTH_TCP && state == BERTH_CLOSE)
		return BERTH_BOUND;
	if (proto == BERTH_SCTP && attributes->association)
		return association_state(state);
	return state;
}

/* Each map's part holds the map's number, padding, and the value (bpf_sk_storage_diag_put). */
static int decode_notes(
	const struct nlattr *notes, uint64_t inode, const struct diag_answer *answer)
{
	struct message_rest maps = message_nested(notes);
	const struct nlattr *map;
	const struct nlattr *part;
	int r = 0;

	while (!r && message_next_attribute(&maps, &map)) {
		struct message_rest parts = message_nested(map);

		while (!r && message_next_attribute(&parts, &part)) {
			size_t len = 0;
			const void *value = message_value(part, &len);

			if (message_type(part) == SK_DIAG_BPF_STORAGE_MAP_VALUE)
				r = answer->noted(answer->context, inode, value, len);
		}
	}
	return r;
}

static int decode_row(const struct nlmsghdr *header, struct diag_answer *answer)
{
	struct inet_diag_msg message;
	struct attributes attributes;
	size_t len = 0;
	const void *payload = message_payload(header, &len);
	struct details details;

	if (len < sizeof(message)) {
		answer->malformed = true;
		return 0;
	}
	memcpy(&message, payload, sizeof(message));
	if (answer->details)
		details_start(&details);
	read_attributes(header, &attributes, answer->details ? &details : NULL);
	struct berth_socket row = {
		.proto = answer->proto,
		.family = message.idiag_family == AF_INET ? 4 : 6,
		.state = state_of(answer->proto, message.idiag_state, &attributes),
		.local_port = ntohs(message.id.idiag_sport),
		.peer_port = ntohs(message.id.idiag_dport),
		.v6only = attributes.v6only,
		.uid = message.idiag_uid,
		.inode = message.idiag_inode,
		.cookie = (uint64_t)message.id.idiag_cookie[1] << 32 | message.id.idiag_cookie[0],
		.cgroup_id = attributes.cgroup_id,
		.ifindex = message.id.idiag_if,
		.receive_queue = message.idiag_rqueue,
		.send_queue = message.idiag_wqueue,
		.expires_ms = message.idiag_timer == TIMER_TIME_WAIT
			? (int64_t)message.idiag_expires
			: -1,
	};
	if (answer->details) {
		/* Of MPTCP and SCTP it is another struct; a listener's is its backlog, which the
		 * row has, and nothing of a connection. */
		details.told.has_tcp &= row.proto == BERTH_TCP && row.state != BERTH_LISTEN &&
			row.state != BERTH_BOUND;
		row.details = &details.told;
	}
	/* TIME_WAIT and requests are told with uid 0, whoever it was; so were orphans and what
	 * nobody accepted yet before 6.17 (sock_i_uid). */
	row.has_uid = row.inode || row.uid;
	size_t address_len = row.family == 4 ? 4 : 16;
	memcpy(row.local, message.id.idiag_src, address_len);
	memcpy(row.peer, message.id.idiag_dst, address_len);
	if ((message.idiag_family != AF_INET && message.idiag_family != AF_INET6) || !row.state ||
		row.state >= ROWS_STATES) {
		answer->malformed = true;
		return 0;
	}
	int r = 0;
	if (attributes.notes && answer->noted && row.inode)
		r = decode_notes(attributes.notes, row.inode, answer);
	return r ? r : answer->seen(answer->context, &row);
}

static int decode_message(const struct nlmsghdr *header, struct diag_answer *answer)
{
	if (header->nlmsg_flags & NLM_F_DUMP_INTR)
		answer->interrupted = true;
	switch (header->nlmsg_type) {
	case SOCK_DIAG_BY_FAMILY:
	case TCPDIAG_GETSOCK:
		return decode_row(header, answer);
	case NLMSG_DONE:
	case NLMSG_ERROR:
		answer->error = message_end(header, &answer->malformed);
		answer->done = true;
		return 1;
	case NLMSG_OVERRUN:
		answer->malformed = true;
		return 0;
	default:
		return 0; /* NLMSG_NOOP, and kinds that nobody asked for */
	}
}

int diag_decode(void *context, const void *bytes, size_t len)
{
	struct message_rest rest = {bytes, len};
	struct diag_answer *answer = context;
	const struct nlmsghdr *message;
	int r = 0;

	while (!r && message_next(&rest, &message))
		r = decode_message(message, answer);
	if (!r && rest.len)
		answer->malformed = true;
	return r;
}

static void rewrite_attributes(void *bytes, const struct nlmsghdr *header)
{
	struct message_rest rest = message_attributes(header, sizeof(struct inet_diag_msg));
	const struct nlattr *attribute;

	while (message_next_attribute(&rest, &attribute)) {
		unsigned type = message_type(attribute);
		size_t len = 0;
		const void *value = message_value(attribute, &len);

		if (type != INET_DIAG_SKV6ONLY && type != INET_DIAG_CGROUP_ID &&
			!details_rewrite(bytes, attribute))
			memset(message_writable(bytes, value), 0, len);
	}
}

static void rewrite_row(struct inet_diag_msg *message, diag_address *change, void *context)
{
	uint8_t family = message->idiag_family == AF_INET ? 4 : 6;
	size_t unused = family == 4 ? 4 : 16;
	uint8_t address[16];

	__be32 *const addresses[] = {message->id.idiag_src, message->id.idiag_dst};
	for (size_t i = 0; i < 2; i++) {
		memcpy(address, addresses[i], sizeof(address));
		memset(address + unused, 0, sizeof(address) - unused);
		change(context, family, address);
		memcpy(addresses[i], address, sizeof(address));
	}
}

size_t diag_rewrite(void *bytes, size_t len, diag_address *change, void *context)
{
	struct message_rest rest = {bytes, len};
	const struct nlmsghdr *header;

	while (message_next(&rest, &header)) {
		bool row = header->nlmsg_type == SOCK_DIAG_BY_FAMILY ||
			header->nlmsg_type == TCPDIAG_GETSOCK;
		size_t payload_len = 0;
		char *payload = message_writable(bytes, message_payload(header, &payload_len));

		if (row && payload_len >= sizeof(struct inet_diag_msg)) {
			rewrite_row((void *)payload, change, context);
			rewrite_attributes(bytes, header);
		} else if (payload_len > sizeof(int32_t)) {
			/* The errno stays, the echoed request goes. */
			memset(payload + sizeof(int32_t), 0, payload_len - sizeof(int32_t));
		}
	}
	return len - rest.len;
}
