// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * Goes through TCP's tables and tells which local ports of a range somebody chose by bind(): their
 * bind bucket remembers it, and connect() passes over them (__inet_hash_connect, Linux 6.18). Each
 * becomes two bytes, the port; a port can come more than once.
 */
#include "vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

enum {
	STATE_TIME_WAIT = 6,
	STATE_NEW_SYN_RECV = 12,
};

/* Written before the program is loaded. */
__u16 berth_first;
__u16 berth_last;

SEC("iter/tcp")
int berth_buckets(struct bpf_iter__tcp *ctx)
{
	__u64 sock = (__u64)ctx->sk_common;
	__u64 bucket = 0;
	__u16 port = 0;
	__u8 state = 0;
	signed char fastreuse = -1;
	signed char fastreuseport = -1;

	if (!sock)
		return 0;
	bpf_probe_read_kernel(&port, sizeof(port),
		(const void *)(sock + bpf_core_field_offset(struct sock_common, skc_num)));
	bpf_probe_read_kernel(&state, sizeof(state),
		(const void *)(sock + bpf_core_field_offset(struct sock_common, skc_state)));
	/* A connection that a listener has not accepted is no whole socket, and has the listener's
	 * port. */
	if (port < berth_first || port > berth_last || state == STATE_NEW_SYN_RECV)
		return 0;
	bpf_probe_read_kernel(&bucket, sizeof(bucket),
		(const void *)(sock +
			(state == STATE_TIME_WAIT
					? bpf_core_field_offset(struct inet_timewait_sock, tw_tb)
					: bpf_core_field_offset(
						  struct inet_connection_sock, icsk_bind_hash))));
	if (!bucket)
		return 0;
	bpf_probe_read_kernel(&fastreuse, sizeof(fastreuse),
		(const void *)(bucket + bpf_core_field_offset(struct inet_bind_bucket, fastreuse)));
	bpf_probe_read_kernel(&fastreuseport, sizeof(fastreuseport),
		(const void *)(bucket +
			bpf_core_field_offset(struct inet_bind_bucket, fastreuseport)));
	if (fastreuse >= 0 || fastreuseport >= 0)
		bpf_seq_write(ctx->meta->seq, &port, sizeof(port));
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
