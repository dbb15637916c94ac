// SPDX-License-Identifier: MIT
/*
 * What the kernel writes of namespaces, and which of them a recording has: no kernel needed. What
 * is live is in tests/live/test_netns.py.
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

#include "base/file.h"
#include "remove_tree.h"
#include "sockets/linux/netns_text.h"
#include "sockets/linux/system.h"

struct seen {
	size_t count;
	uint64_t inodes[8];
	char paths[8][64];
};

static int see(void *context, uint64_t inode, const char *path)
{
	struct seen *seen = context;

	assert_true(seen->count < 8 && strlen(path) < 64);
	seen->inodes[seen->count] = inode;
	memcpy(seen->paths[seen->count++], path, strlen(path) + 1);
	return 0;
}

static int stop(void *context, uint64_t inode, const char *path)
{
	(void)inode, (void)path;
	++*(int *)context;
	return 7;
}

static const char mounts[] =
	"21 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw\n"
	"22 21 0:20 / /proc rw,nosuid shared:5 - proc proc rw\n"
	"300 21 0:4 net:[4026532572] /run/netns/web rw shared:9 - nsfs nsfs rw\n"
	"301 21 0:4 net:[4026532573] /srv/two\\040words\\134 rw - nsfs nsfs rw\n"
	"302 21 0:4 mnt:[4026532574] /run/mnt rw - nsfs nsfs rw\n"
	"303 21 0:4 net:[4026532575] /run/fake rw - tmpfs net:[1] rw\n"
	"304 21 0:4 net:[99999999999] /run/large rw - nsfs nsfs rw\n"
	"305 21 0:4 net:[4026532576] /run/netns/last rw shared:1 master:2 propagate_from:3 - nsfs "
	"nsfs rw";

static void mounted_network_namespaces_are_found_with_their_paths(void **state)
{
	struct seen seen = {0};

	(void)state;
	assert_int_equal(netns_text_mounts(mounts, strlen(mounts), see, &seen), 0);
	assert_int_equal(seen.count, 3);
	assert_int_equal(seen.inodes[0], 4026532572);
	assert_string_equal(seen.paths[0], "/run/netns/web");
	assert_int_equal(seen.inodes[1], 4026532573);
	assert_string_equal(seen.paths[1], "/srv/two words\\");
	assert_string_equal(seen.paths[2], "/run/netns/last");
}

static void a_mount_table_that_is_cut_anywhere_is_no_danger(void **state)
{
	(void)state;
	for (size_t len = 0; len < strlen(mounts); len++) {
		struct seen seen = {0};
		char *copy = malloc(len + 1);

		assert_non_null(copy);
		memcpy(copy, mounts, len);
		assert_int_equal(netns_text_mounts(copy, len, see, &seen), 0);
		free(copy);
	}
}

static void whoever_looks_at_mounts_may_stop(void **state)
{
	int calls = 0;

	(void)state;
	assert_int_equal(netns_text_mounts(mounts, strlen(mounts), stop, &calls), 7);
	assert_int_equal(calls, 1);
}

static void names_that_engines_make_up_are_known(void **state)
{
	(void)state;
	assert_true(netns_text_is_generated("cni-1b4e28ba-2fa1-11d2-883f-0016d3cca427"));
	assert_true(netns_text_is_generated("netns-1b4e28ba-2fa1-11d2-883f-0016d3cca427"));
	assert_true(netns_text_is_generated("1b4e28ba-2fa1-11d2-883f-0016d3cca427"));
	assert_false(netns_text_is_generated("web"));
	assert_false(netns_text_is_generated(""));
	assert_false(netns_text_is_generated("a-network-of-many-words-that-is-long-enough"));
}

static void links_to_network_namespaces_are_numbers(void **state)
{
	struct system_netns netns = {.pid = 5};

	(void)state;
	assert_int_equal(system_netns_parse("net:[4026531840]", &netns), 0);
	assert_int_equal(netns.id, 4026531840);
	assert_false(netns.is_table);
	assert_int_equal(system_netns_parse("table:[4026531910]", &netns), 0);
	assert_true(netns.is_table);
	static const char *const others[] = {"", "net:[]", "net:[0]", "net:[1", "net:[1]x",
		"net:[-1]", "mnt:[4026531841]", "net:[4294967296]", "net:4026531840", "socket:[1]",
		"net:["};
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		assert_int_equal(system_netns_parse(others[i], &netns), -EINVAL);
	assert_int_equal(netns.id, 4026531910);
}

/* ---- A recording ----------------------------------------------------------------------------- */

struct recording {
	char path[64];
	int folder;
};

static void put(const struct recording *recording, const char *path, const char *text)
{
	char whole[256];

	(void)snprintf(whole, sizeof(whole), "%s/%s", recording->path, path);
	char *slash = strrchr(whole, '/');
	*slash = '\0';
	assert_int_equal(file_make_folder(whole, 0700), 0);
	*slash = '/';
	int fd = openat(recording->folder, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(file_write(fd, text, strlen(text)), 0);
	close(fd);
}

static void put_link(const struct recording *recording, const char *path, const char *target)
{
	put(recording, path, "");
	assert_int_equal(unlinkat(recording->folder, path, 0), 0);
	assert_int_equal(symlinkat(target, recording->folder, path), 0);
}

static void begin(struct recording *recording)
{
	(void)snprintf(recording->path, sizeof(recording->path), "/tmp/berth-netns-XXXXXX");
	assert_non_null(mkdtemp(recording->path));
	recording->folder = open(recording->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(recording->folder >= 0);
	put(recording, "recording",
		"berth-recording 1\ntime_s 1.0\nclock_ticks 100\nscrubbed no\n");
	put(recording, "proc/sys/kernel/osrelease", "6.18.0\n");
	put_link(recording, "proc/self/ns/net", "net:[1000]");
	put(recording, "proc/net/tcp", "");
}

static void finish(struct recording *recording)
{
	close(recording->folder);
	remove_tree(AT_FDCWD, recording->path);
}

/* One line of /proc/net/tcp: a listener on 0.0.0.0 with this port and inode. */
static const char table_head[] =
	"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  "
	"timeout inode\n";

static void put_table(
	const struct recording *recording, const char *path, unsigned port, unsigned inode)
{
	char text[512];

	(void)snprintf(text, sizeof(text),
		"%s   0: 00000000:%04X 00000000:0000 0A 00000000:00000000 00:00000000 00000000   "
		"  0        0 %u 1 0000000000000000 100 0 0 10 0\n",
		table_head, port, inode);
	put(recording, path, text);
}

static struct sockets_snapshot *ask(
	const struct recording *recording, struct berth_ask *question, int expected)
{
	struct sockets_system *system = NULL;
	struct sockets_snapshot *snapshot = NULL;
	struct buffer problem = {0};

	question->size = sizeof(*question);
	question->protos = BERTH_PROTO_BIT(BERTH_TCP);
	assert_int_equal(sockets_system_replay(recording->path, &system, &problem), 0);
	assert_int_equal(sockets_snapshot(system, question, &snapshot, &problem), expected);
	assert_true((expected != 0) == (problem.len != 0));
	buffer_free(&problem);
	sockets_system_free(system);
	return snapshot;
}

static const struct berth_netns *named(const struct sockets_snapshot *snapshot, const char *name)
{
	size_t i = 0;

	while (i < snapshot->n_netns && strcmp(snapshot->netns[i].name, name) != 0)
		i++;
	assert_true(i < snapshot->n_netns);
	return snapshot->netns + i;
}

static void make_two(struct recording *recording)
{
	begin(recording);
	put_table(recording, "proc/net/tcp", 80, 11);
	put_link(recording, "run/netns/web", "net:[1001]");
	put_table(recording, "netns/1001/proc/net/tcp", 80, 12);
	put(recording, "netns/1001/proc/sys/net/ipv4/ip_local_port_range", "1024\t2048\n");
	put(recording, "netns/1001/cookie", "77");
	put_link(recording, "proc/7/ns/net", "net:[1002]");
	put(recording, "proc/7/stat", "7 (nginx) S 1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 5 0\n");
	put_table(recording, "netns/1002/proc/net/tcp", 80, 13);
	put_link(recording, "proc/8/fd/3", "net:[1003]");
	put(recording, "proc/8/stat", "8 (agent) S 1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 5 0\n");
	put(recording, "proc/self/mountinfo",
		"305 21 0:4 net:[1004] /srv/kept rw - nsfs nsfs rw\n"
		"306 21 0:4 net:[1001] /run/netns/web rw - nsfs nsfs rw\n");
	put(recording, "denied", "EPERM netns/1004/enter\n");
}

static void a_recording_tells_namespaces_of_every_kind(void **state)
{
	struct berth_ask question = {.netns_ask = BERTH_ASK_ALL};
	struct recording recording;

	(void)state;
	make_two(&recording);
	struct sockets_snapshot *snapshot = ask(&recording, &question, 0);
	assert_int_equal(snapshot->n_netns, 5);
	assert_true(snapshot->netns[0].own);
	assert_string_equal(snapshot->netns[0].name, "this one");
	assert_int_equal(snapshot->netns[0].n_sockets, 1);
	const struct berth_netns *web = named(snapshot, "web");
	assert_int_equal(web->kind, BERTH_NETNS_NAMED);
	assert_int_equal(web->inode, 1001);
	assert_int_equal(web->cookie, 77);
	assert_int_equal(web->n_sockets, 1);
	assert_true(web->gaps & BERTH_GAP_FALLBACK);
	const struct berth_netns *nginx = named(snapshot, "nginx[7]");
	assert_int_equal(nginx->kind, BERTH_NETNS_PROCESS);
	assert_int_equal(nginx->pid, 7);
	const struct berth_netns *kept = named(snapshot, "kept by agent[8]");
	assert_int_equal(kept->kind, BERTH_NETNS_DESCRIPTOR);
	assert_int_equal(kept->pid, 0);
	const struct berth_netns *mounted = named(snapshot, "net:[1004]");
	assert_int_equal(mounted->kind, BERTH_NETNS_MOUNT);
	assert_int_equal(mounted->reason, BERTH_NEEDS_CAPABILITY);
	assert_string_equal(mounted->reason_text, "needs CAP_SYS_ADMIN");
	assert_true(snapshot->gaps & BERTH_GAP_NETNS);

	/* The same port in three of them: one row each, ours first, told apart. */
	assert_int_equal(snapshot->n_sockets, 3);
	assert_true(snapshot->sockets[0].netns->own);
	assert_int_equal(snapshot->sockets[0].inode, 11);
	assert_ptr_equal(snapshot->sockets[1].netns, nginx);
	assert_int_equal(snapshot->sockets[1].inode, 13);
	assert_ptr_equal(snapshot->sockets[2].netns, web);
	sockets_snapshot_free(snapshot);
	finish(&recording);
}

static void a_quick_look_takes_those_with_a_name_and_leaves_no_gap(void **state)
{
	struct berth_ask question = {.netns_ask = BERTH_ASK_NAMED, .owners = true};
	struct recording recording;

	(void)state;
	make_two(&recording);
	struct sockets_snapshot *snapshot = ask(&recording, &question, 0);
	assert_int_equal(snapshot->n_netns, 2);
	assert_int_equal(snapshot->n_sockets, 2);
	assert_int_equal(snapshot->sockets[1].reason, BERTH_NOT_ASKED);
	assert_string_equal(snapshot->sockets[1].netns->name, "web");
	assert_false(snapshot->gaps & BERTH_GAP_NETNS);
	assert_null(snapshot->subject);
	sockets_snapshot_free(snapshot);
	finish(&recording);
}

static void without_names_a_quick_look_finds_nothing(void **state)
{
	struct berth_ask question = {.netns_ask = BERTH_ASK_NAMED};
	struct recording recording;

	(void)state;
	begin(&recording);
	put_table(&recording, "proc/net/tcp", 80, 11);
	struct sockets_snapshot *snapshot = ask(&recording, &question, 0);
	assert_int_equal(snapshot->n_netns, 0);
	assert_int_equal(snapshot->n_sockets, 1);
	assert_null(snapshot->sockets[0].netns);
	sockets_snapshot_free(snapshot);
	finish(&recording);
}

static void one_can_be_asked_for_in_many_ways(void **state)
{
	static const char *const texts[] = {"web", "1001", "net:[1001]", "/run/netns/web"};
	struct recording recording;

	(void)state;
	make_two(&recording);
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct berth_ask question = {.netns_ask = BERTH_ASK_ONE, .netns = texts[i]};
		struct sockets_snapshot *snapshot = ask(&recording, &question, 0);

		assert_int_equal(snapshot->subject->inode, 1001);
		assert_int_equal(snapshot->n_sockets, 1);
		assert_int_equal(snapshot->sockets[0].inode, 12);
		assert_true(snapshot->policy.has_ephemeral);
		assert_int_equal(snapshot->policy.ephemeral.first, 1024);
		sockets_snapshot_free(snapshot);
	}
	struct berth_ask by_pid = {.netns_ask = BERTH_ASK_ONE, .netns = "7"};
	struct sockets_snapshot *snapshot = ask(&recording, &by_pid, 0);
	assert_string_equal(snapshot->subject->name, "nginx[7]");
	assert_int_equal(snapshot->sockets[0].inode, 13);
	sockets_snapshot_free(snapshot);
	struct berth_ask own = {.netns_ask = BERTH_ASK_ONE, .netns = "net:[1000]"};
	snapshot = ask(&recording, &own, 0);
	assert_true(snapshot->subject->own);
	assert_int_equal(snapshot->sockets[0].inode, 11);
	sockets_snapshot_free(snapshot);
	static const char *const wrong[] = {"nowhere", "9", "", "..", "/run/netns/none"};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct berth_ask question = {.netns_ask = BERTH_ASK_ONE, .netns = wrong[i]};

		assert_null(ask(&recording, &question, -ENOENT));
	}
	finish(&recording);
}

static void a_namespace_known_by_its_table_is_not_told_twice(void **state)
{
	struct berth_ask question = {.netns_ask = BERTH_ASK_ALL};
	struct recording recording;

	(void)state;
	begin(&recording);
	put_link(&recording, "proc/7/ns/net", "net:[1002]");
	put(&recording, "netns/1000/table", "2000");
	put(&recording, "netns/1002/table", "2002");
	put_link(&recording, "proc/8/ns/net", "table:[2000]");
	put_link(&recording, "proc/9/ns/net", "table:[2002]");
	put_link(&recording, "proc/10/ns/net", "table:[2003]");
	put(&recording, "denied", "EACCES proc/8/fd\nEACCES netns/2003/enter\n");
	put(&recording, "proc/10/stat", "10 (redis) S 1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 5 0\n");
	struct sockets_snapshot *snapshot = ask(&recording, &question, 0);
	assert_int_equal(snapshot->n_netns, 3);
	const struct berth_netns *redis = named(snapshot, "redis[10]");
	assert_int_equal(redis->inode, 0);
	assert_int_equal(redis->pid, 10);
	assert_int_equal(named(snapshot, "net:[1002]")->inode, 1002);
	assert_true(snapshot->gaps & BERTH_GAP_NETNS);
	sockets_snapshot_free(snapshot);
	finish(&recording);
}

static void more_names_than_a_quick_look_takes_are_said(void **state)
{
	struct berth_ask question = {.netns_ask = BERTH_ASK_NAMED};
	struct recording recording;
	char path[64];
	char target[64];
	size_t skipped = 0;

	(void)state;
	begin(&recording);
	for (unsigned i = 0; i < 25; i++) {
		(void)snprintf(path, sizeof(path), "run/netns/n%02u", i);
		(void)snprintf(target, sizeof(target), "net:[%u]", 5000 + i);
		put_link(&recording, path, target);
		(void)snprintf(path, sizeof(path), "netns/%u/proc/net/tcp", 5000 + i);
		put_table(&recording, path, 80, 100 + i);
	}
	struct sockets_snapshot *snapshot = ask(&recording, &question, 0);
	assert_int_equal(snapshot->n_netns, 26);
	assert_int_equal(snapshot->n_sockets, 20);
	for (size_t i = 0; i < snapshot->n_netns; i++)
		skipped += snapshot->netns[i].reason == BERTH_NOT_ASKED;
	assert_int_equal(skipped, 5);
	sockets_snapshot_free(snapshot);
	finish(&recording);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mounted_network_namespaces_are_found_with_their_paths),
		cmocka_unit_test(a_mount_table_that_is_cut_anywhere_is_no_danger),
		cmocka_unit_test(whoever_looks_at_mounts_may_stop),
		cmocka_unit_test(names_that_engines_make_up_are_known),
		cmocka_unit_test(links_to_network_namespaces_are_numbers),
		cmocka_unit_test(a_recording_tells_namespaces_of_every_kind),
		cmocka_unit_test(a_quick_look_takes_those_with_a_name_and_leaves_no_gap),
		cmocka_unit_test(without_names_a_quick_look_finds_nothing),
		cmocka_unit_test(one_can_be_asked_for_in_many_ways),
		cmocka_unit_test(a_namespace_known_by_its_table_is_not_told_twice),
		cmocka_unit_test(more_names_than_a_quick_look_takes_are_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
