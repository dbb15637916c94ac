/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* What bind_bucket.bpf.c tells. Both sides include this. */
#ifndef BERTH_BPF_BIND_BUCKET_RECORD_H
#define BERTH_BPF_BIND_BUCKET_RECORD_H

/* The members of struct inet_bind_bucket, as include/net/inet_hashtables.h has them. */
struct bind_bucket_record {
	__u32 found; /* 0: nothing has the port, and the rest means nothing */
	__u32 fastuid; /* as the first user namespace counts */
	__s8 fastreuse; /* 1: all have SO_REUSEADDR and none listens; negative: made by connect() */
	__s8 fastreuseport; /* enum bind_bucket_reuseport; negative: made by connect() */
	__u16 family; /* AF_… of the socket that the rest is of */
	__u8 address4[4];
	__u8 address6[16];
	__u8 v6only;
	__u8 unused[3];
};

/* FASTREUSEPORT_… of the same file */
enum bind_bucket_reuseport {
	BIND_BUCKET_ANY = 1,
	BIND_BUCKET_STRICT = 2,
};

#endif
