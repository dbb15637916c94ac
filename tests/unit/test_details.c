// SPDX-License-Identifier: MIT
/*
 * What only details show, on bytes as kernel 6.18 sends them (little-endian machines); TLS in the
 * kernel on bytes made after linux/tls.h, since the kernel that these tests were made on lacks it.
 * Addresses, the counters of lost connections, and who shares a place.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sockets/linux/addresses.h"
#include "sockets/linux/diag.h"
#include "sockets/linux/netstat.h"

/* An established connection from 127.0.0.1, 1000 bytes sent, IP_TOS 0x10, with all that can be
 * asked for. */
static const unsigned char connection[] = {0xd8, 0x01, 0x00, 0x00, 0x14, 0x00, 0x02, 0x00, 0x01,
	0x00, 0x00, 0x00, 0xdc, 0x09, 0x00, 0x00, 0x02, 0x01, 0x00, 0x00, 0x99, 0x5e, 0xd3, 0x5f,
	0x7f, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x7f, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x4c, 0x8a, 0x12, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x60, 0xfa, 0x4c, 0x01, 0x05, 0x00, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x05, 0x00, 0x05,
	0x00, 0x10, 0x00, 0x00, 0x00, 0x08, 0x00, 0x0f, 0x00, 0x00, 0x00, 0x00, 0x00, 0x08, 0x00,
	0x11, 0x00, 0x06, 0x00, 0x00, 0x00, 0x0c, 0x00, 0x15, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x06, 0x00, 0x16, 0x00, 0x52, 0x00, 0x00, 0x00, 0x28, 0x00, 0x07, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x1e, 0x3c,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x1c, 0x01, 0x02, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00,
	0x07, 0xaa, 0x01, 0xe0, 0x1c, 0x03, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x8a, 0x00, 0x00,
	0x18, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0x00, 0x00, 0xd7,
	0xff, 0x00, 0x00, 0x1b, 0x00, 0x00, 0x00, 0x0f, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0x7f,
	0x0b, 0x00, 0x00, 0x00, 0xcb, 0xff, 0x00, 0x00, 0x03, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0xd7, 0xff, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x0e, 0xfb, 0x13, 0x07, 0x07, 0x00,
	0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xe9, 0x03, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0x00, 0x00, 0x00,
	0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x06, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0xc0, 0xf3, 0x5e, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0xe8, 0x03, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x14,
	0x01, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x08, 0x00, 0x04, 0x00, 0x62, 0x62, 0x72, 0x00};

/* 127.0.0.1/8 and ::1/128 on interface 1, 192.0.2.1/24 on 3, then NLMSG_DONE. */
static const unsigned char addresses[] = {0x4c, 0x00, 0x00, 0x00, 0x14, 0x00, 0x02, 0x00, 0x01,
	0x00, 0x00, 0x00, 0xdc, 0x09, 0x00, 0x00, 0x02, 0x08, 0x80, 0xfe, 0x01, 0x00, 0x00, 0x00,
	0x08, 0x00, 0x01, 0x00, 0x7f, 0x00, 0x00, 0x01, 0x08, 0x00, 0x02, 0x00, 0x7f, 0x00, 0x00,
	0x01, 0x07, 0x00, 0x03, 0x00, 0x6c, 0x6f, 0x00, 0x00, 0x08, 0x00, 0x08, 0x00, 0x80, 0x00,
	0x00, 0x00, 0x14, 0x00, 0x06, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xf2,
	0xb0, 0x17, 0x00, 0xf2, 0xb0, 0x17, 0x00, 0x50, 0x00, 0x00, 0x00, 0x14, 0x00, 0x02, 0x00,
	0x01, 0x00, 0x00, 0x00, 0xdc, 0x09, 0x00, 0x00, 0x02, 0x18, 0x80, 0x00, 0x03, 0x00, 0x00,
	0x00, 0x08, 0x00, 0x01, 0x00, 0xc0, 0x00, 0x02, 0x01, 0x08, 0x00, 0x02, 0x00, 0xc0, 0x00,
	0x02, 0x01, 0x0a, 0x00, 0x03, 0x00, 0x76, 0x65, 0x74, 0x68, 0x30, 0x00, 0x00, 0x00, 0x08,
	0x00, 0x08, 0x00, 0x80, 0x00, 0x00, 0x00, 0x14, 0x00, 0x06, 0x00, 0xff, 0xff, 0xff, 0xff,
	0xff, 0xff, 0xff, 0xff, 0xf2, 0xb0, 0x17, 0x00, 0xf2, 0xb0, 0x17, 0x00, 0x50, 0x00, 0x00,
	0x00, 0x14, 0x00, 0x02, 0x00, 0x01, 0x00, 0x00, 0x00, 0xdc, 0x09, 0x00, 0x00, 0x0a, 0x80,
	0x80, 0xfe, 0x01, 0x00, 0x00, 0x00, 0x14, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x14, 0x00, 0x06, 0x00,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xf2, 0xb0, 0x17, 0x00, 0xf2, 0xb0, 0x17,
	0x00, 0x08, 0x00, 0x08, 0x00, 0x80, 0x00, 0x00, 0x00, 0x05, 0x00, 0x0b, 0x00, 0x01, 0x00,
	0x00, 0x00, 0x14, 0x00, 0x00, 0x00, 0x03, 0x00, 0x02, 0x00, 0x01, 0x00, 0x00, 0x00, 0xdc,
	0x09, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00};

enum {
	OFFSET_STATE = 17,
	OFFSET_SHUTDOWN = 92,
	OFFSET_MEMORY = 140,
	OFFSET_INFO = 180,
};

struct seen {
	struct berth_socket row;
	struct berth_socket_details details;
	char congestion[16];
	char ulp[16];
	size_t count;
};

static int see(void *context, const struct berth_socket *row)
{
	struct seen *seen = context;

	seen->count++;
	seen->row = *row;
	if (!row->details)
		return 0;
	seen->details = *row->details;
	if (row->details->congestion)
		strncpy(seen->congestion, row->details->congestion, sizeof(seen->congestion) - 1);
	if (row->details->ulp)
		strncpy(seen->ulp, row->details->ulp, sizeof(seen->ulp) - 1);
	return 0;
}

/* Decodes an exact copy, so that the address sanitizer sees one byte too far. */
static void decode(enum berth_proto proto, const void *bytes, size_t len, struct seen *seen)
{
	struct diag_answer answer = {.proto = proto, .details = true, .seen = see, .context = seen};
	void *copy = malloc(len);

	assert_non_null(copy);
	memcpy(copy, bytes, len);
	*seen = (struct seen){0};
	assert_int_equal(diag_decode(&answer, copy, len), 0);
	free(copy);
}

static void details_of_a_connection_are_decoded(void **state)
{
	struct seen seen;

	(void)state;
	decode(BERTH_TCP, connection, sizeof(connection), &seen);
	assert_int_equal(seen.count, 1);
	assert_int_equal(seen.row.local_port, 39262);
	const struct berth_socket_details *details = &seen.details;
	assert_true(details->has_options);
	assert_int_equal(
		details->options, BERTH_OPTION_MULTICAST_LOOP | BERTH_OPTION_MULTICAST_ALL);
	assert_false(details->shut_receive || details->shut_send);
	assert_string_equal(seen.congestion, "bbr");
	assert_null(details->ulp);
	assert_null(details->tls_version);
	assert_true(details->has_memory);
	assert_int_equal(details->memory.receive_limit, 131072);
	assert_int_equal(details->memory.send_limit, 3939840);
	assert_int_equal(details->memory.drops, 0);
	assert_true(details->has_tcp);
	assert_int_equal(details->tcp.rtt_us, 27);
	assert_int_equal(details->tcp.rtt_variation_us, 15);
	assert_int_equal(details->tcp.min_rtt_us, 6);
	assert_int_equal(details->tcp.congestion_window, 11);
	assert_int_equal(details->tcp.mss, 35328);
	assert_int_equal(details->tcp.path_mtu, 65535);
	assert_int_equal(details->tcp.bytes_sent, 1000);
	assert_int_equal(details->traffic_class, 0x10);
	assert_true(details->has_mark && !details->mark);
	assert_true(details->has_class);
	assert_int_equal(details->class_id, 6);
}

static void details_are_told_only_when_asked_for(void **state)
{
	struct seen seen = {0};
	struct diag_answer answer = {.proto = BERTH_TCP, .seen = see, .context = &seen};
	_Alignas(uint32_t) unsigned char request[DIAG_REQUEST_MAX];
	struct diag_question question = {.proto = BERTH_TCP, .family = 4, .states = 2};

	(void)state;
	diag_decode(&answer, connection, sizeof(connection));
	assert_int_equal(seen.count, 1);
	assert_null(seen.row.details);
	diag_request(&question, request);
	assert_int_equal(request[18], 0); /* idiag_ext */
	question.details = true;
	diag_request(&question, request);
	assert_int_equal(request[18], 0x7a);
	question.family = 0; /* of both families: another struct, in which it comes third too */
	diag_request(&question, request);
	assert_int_equal(request[16 + 3], 0x7a);
}

static void a_listener_and_mptcp_have_no_metrics_of_a_connection(void **state)
{
	unsigned char bytes[sizeof(connection)];
	struct seen seen;

	(void)state;
	decode(BERTH_MPTCP, connection, sizeof(connection), &seen);
	assert_false(seen.details.has_tcp);
	memcpy(bytes, connection, sizeof(bytes));
	bytes[OFFSET_STATE] = BERTH_LISTEN;
	decode(BERTH_TCP, bytes, sizeof(bytes), &seen);
	assert_false(seen.details.has_tcp);
	assert_string_equal(seen.congestion, "bbr");
}

static void options_and_shutdown_are_bits(void **state)
{
	unsigned char bytes[sizeof(connection)];
	struct seen seen;

	(void)state;
	memcpy(bytes, connection, sizeof(bytes));
	bytes[OFFSET_SHUTDOWN] = 2; /* SEND_SHUTDOWN */
	bytes[136] = 0x25; /* recverr, freebind, transparent */
	bytes[137] = 0x07; /* bind_address_no_port, recverr_rfc4884, defer_connect */
	decode(BERTH_TCP, bytes, sizeof(bytes), &seen);
	assert_true(seen.details.shut_send && !seen.details.shut_receive);
	assert_int_equal(seen.details.options,
		BERTH_OPTION_RECVERR | BERTH_OPTION_FREEBIND | BERTH_OPTION_TRANSPARENT |
			BERTH_OPTION_BIND_ADDRESS_NO_PORT | BERTH_OPTION_RECVERR_RFC4884 |
			BERTH_OPTION_DEFER_CONNECT);
}

/* INET_DIAG_ULP_INFO: the name, then version, cipher, and who encrypts in each direction. */
static const unsigned char tls[] = {0x38, 0x00, 0x13, 0x00, /* INET_DIAG_ULP_INFO */
	0x08, 0x00, 0x01, 0x00, 't', 'l', 's', 0x00, /* INET_ULP_INFO_NAME */
	0x2c, 0x00, 0x02, 0x80, /* INET_ULP_INFO_TLS */
	0x06, 0x00, 0x01, 0x00, 0x04, 0x03, 0x00, 0x00, /* TLS_INFO_VERSION: 1.3 */
	0x06, 0x00, 0x02, 0x00, 0x36, 0x00, 0x00, 0x00, /* TLS_INFO_CIPHER */
	0x06, 0x00, 0x03, 0x00, 0x02, 0x00, 0x00, 0x00, /* TLS_INFO_TXCONF: software */
	0x06, 0x00, 0x04, 0x00, 0x01, 0x00, 0x00, 0x00, /* TLS_INFO_RXCONF: none */
	0x04, 0x00, 0x06, 0x00, 0x00, 0x00, 0x00, 0x00}; /* a flag, and room to spare */

/* The connection with another attribute instead of its tcp_info. */
static size_t with_attribute(unsigned char *bytes, const unsigned char *attribute, size_t len)
{
	size_t whole = OFFSET_INFO + len;

	memcpy(bytes, connection, OFFSET_INFO);
	memcpy(bytes + OFFSET_INFO, attribute, len);
	bytes[0] = (unsigned char)whole;
	bytes[1] = (unsigned char)(whole >> 8);
	return whole;
}

static void tls_in_the_kernel_is_told_by_bytes_made_after_its_header(void **state)
{
	_Alignas(uint32_t) unsigned char bytes[sizeof(connection)];
	struct seen seen;

	(void)state;
	size_t len = with_attribute(bytes, tls, sizeof(tls));
	decode(BERTH_TCP, bytes, len, &seen);
	assert_string_equal(seen.ulp, "tls");
	assert_string_equal(seen.details.tls_version, "1.3");
	assert_string_equal(seen.details.tls_cipher, "chacha20-poly1305");
	assert_string_equal(seen.details.tls_send, "software");
	assert_string_equal(seen.details.tls_receive, "none");
	/* Numbers that came after this was written have no name, and are no mistake. */
	bytes[OFFSET_INFO + 28] = 0xff;
	bytes[OFFSET_INFO + 20] = 0xff;
	bytes[OFFSET_INFO + 36] = 0x09;
	decode(BERTH_TCP, bytes, len, &seen);
	assert_null(seen.details.tls_cipher);
	assert_null(seen.details.tls_version);
	assert_null(seen.details.tls_send);
	/* Each attribute cut short is as if it were not there. */
	for (unsigned char cut = 4; cut < 0x38; cut++) {
		bytes[OFFSET_INFO] = cut;
		decode(BERTH_TCP, bytes, len, &seen);
		assert_int_equal(seen.count, 1);
	}
}

static void what_is_too_short_is_not_told(void **state)
{
	unsigned char bytes[sizeof(connection)];
	struct seen seen;

	(void)state;
	memcpy(bytes, connection, sizeof(bytes));
	bytes[OFFSET_MEMORY] = 4 + 8;
	bytes[OFFSET_MEMORY + 12] = 28; /* what is left is an attribute that nobody knows */
	bytes[OFFSET_MEMORY + 14] = 0xff;
	bytes[OFFSET_MEMORY + 15] = 0x3f;
	decode(BERTH_TCP, bytes, sizeof(bytes), &seen);
	assert_false(seen.details.has_memory);
	assert_true(seen.details.has_tcp);
}

static void keep_address(void *context, uint8_t family, uint8_t address[16])
{
	(void)context, (void)family, (void)address;
}

static void rewriting_leaves_no_metrics_and_no_tokens(void **state)
{
	_Alignas(uint32_t) unsigned char bytes[sizeof(connection)];
	static const unsigned char subflow[] = {0x18, 0x00, 0x13, 0x00, /* INET_DIAG_ULP_INFO */
		0x0a, 0x00, 0x01, 0x00, 'm', 'p', 't', 'c', 'p', 0x00, 0x00, 0x00, 0x08, 0x00, 0x03,
		0x80, 0x89, 0x89, 0x48, 0xdd}; /* a token */
	struct seen seen;

	(void)state;
	memcpy(bytes, connection, sizeof(bytes));
	assert_int_equal(
		diag_rewrite(bytes, sizeof(bytes), keep_address, NULL), sizeof(connection));
	decode(BERTH_TCP, bytes, sizeof(bytes), &seen);
	assert_false(seen.details.has_tcp);
	assert_string_equal(seen.congestion, "bbr");
	assert_int_equal(seen.details.memory.receive_limit, 131072);
	size_t len = with_attribute(bytes, subflow, sizeof(subflow));
	diag_rewrite(bytes, len, keep_address, NULL);
	decode(BERTH_TCP, bytes, len, &seen);
	assert_string_equal(seen.ulp, "mptcp");
	assert_null(memmem(bytes, len, subflow + 20, 4));
}

/* ---- Addresses ------------------------------------------------------------------------------- */

static void read_addresses(const void *bytes, size_t len, struct addresses_answer *answer)
{
	void *copy = malloc(len);

	assert_non_null(copy);
	memcpy(copy, bytes, len);
	*answer = (struct addresses_answer){0};
	(void)addresses_decode(answer, copy, len);
	free(copy);
}

static void addresses_tell_which_interface_a_packet_to_ourselves_comes_in_by(void **state)
{
	static const struct {
		uint8_t family;
		uint8_t address[16];
		uint32_t scope;
		uint32_t ifindex;
	} cases[] = {
		{4, {127, 0, 0, 1}, 0, 1},
		{4, {127, 3, 2, 1}, 0, 1}, /* a whole network on lo */
		{4, {128, 0, 0, 1}, 0, 0},
		{4, {192, 0, 2, 1}, 0, 3},
		{4, {192, 0, 2, 2}, 0, 0}, /* a neighbour */
		{6, {[15] = 1}, 0, 1},
		{6, {[15] = 1}, 3, 0}, /* not on that interface */
		{6, {[15] = 2}, 0, 0},
		{6, {127, 0, 0, 1}, 0, 0},
	};
	struct addresses_answer answer;

	(void)state;
	read_addresses(addresses, sizeof(addresses), &answer);
	assert_true(answer.done && !answer.malformed && !answer.error);
	assert_int_equal(answer.count, 3);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_int_equal(addresses_incoming(&answer, cases[i].family, cases[i].address,
					 cases[i].scope),
			cases[i].ifindex);
	addresses_free(&answer);
}

static void addresses_survive_every_truncation_and_say_so(void **state)
{
	struct addresses_answer answer;

	(void)state;
	for (size_t len = 1; len < sizeof(addresses); len++) {
		read_addresses(addresses, len, &answer);
		assert_false(answer.done);
		assert_true(answer.count <= 3);
		addresses_free(&answer);
	}
	unsigned char bytes[sizeof(addresses)];
	memcpy(bytes, addresses, sizeof(bytes));
	bytes[17] = 33; /* a prefix longer than an address */
	read_addresses(bytes, sizeof(bytes), &answer);
	assert_true(answer.malformed);
	assert_int_equal(answer.count, 2);
	addresses_free(&answer);
}

static void change_address(void *context, uint8_t family, uint8_t address[16])
{
	unsigned *count = context;

	(*count)++;
	memset(address, 0xee, family == 4 ? 4 : 16);
}

static void addresses_are_rewritten_and_labels_go(void **state)
{
	_Alignas(uint32_t) unsigned char bytes[sizeof(addresses)];
	struct addresses_answer answer;
	unsigned count = 0;

	(void)state;
	memcpy(bytes, addresses, sizeof(bytes));
	assert_int_equal(
		addresses_rewrite(bytes, sizeof(bytes), change_address, &count), sizeof(bytes));
	assert_int_equal(count, 5); /* of IPv4 both its own and the peer's, which is the same */
	assert_null(memmem(bytes, sizeof(bytes), "veth0", 5));
	read_addresses(bytes, sizeof(bytes), &answer);
	assert_int_equal(answer.count, 3);
	for (size_t i = 0; i < answer.count; i++)
		assert_int_equal(answer.all[i].address[0], 0xee);
	addresses_free(&answer);
}

/* ---- Lost connections ------------------------------------------------------------------------ */

static void counters_are_found_by_group_and_name(void **state)
{
	static const char text[] = "Ip: A B\nIp: 1 2\n"
				   "TcpExt: TW ListenOverflows ListenDrops\nTcpExt: 5 57 61\n"
				   "IpExt: ListenDrops\nIpExt: 7\n";
	uint64_t value = 0;

	(void)state;
	assert_int_equal(
		netstat_counter(text, strlen(text), "TcpExt", "ListenOverflows", &value), 0);
	assert_int_equal(value, 57);
	assert_int_equal(netstat_counter(text, strlen(text), "TcpExt", "ListenDrops", &value), 0);
	assert_int_equal(value, 61);
	assert_int_equal(netstat_counter(text, strlen(text), "IpExt", "ListenDrops", &value), 0);
	assert_int_equal(value, 7);
	assert_int_equal(netstat_counter(text, strlen(text), "TcpExt", "Listen", &value), -ENOENT);
	assert_int_equal(netstat_counter(text, strlen(text), "Tcp", "TW", &value), -ENOENT);
	for (size_t len = 0; len < strlen(text); len++)
		(void)netstat_counter(text, len, "TcpExt", "ListenDrops", &value);
}

static void counters_that_do_not_belong_together_are_refused(void **state)
{
	static const char *const texts[] = {"TcpExt: A X\nTcpExt: 1\n", "TcpExt: X\nOther: 1\n",
		"TcpExt: X\nTcpExt: many\n", "TcpExt: X\n", "TcpExt: X\nTcpExt: -1\n"};
	uint64_t value = 3;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		assert_int_equal(netstat_counter(texts[i], strlen(texts[i]), "TcpExt", "X", &value),
			-EBADMSG);
	assert_int_equal(value, 3);
}

/* ---- Groups ---------------------------------------------------------------------------------- */

static void sockets_that_share_a_place_are_counted(void **state)
{
	static const struct {
		struct berth_socket row;
		uint32_t group; /* in the order of the sorted rows */
	} cases[] = {
		{{.proto = BERTH_TCP, .family = 4, .state = BERTH_LISTEN, .cookie = 1}, 2},
		{{.proto = BERTH_TCP, .family = 4, .state = BERTH_LISTEN, .cookie = 2}, 2},
		{{.proto = BERTH_TCP, .family = 4, .state = BERTH_LISTEN, .uid = 9, .cookie = 3},
			1},
		{{.proto = BERTH_TCP,
			 .family = 4,
			 .state = BERTH_LISTEN,
			 .ifindex = 2,
			 .cookie = 4},
			1},
		{{.proto = BERTH_TCP, .family = 4, .state = BERTH_BOUND, .cookie = 5}, 0},
		{{.proto = BERTH_TCP, .family = 6, .state = BERTH_LISTEN, .cookie = 6}, 1},
		{{.proto = BERTH_TCP, .family = 6, .state = BERTH_LISTEN, .v6only = 1, .cookie = 7},
			1},
		{{.proto = BERTH_UDP, .family = 4, .state = BERTH_ESTABLISHED, .cookie = 8}, 0},
		{{.proto = BERTH_UDP, .family = 4, .state = BERTH_CLOSE, .cookie = 9}, 2},
		{{.proto = BERTH_UDP, .family = 4, .state = BERTH_CLOSE, .cookie = 10}, 2},
	};
	struct rows_question question;
	struct arena arena = {0};
	struct rows rows = {.question = &question, .arena = &arena};

	(void)state;
	rows_question(NULL, &question);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_int_equal(rows_add(&rows, &cases[i].row), 0);
	rows_sort(&rows);
	rows_group(&rows);
	assert_int_equal(rows.count, sizeof(cases) / sizeof(*cases));
	for (size_t i = 0; i < rows.count; i++) {
		assert_int_equal(rows.all[i].cookie, cases[i].row.cookie);
		assert_int_equal(rows.all[i].reuseport_group, cases[i].group);
		assert_int_equal(rows.all[i].kernel_order, i + 1);
	}
	rows_free(&rows);
	arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(details_of_a_connection_are_decoded),
		cmocka_unit_test(details_are_told_only_when_asked_for),
		cmocka_unit_test(a_listener_and_mptcp_have_no_metrics_of_a_connection),
		cmocka_unit_test(options_and_shutdown_are_bits),
		cmocka_unit_test(tls_in_the_kernel_is_told_by_bytes_made_after_its_header),
		cmocka_unit_test(what_is_too_short_is_not_told),
		cmocka_unit_test(rewriting_leaves_no_metrics_and_no_tokens),
		cmocka_unit_test(addresses_tell_which_interface_a_packet_to_ourselves_comes_in_by),
		cmocka_unit_test(addresses_survive_every_truncation_and_say_so),
		cmocka_unit_test(addresses_are_rewritten_and_labels_go),
		cmocka_unit_test(counters_are_found_by_group_and_name),
		cmocka_unit_test(counters_that_do_not_belong_together_are_refused),
		cmocka_unit_test(sockets_that_share_a_place_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
