// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * Tells of sockets of one network namespace that are bound, listen, stop to, and are closed, and of
 * calls of bind(2) whether or not they succeed, as records of events_record.h in a ring buffer.
 *
 * A bind that fails ends in nothing that can be watched cheaply: where the end of every system call
 * is watched, each call of every program costs 30 to 45 ns more (measured, Linux 6.18). So its
 * beginning is told, and that it succeeded; who reads draws the conclusion.
 */
#include "reading.h"

#include "events_record.h"

enum {
	SYN_SENT = 2, /* include/net/tcp_states.h */
	CLOSE = 7,
	LISTEN = 10,
	RAW = 3, /* SOCK_RAW */
	SHUT_BOTH = 3, /* SHUTDOWN_MASK */
	PORT_CHOSEN = 8, /* SOCK_BINDPORT_LOCK: by bind(2), not by the kernel for a client */
	/* INET_FLAGS_… of include/net/inet_sock.h, since 6.6 */
	FLAG_FREEBIND = 11,
	FLAG_TRANSPARENT = 15,
	NET_BIND_SERVICE = 10, /* CAP_NET_BIND_SERVICE */
	ROOM = 1 << 20,
	LEVELS = 4, /* of PID namespaces, that are looked at */
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, ROOM);
} berth_events SEC(".maps");

/* Marks those that were told to be bound: their end is told too. */
struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, int);
} berth_told SEC(".maps");

/* Written before the programs are loaded. */
__u32 berth_net; /* the inode number of the network namespace */
__u32 berth_pids; /* and of the reader's PID namespace */

__u64 berth_lost; /* records for which there was no room */

static __always_inline __u32 field(__u64 address, __u32 size)
{
	__u32 value = 0;

	bpf_probe_read_kernel(
		&value, size < sizeof(value) ? size : sizeof(value), (const void *)address);
	return value;
}

#define FIELD(address, type, member)                                                               \
	field((address) + bpf_core_field_offset(struct type, member),                              \
		bpf_core_field_size(struct type, member))

static __always_inline int is_here(__u64 sock)
{
	__u64 net = WORD(sock, sock, __sk_common.skc_net.net);

	return HALF(net, net, ns.inum) == berth_net;
}

static __always_inline int is_of_ports(__u64 sock)
{
	switch (FIELD(sock, sock, sk_protocol)) {
	case 6: /* TCP */
	case 17: /* UDP */
	case 33: /* DCCP */
	case 132: /* SCTP */
	case 136: /* UDP-Lite */
	case 262: /* MPTCP */
		return FIELD(sock, sock, sk_type) != RAW;
	default:
		return 0;
	}
}

static __always_inline __u32 bits_of(__u64 sock, __u64 task)
{
	__u32 bits = 0;
	__u8 shared = 0;

	/* skc_reuse:4, skc_reuseport:1, skc_ipv6only:1 behind the state (since 3.13; on
	 * little-endian machines from the lowest bit up). */
	bpf_probe_read_kernel(&shared, 1,
		(const void *)(sock + bpf_core_field_offset(struct sock, __sk_common.skc_state) +
			1));
	bits |= shared & 0x0f ? EVENTS_REUSEADDR : 0;
	bits |= shared & 0x10 ? EVENTS_REUSEPORT : 0;
	bits |= shared & 0x20 ? EVENTS_V6ONLY : 0;
	if (bpf_core_field_exists(struct inet_sock, inet_flags) &&
		(WORD(sock, inet_sock, inet_flags) & (1 << FLAG_FREEBIND | 1 << FLAG_TRANSPARENT)))
		bits |= EVENTS_FREEBIND;
	if (HALF(WORD(task, task_struct, real_cred), cred, cap_effective) & 1 << NET_BIND_SERVICE)
		bits |= EVENTS_MAY_BIND_LOW;
	if (FIELD(sock, sock, __sk_common.skc_num))
		bits |= EVENTS_HAS_PORT;
	if (FIELD(sock, sock, sk_shutdown) == SHUT_BOTH)
		bits |= EVENTS_SHUT;
	return bits;
}

static __always_inline __u32 pid_of(__u64 leader)
{
	__u64 pid = WORD(leader, task_struct, thread_pid);
	__u32 level = HALF(pid, pid, level);

#pragma unroll
	for (__u32 i = 0; i < LEVELS; i++) {
		__u64 at = pid + bpf_core_field_offset(struct pid, numbers) +
			i * bpf_core_type_size(struct upid);

		if (i <= level && HALF(WORD(at, upid, ns), pid_namespace, ns.inum) == berth_pids)
			return HALF(at, upid, nr);
	}
	return 0;
}

static __always_inline struct events_record *begin(__u64 sock, __u64 cookie, __u32 kind)
{
	struct events_record *record = bpf_ringbuf_reserve(&berth_events, sizeof(*record), 0);
	__u64 task = bpf_get_current_task();
	__u64 leader = WORD(task, task_struct, group_leader);

	if (!record) {
		__sync_fetch_and_add(&berth_lost, 1);
		return 0;
	}
	__builtin_memset(record, 0, sizeof(*record));
	record->time_ns = bpf_ktime_get_boot_ns();
	record->cookie = cookie;
	record->kind = kind;
	record->start_ns = WORD(leader, task_struct, start_boottime);
	record->pid = pid_of(leader);
	record->thread = (__u32)bpf_get_current_pid_tgid();
	record->uid = HALF(WORD(task, task_struct, real_cred), cred, euid);
	bpf_probe_read_kernel(record->name, sizeof(record->name),
		(const void *)(leader + bpf_core_field_offset(struct task_struct, comm)));
	record->bits = bits_of(sock, task);
	record->ifindex = HALF(sock, sock, __sk_common.skc_bound_dev_if);
	record->protocol = (__u16)FIELD(sock, sock, sk_protocol);
	record->family = (__u16)FIELD(sock, sock, __sk_common.skc_family);
	return record;
}

/* Where the socket is bound to. */
static __always_inline void tell(__u64 sock, __u64 cookie, __u32 kind)
{
	struct events_record *record = begin(sock, cookie, kind);

	if (!record)
		return;
	record->port = (__u16)FIELD(sock, sock, __sk_common.skc_num);
	if (record->family == FAMILY_INET6)
		bpf_probe_read_kernel(record->address, sizeof(record->address),
			(const void *)(sock +
				bpf_core_field_offset(struct sock, __sk_common.skc_v6_rcv_saddr)));
	else
		bpf_probe_read_kernel(record->address, sizeof(__u32),
			(const void *)(sock +
				bpf_core_field_offset(struct sock, __sk_common.skc_rcv_saddr)));
	bpf_ringbuf_submit(record, 0);
}

/* The number that a pointer is which the verifier lets nobody calculate with. */
static __always_inline __u64 address_of(void *pointer)
{
	void *volatile kept = pointer;
	__u64 address = 0;

	bpf_probe_read_kernel(&address, sizeof(address), (const void *)&kept);
	return address;
}

SEC("tp_btf/inet_sock_set_state")
int berth_state(__u64 *ctx)
{
	struct sock *sock = (struct sock *)ctx[0];
	int from = (int)ctx[1];
	int to = (int)ctx[2];
	__u32 kind = to == LISTEN ? EVENTS_LISTENS
		: from == LISTEN  ? EVENTS_STOPS
				  : EVENTS_CONNECTS;

	if (kind == EVENTS_CONNECTS && (from != CLOSE || to != SYN_SENT))
		return 0;
	if (!is_here((__u64)sock))
		return 0;
	/* connect(2) without bind(2) is no news: the port is chosen after this (tcp_v4_connect). */
	if (kind == EVENTS_CONNECTS && !FIELD((__u64)sock, sock, __sk_common.skc_num))
		return 0;
	tell((__u64)sock, bpf_get_socket_cookie(sock), kind);
	return 0;
}

static __always_inline int tries(struct bpf_sock_addr *ctx, __u32 family)
{
	__u64 sock = address_of(ctx->sk);
	__u16 port = (__u16)__builtin_bswap16((__u16)ctx->user_port);

	if (!port || !is_here(sock) || !is_of_ports(sock))
		return 1;
	struct events_record *record = begin(sock, bpf_get_socket_cookie(ctx), EVENTS_TRIES);
	if (!record)
		return 1;
	record->port = port;
	if (family == FAMILY_INET) {
		*(__u32 *)record->address = ctx->user_ip4;
	} else {
		((__u32 *)record->address)[0] = ctx->user_ip6[0];
		((__u32 *)record->address)[1] = ctx->user_ip6[1];
		((__u32 *)record->address)[2] = ctx->user_ip6[2];
		((__u32 *)record->address)[3] = ctx->user_ip6[3];
	}
	bpf_ringbuf_submit(record, 0);
	return 1; /* what we do not forbid is allowed */
}

SEC("cgroup/bind4")
int berth_tries4(struct bpf_sock_addr *ctx)
{
	return tries(ctx, FAMILY_INET);
}

SEC("cgroup/bind6")
int berth_tries6(struct bpf_sock_addr *ctx)
{
	return tries(ctx, FAMILY_INET6);
}

static __always_inline int binds(struct bpf_sock *ctx)
{
	if (!is_here((__u64)ctx) || !is_of_ports((__u64)ctx))
		return 1;
	bpf_sk_storage_get(&berth_told, ctx, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	tell((__u64)ctx, bpf_get_socket_cookie(ctx), EVENTS_BOUND);
	return 1;
}

SEC("cgroup/post_bind4")
int berth_binds4(struct bpf_sock *ctx)
{
	return binds(ctx);
}

SEC("cgroup/post_bind6")
int berth_binds6(struct bpf_sock *ctx)
{
	return binds(ctx);
}

/*
 * Listeners, and whatever is bound and has no peer. Clients of UDP whose port the kernel chose come
 * and go by the thousand; those that stay are seen by looks, and so is their end.
 */
SEC("cgroup/sock_release")
int berth_closes(struct bpf_sock *ctx)
{
	__u64 sock = (__u64)ctx;
	__u32 state = FIELD(sock, sock, __sk_common.skc_state);
	__u32 protocol = FIELD(sock, sock, sk_protocol);
	struct sock *fields = (struct sock *)sock;

	if (!FIELD(sock, sock, __sk_common.skc_num) || !is_here(sock) || !is_of_ports(sock))
		return 1;
	if (state != LISTEN &&
		!(BPF_CORE_READ_BITFIELD_PROBED(fields, sk_userlocks) & PORT_CHOSEN) &&
		!bpf_sk_storage_get(&berth_told, ctx, 0, 0))
		return 1;
	if (state == CLOSE || state == LISTEN || protocol != 6)
		tell(sock, bpf_get_socket_cookie(ctx), EVENTS_CLOSES);
	return 1;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
