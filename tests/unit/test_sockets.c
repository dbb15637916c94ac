// SPDX-License-Identifier: MIT
/*
 * The decoders of the Linux backend, on bytes as kernel 6.18 sends them (little-endian machines)
 * and on texts of /proc: no kernel is asked here.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sockets/linux/diag.h"
#include "sockets/linux/policy.h"
#include "sockets/linux/process.h"
#include "sockets/linux/procnet.h"
#include "sockets/linux/replay.h"
#include "sockets/linux/rows.h"
#include "sockets/linux/tables.h"

/* A listener on [::]:51035 with backlog 7, not v6only, then NLMSG_DONE. */
static const unsigned char listener[] = {0x84, 0x00, 0x00, 0x00, 0x14, 0x00, 0x02, 0x00, 0x01, 0x00,
	0x00, 0x00, 0xdc, 0x09, 0x00, 0x00, /* struct nlmsghdr */
	0x0a, 0x0a, 0x00, 0x00, 0xc7, 0x5b, 0x00, 0x00, /* family, state, timer, ports */
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, /* addresses, interface */
	0x07, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, /* cookie */
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x07, 0x00, 0x00,
	0x00, /* expires, queues */
	0x00, 0x00, 0x00, 0x00, 0xf5, 0x9e, 0x00, 0x00, /* uid, inode */
	0x05, 0x00, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, /* INET_DIAG_SHUTDOWN */
	0x05, 0x00, 0x0b, 0x00, 0x00, 0x00, 0x00, 0x00, /* INET_DIAG_SKV6ONLY */
	0x08, 0x00, 0x0f, 0x00, 0x00, 0x00, 0x00, 0x00, /* INET_DIAG_MARK */
	0x0c, 0x00, 0x15, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, /* …CGROUP_ID */
	0x06, 0x00, 0x16, 0x00, 0x12, 0x00, 0x00, 0x00, /* INET_DIAG_SOCKOPT */
	0x14, 0x00, 0x00, 0x00, 0x03, 0x00, 0x02, 0x00, 0x01, 0x00, 0x00, 0x00, 0xdc, 0x09, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00};

enum {
	LISTENER_LEN = 132,
	OFFSET_FLAGS = 6,
	OFFSET_FAMILY = 16,
	OFFSET_STATE = 17,
};

/* 127.0.0.1:35830 to :51035 in TIME_WAIT for another 59.9 s, by TCPDIAG_GETSOCK. */
static const unsigned char time_wait[] = {0x60, 0x00, 0x00, 0x00, 0x12, 0x00, 0x02, 0x00, 0x01,
	0x00, 0x00, 0x00, 0xdc, 0x09, 0x00, 0x00, 0x02, 0x06, 0x03, 0x00, 0x8b, 0xf6, 0xc7, 0x5b,
	0x7f, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x7f, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xfc,
	0xe9, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x08, 0x00, 0x0f, 0x00, 0x00, 0x00, 0x00, 0x00};

/* What a kernel without SCTP answers: a dump that is done at once, with -ENOENT. */
static const unsigned char no_such_protocol[] = {0x14, 0x00, 0x00, 0x00, 0x03, 0x00, 0x02, 0x00,
	0x01, 0x00, 0x00, 0x00, 0xdc, 0x09, 0x00, 0x00, 0xfe, 0xff, 0xff, 0xff};

/* NLMSG_ERROR with -EPERM and the header that it answers. */
static const unsigned char refused[] = {0x24, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x01, 0x00,
	0x00, 0x00, 0xdc, 0x09, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0x48, 0x00, 0x00, 0x00, 0x14,
	0x00, 0x01, 0x03, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00};

struct seen {
	struct berth_socket first;
	struct berth_socket second;
	size_t count;
};

static int see(void *context, const struct berth_socket *row)
{
	struct seen *seen = context;

	assert_true(seen->count < 2);
	*(seen->count++ ? &seen->second : &seen->first) = *row;
	return 0;
}

/* Decodes an exact copy, so that the address sanitizer sees one byte too far. */
static int decode(enum berth_proto proto, const void *bytes, size_t len, struct seen *seen,
	struct diag_answer *answer)
{
	void *copy = malloc(len ? len : 1);

	assert_non_null(copy);
	memcpy(copy, bytes, len);
	*seen = (struct seen){0};
	*answer = (struct diag_answer){.proto = proto, .seen = see, .context = seen};
	int r = diag_decode(answer, copy, len);
	free(copy);
	return r;
}

static void diag_decodes_a_listener(void **state)
{
	struct diag_answer answer;
	struct seen seen;

	(void)state;
	assert_int_equal(decode(BERTH_TCP, listener, sizeof(listener), &seen, &answer), 1);
	assert_true(answer.done);
	assert_false(answer.malformed || answer.interrupted || answer.error);
	assert_int_equal(seen.count, 1);
	const struct berth_socket *row = &seen.first;
	assert_int_equal(row->proto, BERTH_TCP);
	assert_int_equal(row->family, 6);
	assert_int_equal(row->state, BERTH_LISTEN);
	assert_int_equal(row->local_port, 51035);
	assert_int_equal(row->peer_port, 0);
	assert_int_equal(row->v6only, 0);
	assert_true(row->has_uid);
	assert_int_equal(row->uid, 0);
	assert_int_equal(row->inode, 40693);
	assert_int_equal(row->cookie, 7);
	assert_int_equal(row->cgroup_id, 1);
	assert_int_equal(row->receive_queue, 0);
	assert_int_equal(row->send_queue, 7);
	assert_int_equal(row->expires_ms, -1);
}

static void diag_decodes_time_wait_with_its_timer_and_without_a_user(void **state)
{
	static const uint8_t loopback[16] = {127, 0, 0, 1};
	struct diag_answer answer;
	struct seen seen;

	(void)state;
	assert_int_equal(decode(BERTH_TCP, time_wait, sizeof(time_wait), &seen, &answer), 0);
	assert_false(answer.done || answer.malformed);
	assert_int_equal(seen.count, 1);
	assert_int_equal(seen.first.state, BERTH_TIME_WAIT);
	assert_int_equal(seen.first.expires_ms, 59900);
	assert_int_equal(seen.first.local_port, 35830);
	assert_int_equal(seen.first.peer_port, 51035);
	assert_memory_equal(seen.first.local, loopback, 16);
	assert_memory_equal(seen.first.peer, loopback, 16);
	assert_false(seen.first.has_uid);
	assert_int_equal(seen.first.v6only, -1);
}

static void diag_tells_bound_only_sockets_of_tcp_from_unconnected_ones_of_udp(void **state)
{
	unsigned char bytes[sizeof(listener)];
	struct diag_answer answer;
	struct seen seen;

	(void)state;
	memcpy(bytes, listener, sizeof(bytes));
	bytes[OFFSET_STATE] = 7;
	decode(BERTH_TCP, bytes, sizeof(bytes), &seen, &answer);
	assert_int_equal(seen.first.state, BERTH_BOUND);
	decode(BERTH_UDP, bytes, sizeof(bytes), &seen, &answer);
	assert_int_equal(seen.first.state, BERTH_CLOSE);
}

static void diag_translates_the_states_of_sctp_associations(void **state)
{
	unsigned char bytes[sizeof(listener)];
	struct diag_answer answer;
	struct seen seen;

	(void)state;
	memcpy(bytes, listener, sizeof(bytes));
	bytes[OFFSET_STATE] = 3; /* SCTP_STATE_ESTABLISHED */
	bytes[90] = 13; /* INET_DIAG_SHUTDOWN becomes INET_DIAG_PEERS */
	decode(BERTH_SCTP, bytes, sizeof(bytes), &seen, &answer);
	assert_int_equal(seen.first.state, BERTH_ESTABLISHED);
	bytes[OFFSET_STATE] = 9; /* there is none */
	decode(BERTH_SCTP, bytes, sizeof(bytes), &seen, &answer);
	assert_int_equal(seen.count, 0);
	assert_true(answer.malformed);
}

static void diag_hears_refusals_and_interruptions(void **state)
{
	unsigned char bytes[sizeof(listener)];
	struct diag_answer answer;
	struct seen seen;

	(void)state;
	assert_int_equal(
		decode(BERTH_SCTP, no_such_protocol, sizeof(no_such_protocol), &seen, &answer), 1);
	assert_int_equal(answer.error, -ENOENT);
	assert_int_equal(decode(BERTH_TCP, refused, sizeof(refused), &seen, &answer), 1);
	assert_int_equal(answer.error, -EPERM);
	memcpy(bytes, listener, sizeof(bytes));
	bytes[OFFSET_FLAGS] |= 0x10; /* NLM_F_DUMP_INTR */
	decode(BERTH_TCP, bytes, sizeof(bytes), &seen, &answer);
	assert_true(answer.interrupted);
	assert_int_equal(seen.count, 1);
}

static void diag_survives_every_truncation_and_says_so(void **state)
{
	struct diag_answer answer;
	struct seen seen;

	(void)state;
	for (size_t len = 0; len < sizeof(listener); len++) {
		assert_int_equal(decode(BERTH_TCP, listener, len, &seen, &answer), 0);
		assert_false(answer.done);
		assert_int_equal(seen.count, len >= LISTENER_LEN);
		assert_int_equal(answer.malformed, len != 0 && len != LISTENER_LEN);
	}
}

static void diag_leaves_out_what_cannot_be(void **state)
{
	static const struct {
		size_t offset;
		unsigned char value;
	} cases[] = {
		{OFFSET_FAMILY, 1}, {OFFSET_STATE, 0}, {OFFSET_STATE, 14},
		{0, 0x40}, /* a row that is too short, then garbage */
	};
	unsigned char bytes[sizeof(listener)];
	struct diag_answer answer;
	struct seen seen;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		memcpy(bytes, listener, sizeof(bytes));
		bytes[cases[i].offset] = cases[i].value;
		decode(BERTH_TCP, bytes, sizeof(bytes), &seen, &answer);
		assert_int_equal(seen.count, 0);
		assert_true(answer.malformed);
	}
	/* Longer than what an int can count: found by fuzzing. */
	memcpy(bytes, listener, sizeof(bytes));
	bytes[3] = 0x80;
	decode(BERTH_TCP, bytes, sizeof(bytes), &seen, &answer);
	assert_int_equal(seen.count, 0);
	assert_true(answer.malformed);
	/* An attribute that is too short for what it should hold is as if it were not there. */
	memcpy(bytes, listener, sizeof(bytes));
	bytes[96] = 4;
	decode(BERTH_TCP, bytes, sizeof(bytes), &seen, &answer);
	assert_int_equal(seen.first.v6only, -1);
}

static void diag_asks_as_the_kernel_expects(void **state)
{
	_Alignas(uint32_t) unsigned char bytes[DIAG_REQUEST_MAX];

	(void)state;
	size_t len = diag_request(
		&(struct diag_question){
			.proto = BERTH_UDP, .family = 6, .states = 0x80, .port = 0x1234},
		bytes);
	assert_int_equal(len, 72);
	assert_int_equal(bytes[4], 20); /* SOCK_DIAG_BY_FAMILY */
	assert_int_equal(bytes[7], 3); /* NLM_F_DUMP */
	static const unsigned char front[] = {10, 17, 0, 0, 0x80, 0, 0, 0, 0x12, 0x34, 0, 0};
	assert_memory_equal(bytes + 16, front, sizeof(front));
	len = diag_request(
		&(struct diag_question){.proto = BERTH_MPTCP, .family = 4, .states = 1}, bytes);
	assert_int_equal(len, 80);
	static const unsigned char attribute[] = {8, 0, 3, 0, 6, 1, 0, 0};
	assert_memory_equal(bytes + 72, attribute, sizeof(attribute));
	len = diag_request(
		&(struct diag_question){.proto = BERTH_TCP, .states = 0x2002, .port = 80}, bytes);
	assert_int_equal(len, 16 + 60); /* struct inet_diag_req */
	assert_int_equal(bytes[4], 18); /* TCPDIAG_GETSOCK */
	static const unsigned char old[] = {2, 0, 0, 0, 0, 80};
	assert_memory_equal(bytes + 16, old, sizeof(old));
	static const unsigned char states[] = {2, 0x20, 0, 0};
	assert_memory_equal(bytes + 68, states, sizeof(states));
}

static void change_address(void *context, uint8_t family, uint8_t address[16])
{
	unsigned *count = context;

	(*count)++;
	memset(address, 0xee, family == 4 ? 4 : 16);
}

static void diag_rewrites_addresses_and_nothing_that_it_reads(void **state)
{
	_Alignas(uint32_t) unsigned char bytes[sizeof(time_wait) + 3];
	struct diag_answer answer;
	struct seen seen;
	unsigned count = 0;

	(void)state;
	memcpy(bytes, time_wait, sizeof(time_wait));
	assert_int_equal(
		diag_rewrite(bytes, sizeof(bytes), change_address, &count), sizeof(time_wait));
	assert_int_equal(count, 2);
	decode(BERTH_TCP, bytes, sizeof(time_wait), &seen, &answer);
	static const uint8_t changed[16] = {0xee, 0xee, 0xee, 0xee};
	assert_memory_equal(seen.first.local, changed, 16);
	assert_memory_equal(seen.first.peer, changed, 16);
	assert_int_equal(seen.first.expires_ms, 59900);
	assert_int_equal(seen.first.local_port, 35830);
}

static const char tcp4[] = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when "
			   "retrnsmt   uid  timeout "
			   "inode                                                     \n"
			   "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000002 00:00000000 "
			   "00000000    33        0 "
			   "59633 1 0000000000000000 100 0 0 10 0                     \n"
			   "   1: 0100007F:8BF6 0100007F:C75B 06 00000000:00000000 03:00001770 "
			   "00000000     0        0 "
			   "0 3 0000000000000000                                      \n";

static void procnet_decodes_ipv4(void **state)
{
	const struct procnet_table table = {.proto = BERTH_TCP, .family = 4, .clock_ticks = 100};
	static const uint8_t loopback[16] = {127, 0, 0, 1};
	struct seen seen = {0};
	bool malformed = false;

	(void)state;
	assert_int_equal(procnet_decode(tcp4, sizeof(tcp4) - 1, &table, see, &seen, &malformed), 0);
	assert_false(malformed);
	assert_int_equal(seen.count, 2);
	assert_memory_equal(seen.first.local, loopback, 16);
	assert_int_equal(seen.first.local_port, 8080);
	assert_int_equal(seen.first.state, BERTH_LISTEN);
	assert_int_equal(seen.first.receive_queue, 2);
	assert_int_equal(seen.first.inode, 59633);
	assert_true(seen.first.has_uid);
	assert_int_equal(seen.first.uid, 33);
	assert_int_equal(seen.first.expires_ms, -1);
	assert_int_equal(seen.first.v6only, -1);
	assert_int_equal(seen.second.state, BERTH_TIME_WAIT);
	assert_int_equal(seen.second.expires_ms, 60000);
	assert_false(seen.second.has_uid);
}

static void procnet_decodes_ipv6(void **state)
{
	static const char text[] =
		"  sl  local_address remote_address\n"
		" 12: B80D0120000000000000000001000000:0035 00000000000000000000000000000000:0000 "
		"07 "
		"00000000:00000000 00:00000000 00000000   101        0 777 2 0000000000000000 0\n";
	static const uint8_t address[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 1};
	const struct procnet_table table = {.proto = BERTH_UDP, .family = 6, .clock_ticks = 100};
	struct seen seen = {0};
	bool malformed = false;

	(void)state;
	assert_int_equal(procnet_decode(text, sizeof(text) - 1, &table, see, &seen, &malformed), 0);
	assert_false(malformed);
	assert_int_equal(seen.count, 1);
	assert_memory_equal(seen.first.local, address, 16);
	assert_int_equal(seen.first.local_port, 53);
	assert_int_equal(seen.first.state, BERTH_CLOSE);
}

static void procnet_leaves_out_what_it_cannot_read(void **state)
{
	static const char *const lines[] = {
		"garbage",
		"   0: 0100007F:1F90 00000000:0000 0A 00000000:00000002 00:00000000 00000000    33",
		"0: 0100007G:1F90 00000000:0000 0A 00000000:00000002 00:00000000 00000000 33 0 "
		"59633",
		"0: 0100007F:1F901 00000000:0000 0A 0:2 00:0 0 33 0 59633",
		"0: 0100007F:1F90 00000000:0000 FF 00000000:00000002 00:00000000 00000000 33 0 "
		"59633",
		"0: 0100007F:1F90 00000000:0000 0A 00000000:00000002 00:00000000 00000000 -1 0 "
		"59633",
	};
	const struct procnet_table table = {.proto = BERTH_TCP, .family = 4, .clock_ticks = 100};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		struct buffer text = {0};
		struct seen seen = {0};
		bool malformed = false;

		buffer_format(&text, "header\n%s\n", lines[i]);
		procnet_decode(text.data, text.len, &table, see, &seen, &malformed);
		assert_int_equal(seen.count, 0);
		assert_true(malformed);
		buffer_free(&text);
	}
}

static void procnet_rewrites_addresses_in_place(void **state)
{
	const struct procnet_table table = {.proto = BERTH_TCP, .family = 4, .clock_ticks = 100};
	static const uint8_t changed[16] = {0xee, 0xee, 0xee, 0xee};
	char text[sizeof(tcp4)];
	struct seen seen = {0};
	bool malformed = false;
	unsigned count = 0;

	(void)state;
	memcpy(text, tcp4, sizeof(text));
	procnet_rewrite(text, sizeof(text) - 1, 4, change_address, &count);
	assert_int_equal(count, 4);
	procnet_decode(text, sizeof(text) - 1, &table, see, &seen, &malformed);
	assert_false(malformed);
	assert_int_equal(seen.count, 2);
	assert_memory_equal(seen.second.local, changed, 16);
	assert_memory_equal(seen.second.peer, changed, 16);
	assert_int_equal(seen.second.local_port, 0x8bf6);
}

static void process_names_may_hold_parentheses_and_line_feeds(void **state)
{
	static const char text[] = "77 (a) S 1 (\n) R 42 77 77 0 -1 4194304 1 0 0 0 0 0 0 0 20 0 1 "
				   "0 123456789 1000 5 18446744073709551615 1\n";
	struct process_stat stat;

	(void)state;
	assert_int_equal(process_parse_stat(text, sizeof(text) - 1, &stat), 0);
	assert_string_equal(stat.name, "a) S 1 (\n");
	assert_int_equal(stat.parent, 42);
	assert_int_equal(stat.start_ticks, 123456789);
	for (size_t len = 0; len < 70; len++)
		assert_int_equal(process_parse_stat(text, len, &stat), -EBADMSG);
	assert_int_equal(process_parse_stat(")1 (", 4, &stat), -EBADMSG);
}

static void process_status_gives_the_effective_user_and_capabilities(void **state)
{
	static const char text[] =
		"Name:\tUid:\\n\nTgid:\t412\nPid:\t419\nUid:\t1000\t33\t33\t33\nGid:\t0\n"
		"CapPrm:\t0000000000000000\nCapEff:\t0000000000000400\n";
	struct process_status status;

	(void)state;
	process_parse_status(text, sizeof(text) - 1, &status);
	assert_true(status.has_uid);
	assert_int_equal(status.uid, 33);
	assert_int_equal(status.process, 412);
	assert_true(status.has_capabilities);
	assert_int_equal(status.capabilities, 1 << PROCESS_CAP_NET_BIND_SERVICE);
	process_parse_status("Uid:\t1000\n", 10, &status);
	assert_false(status.has_uid || status.has_capabilities);
	process_parse_status("CapEff:\tx\nUid:\t1\t-1\nTgid:\t-4\n", 30, &status);
	assert_false(status.has_uid || status.has_capabilities || status.process);
}

static void process_arguments_are_cut_at_their_nul_bytes(void **state)
{
	struct arena arena = {0};
	const char *const *argv;
	size_t n_argv;

	(void)state;
	assert_int_equal(process_parse_arguments(&arena, "a\0\0b c\0", 7, &argv, &n_argv), 0);
	assert_int_equal(n_argv, 3);
	assert_string_equal(argv[0], "a");
	assert_string_equal(argv[1], "");
	assert_string_equal(argv[2], "b c");
	assert_int_equal(process_parse_arguments(&arena, "title\0\0\0", 8, &argv, &n_argv), 0);
	assert_int_equal(n_argv, 1);
	assert_int_equal(process_parse_arguments(&arena, "\0\0", 2, &argv, &n_argv), 0);
	assert_int_equal(n_argv, 0);
	assert_null(argv);
	arena_free(&arena);
}

static void process_links_are_understood(void **state)
{
	bool deleted = false;
	uint64_t boot_s = 0;

	(void)state;
	assert_int_equal(process_parse_exe("/usr/bin/x", &deleted), 10);
	assert_false(deleted);
	assert_int_equal(process_parse_exe("/usr/bin/x (deleted)", &deleted), 10);
	assert_true(deleted);
	assert_int_equal(process_parse_socket("socket:[59633]"), 59633);
	assert_int_equal(process_parse_socket("socket:[]"), 0);
	assert_int_equal(process_parse_socket("socket:[1x]"), 0);
	assert_int_equal(process_parse_socket("socket:[1"), 0);
	assert_int_equal(process_parse_socket("/socket:[1]"), 0);
	assert_int_equal(process_parse_boot_time("cpu 1\nbtime 170\nx", 17, &boot_s), 0);
	assert_int_equal(boot_s, 170);
	assert_int_equal(process_parse_boot_time("cpu 1\n", 6, &boot_s), -EBADMSG);
}

static void policy_reads_the_kernels_lists(void **state)
{
	struct arena arena = {0};
	const struct berth_port_range *ranges;
	struct berth_port_range range;
	size_t n_ranges;
	uint32_t start;

	(void)state;
	assert_int_equal(policy_parse_range("32768\t60999\n", 12, &range), 0);
	assert_int_equal(range.first, 32768);
	assert_int_equal(range.last, 60999);
	assert_int_equal(policy_parse_range("9\t8\n", 4, &range), -EBADMSG);
	assert_int_equal(policy_parse_range("9\t65536\n", 8, &range), -EBADMSG);
	assert_int_equal(policy_parse_range("", 0, &range), -EBADMSG);
	assert_int_equal(
		policy_parse_reserved(&arena, "8080,9000-9100\n", 15, &ranges, &n_ranges), 0);
	assert_int_equal(n_ranges, 2);
	assert_int_equal(ranges[0].first, 8080);
	assert_int_equal(ranges[0].last, 8080);
	assert_int_equal(ranges[1].first, 9000);
	assert_int_equal(ranges[1].last, 9100);
	assert_int_equal(policy_parse_reserved(&arena, "\n", 1, &ranges, &n_ranges), 0);
	assert_int_equal(n_ranges, 0);
	assert_int_equal(policy_parse_reserved(&arena, "1,,2", 4, &ranges, &n_ranges), -EBADMSG);
	assert_int_equal(policy_parse_reserved(&arena, "2-1", 3, &ranges, &n_ranges), -EBADMSG);
	assert_int_equal(policy_parse_start("1024\n", 5, &start), 0);
	assert_int_equal(start, 1024);
	assert_int_equal(policy_parse_start("65537\n", 6, &start), -EBADMSG);
	arena_free(&arena);
}

static void rows_are_chosen_by_port_protocol_family_and_state(void **state)
{
	struct berth_query_part parts[] = {{.first = 80, .last = 80, .protos = 2},
		{.first = 8000, .last = 8010, .family = 4, .address = {127, 0, 0, 1}}};
	struct berth_query query = {.parts = parts, .n_parts = 2};
	struct berth_ask ask = {.size = sizeof(ask),
		.query = &query,
		.protos = BERTH_PROTO_BIT(BERTH_TCP),
		.states = BERTH_STATE_BIT(BERTH_LISTEN),
		.family = 4};
	struct rows_question question;
	struct berth_socket row = {
		.proto = BERTH_TCP, .family = 4, .state = BERTH_LISTEN, .local_port = 8005};

	(void)state;
	rows_question(&ask, &question);
	assert_int_equal(question.one_port, 0);
	assert_true(rows_wanted(&question, &row));
	row.local_port = 80; /* its part says UDP; only ports are taken from a query */
	assert_true(rows_wanted(&question, &row));
	row.local_port = 8011;
	assert_false(rows_wanted(&question, &row));
	row.local_port = 80;
	row.proto = BERTH_UDP;
	assert_false(rows_wanted(&question, &row));
	row.proto = BERTH_TCP;
	row.family = 6;
	assert_false(rows_wanted(&question, &row));
	row.family = 4;
	row.state = BERTH_ESTABLISHED;
	assert_false(rows_wanted(&question, &row));
	parts[1] = parts[0];
	rows_question(&ask, &question);
	assert_int_equal(question.one_port, 80);
	rows_question(NULL, &question);
	assert_true(rows_wanted(&question, &row));
}

static void rows_are_sorted_and_told_once(void **state)
{
	static const struct {
		enum berth_proto proto;
		uint8_t family;
		uint8_t state;
		uint16_t port;
		uint64_t cookie;
	} told[] = {
		{BERTH_UDP, 4, BERTH_CLOSE, 53, 1},
		{BERTH_TCP, 6, BERTH_LISTEN, 53, 2},
		{BERTH_TCP, 4, BERTH_LISTEN, 53, 4},
		{BERTH_TCP, 4, BERTH_LISTEN, 53, 3},
		{BERTH_TCP, 4, BERTH_LISTEN, 53, 4},
		{BERTH_UDP, 4, BERTH_CLOSE, 52, 0},
		{BERTH_UDP, 4, BERTH_CLOSE, 52, 0},
	};
	static const uint64_t cookies[] = {0, 0, 3, 4, 2, 1};
	struct rows_question question;
	struct arena arena = {0};
	struct rows rows = {.question = &question, .arena = &arena};

	(void)state;
	rows_question(NULL, &question);
	for (size_t i = 0; i < sizeof(told) / sizeof(*told); i++)
		assert_int_equal(rows_add(&rows,
					 &(struct berth_socket){.proto = told[i].proto,
						 .family = told[i].family,
						 .state = told[i].state,
						 .local_port = told[i].port,
						 .cookie = told[i].cookie}),
			0);
	rows_sort(&rows);
	assert_int_equal(rows.count, sizeof(cookies) / sizeof(*cookies));
	for (size_t i = 0; i < rows.count; i++)
		assert_int_equal(rows.all[i].cookie, cookies[i]);
	assert_string_equal(rows.all[2].local_text, "0.0.0.0");
	assert_string_equal(rows.all[4].local_text, "::");
	assert_ptr_equal(rows.all[2].local_text, rows.all[3].local_text); /* shared */
	assert_null(rows.all[2].peer_text);
	rows_free(&rows);
	arena_free(&arena);
}

static void tables_know_which_kernels_show_bound_sockets(void **state)
{
	static const struct {
		const char *release;
		bool since_6_8;
	} cases[] = {
		{"6.8.0-45-generic\n", true},
		{"6.18.44-fc", true},
		{"7.0", true},
		{"10.0.1", true},
		{"6.7.12\n", false},
		{"5.15.0", false},
		{"6", false},
		{"", false},
		{"six.eight", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_int_equal(
			tables_release_is(cases[i].release, strlen(cases[i].release), 6, 8),
			cases[i].since_6_8);
}

static void recordings_of_another_kind_are_refused_in_words(void **state)
{
	static const char *const wrong[] = {
		"",
		"hello world\n",
		"berth-recording 2\n",
		"berth-recording x\n",
		"berth-recording 1\ntime_s 1e9\n",
		"berth-recording 1\nclock_ticks 0\n",
		"berth-recording 1\nbyte_order middle\n",
		"berth-recording 1\nline\n",
	};
	const struct replay_meta written = {
		.time_s = 1700000000.25, .clock_ticks = 250, .scrubbed = true};
	struct replay_meta meta;
	struct buffer text = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		buffer_clear(&text);
		assert_int_equal(
			replay_parse_meta(wrong[i], strlen(wrong[i]), &meta, &text), -EBADMSG);
		assert_true(text.len > 0);
	}
	buffer_clear(&text);
	replay_write_meta(&text, &written);
	assert_int_equal(replay_parse_meta(text.data, text.len, &meta, &text), 0);
	assert_true(meta.time_s == written.time_s);
	assert_int_equal(meta.clock_ticks, 250);
	assert_true(meta.scrubbed);
	buffer_free(&text);
	assert_int_equal(replay_error_number("EPERM", 5), EPERM);
	assert_string_equal(replay_error_name(EACCES), "EACCES");
	assert_int_equal(replay_error_number("EWHAT", 5), EIO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(diag_decodes_a_listener),
		cmocka_unit_test(diag_decodes_time_wait_with_its_timer_and_without_a_user),
		cmocka_unit_test(diag_tells_bound_only_sockets_of_tcp_from_unconnected_ones_of_udp),
		cmocka_unit_test(diag_translates_the_states_of_sctp_associations),
		cmocka_unit_test(diag_hears_refusals_and_interruptions),
		cmocka_unit_test(diag_survives_every_truncation_and_says_so),
		cmocka_unit_test(diag_leaves_out_what_cannot_be),
		cmocka_unit_test(diag_asks_as_the_kernel_expects),
		cmocka_unit_test(diag_rewrites_addresses_and_nothing_that_it_reads),
		cmocka_unit_test(procnet_decodes_ipv4),
		cmocka_unit_test(procnet_decodes_ipv6),
		cmocka_unit_test(procnet_leaves_out_what_it_cannot_read),
		cmocka_unit_test(procnet_rewrites_addresses_in_place),
		cmocka_unit_test(process_names_may_hold_parentheses_and_line_feeds),
		cmocka_unit_test(process_status_gives_the_effective_user_and_capabilities),
		cmocka_unit_test(process_arguments_are_cut_at_their_nul_bytes),
		cmocka_unit_test(process_links_are_understood),
		cmocka_unit_test(policy_reads_the_kernels_lists),
		cmocka_unit_test(rows_are_chosen_by_port_protocol_family_and_state),
		cmocka_unit_test(rows_are_sorted_and_told_once),
		cmocka_unit_test(tables_know_which_kernels_show_bound_sockets),
		cmocka_unit_test(recordings_of_another_kind_are_refused_in_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
