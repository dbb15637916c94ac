// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * Goes through TCP's tables and tells of sockets with one local port how they may be shared: the
 * only way to learn it of what no process has any more, such as TIME_WAIT. Each becomes a record as
 * closing.h has it.
 */
#include "vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "closing_record.h"

enum {
	STATE_NEW_SYN_RECV = 12, /* include/net/tcp_states.h; a request is no whole socket */
};

__u16 berth_port; /* written before the program is loaded */

SEC("iter/tcp")
int berth_closing(struct bpf_iter__tcp *ctx)
{
	__u64 sock = (__u64)ctx->sk_common;
	struct closing_record record = {.uid = ctx->uid};
	__u16 port = 0;
	__u8 state = 0;

	if (!sock)
		return 0;
	bpf_probe_read_kernel(&state, sizeof(state),
		(const void *)(sock + bpf_core_field_offset(struct sock_common, skc_state)));
	bpf_probe_read_kernel(&port, sizeof(port),
		(const void *)(sock + bpf_core_field_offset(struct sock_common, skc_num)));
	if (port != berth_port || state == STATE_NEW_SYN_RECV)
		return 0;
	bpf_probe_read_kernel(&record.cookie, sizeof(record.cookie),
		(const void *)(sock + bpf_core_field_offset(struct sock_common, skc_cookie)));
	/* The bits behind the state: skc_reuse:4, skc_reuseport:1, skc_ipv6only:1 (since 3.13; on
	 * little-endian machines from the lowest bit up). */
	bpf_probe_read_kernel(&record.bits, 1,
		(const void *)(sock + bpf_core_field_offset(struct sock_common, skc_state) + 1));
	bpf_seq_write(ctx->meta->seq, &record, sizeof(record));
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
