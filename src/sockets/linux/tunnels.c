// SPDX-License-Identifier: MIT
/*
 * Where tunnels and their like have sockets, from what rtnetlink and generic netlink tell of them.
 * One decoder for each kind, in the words of the kernel's own headers. Which rows are theirs is for
 * makers.c.
 */
#include "sockets/linux/tunnels.h"
#include "sockets/linux/message.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/amt.h>
#include <linux/fou.h>
#include <linux/genetlink.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/inet_diag.h>
#include <linux/l2tp.h>
#include <linux/mptcp.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/tipc_netlink.h>
#include <linux/wireguard.h>
#include <netinet/in.h>
#include <stdalign.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

enum {
	/* drivers/net/gtp.c GTP0_PORT, include/net/gtp.h GTP1U_PORT, include/net/pfcp.h PFCP_PORT
	 */
	GTP0_PORT = 3386,
	GTP1U_PORT = 2152,
	PFCP_PORT = 8805,
	SMC_FAMILY = 43, /* AF_SMC */
};

static const berth_protos udp = BERTH_PROTO_BIT(BERTH_UDP);
static const berth_protos tcp = BERTH_PROTO_BIT(BERTH_TCP);

static int without_answer(int error)
{
	return error == -ENOMEM ? error : 0;
}

/* ---- Interfaces (rtnetlink(7)) -----------------------------------------------------------------
 */

struct link {
	uint32_t index;
	bool up;
	bool elsewhere; /* its sockets are in another network namespace */
	char name[IFNAMSIZ];
	struct messages_attribute kind;
	struct messages_attribute data; /* of that kind */
};

static void read_link_info(struct message_rest inside, struct link *link)
{
	struct messages_attribute attribute;

	while (messages_next(&inside, &attribute)) {
		if (attribute.type == IFLA_INFO_KIND)
			link->kind = attribute;
		else if (attribute.type == IFLA_INFO_DATA)
			link->data = attribute;
	}
}

static bool read_link(const void *payload, size_t len, struct link *link)
{
	struct message_rest attributes = messages_behind(payload, len, sizeof(struct ifinfomsg));
	struct messages_attribute attribute;
	struct ifinfomsg header;

	if (len < sizeof(header))
		return false;
	memcpy(&header, payload, sizeof(header));
	*link = (struct link){.index = (uint32_t)header.ifi_index, .up = header.ifi_flags & IFF_UP};
	while (messages_next(&attributes, &attribute)) {
		if (attribute.type == IFLA_IFNAME)
			(void)messages_text(&attribute, link->name, sizeof(link->name));
		else if (attribute.type == IFLA_LINK_NETNSID)
			link->elsewhere = true;
		else if (attribute.type == IFLA_LINKINFO)
			read_link_info(messages_inside(&attribute), link);
	}
	return link->kind.len > 0;
}

/* The port in the data of an interface, in network byte order; 0: not told. */
static uint16_t port_in(const struct link *link, uint16_t type)
{
	struct message_rest inside = messages_inside(&link->data);
	struct messages_attribute attribute;

	while (messages_next(&inside, &attribute)) {
		if (attribute.type == type)
			return messages_be16(&attribute);
	}
	return 0;
}

static int say_link(
	struct tunnels *tunnels, const struct link *link, const char *maker, uint16_t port)
{
	const struct makers_fact fact = {.protos = udp, .port = port, .maker = maker};

	return port ? makers_say(tunnels->facts, &fact, "interface %s", link->name) : 0;
}

/* Those whose port stands in their own data, and which have a socket while they are up. */
static int see_tunnel(struct tunnels *tunnels, const struct link *link)
{
	static const struct {
		const char *kind;
		uint16_t port;
	} kinds[] = {
		{"vxlan", IFLA_VXLAN_PORT}, {"geneve", IFLA_GENEVE_PORT},
		{"bareudp", IFLA_BAREUDP_PORT},
		{"amt", IFLA_AMT_RELAY_PORT}, /* also of a gateway: amt_socket_create() */
	};

	for (size_t i = 0; link->up && i < sizeof(kinds) / sizeof(*kinds); i++) {
		if (messages_is(&link->kind, kinds[i].kind))
			return say_link(tunnels, link, kinds[i].kind, port_in(link, kinds[i].port));
	}
	return 0;
}

int tunnels_link(void *context, uint16_t type, const void *payload, size_t len)
{
	struct tunnels *tunnels = context;
	struct link link;
	int r = 0;

	if (type != RTM_NEWLINK || !read_link(payload, len, &link) || link.elsewhere)
		return 0;
	if (messages_is(&link.kind, "wireguard")) {
		if (link.up && tunnels->n_wireguard < TUNNELS_WIREGUARD_MOST)
			tunnels->wireguard[tunnels->n_wireguard++] = link.index;
	} else if (messages_is(&link.kind, "gtp")) {
		/* Whether it made them itself is not told; sockets of a daemon have a process. */
		r = say_link(tunnels, &link, "gtp", GTP0_PORT);
		r = r ? r : say_link(tunnels, &link, "gtp", GTP1U_PORT);
	} else if (messages_is(&link.kind, "pfcp")) {
		r = say_link(tunnels, &link, "pfcp", PFCP_PORT);
	} else {
		r = see_tunnel(tunnels, &link);
	}
	return r;
}

/* ---- WireGuard ----------------------------------------------------------------------------------
 */

int tunnels_wireguard(void *context, uint16_t type, const void *payload, size_t len)
{
	struct tunnels *tunnels = context;
	struct message_rest attributes = genl_attributes(payload, len);
	struct messages_attribute attribute;
	struct makers_fact fact = {.protos = udp, .maker = "wireguard"};
	char name[IFNAMSIZ] = "";

	(void)type;
	while (messages_next(&attributes, &attribute)) {
		if (attribute.type == WGDEVICE_A_LISTEN_PORT)
			fact.port = messages_u16(&attribute);
		else if (attribute.type == WGDEVICE_A_IFNAME)
			(void)messages_text(&attribute, name, sizeof(name));
	}
	return fact.port ? makers_say(tunnels->facts, &fact, "interface %s", name) : 0;
}

/* Zeros all of a message's attributes that are not read above, and what is not sound in it. */
static void wash_device(unsigned char *payload, size_t len)
{
	struct message_rest attributes = genl_attributes(payload, len);
	struct messages_attribute attribute;

	while (messages_next(&attributes, &attribute)) {
		bool kept = attribute.type == WGDEVICE_A_IFINDEX ||
			attribute.type == WGDEVICE_A_IFNAME ||
			attribute.type == WGDEVICE_A_LISTEN_PORT;

		if (!kept)
			explicit_bzero(message_writable(payload, attribute.bytes), attribute.len);
	}
	if (attributes.len)
		explicit_bzero(message_writable(payload, attributes.at), attributes.len);
}

void tunnels_wash_wireguard(void *bytes, size_t len)
{
	unsigned char *at = bytes;
	struct nlmsghdr header;

	while (len >= sizeof(header)) {
		memcpy(&header, at, sizeof(header));
		if (header.nlmsg_len < sizeof(header) || header.nlmsg_len > len)
			break;
		if (header.nlmsg_type >= NLMSG_MIN_TYPE)
			wash_device(at + NLMSG_HDRLEN, header.nlmsg_len - NLMSG_HDRLEN);
		size_t step = (header.nlmsg_len + (size_t)3) & ~(size_t)3;
		step = step < len ? step : len;
		at += step;
		len -= step;
	}
	if (len)
		explicit_bzero(at, len);
}

static int ask_wireguard(
	const struct sockets_system *system, struct tunnels *tunnels, uint32_t index)
{
	char name[64];

	(void)snprintf(name, sizeof(name), "generic/wireguard-%u.bin", index);
	const struct genl_question question = {
		.family = tunnels->families.wireguard,
		.command = WG_CMD_GET_DEVICE,
		.version = WG_GENL_VERSION,
		.attribute = WGDEVICE_A_IFINDEX,
		.number = index,
		.name = name,
		.wash = tunnels_wash_wireguard,
	};
	return without_answer(genl_dump(system, &question, tunnels_wireguard, tunnels));
}

int tunnels_ask_links(const struct sockets_system *system, struct tunnels *tunnels)
{
	alignas(uint32_t) unsigned char bytes[MESSAGES_REQUEST_MAX] = {0};
	struct nlmsghdr *request = message_begin(bytes, RTM_GETLINK, NLM_F_DUMP);
	int r = 0;

	(void)message_put_header(request, sizeof(struct ifinfomsg));
	message_put_u32(request, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	r = without_answer(messages_ask(
		system, NETLINK_ROUTE, "route/links.bin", request, tunnels_link, tunnels));
	if (!r && tunnels->n_wireguard)
		genl_find(system, &tunnels->families);
	for (size_t i = 0; !r && tunnels->families.wireguard && i < tunnels->n_wireguard; i++)
		r = ask_wireguard(system, tunnels, tunnels->wireguard[i]);
	return r;
}

/* ---- Addresses in attributes
 * ---------------------------------------------------------------------- */

static void read_address(
	const struct messages_attribute *attribute, uint8_t family, struct makers_fact *fact)
{
	static const uint8_t wildcard[16];
	size_t len = family == 4 ? 4 : 16;

	if (attribute->len < len || !memcmp(attribute->bytes, wildcard, len))
		return;
	fact->family = family;
	fact->has_address = true;
	memcpy(fact->address, attribute->bytes, len);
}

/* ---- Foo over UDP, generic UDP encapsulation (net/ipv4/fou_core.c)
 * -------------------------------- */

int tunnels_fou(void *context, uint16_t type, const void *payload, size_t len)
{
	struct tunnels *tunnels = context;
	struct message_rest attributes = genl_attributes(payload, len);
	struct messages_attribute attribute;
	struct makers_fact fact = {.protos = udp, .maker = "fou"};
	unsigned protocol = 0;

	(void)type;
	while (messages_next(&attributes, &attribute)) {
		if (attribute.type == FOU_ATTR_PORT)
			fact.port = messages_be16(&attribute);
		else if (attribute.type == FOU_ATTR_AF)
			fact.family = messages_u8(&attribute) == AF_INET ? 4 : 6;
		else if (attribute.type == FOU_ATTR_IPPROTO)
			protocol = messages_u8(&attribute);
		else if (attribute.type == FOU_ATTR_TYPE &&
			messages_u8(&attribute) == FOU_ENCAP_GUE)
			fact.maker = "gue";
		else if (attribute.type == FOU_ATTR_LOCAL_V4)
			read_address(&attribute, 4, &fact);
		else if (attribute.type == FOU_ATTR_LOCAL_V6)
			read_address(&attribute, 6, &fact);
	}
	if (!fact.port)
		return 0;
	return protocol ? makers_say(tunnels->facts, &fact, "for IP protocol %u", protocol)
			: makers_say(tunnels->facts, &fact, NULL);
}

int tunnels_ask_fou(const struct sockets_system *system, struct tunnels *tunnels)
{
	genl_find(system, &tunnels->families);
	const struct genl_question question = {
		.family = tunnels->families.fou,
		.command = FOU_CMD_GET,
		.version = FOU_GENL_VERSION,
		.name = "generic/fou.bin",
	};
	if (!question.family)
		return 0;
	return without_answer(genl_dump(system, &question, tunnels_fou, tunnels));
}

/* ---- L2TP (net/l2tp/l2tp_netlink.c)
 * ---------------------------------------------------------------- */

int tunnels_l2tp(void *context, uint16_t type, const void *payload, size_t len)
{
	struct tunnels *tunnels = context;
	struct message_rest attributes = genl_attributes(payload, len);
	struct messages_attribute attribute;
	struct makers_fact fact = {.protos = udp, .maker = "l2tp"};
	unsigned id = 0;

	(void)type;
	while (messages_next(&attributes, &attribute)) {
		if (attribute.type == L2TP_ATTR_UDP_SPORT)
			fact.port = messages_u16(&attribute);
		else if (attribute.type == L2TP_ATTR_CONN_ID)
			id = messages_u32(&attribute);
		else if (attribute.type == L2TP_ATTR_IP_SADDR)
			read_address(&attribute, 4, &fact);
		else if (attribute.type == L2TP_ATTR_IP6_SADDR)
			read_address(&attribute, 6, &fact);
	}
	return fact.port ? makers_say(tunnels->facts, &fact, "tunnel %u", id) : 0;
}

int tunnels_ask_l2tp(const struct sockets_system *system, struct tunnels *tunnels)
{
	genl_find(system, &tunnels->families);
	const struct genl_question question = {
		.family = tunnels->families.l2tp,
		.command = L2TP_CMD_TUNNEL_GET,
		.version = L2TP_GENL_VERSION,
		.name = "generic/l2tp.bin",
	};
	if (!question.family)
		return 0;
	return without_answer(genl_dump(system, &question, tunnels_l2tp, tunnels));
}

/* ---- TIPC over UDP (net/tipc/udp_media.c)
 * ----------------------------------------------------------- */

static void read_sockaddr(const struct messages_attribute *attribute, struct makers_fact *fact)
{
	struct sockaddr_in name;
	struct messages_attribute address = {0};
	bool four;

	if (attribute->len < sizeof(name))
		return;
	memcpy(&name, attribute->bytes, sizeof(name));
	four = name.sin_family == AF_INET;
	fact->port = ntohs(name.sin_port); /* sin6_port is at the same place */
	size_t at = four ? offsetof(struct sockaddr_in, sin_addr)
			 : offsetof(struct sockaddr_in6, sin6_addr);
	address.bytes = attribute->bytes + at;
	address.len = attribute->len - at;
	read_address(&address, four ? 4 : 6, fact);
}

int tunnels_tipc(void *context, uint16_t type, const void *payload, size_t len)
{
	struct tunnels *tunnels = context;
	struct message_rest attributes = genl_attributes(payload, len);
	struct message_rest bearer = {0};
	struct message_rest options = {0};
	struct messages_attribute attribute;
	struct makers_fact fact = {.protos = udp, .maker = "tipc"};
	char name[32] = "";

	(void)type;
	while (messages_next(&attributes, &attribute)) {
		if (attribute.type == TIPC_NLA_BEARER)
			bearer = messages_inside(&attribute);
	}
	while (messages_next(&bearer, &attribute)) {
		if (attribute.type == TIPC_NLA_BEARER_NAME)
			(void)messages_text(&attribute, name, sizeof(name));
		else if (attribute.type == TIPC_NLA_BEARER_UDP_OPTS)
			options = messages_inside(&attribute);
	}
	while (messages_next(&options, &attribute)) {
		if (attribute.type == TIPC_NLA_UDP_LOCAL)
			read_sockaddr(&attribute, &fact);
	}
	return fact.port ? makers_say(tunnels->facts, &fact, "bearer %s", name) : 0;
}

int tunnels_ask_tipc(const struct sockets_system *system, struct tunnels *tunnels)
{
	genl_find(system, &tunnels->families);
	const struct genl_question question = {
		.family = tunnels->families.tipc,
		.command = TIPC_NL_BEARER_GET,
		.version = TIPC_GENL_V2_VERSION,
		.name = "generic/tipc.bin",
	};
	if (!question.family)
		return 0;
	return without_answer(genl_dump(system, &question, tunnels_tipc, tunnels));
}

/* ---- MPTCP (net/mptcp/pm_kernel.c: an endpoint with a port has a listener)
 * -------------------------- */

int tunnels_mptcp(void *context, uint16_t type, const void *payload, size_t len)
{
	struct tunnels *tunnels = context;
	struct message_rest attributes = genl_attributes(payload, len);
	struct message_rest endpoint = {0};
	struct messages_attribute attribute;
	struct makers_fact fact = {.protos = tcp | BERTH_PROTO_BIT(BERTH_MPTCP), .maker = "mptcp"};
	unsigned id = 0;

	(void)type;
	while (messages_next(&attributes, &attribute)) {
		if (attribute.type == MPTCP_PM_ATTR_ADDR)
			endpoint = messages_inside(&attribute);
	}
	while (messages_next(&endpoint, &attribute)) {
		if (attribute.type == MPTCP_PM_ADDR_ATTR_PORT)
			fact.port = messages_u16(&attribute);
		else if (attribute.type == MPTCP_PM_ADDR_ATTR_ID)
			id = messages_u8(&attribute);
		else if (attribute.type == MPTCP_PM_ADDR_ATTR_ADDR4)
			read_address(&attribute, 4, &fact);
		else if (attribute.type == MPTCP_PM_ADDR_ATTR_ADDR6)
			read_address(&attribute, 6, &fact);
	}
	return fact.port ? makers_say(tunnels->facts, &fact, "endpoint %u", id) : 0;
}

int tunnels_ask_mptcp(const struct sockets_system *system, struct tunnels *tunnels)
{
	genl_find(system, &tunnels->families);
	const struct genl_question question = {
		.family = tunnels->families.mptcp_pm,
		.command = MPTCP_PM_CMD_GET_ADDR,
		.version = MPTCP_PM_VER,
		.name = "generic/mptcp.bin",
	};
	if (!question.family)
		return 0;
	return without_answer(genl_dump(system, &question, tunnels_mptcp, tunnels));
}

/* ---- SMC (RFC 7609: each socket has one of TCP inside; linux/smc_diag.h)
 * ---------------------------- */

struct smc_message { /* struct smc_diag_msg up to its addresses; the header needs one of InfiniBand
		      */
	uint8_t family;
	uint8_t state;
	uint8_t mode;
	uint8_t shutdown;
	struct inet_diag_sockid id;
};

int tunnels_smc(void *context, uint16_t type, const void *payload, size_t len)
{
	struct tunnels *tunnels = context;
	struct smc_message message;

	if (type != SOCK_DIAG_BY_FAMILY || len < sizeof(message))
		return 0;
	memcpy(&message, payload, sizeof(message));
	const struct makers_fact fact = {
		.protos = tcp, .port = ntohs(message.id.idiag_sport), .maker = "smc"};
	return fact.port ? makers_say(tunnels->facts, &fact, NULL) : 0;
}

int tunnels_ask_smc(const struct sockets_system *system, struct tunnels *tunnels)
{
	alignas(uint32_t) unsigned char bytes[MESSAGES_REQUEST_MAX] = {0};
	struct nlmsghdr *request = message_begin(bytes, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP);

	struct smc_message *question = message_put_header(request, sizeof(*question));
	question->family = SMC_FAMILY; /* struct smc_diag_req begins like the answer */
	return without_answer(
		messages_ask(system, NETLINK_SOCK_DIAG, "smc.bin", request, tunnels_smc, tunnels));
}
