// SPDX-License-Identifier: MIT
/* Netlink's framing, the kernel's counters, and the rungs as far as they need no kernel. */
#include <errno.h>
#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "sockets/linux/cgroupfs.h"
#include "sockets/linux/counters.h"
#include "sockets/linux/ladder.h"
#include "sockets/linux/message.h"
#include "sockets/linux/process.h"
#include "sockets/linux/system.h"
#include "sockets/linux/tasks.h"

#include <linux/types.h>

#include "sockets/linux/bpf/stream.h"

/* ---- Messages -------------------------------------------------------------------------------- */

struct fixed {
	uint32_t number;
	uint8_t odd;
};

/* A message with a fixed part, a number, a nested attribute with a short text, and a last one. */
static const struct nlmsghdr *make_message(void *buffer)
{
	struct nlmsghdr *message = message_begin(buffer, 20, NLM_F_DUMP);
	struct fixed *fixed = message_put_header(message, sizeof(*fixed));

	fixed->number = 7;
	message_put_u32(message, 1, 60587);
	struct nlattr *nested = message_open_nested(message, 2);
	message_put(message, 3, "abc", 4);
	message_close_nested(message, nested);
	message_put(message, 4, "z", 1);
	return message;
}

static void a_message_is_read_as_it_was_written(void **state)
{
	alignas(uint32_t) char buffer[256] = {0};
	const struct nlmsghdr *written = make_message(buffer);
	struct message_rest rest = {buffer, written->nlmsg_len};
	const struct nlmsghdr *message;
	const struct nlattr *attribute;
	uint32_t number = 0;
	uint64_t longer = 1;
	size_t len = 0;

	(void)state;
	assert_int_equal(written->nlmsg_flags, NLM_F_REQUEST | NLM_F_DUMP);
	assert_true(message_next(&rest, &message));
	assert_int_equal(message->nlmsg_type, 20);
	struct message_rest attributes = message_attributes(message, sizeof(struct fixed));
	assert_true(message_next_attribute(&attributes, &attribute));
	assert_int_equal(message_type(attribute), 1);
	assert_true(message_copy(attribute, &number, sizeof(number)));
	assert_int_equal(number, 60587);
	assert_false(message_copy(attribute, &longer, sizeof(longer)));
	assert_int_equal(longer, 1);
	assert_true(message_next_attribute(&attributes, &attribute));
	assert_int_equal(message_type(attribute), 2); /* without NLA_F_NESTED */
	struct message_rest inner = message_nested(attribute);
	const struct nlattr *text;
	assert_true(message_next_attribute(&inner, &text));
	assert_string_equal(message_value(text, &len), "abc");
	assert_int_equal(len, 4);
	assert_false(message_next_attribute(&inner, &text));
	assert_true(message_next_attribute(&attributes, &attribute));
	assert_int_equal(message_type(attribute), 4);
	assert_false(message_next_attribute(&attributes, &attribute));
	assert_false(message_next(&rest, &message));
	assert_int_equal(rest.len, 0);
}

static void lengths_that_lie_end_the_walk(void **state)
{
	static const uint32_t lies[] = {0, 15, 4096, UINT32_C(0x80000010), UINT32_MAX};
	alignas(uint32_t) char buffer[256] = {0};
	const struct nlmsghdr *message;

	(void)state;
	size_t len = make_message(buffer)->nlmsg_len;
	for (size_t i = 0; i < sizeof(lies) / sizeof(*lies); i++) {
		struct message_rest rest = {buffer, len};

		memcpy(buffer, &lies[i], sizeof(lies[i]));
		assert_false(message_next(&rest, &message));
		assert_int_equal(rest.len, len);
	}
}

static void a_message_that_is_cut_anywhere_is_none(void **state)
{
	alignas(uint32_t) char buffer[256] = {0};
	const struct nlmsghdr *message;

	(void)state;
	size_t len = make_message(buffer)->nlmsg_len;
	for (size_t cut = 0; cut < len; cut++) {
		struct message_rest rest = {buffer, cut};

		assert_false(message_next(&rest, &message));
	}
}

/* ---- Counters -------------------------------------------------------------------------------- */

static const char snmp[] = "Ip: Forwarding DefaultTTL\nIp: 1 64\n"
			   "Tcp: RtoAlgorithm RtoMin RtoMax MaxConn ActiveOpens CurrEstab InSegs\n"
			   "Tcp: 1 200 120000 -1 5 42 77\n"
			   "Udp: InDatagrams\nUdp: 3\n";

static const char sockstat[] = "sockets: used 15\nTCP: inuse 3 orphan 0 tw 9 alloc 5 mem 348\n"
			       "UDP: inuse 2 mem 0\n";

static const char protocols[] =
	"protocol  size sockets  memory press maxhdr  slab module     cl co di\n"
	"MPTCPv6   2064      2     348   no       0   yes  kernel      y  y  y\n"
	"UDPLITEv6 1472      0       0   NI       0   yes  kernel      y  y  y\n"
	"UDPv6     1472      1       0   NI       0   yes  kernel      y  y  y\n"
	"MPTCP     1936      3     348   no       0   yes  kernel      y  y  y\n"
	"UDP       1344      4       0   NI       0   yes  kernel      y  y  y\n";

static void counters_are_found_by_name(void **state)
{
	uint64_t count = 0;

	(void)state;
	assert_int_equal(counters_established(snmp, strlen(snmp), &count), 0);
	assert_int_equal(count, 42);
	assert_int_equal(counters_time_wait(sockstat, strlen(sockstat), &count), 0);
	assert_int_equal(count, 9);
	assert_int_equal(counters_protocol(protocols, strlen(protocols), "MPTCP", &count), 0);
	assert_int_equal(count, 5);
	assert_int_equal(counters_protocol(protocols, strlen(protocols), "UDP", &count), 0);
	assert_int_equal(count, 5);
	assert_int_equal(counters_protocol(protocols, strlen(protocols), "UDPLITE", &count), 0);
	assert_int_equal(count, 0);
	assert_int_equal(counters_protocol(protocols, strlen(protocols), "SCTP", &count), -ENOENT);
}

static void counters_that_are_not_there_are_an_error_and_no_zero(void **state)
{
	static const char *const texts[] = {"", "\n", "Tcp:", "Tcp: CurrEstab\n", "TCP: tw",
		"Tcp: CurrEstab\nTcp: many\n", "TCP: tw many\n", "protocols are none\n"};
	uint64_t count = 77;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		size_t len = strlen(texts[i]);

		assert_int_equal(counters_established(texts[i], len, &count), -EBADMSG);
		assert_int_equal(counters_time_wait(texts[i], len, &count), -EBADMSG);
		assert_int_equal(counters_protocol(texts[i], len, "UDP", &count), -EBADMSG);
	}
	assert_int_equal(count, 77);
}

/* ---- The task iterator ------------------------------------------------------------------------
 */

struct written {
	unsigned char bytes[512];
	size_t len;
};

static void put_cell(struct written *to, uint32_t inode, uint32_t fd)
{
	const struct stream_cell cell = {.inode = inode, .fd = fd};

	memcpy(to->bytes + to->len, &cell, sizeof(cell));
	to->len += sizeof(cell);
}

static void put_head(struct written *to, uint32_t pid, const char *name)
{
	struct stream_head head = {.kind = STREAM_HEAD,
		.pid = pid,
		.parent = 1,
		.uid = 33,
		.start_ns = UINT64_C(12345678901)};

	memcpy(head.name, name, strlen(name));
	memcpy(to->bytes + to->len, &head, sizeof(head));
	to->len += sizeof(head);
}

static void make_stream(struct written *stream)
{
	*stream = (struct written){.len = 0};
	put_head(stream, 7, "fifteen-letters");
	put_cell(stream, 100, 3);
	put_cell(stream, 999, 4); /* nobody asked for it */
	put_cell(stream, 0, STREAM_END);
	put_head(stream, 8, "changed");
	put_cell(stream, 100, 5);
	put_cell(stream, 0, STREAM_CHANGED);
	put_head(stream, 0, "elsewhere"); /* in no PID namespace of ours */
	put_cell(stream, 100, 6);
	put_cell(stream, 0, STREAM_END);
	put_head(stream, 9, "two");
	put_cell(stream, 100, 3);
	put_cell(stream, 101, 9);
	put_cell(stream, 0, STREAM_END);
	put_cell(stream, 0, STREAM_DONE);
}

static void wherever_a_stream_is_cut_the_same_owners_come_out(void **state)
{
	struct written stream;
	struct map wanted = {0};

	(void)state;
	make_stream(&stream);
	assert_int_equal(map_put(&wanted, 100, NULL), 0);
	assert_int_equal(map_put(&wanted, 101, NULL), 0);
	for (size_t cut = 0; cut <= stream.len; cut++) {
		struct owners_hits hits = {0};
		struct tasks_stream reading = {
			.wanted = &wanted, .hits = &hits, .ticks_per_s = 100};

		assert_int_equal(tasks_stream_decode(&reading, stream.bytes, cut), 0);
		assert_int_equal(
			tasks_stream_decode(&reading, stream.bytes + cut, stream.len - cut), 0);
		assert_true(reading.done);
		assert_int_equal(hits.count, 3);
		assert_int_equal(hits.all[0].pid, 7);
		assert_int_equal(hits.all[0].fd, 3);
		assert_int_equal(hits.all[0].uid, 33);
		assert_int_equal(hits.all[0].start_ticks, 1234);
		assert_string_equal(hits.all[0].name, "fifteen-letters");
		assert_int_equal(hits.all[1].pid, 9);
		assert_int_equal(hits.all[2].inode, 101);
		owners_hits_free(&hits);
	}
	map_free(&wanted);
}

static void a_stream_of_another_kind_is_refused(void **state)
{
	struct map wanted = {0};
	struct owners_hits hits = {0};

	(void)state;
	for (uint32_t inode = 0; inode < 2; inode++) {
		struct tasks_stream reading = {
			.wanted = &wanted, .hits = &hits, .ticks_per_s = 100};
		struct written stream = {.len = 0};

		put_cell(&stream, inode, 77);
		assert_int_equal(tasks_stream_decode(&reading, stream.bytes, stream.len), -EBADMSG);
	}
	assert_int_equal(hits.count, 0);
}

static void paths_of_processes_are_those_of_proc(void **state)
{
	char path[PROCESS_PATH];

	(void)state;
	process_path(path, 1, "stat");
	assert_string_equal(path, "/proc/1/stat");
	process_path_fd(path, 4194304, 0, 0);
	assert_string_equal(path, "/proc/4194304/fd/0");
	process_path_fd(path, UINT32_MAX, UINT32_MAX, UINT32_MAX);
	assert_string_equal(path, "/proc/4294967295/task/4294967295/fd/4294967295");
}

/* ---- The ladder ------------------------------------------------------------------------------ */

/* Which rungs a question may use, as a set. */
static berth_rungs rungs_for(const struct sockets_system *system, const struct owners_ask *ask)
{
	struct berth_rung_use uses[BERTH_RUNGS];
	struct ladder ladder = {.system = system, .ask = ask, .uses = uses};
	const struct ladder_rung *rung = NULL;
	berth_rungs rungs = 0;

	ladder_begin(&ladder);
	while ((rung = ladder_next(&ladder, rung)))
		rungs |= BERTH_RUNG_BIT(rung->id);
	for (unsigned id = 0; id < BERTH_RUNGS; id++)
		assert_true((rungs >> id & 1) || uses[id].why_not);
	return rungs;
}

static void the_question_chooses_the_rungs(void **state)
{
	const berth_rungs partial = BERTH_RUNG_BIT(BERTH_RUNG_CGROUP);
	const struct sockets_system system = {0};

	(void)state;
	berth_rungs one = rungs_for(&system, &(struct owners_ask){.one_port = true});
	assert_true(one & BERTH_RUNG_BIT(BERTH_RUNG_CGROUP));
	assert_true(one & BERTH_RUNG_BIT(BERTH_RUNG_PROC));
	berth_rungs list = rungs_for(&system, &(struct owners_ask){0});
	assert_false(list & BERTH_RUNG_BIT(BERTH_RUNG_CGROUP));
	berth_rungs all =
		rungs_for(&system, &(struct owners_ask){.one_port = true, .all_owners = true});
	assert_false(all & partial);
	assert_true(all & BERTH_RUNG_BIT(BERTH_RUNG_PROC));
	assert_int_equal(rungs_for(&system,
				 &(struct owners_ask){.one_port = true,
					 .rungs = BERTH_RUNG_BIT(BERTH_RUNG_PROC)}),
		BERTH_RUNG_BIT(BERTH_RUNG_PROC));
}

static void who_records_reads_proc(void **state)
{
	const struct system_tee tee = {0};
	const struct sockets_system system = {.tee = &tee};

	(void)state;
	assert_int_equal(rungs_for(&system, &(struct owners_ask){.one_port = true}),
		BERTH_RUNG_BIT(BERTH_RUNG_PROC));
}

static void a_cgroup_is_found_by_its_number(void **state)
{
	static const char *const mounts[] = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"};
	char path[256];
	struct stat about;
	ssize_t len = -ENOSYS;

	(void)state;
	for (size_t i = 0; i < 2 && len < 0; i++) {
		if (!stat(mounts[i], &about))
			len = cgroupfs_path(about.st_ino, path, sizeof(path));
	}
	if (len == -ENOSYS)
		skip(); /* no cgroup2 here */
	assert_true(len > 0);
	assert_int_equal(strlen(path), len);
	assert_int_equal(stat(path, &about), 0);
	assert_true(cgroupfs_path(UINT64_MAX - 1, path, sizeof(path)) < 0);
	assert_int_equal(cgroupfs_path(about.st_ino, path, 2), -ERANGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_is_read_as_it_was_written),
		cmocka_unit_test(lengths_that_lie_end_the_walk),
		cmocka_unit_test(a_message_that_is_cut_anywhere_is_none),
		cmocka_unit_test(paths_of_processes_are_those_of_proc),
		cmocka_unit_test(counters_are_found_by_name),
		cmocka_unit_test(counters_that_are_not_there_are_an_error_and_no_zero),
		cmocka_unit_test(wherever_a_stream_is_cut_the_same_owners_come_out),
		cmocka_unit_test(a_stream_of_another_kind_is_refused),
		cmocka_unit_test(the_question_chooses_the_rungs),
		cmocka_unit_test(who_records_reads_proc),
		cmocka_unit_test(a_cgroup_is_found_by_its_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
