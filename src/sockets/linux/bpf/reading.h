/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Reading the kernel's structs, and who a process is to whoever reads: for the BPF programs. */
#ifndef BERTH_BPF_READING_H
#define BERTH_BPF_READING_H

#include "vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "stream.h"

enum {
	NS_PER_S = 1000000000,
	FAMILY_INET = 2,
	FAMILY_INET6 = 10,
};

/*
 * Everything is read with bpf_probe_read_kernel() from addresses that are plain numbers. Following
 * the pointers that the verifier knows would be a little faster to run, yet slow to load: for each
 * such step it goes through all types of the kernel by name (btf_nested_type_is_trusted(), 6.4 and
 * later: 2 ms a step).
 */
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

/*
 * The kernel keeps the types that it looked up by name in a table of 31 places, and two of one
 * place drive each other out: 0.2 ms for each (vmlinux_cand_cache, kernel/bpf/btf.c). That is why
 * some are reached through those that contain them.
 */
#define OFFSET_IN(type, outer, member)                                                             \
	(bpf_core_field_offset(struct type, outer.member) -                                        \
		bpf_core_field_offset(struct type, outer))
#define INODE(address, member) word_at((address) + OFFSET_IN(socket_alloc, vfs_inode, member))

/* A member of the struct at an address: a pointer or a long; a number of 32 bits. */
#define WORD(address, type, member) word_at((address) + bpf_core_field_offset(struct type, member))
#define HALF(address, type, member) half_at((address) + bpf_core_field_offset(struct type, member))

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

static __always_inline void fill_head(struct stream_head *head, __u64 leader)
{
	__u64 reader = bpf_get_current_task();
	__u64 parent = WORD(leader, task_struct, real_parent);
	__u64 users = WORD(WORD(reader, task_struct, real_cred), cred, user_ns);

	head->kind = STREAM_HEAD;
	head->pid = number_of(leader, reader);
	head->parent = number_of(WORD(parent, task_struct, group_leader), reader);
	head->uid = HALF(WORD(leader, task_struct, real_cred), cred, euid);
	head->flags = WORD(users, user_namespace, parent) ? STREAM_OTHER_USERS : 0;
	head->start_ns = start_of(leader, reader);
	bpf_probe_read_kernel(head->name, sizeof(head->name),
		(const void *)(leader + bpf_core_field_offset(struct task_struct, comm)));
}

#endif
