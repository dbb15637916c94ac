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
#include "reading.h"

enum {
	SOCKFS_MAGIC = 0x534F434B, /* include/uapi/linux/magic.h */
	AT_ONCE = 32, /* descriptors: half a word of the table's bitmap of open ones */
	WORD_BITS = 64,
	BERTH_WORDS = 1024,
	FILE_BITS = 18,
	FILE_WORDS = 1 << 18 >> 6,
	BUCKETS = 64, /* words of a table of sockets that are read at once */
	BUCKETS_BYTES = 512,
	STEPS_MOST = 1 << 23, /* of bpf_loop() */
	STATE_TIME_WAIT = 6, /* include/net/tcp_states.h; of these two there is no struct sock */
	STATE_NEW_SYN_RECV = 12,
};

/* Settings, written before the program is loaded. */
__u32 berth_all; /* all sockets of IPv4 and IPv6 */
__u32 berth_wanted; /* else: how many are wanted */
__u32 berth_tables; /* and the tables of the kernel that have them all (enum stream_tables); 0: none
		     */
__u64 berth_inodes[BERTH_WORDS]; /* bit n: some inode that leaves the rest n is wanted */

/*
 * Nearly all time of a walk goes into the cache misses of looking at each open file. So when the
 * kernel's tables of sockets lead to the files of all that are wanted, these are noted first, in a
 * set of hashed addresses, and of descriptors only the addresses are compared. It is a shortcut to
 * candidates, no more: what it leads to is looked at like any other file, and when it missed one, a
 * second walk does without. Written by one reader, so it is not for an iterator that is pinned.
 */
/* Hidden rather than static, or the compiler breaks them up and their type information is wrong. */
#define KEPT __attribute__((visibility("hidden")))

static __u64 files[FILE_WORDS];
static __u64 buckets[BUCKETS];
static __u32 met; /* wanted sockets in the tables */
KEPT __u32 looked; /* the tables were walked */
KEPT __u32 noted; /* all that are wanted are in the set, so that no other file is looked at */

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

static __always_inline int is_socket(__u64 file)
{
	__u64 operations = WORD(file, file, f_op);

	if (socket_operations || !operations)
		return operations && operations == socket_operations;
	__u64 block = INODE(WORD(file, file, f_inode), i_sb);

	if (WORD(block, super_block, s_magic) != SOCKFS_MAGIC)
		return 0;
	socket_operations = operations;
	return 1;
}

static __always_inline __u32 inode_of(__u64 file)
{
	return (__u32)INODE(WORD(file, file, f_inode), i_ino);
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

static __always_inline int put_head(struct walk *walk)
{
	struct stream_head head = {};

	fill_head(&head, WORD(walk->task, task_struct, group_leader));
	return put(walk, &head, sizeof(head));
}

static __always_inline __u32 hash_of(__u64 file)
{
	return (__u32)(file * 0x9e3779b97f4a7c15ULL >> (WORD_BITS - FILE_BITS));
}

static __always_inline int is_noted(__u64 file)
{
	__u32 hash = hash_of(file);

	return files[hash / WORD_BITS % FILE_WORDS] >> hash % WORD_BITS & 1;
}

static long look_at(__u64 i, struct walk *walk)
{
	struct stream_cell cell = {.fd = walk->first + (__u32)i};
	__u64 file = walk->at[i % AT_ONCE];

	if (noted && !is_noted(file))
		return 0;
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

/* ---- The shortcut ---------------------------------------------------------------------------- */

/*
 * The hash tables of sockets, one after the other, and where we are in them. Not on the stack: the
 * verifier follows each value there, and so would go through a search many times.
 */
KEPT struct {
	__u64 net;
	__u32 table; /* enum stream_tables, of the next one */
	__u32 bucket; /* the next one */
	__u32 count; /* of the buckets of this table */
	__u32 words; /* of a bucket; the last one leads to its first socket */
	__u64 buckets;
	__u64 link; /* where in a struct sock the pointer to the next is */
	__u64 at; /* the link of a socket that is looked at now */
	__u64 port; /* that of an element of the table of ports, each with a chain of sockets */
} search;

/* A chain ends with nothing, or with an odd number (include/linux/list_nulls.h). */
static __always_inline int ends(__u64 link)
{
	return !link || link & 1;
}

static __always_inline void note(__u64 sock)
{
	__u64 socket = WORD(sock, sock, sk_socket);
	__u32 inode = (__u32)word_at(
		socket + bpf_core_field_offset(struct socket_alloc, vfs_inode.i_ino));

	if (!socket || !(berth_inodes[inode / WORD_BITS % BERTH_WORDS] >> inode % WORD_BITS & 1))
		return;
	__u64 file = WORD(socket, socket, file);
	__u32 hash = hash_of(file);

	met++;
	if (file) /* the kernel's own sockets have none */
		files[hash / WORD_BITS % FILE_WORDS] |= 1ULL << hash % WORD_BITS;
}

static __always_inline void see_sock(void)
{
	__u64 sock = search.at - search.link;
	__u8 state = 0;

	bpf_probe_read_kernel(&state, sizeof(state),
		(const void *)(sock + bpf_core_field_offset(struct sock, __sk_common.skc_state)));
	if (state != STATE_TIME_WAIT && state != STATE_NEW_SYN_RECV)
		note(sock);
	search.at = word_at(search.at);
}

static __always_inline void see_bucket(void)
{
	__u32 word = search.bucket * search.words % BUCKETS;

	if (!word &&
		bpf_probe_read_kernel(buckets, sizeof(buckets),
			(const void *)(search.buckets + search.bucket * search.words * 8ULL)))
		search.bucket = search.count;
	search.bucket++;
	search.at = buckets[(word + search.words - 1) % BUCKETS];
	if (search.table != STREAM_PORTS + 1)
		return;
	search.port = search.at;
	search.at = 0;
}

/* The sockets of a port. */
static __always_inline void see_port(void)
{
	search.at = word_at(search.port + bpf_core_field_offset(struct inet_bind2_bucket, owners) -
		bpf_core_field_offset(struct inet_bind2_bucket, node));
	search.port = word_at(search.port);
}

/*
 * Begins the next table, as Linux 6.1 and later have them (include/net/inet_hashtables.h, udp.h). A
 * kernel that has them otherwise, or whose locks are larger for debugging, leads to nothing.
 */
static __always_inline void begin_table(void)
{
	__u64 tcp = WORD(search.net, net, ipv4.tcp_death_row.hashinfo);
	__u64 udp = WORD(search.net, net, ipv4.udp_table);

	search.bucket = 0;
	search.count = 0;
	search.words = 2; /* a lock and the pointer */
	search.link = bpf_core_field_offset(struct sock, __sk_common.skc_nulls_node);
	switch (search.table++) {
	case STREAM_LISTENERS:
		search.buckets = WORD(tcp, inet_hashinfo, lhash2);
		search.count = HALF(tcp, inet_hashinfo, lhash2_mask) + 1;
		break;
	case STREAM_PORTS:
		if (!bpf_core_field_exists(struct inet_hashinfo, bhash2))
			break;
		search.buckets = WORD(tcp, inet_hashinfo, bhash2);
		search.count = HALF(tcp, inet_hashinfo, bhash_size);
		search.link = bpf_core_field_offset(struct sock, __sk_common.skc_bind_node);
		break;
	case STREAM_CONNECTIONS:
		search.buckets = WORD(tcp, inet_hashinfo, ehash);
		search.count = HALF(tcp, inet_hashinfo, ehash_mask) + 1;
		search.words = 1;
		break;
	default:
		search.buckets = WORD(udp, udp_table, hash);
		search.count = HALF(udp, udp_table, mask) + 1;
	}
}

/* One thing at a time: nested loops would be verified anew inside of each other. */
static long search_on(__u64 i, void *nothing)
{
	if (!ends(search.at))
		see_sock();
	else if (!ends(search.port))
		see_port();
	else if (search.bucket < search.count)
		see_bucket();
	else if (search.table == STREAM_TABLES || met >= berth_wanted)
		return 1;
	else if (berth_tables >> search.table & 1)
		begin_table();
	else
		search.table++;
	return 0;
}

static __always_inline void note_all(void)
{
	looked = 1;
	if (!bpf_core_field_exists(struct net, ipv4.tcp_death_row.hashinfo) ||
		!bpf_core_field_exists(struct net, ipv4.udp_table))
		return;
	search.net = WORD(WORD(bpf_get_current_task(), task_struct, nsproxy), nsproxy, net_ns);
	bpf_loop(STEPS_MOST, search_on, 0, 0);
	noted = met >= berth_wanted;
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

	if (berth_tables && !looked)
		note_all();
	if (!task) /* all were seen */
		return put(&walk, &mark, sizeof(mark));
	__u64 files = WORD(walk.task, task_struct, files);

	if (!files || is_leaders(walk.task, files))
		return 0;
	__u64 table = WORD(files, files_struct, fdt);

	walk.slots = word_at(table + OFFSET_IN(files_struct, fdtab, fd));
	walk.open = word_at(table + OFFSET_IN(files_struct, fdtab, open_fds));
	bpf_loop(half_at(table + OFFSET_IN(files_struct, fdtab, max_fds)) / AT_ONCE, look_at_some,
		&walk, 0);
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
