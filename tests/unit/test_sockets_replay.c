// SPDX-License-Identifier: MIT
/*
 * Recordings written by hand: what a snapshot makes of answers that are not whole, of refusals, and
 * of a folder by somebody who means harm. Needs no privilege and no luck.
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
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "replay_folder.h"
#include "sockets/sockets.h"

/* TCP 127.0.0.1:8080 LISTEN, uid 33, inode 4711, cookie 1; without attributes. */
static const char listener[88] = {88, 0, 0, 0, 18, 0, 2, 0, 1, [16] = 2, 10, 0, 0, 0x1f,
	(char)0x90, [24] = 127, 0, 0, 1, [60] = 1, [80] = 33, [84] = 0x67, 0x12};
static const char done[20] = {20, 0, 0, 0, 3, 0, 2, 0, 1};
static const char absent[20] = {20, 0, 0, 0, 3, 0, 2, 0, 1, [16] = (char)0xfe, -1, -1, -1};

/* Numbers as in proc(5): 4 is the parent, 22 the start. */
static void put_stat(const struct folder *folder, const char *path, const char *name,
	unsigned parent, unsigned start)
{
	char text[128];

	(void)snprintf(text, sizeof(text), "1 (%s) S %u 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 %u 0\n",
		name, parent, start);
	put_text(folder, path, text);
}

/* A machine with one listener that process 20 holds as descriptor 3. */
static void make(struct folder *folder)
{
	static const char *const others[] = {"udp4", "udp6", "udplite4", "udplite6"};
	static const char *const without[] = {
		"sctp4", "sctp6", "dccp4", "dccp6", "mptcp4", "mptcp6"};
	char answer[sizeof(listener) + sizeof(done)];
	char path[64];

	begin(folder);
	put_text(folder, "users", "0 root\n33 www-data\n");
	memcpy(answer, listener, sizeof(listener));
	memcpy(answer + sizeof(listener), done, sizeof(done));
	put(folder, "netlink/tcp.bin", answer, sizeof(answer));
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		(void)snprintf(path, sizeof(path), "netlink/%s.bin", others[i]);
		put(folder, path, done, sizeof(done));
	}
	for (size_t i = 0; i < sizeof(without) / sizeof(*without); i++) {
		(void)snprintf(path, sizeof(path), "netlink/%s.bin", without[i]);
		put(folder, path, absent, sizeof(absent));
	}
	put_text(folder, "proc/sys/kernel/osrelease", "6.12.0\n");
	put_text(folder, "proc/stat", "btime 1600000000\n");
	put_link(folder, "proc/20/fd/3", "socket:[4711]");
	put_link(folder, "proc/20/fd/9", "socket:[4711]");
	put_stat(folder, "proc/20/stat", "server", 10, 500);
	put_text(folder, "proc/20/status", "Uid:\t33\t33\t33\t33\n");
	put(folder, "proc/20/cmdline", "server\0-x\0", 10);
	put_link(folder, "proc/20/exe", "/usr/sbin/server (deleted)");
	put_stat(folder, "proc/10/stat", "init", 0, 1);
}

static int try_take(const struct folder *folder, struct sockets_snapshot **ret_snapshot)
{
	const struct berth_ask ask = {.size = sizeof(ask), .owners = true};
	struct sockets_system *system = NULL;
	struct buffer problem = {0};

	int r = sockets_system_replay(folder->path, &system, &problem);
	if (!r)
		r = sockets_snapshot(system, &ask, ret_snapshot, &problem);
	assert_int_equal(r != 0, problem.len != 0);
	sockets_system_free(system);
	buffer_free(&problem);
	return r;
}

static struct sockets_snapshot *take(const struct folder *folder)
{
	struct sockets_snapshot *snapshot = NULL;

	assert_int_equal(try_take(folder, &snapshot), 0);
	return snapshot;
}

static void a_recording_by_hand_is_answered_from(void **state)
{
	struct folder folder;

	(void)state;
	make(&folder);
	struct sockets_snapshot *snapshot = take(&folder);
	assert_int_equal(snapshot->gaps, 0);
	assert_true(snapshot->time_s == 1700000000.5);
	assert_int_equal(snapshot->n_sockets, 1);
	const struct berth_socket *row = snapshot->sockets;
	assert_int_equal(row->local_port, 8080);
	assert_string_equal(row->user, "www-data");
	assert_int_equal(row->n_owners, 1);
	assert_int_equal(row->owners->fd, 3); /* the lowest */
	const struct berth_process *process = row->owners->process;
	assert_int_equal(process->pid, 20);
	assert_string_equal(process->name, "server");
	assert_string_equal(process->exe, "/usr/sbin/server");
	assert_true(process->exe_deleted);
	assert_true(process->start_s == 1600000005.0);
	assert_int_equal(process->uid, 33);
	assert_int_equal(process->n_argv, 2);
	assert_int_equal(process->parent->pid, 10);
	assert_null(process->parent->parent);
	assert_int_equal(snapshot->policy.may_bind_low, -1);
	assert_false(snapshot->policy.has_ephemeral);
	sockets_snapshot_free(snapshot);
	end(&folder);
}

static void answers_that_are_not_whole_leave_a_gap_and_their_rows(void **state)
{
	char answer[sizeof(listener) + sizeof(done)];
	struct folder folder;

	(void)state;
	make(&folder);
	memcpy(answer, listener, sizeof(listener));
	memcpy(answer + sizeof(listener), done, sizeof(done));
	answer[6] |= 0x10; /* NLM_F_DUMP_INTR, each time it is asked for */
	put(&folder, "netlink/tcp.bin", answer, sizeof(answer));
	struct sockets_snapshot *snapshot = take(&folder);
	assert_int_equal(snapshot->gaps, BERTH_GAP_INTERRUPTED);
	assert_int_equal(snapshot->n_sockets, 1); /* not four of them */
	sockets_snapshot_free(snapshot);
	for (size_t len = sizeof(listener); len < sizeof(answer); len++) {
		put(&folder, "netlink/tcp.bin", answer, len);
		snapshot = take(&folder);
		assert_true(snapshot->gaps & BERTH_GAP_TRUNCATED);
		assert_int_equal(snapshot->n_sockets, 1);
		sockets_snapshot_free(snapshot);
	}
	put_text(&folder, "proc/sys/kernel/osrelease", "5.15.0-91-generic\n");
	snapshot = take(&folder);
	assert_true(snapshot->gaps & BERTH_GAP_BOUND);
	sockets_snapshot_free(snapshot);
	end(&folder);
}

static void refusals_lead_to_proc_net_and_then_to_an_error(void **state)
{
	static const char table[] =
		"header\n   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 "
		"00000000    33        0 4711 1 0000000000000000 100 0 0 10 0\n";
	struct sockets_snapshot *snapshot = NULL;
	struct folder folder;

	(void)state;
	make(&folder);
	put_text(&folder, "denied", "EPERM netlink/tcp.bin\n");
	assert_int_equal(try_take(&folder, &snapshot), -EPERM);
	put_text(&folder, "proc/net/tcp", table);
	snapshot = take(&folder);
	assert_int_equal(snapshot->gaps, BERTH_GAP_FALLBACK | BERTH_GAP_BOUND | BERTH_GAP_REFUSED);
	assert_int_equal(snapshot->n_sockets, 1);
	assert_int_equal(snapshot->sockets->owners->process->pid, 20);
	assert_int_equal(snapshot->sockets->cookie, 0);
	sockets_snapshot_free(snapshot);
	/* One answer that is not in the recording is a gap for that table only. */
	put_text(&folder, "denied", "");
	assert_int_equal(unlinkat(folder.fd, "netlink/udp4.bin", 0), 0);
	snapshot = take(&folder);
	assert_int_equal(snapshot->gaps, BERTH_GAP_REFUSED);
	assert_int_equal(snapshot->n_sockets, 1);
	sockets_snapshot_free(snapshot);
	end(&folder);
}

static void denied_processes_are_seen_though_nothing_of_them_was_recorded(void **state)
{
	struct folder folder;

	(void)state;
	make(&folder);
	assert_int_equal(unlinkat(folder.fd, "proc/20/fd/3", 0), 0);
	assert_int_equal(unlinkat(folder.fd, "proc/20/fd/9", 0), 0);
	put_text(&folder, "denied", "EACCES proc/7/fd\nEACCES proc/77/exe\nnonsense\n\n");
	struct sockets_snapshot *snapshot = take(&folder);
	assert_int_equal(snapshot->sockets->reason, BERTH_NEEDS_CAPABILITY);
	assert_string_equal(
		snapshot->sockets->reason_text, "needs CAP_SYS_PTRACE: owned by uid 33");
	assert_int_equal(snapshot->sockets->n_capabilities, 2);
	sockets_snapshot_free(snapshot);
	/* Found, although somebody else may not be looked into: it is known. */
	put_link(&folder, "proc/20/fd/3", "socket:[4711]");
	snapshot = take(&folder);
	assert_int_equal(snapshot->sockets->reason, BERTH_KNOWN);
	sockets_snapshot_free(snapshot);
	end(&folder);
}

static void links_do_not_lead_out_of_a_recording(void **state)
{
	struct sockets_snapshot *snapshot = NULL;
	struct folder folder;

	(void)state;
	make(&folder);
	put_stat(&folder, "secret", "leaked", 10, 500);
	put_link(&folder, "proc/20/stat", "../../secret");
	put_link(&folder, "proc/sys/net/ipv4/ip_local_port_range",
		"/proc/sys/net/ipv4/ip_local_port_range");
	put_link(&folder, "proc/self", "/proc/self");
	snapshot = take(&folder);
	/* The process cannot be read, so it is not known to be the holder. */
	assert_int_equal(snapshot->sockets->n_owners, 0);
	assert_int_equal(snapshot->policy.may_bind_low, -1);
	assert_false(snapshot->policy.has_ephemeral);
	sockets_snapshot_free(snapshot);
	put_link(&folder, "recording", "/etc/hostname");
	assert_int_equal(try_take(&folder, &snapshot), -ELOOP);
	assert_int_equal(unlinkat(folder.fd, "recording", 0), 0);
	assert_int_equal(mkfifoat(folder.fd, "recording", 0600), 0);
	assert_int_equal(try_take(&folder, &snapshot), -EINVAL); /* and does not wait */
	assert_int_equal(unlinkat(folder.fd, "recording", 0), 0);
	assert_int_equal(try_take(&folder, &snapshot), -EBADMSG);
	end(&folder);
}

static void nobody_is_his_own_ancestor(void **state)
{
	struct folder folder;

	(void)state;
	make(&folder);
	put_stat(&folder, "proc/10/stat", "init", 20, 500); /* the child of its child */
	struct sockets_snapshot *snapshot = take(&folder);
	const struct berth_process *process = snapshot->sockets->owners->process;
	assert_int_equal(process->parent->pid, 10);
	assert_null(process->parent->parent);
	sockets_snapshot_free(snapshot);
	/* A parent that is younger is another process with its pid. */
	put_stat(&folder, "proc/10/stat", "init", 0, 501);
	snapshot = take(&folder);
	assert_null(snapshot->sockets->owners->process->parent);
	sockets_snapshot_free(snapshot);
	end(&folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_recording_by_hand_is_answered_from),
		cmocka_unit_test(answers_that_are_not_whole_leave_a_gap_and_their_rows),
		cmocka_unit_test(refusals_lead_to_proc_net_and_then_to_an_error),
		cmocka_unit_test(denied_processes_are_seen_though_nothing_of_them_was_recorded),
		cmocka_unit_test(links_do_not_lead_out_of_a_recording),
		cmocka_unit_test(nobody_is_his_own_ancestor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
