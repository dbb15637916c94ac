/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* What closing.bpf.c tells of one socket. Both sides include this. */
#ifndef BERTH_BPF_CLOSING_RECORD_H
#define BERTH_BPF_CLOSING_RECORD_H

struct closing_record {
	__u64 cookie; /* as sock_diag tells it; 0: nobody asked for it yet */
	__u32 bits; /* enum closing_bits */
	__u32 uid; /* of its maker, in the user namespace of the reader */
};

enum closing_bits {
	CLOSING_REUSE = 0x0f, /* not 0: SO_REUSEADDR */
	CLOSING_REUSEPORT = 0x10,
	CLOSING_V6ONLY = 0x20,
};

#endif
