// SPDX-License-Identifier: MIT
/*
 * What in the kernel made a socket, from samples: answers of netlink put together by the kernel's
 * headers, and texts of /proc and /sys as its sources print them. No kernel is asked here; whole
 * answers, by way of a recording, are in tests/cli/test_makers.py.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <libmnl/libmnl.h>
#include <linux/fou.h>
#include <linux/genetlink.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/l2tp.h>
#include <linux/mptcp.h>
#include <linux/rtnetlink.h>
#include <linux/wireguard.h>

#include "sockets/linux/inkernel.h"
#include "sockets/linux/makers.h"
#include "sockets/linux/tunnels.h"

enum {
	FAMILY = 0x1c,
	ROOM = 4096,
};

struct sample {
	_Alignas(uint32_t) unsigned char bytes[ROOM];
	struct nlmsghdr *header;
};

static void begin(struct sample *sample, uint16_t type)
{
	memset(sample, 0, sizeof(*sample));
	sample->header = mnl_nlmsg_put_header(sample->bytes);
	sample->header->nlmsg_type = type;
}

static void begin_generic(struct sample *sample, uint8_t command)
{
	begin(sample, FAMILY);
	struct genlmsghdr *header =
		mnl_nlmsg_put_extra_header(sample->header, sizeof(struct genlmsghdr));
	header->cmd = command;
	header->version = 1;
}

/* Facts in an arena, as asking makes them. */
struct found {
	struct arena arena;
	struct makers_facts facts;
	struct tunnels tunnels;
};

static void start(struct found *found)
{
	memset(found, 0, sizeof(*found));
	found->facts.arena = &found->arena;
	found->tunnels.facts = &found->facts;
}

static void end(struct found *found)
{
	makers_facts_free(&found->facts);
	arena_free(&found->arena);
}

static void tell(struct found *found, messages_seen *seen, const struct sample *sample)
{
	struct messages_answer answer = {.seen = seen, .context = &found->tunnels};

	assert_int_equal(messages_decode(&answer, sample->bytes, sample->header->nlmsg_len), 0);
	assert_false(answer.malformed);
}

static void expect(const struct found *found, size_t index, const char *maker, uint16_t port,
	const char *detail)
{
	assert_true(index < found->facts.count);
	const struct makers_fact *fact = found->facts.all + index;
	assert_string_equal(fact->maker, maker);
	assert_int_equal(fact->port, port);
	if (detail)
		assert_string_equal(fact->detail, detail);
	else
		assert_null(fact->detail);
}

/* ---- Interfaces ------------------------------------------------------------------------------ */

static void put_link(struct sample *sample, const char *kind, uint32_t flags, const char *name,
	uint16_t type, uint16_t port)
{
	begin(sample, RTM_NEWLINK);
	struct ifinfomsg *header =
		mnl_nlmsg_put_extra_header(sample->header, sizeof(struct ifinfomsg));
	header->ifi_index = 5;
	header->ifi_flags = flags;
	mnl_attr_put_strz(sample->header, IFLA_IFNAME, name);
	struct nlattr *info = mnl_attr_nest_start(sample->header, IFLA_LINKINFO);
	mnl_attr_put_strz(sample->header, IFLA_INFO_KIND, kind);
	struct nlattr *data = mnl_attr_nest_start(sample->header, IFLA_INFO_DATA);
	if (port)
		mnl_attr_put_u16(sample->header, type, htons(port));
	mnl_attr_nest_end(sample->header, data);
	mnl_attr_nest_end(sample->header, info);
}

static void tunnels_with_a_port_are_told_by_their_interface_sample(void **state)
{
	struct found found;
	struct sample sample;

	(void)state;
	start(&found);
	put_link(&sample, "vxlan", IFF_UP, "vx0", IFLA_VXLAN_PORT, 4789);
	tell(&found, tunnels_link, &sample);
	put_link(&sample, "geneve", IFF_UP, "gnv0", IFLA_GENEVE_PORT, 6081);
	tell(&found, tunnels_link, &sample);
	put_link(&sample, "bareudp", IFF_UP, "bare0", IFLA_BAREUDP_PORT, 6635);
	tell(&found, tunnels_link, &sample);
	put_link(&sample, "gtp", 0, "gtp0", 0, 0);
	tell(&found, tunnels_link, &sample);
	put_link(&sample, "pfcp", IFF_UP, "pfcp0", 0, 0);
	tell(&found, tunnels_link, &sample);
	assert_int_equal(found.facts.count, 6);
	expect(&found, 0, "vxlan", 4789, "interface vx0");
	expect(&found, 1, "geneve", 6081, "interface gnv0");
	expect(&found, 2, "bareudp", 6635, "interface bare0");
	expect(&found, 3, "gtp", 3386, "interface gtp0");
	expect(&found, 4, "gtp", 2152, "interface gtp0");
	expect(&found, 5, "pfcp", 8805, "interface pfcp0");
	end(&found);
}

static void an_interface_that_is_down_or_of_another_namespace_has_no_socket_here_sample(
	void **state)
{
	struct found found;
	struct sample sample;

	(void)state;
	start(&found);
	put_link(&sample, "vxlan", 0, "vx0", IFLA_VXLAN_PORT, 4789);
	tell(&found, tunnels_link, &sample);
	put_link(&sample, "vxlan", IFF_UP, "vx0", IFLA_VXLAN_PORT, 4789);
	mnl_attr_put_u32(sample.header, IFLA_LINK_NETNSID, 0);
	tell(&found, tunnels_link, &sample);
	put_link(&sample, "bridge", IFF_UP, "br0", IFLA_VXLAN_PORT, 4789);
	tell(&found, tunnels_link, &sample);
	assert_int_equal(found.facts.count, 0);
	put_link(&sample, "wireguard", IFF_UP, "wg0", 0, 0);
	tell(&found, tunnels_link, &sample);
	assert_int_equal(found.tunnels.n_wireguard, 1);
	assert_int_equal(found.tunnels.wireguard[0], 5);
	end(&found);
}

/* ---- WireGuard ------------------------------------------------------------------------------- */

static const unsigned char secret[WG_KEY_LEN] = "this key must be seen by nobody";
static const unsigned char peers_secret[WG_KEY_LEN] = "nor must this one, of a peer...";

static void put_device(struct sample *sample)
{
	begin_generic(sample, WG_CMD_GET_DEVICE);
	mnl_attr_put_u16(sample->header, WGDEVICE_A_LISTEN_PORT, 51820);
	mnl_attr_put_u32(sample->header, WGDEVICE_A_FWMARK, 0);
	mnl_attr_put_u32(sample->header, WGDEVICE_A_IFINDEX, 5);
	mnl_attr_put_strz(sample->header, WGDEVICE_A_IFNAME, "wg0");
	mnl_attr_put(sample->header, WGDEVICE_A_PRIVATE_KEY, WG_KEY_LEN, secret);
	mnl_attr_put(sample->header, WGDEVICE_A_PUBLIC_KEY, WG_KEY_LEN, secret);
	struct nlattr *peers = mnl_attr_nest_start(sample->header, WGDEVICE_A_PEERS);
	struct nlattr *peer = mnl_attr_nest_start(sample->header, 0);
	mnl_attr_put(sample->header, WGPEER_A_PUBLIC_KEY, WG_KEY_LEN, peers_secret);
	mnl_attr_put(sample->header, WGPEER_A_PRESHARED_KEY, WG_KEY_LEN, peers_secret);
	mnl_attr_nest_end(sample->header, peer);
	mnl_attr_nest_end(sample->header, peers);
}

static void wireguard_tells_its_port_and_its_keys_are_washed_away_sample(void **state)
{
	struct found found;
	struct sample sample;

	(void)state;
	start(&found);
	put_device(&sample);
	assert_non_null(memmem(sample.bytes, ROOM, secret, WG_KEY_LEN));
	tunnels_wash_wireguard(sample.bytes, sample.header->nlmsg_len);
	assert_null(memmem(sample.bytes, ROOM, "this key", 8));
	assert_null(memmem(sample.bytes, ROOM, "nor must", 8));
	tell(&found, tunnels_wireguard, &sample);
	assert_int_equal(found.facts.count, 1);
	expect(&found, 0, "wireguard", 51820, "interface wg0");
	end(&found);
}

static void no_truncation_keeps_a_key_of_wireguard_sample(void **state)
{
	struct sample sample;

	(void)state;
	put_device(&sample);
	for (size_t len = 0; len < sample.header->nlmsg_len; len++) {
		unsigned char *cut = malloc(len ? len : 1);

		assert_non_null(cut);
		memcpy(cut, sample.bytes, len);
		tunnels_wash_wireguard(cut, len);
		assert_null(memmem(cut, len, "this key", 8));
		assert_null(memmem(cut, len, "nor must", 8));
		free(cut);
	}
}

/* ---- Other generic netlink ------------------------------------------------------------------- */

static void families_are_found_by_name_sample(void **state)
{
	struct genl_families families = {0};
	struct sample sample;

	(void)state;
	begin(&sample, GENL_ID_CTRL);
	(void)mnl_nlmsg_put_extra_header(sample.header, sizeof(struct genlmsghdr));
	mnl_attr_put_strz(sample.header, CTRL_ATTR_FAMILY_NAME, "wireguard");
	mnl_attr_put_u16(sample.header, CTRL_ATTR_FAMILY_ID, 0x21);
	struct messages_answer answer = {.seen = genl_family, .context = &families};
	assert_int_equal(messages_decode(&answer, sample.bytes, sample.header->nlmsg_len), 0);
	assert_int_equal(families.wireguard, 0x21);
	assert_int_equal(families.l2tp, 0);
}

static void fou_gue_l2tp_and_mptcp_tell_port_and_address_sample(void **state)
{
	const uint32_t address = htonl(0xc0000201);
	struct found found;
	struct sample sample;

	(void)state;
	start(&found);
	begin_generic(&sample, FOU_CMD_GET);
	mnl_attr_put_u16(sample.header, FOU_ATTR_PORT, htons(5555));
	mnl_attr_put_u8(sample.header, FOU_ATTR_AF, AF_INET);
	mnl_attr_put_u8(sample.header, FOU_ATTR_IPPROTO, 4);
	mnl_attr_put_u8(sample.header, FOU_ATTR_TYPE, FOU_ENCAP_DIRECT);
	tell(&found, tunnels_fou, &sample);
	begin_generic(&sample, FOU_CMD_GET);
	mnl_attr_put_u16(sample.header, FOU_ATTR_PORT, htons(6080));
	mnl_attr_put_u8(sample.header, FOU_ATTR_AF, AF_INET6);
	mnl_attr_put_u8(sample.header, FOU_ATTR_TYPE, FOU_ENCAP_GUE);
	tell(&found, tunnels_fou, &sample);
	begin_generic(&sample, L2TP_CMD_TUNNEL_GET);
	mnl_attr_put_u32(sample.header, L2TP_ATTR_CONN_ID, 7);
	mnl_attr_put_u32(sample.header, L2TP_ATTR_IP_SADDR, address);
	mnl_attr_put_u16(sample.header, L2TP_ATTR_UDP_SPORT, 1701);
	tell(&found, tunnels_l2tp, &sample);
	begin_generic(&sample, MPTCP_PM_CMD_GET_ADDR);
	struct nlattr *endpoint = mnl_attr_nest_start(sample.header, MPTCP_PM_ATTR_ADDR);
	mnl_attr_put_u16(sample.header, MPTCP_PM_ADDR_ATTR_FAMILY, AF_INET);
	mnl_attr_put_u8(sample.header, MPTCP_PM_ADDR_ATTR_ID, 1);
	mnl_attr_put_u32(sample.header, MPTCP_PM_ADDR_ATTR_ADDR4, address);
	mnl_attr_put_u16(sample.header, MPTCP_PM_ADDR_ATTR_PORT, 4444);
	mnl_attr_nest_end(sample.header, endpoint);
	tell(&found, tunnels_mptcp, &sample);
	assert_int_equal(found.facts.count, 4);
	expect(&found, 0, "fou", 5555, "for IP protocol 4");
	expect(&found, 1, "gue", 6080, NULL);
	expect(&found, 2, "l2tp", 1701, "tunnel 7");
	expect(&found, 3, "mptcp", 4444, "endpoint 1");
	for (size_t i = 2; i < 4; i++) {
		assert_int_equal(found.facts.all[i].family, 4);
		assert_memory_equal(found.facts.all[i].address, &address, 4);
	}
	end(&found);
}

/* ---- Files ----------------------------------------------------------------------------------- */

static int decode(struct found *found, inkernel_decode *decoder, const char *text)
{
	return decoder(&found->facts, text, strlen(text));
}

static void nfs_tells_its_ports_and_its_servers_sample(void **state)
{
	struct found found;

	(void)state;
	start(&found);
	assert_int_equal(
		decode(&found, inkernel_nfsd_ports, "rdma 20049\ntcp 2049\nudp 2049\n\ngarbage\n"),
		0);
	assert_int_equal(decode(&found, inkernel_nfsd_ports, "ipv4 tcp 0.0.0.0 2050\n"), 0);
	assert_int_equal(decode(&found, inkernel_nfsd_threads, "rc 0 0 0\nth 8 0 0.000\n"), 0);
	assert_int_equal(decode(&found, inkernel_nfsd_threads, "rc 0 0 0\nth 0 0 0.000\n"), 0);
	assert_int_equal(decode(&found, inkernel_nfs_servers,
				 "NV SERVER   PORT USE HOSTNAME\n"
				 "v4 c0000201  801   1 files.example\n"
				 "v3 20010db8000000000000000000000001  801   2 six.example\n"
				 "v4 c00002  801   1 short\n"),
		0);
	assert_int_equal(found.facts.count, 6);
	expect(&found, 0, "nfsd", 2049, NULL);
	assert_int_equal(found.facts.all[0].protos, BERTH_PROTO_BIT(BERTH_TCP));
	assert_int_equal(found.facts.all[1].protos, BERTH_PROTO_BIT(BERTH_UDP));
	expect(&found, 2, "nfsd", 2050, NULL);
	expect(&found, 3, "nfsd", 2049, NULL);
	expect(&found, 4, "nfs", 2049, "for server files.example");
	assert_true(found.facts.all[4].peer);
	assert_int_equal(found.facts.all[4].family, 4);
	expect(&found, 5, "nfs", 2049, "for server six.example");
	assert_int_equal(found.facts.all[5].family, 6);
	end(&found);
}

static void smb_and_rxrpc_tell_their_ports_sample(void **state)
{
	struct found found;

	(void)state;
	start(&found);
	assert_int_equal(decode(&found, inkernel_ksmbd_stats, "2 running 445 0\n"), 0);
	assert_int_equal(decode(&found, inkernel_ksmbd_stats, "2 startup 445 0\n"), 0);
	assert_int_equal(
		decode(&found, inkernel_rxrpc_locals,
			"Proto Local                                           Use Act RxQ\n"
			"UDP   0.0.0.0:7001                                      2   1   0\n"
			"UDP   [2001:db8::1]:7002                                2   1   0\n"
			"UDP   nonsense                                          2   1   0\n"),
		0);
	assert_int_equal(found.facts.count, 3);
	expect(&found, 0, "ksmbd", 445, NULL);
	expect(&found, 1, "rxrpc", 7001, NULL);
	assert_false(found.facts.all[1].has_address);
	expect(&found, 2, "rxrpc", 7002, NULL);
	assert_true(found.facts.all[2].has_address);
	end(&found);
}

static void places_are_understood(void **state)
{
	struct makers_fact fact = {0};

	(void)state;
	assert_true(inkernel_place("192.0.2.1:3260", 14, &fact));
	assert_int_equal(fact.port, 3260);
	assert_int_equal(fact.family, 4);
	assert_true(fact.has_address);
	assert_true(inkernel_place("[::]:3260", 9, &fact));
	assert_int_equal(fact.family, 6);
	assert_false(fact.has_address);
	const char *const wrong[] = {"", ":", "[", "[]:1", "1.2.3.4:0", "1.2.3.4:70000", "::1:80",
		"1.2.3.4", "[::1:80", "x:1"};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_false(inkernel_place(wrong[i], strlen(wrong[i]), &fact));
}

/* ---- Rows ------------------------------------------------------------------------------------ */

static void a_row_is_matched_by_protocol_port_family_and_address(void **state)
{
	struct found found;
	struct berth_socket row = {.proto = BERTH_UDP, .family = 4, .local_port = 1701};

	(void)state;
	start(&found);
	const struct makers_fact any = {
		.protos = BERTH_PROTO_BIT(BERTH_UDP), .port = 4789, .maker = "vxlan"};
	const struct makers_fact one = {.protos = BERTH_PROTO_BIT(BERTH_UDP),
		.port = 1701,
		.family = 4,
		.has_address = true,
		.address = {192, 0, 2, 1},
		.maker = "l2tp"};
	const struct makers_fact peer = {.protos = BERTH_PROTO_BIT(BERTH_TCP),
		.port = 2049,
		.peer = true,
		.family = 4,
		.has_address = true,
		.address = {192, 0, 2, 9},
		.maker = "nfs"};
	assert_int_equal(makers_say(&found.facts, &peer, NULL), 0);
	assert_int_equal(makers_say(&found.facts, &any, NULL), 0);
	assert_int_equal(makers_say(&found.facts, &one, "tunnel %u", 1U), 0);
	makers_sort(&found.facts);
	assert_null(makers_match(&found.facts, &row));
	memcpy(row.local, one.address, 4);
	assert_string_equal(makers_match(&found.facts, &row)->maker, "l2tp");
	row.family = 6;
	assert_null(makers_match(&found.facts, &row));
	row.local_port = 4789;
	assert_string_equal(makers_match(&found.facts, &row)->maker, "vxlan");
	row.proto = BERTH_TCP;
	assert_null(makers_match(&found.facts, &row));
	row = (struct berth_socket){
		.proto = BERTH_TCP, .family = 4, .local_port = 700, .peer_port = 2049};
	assert_null(makers_match(&found.facts, &row));
	memcpy(row.peer, peer.address, 4);
	assert_string_equal(makers_match(&found.facts, &row)->maker, "nfs");
	end(&found);
}

static void messages_survive_every_truncation(void **state)
{
	struct found found;
	struct sample sample;

	(void)state;
	put_link(&sample, "vxlan", IFF_UP, "vx0", IFLA_VXLAN_PORT, 4789);
	for (size_t len = 0; len < sample.header->nlmsg_len; len++) {
		unsigned char *cut = malloc(len ? len : 1);
		struct messages_answer answer = {.seen = tunnels_link, .context = &found.tunnels};

		assert_non_null(cut);
		start(&found);
		memcpy(cut, sample.bytes, len);
		assert_int_equal(messages_decode(&answer, cut, len), 0);
		assert_int_equal(answer.malformed, len > 0);
		assert_int_equal(found.facts.count, 0);
		/* A message that is whole, but whose attributes are cut. */
		if (len >= sizeof(struct nlmsghdr)) {
			const uint32_t claimed = (uint32_t)len;

			memcpy(cut, &claimed, sizeof(claimed));
			assert_int_equal(messages_decode(&answer, cut, len), 0);
		}
		end(&found);
		free(cut);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tunnels_with_a_port_are_told_by_their_interface_sample),
		cmocka_unit_test(
			an_interface_that_is_down_or_of_another_namespace_has_no_socket_here_sample),
		cmocka_unit_test(wireguard_tells_its_port_and_its_keys_are_washed_away_sample),
		cmocka_unit_test(no_truncation_keeps_a_key_of_wireguard_sample),
		cmocka_unit_test(families_are_found_by_name_sample),
		cmocka_unit_test(fou_gue_l2tp_and_mptcp_tell_port_and_address_sample),
		cmocka_unit_test(nfs_tells_its_ports_and_its_servers_sample),
		cmocka_unit_test(smb_and_rxrpc_tell_their_ports_sample),
		cmocka_unit_test(places_are_understood),
		cmocka_unit_test(a_row_is_matched_by_protocol_port_family_and_address),
		cmocka_unit_test(messages_survive_every_truncation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
