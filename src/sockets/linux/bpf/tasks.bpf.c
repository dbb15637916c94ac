// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * A task iterator that walks the descriptor table of every task for sockets and tells what it finds
 * as stream.h has it. For one question it looks for certain inodes; pinned, for all sockets of IPv4
 * and IPv6.
 *
 * It runs under rcu_read_lock(), so tables that grow meanwhile stay readable (fs/file.c), while
 * files and whole tables may be given back and used again. Hence each is looked at once more after
 * it was read: the descriptor must still lead to the file, the task must still have the table.
 */
#include "vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "stream.h"

enum {
	SOCKFS_MAGIC = 0x534F434B, /* include/uapi/linux/magic.h */
	AT_ONCE = 32, /* descriptors: half a word of the table's bitmap of open ones */
	NS_PER_S = 1000000000,
	FAMILY_INET = 2,
	FAMILY_INET6 = 10,
	WORD_BITS = 64,
	BERTH_WORDS = 1024,
};

/* Settings, written before the program is loaded. */
__u32 berth_all; /* all sockets of IPv4 and IPv6 */
__u64 berth_inodes[BERTH_WORDS]; /* else: bit n, some inode that leaves the rest n is wanted */

/*
 * Everything is read with bpf_probe_read_kernel() from addresses that are plain numbers. Following
 * the pointers that the verifier knows would be a little faster to run, yet slow to load: for each
 * such step it goes through all types of the kernel by name (btf_nested_type_is_trusted(), 6.4 and
 * later: 2 ms a step).
 */
struct walk {
	struct seq_file *seq;
	__u64 task;
	__u64 slots; /* fdtable.fd */
	__u64 open; /* fdtable.open_fds */
	__u32 found;
	__u32 first; /* descriptor that at[0] is of */
	__u64 at[AT_ONCE];
};

/* Every socket has the same file operations: known from the first that was met. */
static __u64 socket_operations;

static __always_inline __u64 word_at(__u64 address)
{
	__u64 word = 0;

	bpf_probe_read_kernel(&word, sizeof(word), (const void *)address);
	return word;
}

static __always_inline __u32 half_at(__u64 address)
{
	__u32 half = 0;

	bpf_probe_read_kernel(&half, sizeof(half), (const void *)address);
	return half;
}

/* A member of the struct at an address: a pointer or a long; a number of 32 bits. */
#define WORD(address, type, member) word_at((address) + bpf_core_field_offset(struct type, member))
#define HALF(address, type, member) half_at((address) + bpf_core_field_offset(struct type, member))

static __always_inline int is_socket(__u64 file)
{
	__u64 operations = WORD(file, file, f_op);

	if (socket_operations || !operations)
		return operations && operations == socket_operations;
	__u64 block = WORD(WORD(file, file, f_inode), inode, i_sb);

	if (WORD(block, super_block, s_magic) != SOCKFS_MAGIC)
		return 0;
	socket_operations = operations;
	return 1;
}

static __always_inline __u32 inode_of(__u64 file)
{
	return (__u32)WORD(WORD(file, file, f_inode), inode, i_ino);
}

/* Is it of TCP, UDP or another of IPv4 and IPv6? */
static __always_inline int is_internet(__u64 file)
{
	__u64 sock = WORD(WORD(file, file, private_data), socket, sk);
	__u16 family = 0;

	bpf_probe_read_kernel(&family, sizeof(family),
		(const void *)(sock + bpf_core_field_offset(struct sock, __sk_common.skc_family)));
	return sock && (family == FAMILY_INET || family == FAMILY_INET6);
}

static __always_inline int is_wanted(__u64 file, __u32 *inode)
{
	*inode = inode_of(file);
	if (berth_all)
		return is_internet(file);
	return berth_inodes[*inode / WORD_BITS % BERTH_WORDS] >> *inode % WORD_BITS & 1;
}

static __always_inline int put(struct walk *walk, const void *cells, __u32 size)
{
	/* What does not fit makes the whole dump fail (E2BIG), which is noticed. */
	return bpf_seq_write(walk->seq, cells, size) != 0;
}

/* The number that a process has in the PID namespace of whoever reads; 0: none. */
static __always_inline __u32 number_of(__u64 leader, __u64 reader)
{
	__u64 own = WORD(reader, task_struct, thread_pid);
	__u64 pid = WORD(leader, task_struct, thread_pid);
	__u32 level = HALF(own, pid, level);
	__u64 at = bpf_core_field_offset(struct pid, numbers) +
		(__u64)level * bpf_core_type_size(struct upid);

	if (!own || !pid || HALF(pid, pid, level) < level ||
		WORD(pid + at, upid, ns) != WORD(own + at, upid, ns))
		return 0;
	return HALF(pid + at, upid, nr);
}

/* As field 22 of /proc/PID/stat is made: fs/proc/array.c, timens_add_boottime_ns(). */
static __always_inline __u64 start_of(__u64 leader, __u64 reader)
{
	__u64 space = WORD(WORD(reader, task_struct, nsproxy), nsproxy, time_ns);

	return WORD(leader, task_struct, start_boottime) +
		WORD(space, time_namespace, offsets.boottime.tv_sec) * NS_PER_S +
		WORD(space, time_namespace, offsets.boottime.tv_nsec);
}

static __always_inline int put_head(struct walk *walk)
{
	__u64 reader = bpf_get_current_task();
	__u64 leader = WORD(walk->task, task_struct, group_leader);
	__u64 parent = WORD(leader, task_struct, real_parent);
	__u64 users = WORD(WORD(reader, task_struct, real_cred), cred, user_ns);
	struct stream_head head = {
		.kind = STREAM_HEAD,
		.pid = number_of(leader, reader),
		.parent = number_of(WORD(parent, task_struct, group_leader), reader),
		.uid = HALF(WORD(leader, task_struct, real_cred), cred, euid),
		.flags = WORD(users, user_namespace, parent) ? STREAM_OTHER_USERS : 0,
		.start_ns = start_of(leader, reader),
	};

	bpf_probe_read_kernel(head.name, sizeof(head.name),
		(const void *)(leader + bpf_core_field_offset(struct task_struct, comm)));
	return put(walk, &head, sizeof(head));
}

static long look_at(__u64 i, struct walk *walk)
{
	struct stream_cell cell = {.fd = walk->first + (__u32)i};
	__u64 file = walk->at[i % AT_ONCE];

	if (!file || !is_socket(file) || !is_wanted(file, &cell.inode))
		return 0;
	__u64 now = word_at(walk->slots + cell.fd * sizeof(file));

	if (now != file || !cell.inode)
		return 0;
	if (!walk->found++ && put_head(walk))
		return 1;
	return put(walk, &cell, sizeof(cell));
}

static long look_at_some(__u64 round, struct walk *walk)
{
	if (!half_at(walk->open + round * sizeof(__u32)))
		return 0;
	walk->first = (__u32)round * AT_ONCE;
	if (bpf_probe_read_kernel(walk->at, sizeof(walk->at),
		    (const void *)(walk->slots + walk->first * sizeof(walk->at[0]))))
		return 0;
	return bpf_loop(AT_ONCE, look_at, walk, 0) < AT_ONCE;
}

/* Whether a table is looked into elsewhere: threads share the one of their leader. */
static __always_inline int is_leaders(__u64 task, __u64 files)
{
	__u64 leader = WORD(task, task_struct, group_leader);

	return leader != task && WORD(leader, task_struct, files) == files;
}

static __always_inline int walk_table(struct task_struct *task, struct seq_file *seq)
{
	struct walk walk = {.task = (__u64)task, .seq = seq};
	struct stream_cell mark = {.fd = STREAM_DONE};

	if (!task) /* all were seen */
		return put(&walk, &mark, sizeof(mark));
	__u64 files = WORD(walk.task, task_struct, files);

	if (!files || is_leaders(walk.task, files))
		return 0;
	__u64 table = WORD(files, files_struct, fdt);

	walk.slots = WORD(table, fdtable, fd);
	walk.open = WORD(table, fdtable, open_fds);
	bpf_loop(HALF(table, fdtable, max_fds) / AT_ONCE, look_at_some, &walk, 0);
	if (!walk.found)
		return 0;
	mark.fd = WORD(walk.task, task_struct, files) == files ? STREAM_END : STREAM_CHANGED;
	return put(&walk, &mark, sizeof(mark));
}

SEC("iter/task")
int berth_walk(struct bpf_iter__task *ctx)
{
	return walk_table(ctx->task, ctx->meta->seq);
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
