// SPDX-License-Identifier: MIT
/*
 * Asks for the addresses of the interfaces (RTM_GETADDR, rtnetlink(7); net/ipv4/devinet.c
 * inet_dump_ifaddr, net/ipv6/addrconf.c inet6_dump_ifaddr) and tells by which interface packets
 * that this machine sends to itself come in. Routes of type local that stand for no address
 * ("AnyIP") are not looked at.
 */
#include "sockets/linux/addresses.h"

#include <endian.h>
#include <errno.h>
#include <limits.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "sockets/linux/message.h"
#include "sockets/linux/system.h"

enum {
	FIRST_ROWS = 8,
	LOOPBACK = 1, /* LOOPBACK_IFINDEX of include/net/flow.h, in every network namespace */
};

size_t addresses_request(void *bytes)
{
	memset(bytes, 0, ADDRESSES_REQUEST_MAX);
	struct nlmsghdr *header = message_begin(bytes, RTM_GETADDR, NLM_F_DUMP);
	struct ifaddrmsg *message = message_put_header(header, sizeof(*message));
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
	struct message_rest rest = message_attributes(header, sizeof(struct ifaddrmsg));
	const struct nlattr *found = NULL;
	const struct nlattr *attr;

	while (message_next_attribute(&rest, &attr)) {
		unsigned type = message_type(attr);
		size_t len = 0;

		(void)message_value(attr, &len);
		if (len != address_len)
			continue;
		if (type == IFA_LOCAL || (type == IFA_ADDRESS && !found))
			found = attr;
	}
	return found;
}

static int decode_row(const struct nlmsghdr *header, struct addresses_answer *answer)
{
	struct ifaddrmsg message;
	size_t len = 0;
	const void *payload = message_payload(header, &len);

	if (len < sizeof(message)) {
		answer->malformed = true;
		return 0;
	}
	memcpy(&message, payload, sizeof(message));
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
	(void)message_copy(address, row.address, address_len);
	return add(answer, &row);
}

int addresses_decode(void *context, const void *bytes, size_t len)
{
	struct addresses_answer *answer = context;
	struct message_rest rest = {bytes, len};
	const struct nlmsghdr *header;
	int r = 0;

	while (!r && message_next(&rest, &header)) {
		if (header->nlmsg_type == RTM_NEWADDR)
			r = decode_row(header, answer);
		if (header->nlmsg_type == NLMSG_DONE || header->nlmsg_type == NLMSG_ERROR) {
			answer->error = message_end(header, &answer->malformed);
			answer->done = true;
			r = 1;
		}
	}
	if (!r && rest.len)
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

static void rewrite_row(
	void *bytes, const struct nlmsghdr *header, addresses_change *change, void *context)
{
	struct message_rest rest = message_attributes(header, sizeof(struct ifaddrmsg));
	const struct nlattr *attr;
	struct ifaddrmsg message;
	size_t payload_len = 0;

	memcpy(&message, message_payload(header, &payload_len), sizeof(message));
	uint8_t family = message.ifa_family == AF_INET ? 4 : 6;
	size_t address_len = family == 4 ? 4 : 16;
	while (message_next_attribute(&rest, &attr)) {
		unsigned type = message_type(attr);
		uint8_t address[16] = {0};
		size_t len = 0;
		void *value = message_writable(bytes, message_value(attr, &len));

		if ((type != IFA_LOCAL && type != IFA_ADDRESS) || len != address_len) {
			memset(value, 0, len);
			continue;
		}
		memcpy(address, value, len);
		change(context, family, address);
		memcpy(value, address, len);
	}
}

size_t addresses_rewrite(void *bytes, size_t len, addresses_change *change, void *context)
{
	struct message_rest rest = {bytes, len};
	const struct nlmsghdr *header;

	while (message_next(&rest, &header)) {
		size_t payload_len = 0;

		(void)message_payload(header, &payload_len);
		if (header->nlmsg_type == RTM_NEWADDR && payload_len >= sizeof(struct ifaddrmsg))
			rewrite_row(bytes, header, change, context);
		else
			message_blank(bytes, header);
	}
	return len - rest.len;
}

bool addresses_have(const struct addresses_answer *answer, uint8_t family,
	const uint8_t address[16], unsigned bits)
{
	static const uint8_t loopback6[16] = {[15] = 1};

	if (family == 4 ? address[0] == 127 : same_prefix(address, loopback6, bits))
		return true;
	for (size_t i = 0; i < answer->count; i++) {
		if (answer->all[i].family == family &&
			same_prefix(answer->all[i].address, address, bits))
			return true;
	}
	return false;
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

static int ask(const struct sockets_system *system, struct addresses_answer *answer)
{
	alignas(uint32_t) unsigned char request[ADDRESSES_REQUEST_MAX];
	size_t len = addresses_request(request);
	int r = system_ask(system, NETLINK_ROUTE, "route/addresses.bin", request, len,
		addresses_decode, answer);

	return r ? r : answer->error;
}

int addresses_ask(const struct sockets_system *system, struct addresses_answer *answer)
{
	int r = answer->done ? 0 : ask(system, answer);

	answer->done = true;
	return r == -ENOMEM ? r : 0;
}

int sockets_addresses(struct sockets_system *system, struct sockets_addresses **ret_addresses)
{
	struct sockets_addresses *addresses = calloc(1, sizeof(*addresses));

	if (!addresses)
		return -ENOMEM;
	int r = ask(system, &addresses->answer);
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

/* inet_addr_type(): 224.0.0.0/4, 255.255.255.255, and the last address of each network. */
static bool is_for_many(
	const struct addresses_answer *answer, uint8_t family, const uint8_t *address)
{
	uint32_t wanted = 0;

	if (family == 6)
		return address[0] == 0xff;
	memcpy(&wanted, address, sizeof(wanted));
	if ((address[0] & 0xf0) == 0xe0 || wanted == UINT32_MAX)
		return true;
	for (size_t i = 0; i < answer->count; i++) {
		const struct addresses_row *row = &answer->all[i];
		uint32_t own = 0;

		memcpy(&own, row->address, sizeof(own));
		if (row->family == 4 && row->prefix_len < 31 &&
			(be32toh(own) | UINT32_MAX >> row->prefix_len) == be32toh(wanted))
			return true;
	}
	return false;
}

static bool is_of_interface(
	const struct addresses_answer *answer, const uint8_t *address, uint32_t ifindex)
{
	for (size_t i = 0; i < answer->count; i++) {
		const struct addresses_row *row = &answer->all[i];

		if (row->family == 6 && row->ifindex == ifindex &&
			!memcmp(row->address, address, sizeof(row->address)))
			return true;
	}
	return false;
}

bool sockets_may_bind(const struct sockets_addresses *addresses, uint8_t family,
	const uint8_t address[16], uint32_t ifindex)
{
	/* Only of IPv6 must it be an address of that interface (ipv6_chk_addr in __inet6_bind). */
	if (family == 6 && ifindex)
		return address[0] == 0xff || is_of_interface(&addresses->answer, address, ifindex);
	return addresses_incoming(&addresses->answer, family, address, 0) ||
		is_for_many(&addresses->answer, family, address);
}

void sockets_addresses_free(struct sockets_addresses *addresses)
{
	if (!addresses)
		return;
	addresses_free(&addresses->answer);
	free(addresses);
}
