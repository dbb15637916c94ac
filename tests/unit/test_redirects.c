// SPDX-License-Identifier: MIT
/*
 * Redirects, the pure parts: flows, partly known packets, and the decoders on answers of
 * kernel 6.18 (little-endian machines) that tests/fuzz/corpus/redirects keeps. No kernel is asked
 * here.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "sockets/linux/extensions.h"
#include "sockets/linux/ipvs.h"
#include "sockets/linux/nft.h"
#include "sockets/linux/packet.h"
#include "sockets/linux/xtables.h"

static const struct flow_ports all_ports = {.count = 1, .all = {{1, UINT16_MAX}}};

static struct flow new_flow(uint8_t family)
{
	return (struct flow){
		.family = family, .proto = BERTH_TCP, .hook = "prerouting", .ports = all_ports};
}

/* ---- Flows ------------------------------------------------------------------------------------
 */

static void expect_ports(const struct flow_ports *ports, const char *expected)
{
	char text[256] = "";
	size_t len = 0;

	for (size_t i = 0; i < ports->count; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%u-%u", i ? " " : "",
			ports->all[i].first, ports->all[i].last);
	assert_string_equal(text, expected);
}

static void ports_are_cut_out_and_put_together(void **state)
{
	struct flow flow = new_flow(4);
	struct flow_ports set = {0};

	(void)state;
	assert_true(flow_without_port(&flow, 80, 90));
	assert_true(flow_without_port(&flow, 85, 100));
	assert_true(flow_without_port(&flow, 1, 1));
	assert_true(flow_without_port(&flow, UINT16_MAX, UINT16_MAX));
	expect_ports(&flow.ports, "2-79 101-65534");
	assert_true(flow_ports_add(&set, 70, 75));
	assert_true(flow_ports_add(&set, 200, 300));
	assert_true(flow_ports_add(&set, 76, 79));
	assert_true(flow_ports_add(&set, 10, 10));
	assert_true(flow_ports_add(&set, 290, UINT16_MAX));
	expect_ports(&set, "10-10 70-79 200-65535");
	assert_true(flow_only_ports(&flow, &set));
	expect_ports(&flow.ports, "10-10 70-79 200-65534");
	assert_true(flow_only_port(&flow, 75, 250));
	expect_ports(&flow.ports, "75-79 200-250");
	assert_false(flow_without_port(&flow, 0, UINT16_MAX));
	assert_int_equal(flow.narrowings, 0);
}

static void too_many_ranges_make_a_flow_conditional_and_lose_no_port(void **state)
{
	struct flow flow = new_flow(4);

	(void)state;
	for (unsigned port = 10; port < 10 + 4 * FLOW_RANGES; port += 2)
		(void)flow_without_port(&flow, (uint16_t)port, (uint16_t)port);
	assert_true(flow.conditional);
	assert_true(flow.ports.count <= FLOW_RANGES);
	assert_int_equal(flow.ports.all[flow.ports.count - 1].last, UINT16_MAX);
}

static void addresses_narrow_by_prefix(void **state)
{
	const uint8_t wide[4] = {10, 0, 0, 0};
	const uint8_t narrow[4] = {10, 1, 2, 3};
	const uint8_t other[4] = {11, 0, 0, 0};
	struct flow flow = new_flow(4);
	char text[64];

	(void)state;
	assert_true(flow_only_address(&flow, wide, 8));
	assert_true(flow_only_address(&flow, narrow, 32));
	assert_true(flow_only_address(&flow, wide, 8));
	assert_int_equal(flow.address_bits, 32);
	assert_false(flow_only_address(&flow, other, 8));
	flow_write_address(text, sizeof(text), 4, flow.address, flow.address_bits);
	assert_string_equal(text, "10.1.2.3");
	flow_write_address(text, sizeof(text), 4, wide, 8);
	assert_string_equal(text, "10.0.0.0/8");
	flow = new_flow(4);
	assert_true(flow_only_address(&flow, narrow, 15));
	assert_memory_equal(flow.address, "\x0a\x00\x00\x00", 4);
}

static void conditions_are_told_once_and_cut_to_fit(void **state)
{
	struct flow flow = new_flow(4);

	(void)state;
	flow_condition(&flow, "iifname %s", "eth0");
	flow_doubt(&flow, "mark");
	flow_doubt(&flow, "mark");
	assert_string_equal(flow.conditions, "iifname eth0, mark");
	assert_int_equal(flow.narrowings, 3);
	assert_true(flow.conditional);
	for (int i = 0; i < 100; i++)
		flow_condition(&flow, "condition %d", i);
	assert_true(strlen(flow.conditions) < FLOW_TEXT);
}

/* ---- Packets -----------------------------------------------------------------------------------
 */

static void comparisons_decide_narrow_or_doubt(void **state)
{
	const unsigned char tcp[] = {6};
	const unsigned char udp[] = {17};
	const unsigned char from[] = {0, 80};
	const unsigned char to[] = {0, 90};
	const struct packet_byte value[] = {{PACKET_VALUE, 0, 6, 0xff}};
	const struct packet_byte port[] = {{PACKET_PORT, 0, 0, 0xff}, {PACKET_PORT, 1, 0, 0xff}};
	const struct packet_byte half[] = {{PACKET_PORT, 0, 0, 0xff}, {PACKET_PORT, 1, 0, 0x0f}};
	const struct packet_byte mark[] = {{PACKET_MARK, 0, 0, 0xff}};
	struct flow flow = new_flow(4);

	(void)state;
	assert_true(packet_only(&flow, value, tcp, tcp, 1));
	assert_false(packet_only(&flow, value, udp, udp, 1));
	assert_false(packet_without(&flow, value, tcp, tcp, 1));
	assert_true(packet_only(&flow, port, from, to, 2));
	assert_true(packet_without(&flow, port, to, to, 2));
	expect_ports(&flow.ports, "80-89");
	assert_false(flow.conditional);
	assert_true(packet_only(&flow, half, from, from, 2));
	assert_true(flow.conditional);
	flow = new_flow(4);
	assert_true(packet_only(&flow, mark, tcp, tcp, 1));
	assert_string_equal(flow.conditions, "mark");
	assert_true(flow.conditional);
}

static void a_prefix_is_an_address_with_a_mask_or_fewer_bytes(void **state)
{
	const unsigned char low[] = {10, 0, 0, 0};
	const unsigned char high[] = {10, 255, 255, 255};
	struct packet_byte bytes[4];
	struct flow flow = new_flow(4);

	(void)state;
	for (uint8_t i = 0; i < 4; i++)
		bytes[i] = (struct packet_byte){PACKET_ADDRESS, i, 0, 0xff};
	assert_true(packet_only(&flow, bytes, low, low, 1));
	assert_int_equal(flow.address_bits, 8);
	flow = new_flow(4);
	assert_true(packet_only(&flow, bytes, low, high, 4));
	assert_int_equal(flow.address_bits, 8);
	flow = new_flow(4);
	bytes[1].mask = 0xf0;
	bytes[2].mask = bytes[3].mask = 0;
	assert_true(packet_only(&flow, bytes, low, low, 4));
	assert_int_equal(flow.address_bits, 12);
	assert_false(flow.conditional);
	flow = new_flow(4);
	bytes[1].mask = 0x0f;
	assert_true(packet_only(&flow, bytes, low, low, 4));
	assert_true(flow.conditional);
	assert_false(flow.has_address);
}

/* ---- Decoders ----------------------------------------------------------------------------------
 */

static struct buffer corpus(const char *name)
{
	struct buffer bytes = {0};
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/tests/fuzz/corpus/redirects/%s",
		getenv("BERTH_SOURCE"), name);
	assert_int_equal(file_read(AT_FDCWD, path, 1 << 20, &bytes), 0);
	return bytes;
}

static bool find(const struct redirects *redirects, uint16_t port, const char *target,
	struct berth_redirect *ret_redirect)
{
	for (size_t i = 0; i < redirects->count; i++) {
		const struct berth_redirect *one = redirects->all + i;

		if (one->first <= port && one->last >= port && !strcmp(one->target_text, target)) {
			*ret_redirect = *one;
			return true;
		}
	}
	return false;
}

static void a_table_of_iptables_is_decoded_and_no_truncation_is_trusted(void **state)
{
	struct buffer table = corpus("xtables4");
	struct arena arena = {0};
	struct redirects redirects = {.arena = &arena};

	(void)state;
	assert_int_equal(
		xtables_decode(4, table.data + 1, table.len - 1, &all_ports, &redirects), 0);
	struct berth_redirect one;
	assert_true(find(&redirects, 700, ":701", &one));
	assert_string_equal(one.chain, "PREROUTING");
	assert_int_equal(one.kind, BERTH_REDIRECT_IPTABLES);
	assert_true(find(&redirects, 80, "172.17.0.2:8080", &one));
	assert_string_equal(one.chain, "DOCKER");
	assert_string_equal(one.conditions, "iifname not docker0");
	assert_true(find(&redirects, 704, "10.9.9.9:1", &one));
	assert_false(find(&redirects, 706, "10.9.9.9:1", &one));
	redirects_free(&redirects);
	for (size_t len = 0; len + 1 < table.len; len += 7) {
		char *cut = malloc(len ? len : 1);
		struct redirects less = {.arena = &arena};

		assert_non_null(cut);
		memcpy(cut, table.data + 1, len);
		(void)xtables_decode(4, cut, len, &all_ports, &less);
		redirects_free(&less);
		free(cut);
	}
	arena_free(&arena);
	buffer_free(&table);
}

static void services_of_ipvs_are_decoded_line_by_line(void **state)
{
	static const char text[] = "IP Virtual Server version 1.2.1 (size=4096)\n"
				   "TCP  C0000201:0050 rr\n"
				   "  -> 0A000001:1F90      Masq    1      0          0\n"
				   "SCTP C0000201:0051 rr\n"
				   "TCP  C00002:0050 rr\n"
				   "TCP  [2001:0db8:0000:0000:0000:0000:0000:0001:0035 rr\n"
				   "  -> 0A000001:1F90\n"
				   "UDP  C0000201:0035 rr";
	struct arena arena = {0};
	struct redirects redirects = {.arena = &arena};
	struct berth_redirect one;

	(void)state;
	ipvs_decode(text, sizeof(text) - 1, &all_ports, &redirects);
	assert_int_equal(redirects.count, 3);
	assert_true(find(&redirects, 80, "10.0.0.1:8080", &one));
	assert_true(find(&redirects, 81, "no server", &one));
	assert_true(find(&redirects, 53, "no server", &one));
	redirects_free(&redirects);
	arena_free(&arena);
}

static void names_of_chains_and_sets_do_not_collide(void **state)
{
	(void)state;
	assert_true(nft_hash(1, "t", "c") != nft_hash(2, "u", "c"));
	assert_true(nft_hash(1, "ab", "c") != nft_hash(1, "a", "bc"));
	assert_true(nft_hash(1, "a", "") != nft_hash(1, "", "a"));
}

static void add_element(struct nft_set *set, const unsigned char *key, bool end)
{
	set->all[set->count++] = (struct nft_element){.key = key, .key_len = 2, .end = end};
}

static void elements_that_end_ranges_become_ranges(void **state)
{
	static const unsigned char keys[][2] = {{0, 0}, {0, 80}, {0, 91}, {1, 0}, {1, 1}, {2, 0}};
	struct arena arena = {0};
	struct nft_element elements[8];
	struct nft_set set = {.arena = &arena, .all = elements, .size = 8};

	(void)state;
	add_element(&set, keys[2], true);
	add_element(&set, keys[5], false); /* up to the end */
	add_element(&set, keys[0], true);
	add_element(&set, keys[3], false);
	add_element(&set, keys[1], false);
	add_element(&set, keys[4], true);
	assert_int_equal(nft_sets_tidy(&set), 0);
	assert_int_equal(set.count, 3);
	assert_memory_equal(set.all[0].key, "\0\x50", 2);
	assert_memory_equal(set.all[0].key_end, "\0\x5a", 2);
	assert_memory_equal(set.all[1].key_end, "\1\0", 2);
	assert_memory_equal(set.all[2].key_end, "\xff\xff", 2);
	arena_free(&arena);
}

static void extensions_that_are_not_known_make_doubt(void **state)
{
	struct flow flow = new_flow(4);
	const struct extensions_use comment = {.name = "comment"};
	const struct extensions_use owner = {.name = "owner"};
	const struct extensions_use short_tcp = {
		.name = "tcp", .info = (const unsigned char *)"x", .len = 1};
	struct redirects_target target = {0};

	(void)state;
	assert_true(extensions_match(&flow, &comment));
	assert_int_equal(flow.narrowings, 0);
	assert_true(extensions_match(&flow, &owner));
	assert_true(extensions_match(&flow, &short_tcp));
	assert_string_equal(flow.conditions, "owner, tcp");
	assert_true(flow.conditional);
	assert_int_equal(extensions_target(&flow, &(struct extensions_use){.name = "LOG"}, &target),
		EXTENSIONS_CONTINUE);
	assert_int_equal(
		extensions_target(&flow, &(struct extensions_use){.name = "DROP"}, &target),
		EXTENSIONS_STOP);
	assert_int_equal(
		extensions_target(&flow, &(struct extensions_use){.name = "DNAT"}, &target),
		EXTENSIONS_CONTINUE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ports_are_cut_out_and_put_together),
		cmocka_unit_test(too_many_ranges_make_a_flow_conditional_and_lose_no_port),
		cmocka_unit_test(addresses_narrow_by_prefix),
		cmocka_unit_test(conditions_are_told_once_and_cut_to_fit),
		cmocka_unit_test(comparisons_decide_narrow_or_doubt),
		cmocka_unit_test(a_prefix_is_an_address_with_a_mask_or_fewer_bytes),
		cmocka_unit_test(a_table_of_iptables_is_decoded_and_no_truncation_is_trusted),
		cmocka_unit_test(services_of_ipvs_are_decoded_line_by_line),
		cmocka_unit_test(names_of_chains_and_sets_do_not_collide),
		cmocka_unit_test(elements_that_end_ranges_become_ranges),
		cmocka_unit_test(extensions_that_are_not_known_make_doubt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
