// SPDX-License-Identifier: MIT
/*
 * Asks for the addresses of the interfaces (RTM_GETADDR, rtnetlink(7); net/ipv4/devinet.c
 * inet_dump_ifaddr, net/ipv6/addrconf.c inet6_dump_ifaddr) and tells by which interface packets
 * that this machine sends to itself come in. Routes of type local that stand for no address
 * ("AnyIP") are not looked at.
 */
#include "sockets/linux/addresses.h"

#include <errno.h>
#include <limits.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "sockets/linux/messages.h"
#include "sockets/linux/system.h"

enum {
	FIRST_ROWS = 8,
	LOOPBACK = 1, /* LOOPBACK_IFINDEX of include/net/flow.h, in every network namespace */
};

size_t addresses_request(void *bytes)
{
	memset(bytes, 0, ADDRESSES_REQUEST_MAX);
	struct nlmsghdr *header = mnl_nlmsg_put_header(bytes);
	header->nlmsg_type = RTM_GETADDR;
	header->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	header->nlmsg_seq = 1;
	struct ifaddrmsg *message = mnl_nlmsg_put_extra_header(header, sizeof(*message));
	message->ifa_family = AF_UNSPEC;
	return header->nlmsg_len;
}

static int add(struct addresses_answer *answer, const struct addresses_row *row)
{
	if (answer->count == answer->size) {
		size_t size = answer->size ? answer->size * 2 : FIRST_ROWS;
		struct addresses_row *all = reallocarray(answer->all, size, sizeof(*all));

		if (!all)
			return -ENOMEM;
		answer->all = all;
		answer->size = size;
	}
	answer->all[answer->count++] = *row;
	return 0;
}

/* IFA_LOCAL is the address of this end; IFA_ADDRESS is that of the peer when there is one, and of
 * this end otherwise (linux/if_addr.h). IPv6 without a peer has no IFA_LOCAL. */
static const struct nlattr *own_address(const struct nlmsghdr *header, size_t address_len)
{
	const struct nlattr *found = NULL;
	int left = 0;

	for (const struct nlattr *attr =
			messages_attributes(header, sizeof(struct ifaddrmsg), &left);
		mnl_attr_ok(attr, left); attr = messages_next(attr, &left)) {
		uint16_t type = mnl_attr_get_type(attr);

		if (mnl_attr_get_payload_len(attr) != address_len)
			continue;
		if (type == IFA_LOCAL || (type == IFA_ADDRESS && !found))
			found = attr;
	}
	return found;
}

static int decode_row(const struct nlmsghdr *header, struct addresses_answer *answer)
{
	struct ifaddrmsg message;

	if (mnl_nlmsg_get_payload_len(header) < sizeof(message)) {
		answer->malformed = true;
		return 0;
	}
	memcpy(&message, mnl_nlmsg_get_payload(header), sizeof(message));
	if (message.ifa_family != AF_INET && message.ifa_family != AF_INET6)
		return 0; /* DECnet, MCTP and whatever else has addresses */
	struct addresses_row row = {
		.family = message.ifa_family == AF_INET ? 4 : 6,
		.prefix_len = message.ifa_prefixlen,
		.ifindex = message.ifa_index,
	};
	size_t address_len = row.family == 4 ? 4 : 16;
	const struct nlattr *address = own_address(header, address_len);
	if (!address || row.prefix_len > address_len * CHAR_BIT) {
		answer->malformed = true;
		return 0;
	}
	memcpy(row.address, mnl_attr_get_payload(address), address_len);
	return add(answer, &row);
}

int addresses_decode(void *context, const void *bytes, size_t len)
{
	struct addresses_answer *answer = context;
	const struct nlmsghdr *header = bytes;
	int left = len > INT_MAX ? INT_MAX : (int)len;
	int r = 0;

	while (!r && messages_ok(header, left)) {
		if (header->nlmsg_type == RTM_NEWADDR)
			r = decode_row(header, answer);
		if (header->nlmsg_type == NLMSG_DONE || header->nlmsg_type == NLMSG_ERROR) {
			answer->error = messages_end(header, &answer->malformed);
			answer->done = true;
			r = 1;
		}
		header = mnl_nlmsg_next(header, &left);
	}
	if (!r && left > 0)
		answer->malformed = true;
	return r;
}

static bool same_prefix(const uint8_t *a, const uint8_t *b, unsigned bits)
{
	unsigned whole = bits / CHAR_BIT;
	unsigned rest = bits % CHAR_BIT;

	return !memcmp(a, b, whole) &&
		(!rest || !((a[whole] ^ b[whole]) >> (CHAR_BIT - rest) & 0xff));
}

/*
 * On the loopback interface a whole network of IPv4 is ours: fib_add_ifaddr (net/ipv4/
 * fib_frontend.c) makes a route of type local of it. That is why 127.0.0.2 answers.
 */
static bool is_ours(const struct addresses_row *row, const uint8_t address[16])
{
	bool network = row->family == 4 && row->ifindex == LOOPBACK;
	unsigned whole = row->family == 4 ? 32 : 128;

	return same_prefix(row->address, address, network ? row->prefix_len : whole);
}

/*
 * All packets to ourselves go through lo, but are taken to come in by the interface that has the
 * address: IPv4 by the route (ip_route_output_key_hash_rcu sets orig_oif, inet_iif reads it; before
 * 4.10 it was lo), IPv6 by ip6_rcv_core in net/ipv6/ip6_input.c.
 */
uint32_t addresses_incoming(const struct addresses_answer *answer, uint8_t family,
	const uint8_t address[16], uint32_t scope)
{
	for (size_t i = 0; i < answer->count; i++) {
		const struct addresses_row *row = answer->all + i;

		if (row->family != family || (scope && scope != row->ifindex) ||
			!is_ours(row, address))
			continue;
		return row->ifindex;
	}
	return 0;
}

static void rewrite_row(struct nlmsghdr *header, addresses_change *change, void *context)
{
	const struct ifaddrmsg *message = mnl_nlmsg_get_payload(header);
	uint8_t family = message->ifa_family == AF_INET ? 4 : 6;
	size_t address_len = family == 4 ? 4 : 16;
	int left = 0;

	for (struct nlattr *attr = messages_attributes(header, sizeof(*message), &left);
		mnl_attr_ok(attr, left); attr = messages_next(attr, &left)) {
		uint16_t type = mnl_attr_get_type(attr);
		uint8_t address[16] = {0};
		void *payload = mnl_attr_get_payload(attr);
		size_t len = mnl_attr_get_payload_len(attr);

		if ((type != IFA_LOCAL && type != IFA_ADDRESS) || len != address_len) {
			memset(payload, 0, len);
			continue;
		}
		memcpy(address, payload, len);
		change(context, family, address);
		memcpy(payload, address, len);
	}
}

size_t addresses_rewrite(void *bytes, size_t len, addresses_change *change, void *context)
{
	struct nlmsghdr *header = bytes;
	int left = len > INT_MAX ? INT_MAX : (int)len;

	while (messages_ok(header, left)) {
		size_t payload = mnl_nlmsg_get_payload_len(header);

		if (header->nlmsg_type == RTM_NEWADDR && payload >= sizeof(struct ifaddrmsg))
			rewrite_row(header, change, context);
		else
			messages_blank(header);
		header = mnl_nlmsg_next(header, &left);
	}
	/* The last message may lack its padding. */
	size_t sound = (size_t)((char *)header - (char *)bytes);
	return sound < len ? sound : len;
}

void addresses_free(struct addresses_answer *answer)
{
	free(answer->all);
	*answer = (struct addresses_answer){0};
}

/* ---- The question ---------------------------------------------------------------------------- */

struct sockets_addresses {
	struct addresses_answer answer;
};

int sockets_addresses(struct sockets_system *system, struct sockets_addresses **ret_addresses)
{
	_Alignas(uint32_t) unsigned char request[ADDRESSES_REQUEST_MAX];
	struct sockets_addresses *addresses = calloc(1, sizeof(*addresses));

	if (!addresses)
		return -ENOMEM;
	size_t len = addresses_request(request);
	int r = system_ask(system, NETLINK_ROUTE, "route/addresses.bin", request, len,
		addresses_decode, &addresses->answer);
	if (!r)
		r = addresses->answer.error;
	if (r < 0)
		sockets_addresses_free(addresses);
	else
		*ret_addresses = addresses;
	return r;
}

uint32_t sockets_incoming(const struct sockets_addresses *addresses, uint8_t family,
	const uint8_t address[16], uint32_t scope)
{
	return addresses_incoming(&addresses->answer, family, address, scope);
}

void sockets_addresses_free(struct sockets_addresses *addresses)
{
	if (!addresses)
		return;
	addresses_free(&addresses->answer);
	free(addresses);
}
