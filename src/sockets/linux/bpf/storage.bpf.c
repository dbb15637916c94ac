// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * Who made a socket a server, kept with the socket itself: hooks note it when a process listens or
 * binds, a walk of all open files notes it once for those that are older than the hooks, and an
 * iterator tells it, as stream.h has it.
 *
 * A note is a place to look at, no more. What is told was looked at in that moment: the process
 * still has the socket at that descriptor, and that descriptor is the only reference to it. So what
 * was passed on, inherited or given up is left out, for others to find (ladder.c), and what is told
 * is all that there is to tell.
 */
#include "reading.h"

enum {
	LISTEN = 10, /* TCP_LISTEN, include/net/tcp_states.h */
	AT_ONCE = 32, /* descriptors */
	DESCRIPTORS_MOST = 4096, /* among which a new socket is looked for */
};

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct stream_note);
} berth_notes SEC(".maps");

/* ---- Noting ---------------------------------------------------------------------------------- */

struct search {
	__u64 slots; /* fdtable.fd */
	__u64 file;
	__u32 fd; /* where it was found */
	__u32 found;
	__u32 first; /* descriptor that at[0] is of */
	__u64 at[AT_ONCE];
};

static long compare(__u64 i, struct search *search)
{
	if (search->at[i % AT_ONCE] != search->file)
		return 0;
	search->fd = search->first + (__u32)i;
	search->found = 1;
	return 1;
}

static long compare_some(__u64 round, struct search *search)
{
	search->first = (__u32)round * AT_ONCE;
	if (bpf_probe_read_kernel(search->at, sizeof(search->at),
		    (const void *)(search->slots + search->first * sizeof(search->at[0]))))
		return 1;
	bpf_loop(AT_ONCE, compare, search, 0);
	return search->found & 1;
}

/* The descriptor that leads to the socket in the process that runs. */
static __always_inline int find(__u64 sock, __u32 *fd)
{
	struct search search = {.file = WORD(WORD(sock, sock, sk_socket), socket, file)};
	__u64 table = WORD(WORD(bpf_get_current_task(), task_struct, files), files_struct, fdt);
	__u32 count = half_at(table + OFFSET_IN(files_struct, fdtab, max_fds));

	search.slots = word_at(table + OFFSET_IN(files_struct, fdtab, fd));
	if (!search.file || !search.slots)
		return 0;
	bpf_loop((count < DESCRIPTORS_MOST ? count : DESCRIPTORS_MOST) / AT_ONCE, compare_some,
		&search, 0);
	*fd = search.fd;
	return search.found;
}

static __always_inline void write(struct stream_note *note, __u64 leader, __u32 fd)
{
	__u64 pid = WORD(leader, task_struct, thread_pid);
	__u32 level = HALF(pid, pid, level);

	note->task = leader;
	note->start_ns = WORD(leader, task_struct, start_boottime);
	note->fd = fd;
	note->n_spaces = level < STREAM_SPACES ? level + 1 : STREAM_SPACES;
#pragma unroll
	for (__u32 i = 0; i < STREAM_SPACES; i++) {
		__u64 at = pid + bpf_core_field_offset(struct pid, numbers) +
			i * bpf_core_type_size(struct upid);

		if (i <= level) {
			note->spaces[i].space = HALF(WORD(at, upid, ns), pid_namespace, ns.inum);
			note->spaces[i].pid = HALF(at, upid, nr);
		}
	}
}

SEC("tp_btf/inet_sock_set_state")
int berth_listens(__u64 *ctx)
{
	struct sock *sock = (struct sock *)ctx[0];
	__u32 fd = 0;

	if ((int)ctx[2] != LISTEN || !find((__u64)sock, &fd))
		return 0;
	struct stream_note *note =
		bpf_sk_storage_get(&berth_notes, sock, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (note)
		write(note, WORD(bpf_get_current_task(), task_struct, group_leader), fd);
	return 0;
}

static __always_inline int binds(struct bpf_sock *sock)
{
	__u32 fd = 0;

	if (!find((__u64)sock, &fd))
		return 1;
	struct stream_note *note =
		bpf_sk_storage_get(&berth_notes, sock, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (note)
		write(note, WORD(bpf_get_current_task(), task_struct, group_leader), fd);
	return 1; /* the bind is allowed */
}

SEC("cgroup/post_bind4")
int berth_binds4(struct bpf_sock *sock)
{
	return binds(sock);
}

SEC("cgroup/post_bind6")
int berth_binds6(struct bpf_sock *sock)
{
	return binds(sock);
}

SEC("iter/task_file")
int berth_seed(struct bpf_iter__task_file *ctx)
{
	struct file *file = ctx->file;
	struct task_struct *task = ctx->task;

	if (!task || !file)
		return 0;
	struct socket *socket = bpf_sock_from_file(file);
	if (!socket || !socket->sk)
		return 0;
	__u16 family = 0;
	__u64 sock = (__u64)socket->sk;

	bpf_probe_read_kernel(&family, sizeof(family),
		(const void *)(sock + bpf_core_field_offset(struct sock, __sk_common.skc_family)));
	if (family != FAMILY_INET && family != FAMILY_INET6)
		return 0;
	struct stream_note *note =
		bpf_sk_storage_get(&berth_notes, socket->sk, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (note && !note->task) /* the hooks know better */
		write(note, WORD((__u64)task, task_struct, group_leader), ctx->fd);
	return 0;
}

/* ---- Telling --------------------------------------------------------------------------------- */

/* How many references there are to an open file. */
static __always_inline __u64 references_of(__u64 file)
{
	if (bpf_core_field_exists(struct file, f_ref)) /* 0: one, include/linux/file_ref.h */
		return WORD(file, file, f_ref.refcnt.counter) + 1;
	return WORD(file, file___counted, f_count.counter);
}

/* Whether the process has the socket at that descriptor, and nobody has it anywhere else. */
static __always_inline int holds_alone(const struct stream_note *note, __u64 file)
{
	__u64 files = WORD(note->task, task_struct, files);
	__u64 table = WORD(files, files_struct, fdt);
	__u64 slots = word_at(table + OFFSET_IN(files_struct, fdtab, fd));

	return file && files && WORD(note->task, task_struct, start_boottime) == note->start_ns &&
		note->fd < half_at(table + OFFSET_IN(files_struct, fdtab, max_fds)) &&
		word_at(slots + note->fd * sizeof(file)) == file && references_of(file) == 1 &&
		/* A table can be shared with a process that is not one of its threads. */
		HALF(files, files_struct, count.counter) <=
		HALF(WORD(note->task, task_struct, signal), signal_struct, nr_threads);
}

SEC("iter/bpf_sk_storage_map")
int berth_tell(struct bpf_iter__bpf_sk_storage_map *ctx)
{
	struct {
		struct stream_head head;
		struct stream_cell cell;
		struct stream_cell end;
	} told = {.end.fd = STREAM_END};
	struct stream_cell done = {.fd = STREAM_DONE};
	__u64 sock = (__u64)ctx->sk;
	const struct stream_note *value = ctx->value;
	struct seq_file *seq = ctx->meta->seq;

	if (!sock || !value)
		return bpf_seq_write(seq, &done, sizeof(done)) != 0;
	struct stream_note note = *value;
	__u64 file = WORD(WORD(sock, sock, sk_socket), socket, file);
	if (!holds_alone(&note, file))
		return 0;
	fill_head(&told.head, note.task);
	told.cell.inode = (__u32)INODE(WORD(file, file, f_inode), i_ino);
	told.cell.fd = note.fd;
	/* Once more: what was read may have become another's meanwhile. */
	if (!told.cell.inode || !holds_alone(&note, file))
		return 0;
	return bpf_seq_write(seq, &told, sizeof(told)) != 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
