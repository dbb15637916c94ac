/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* What events.bpf.c tells of one socket in one moment. Both sides include this. */
#ifndef BERTH_BPF_EVENTS_RECORD_H
#define BERTH_BPF_EVENTS_RECORD_H

enum events_kind {
	EVENTS_TRIES, /* bind(2) was called: EVENTS_BOUND follows, or it failed */
	EVENTS_BOUND, /* and succeeded */
	EVENTS_LISTENS, /* listen(2) was called; it can still fail */
	EVENTS_STOPS, /* it listens no more */
	EVENTS_CONNECTS, /* a socket of TCP that was bound connects */
	EVENTS_CLOSES, /* the last descriptor of it is closed */
};

enum events_bits {
	EVENTS_REUSEADDR = 1 << 0,
	EVENTS_REUSEPORT = 1 << 1,
	EVENTS_V6ONLY = 1 << 2,
	EVENTS_FREEBIND = 1 << 3, /* IP_FREEBIND or IP_TRANSPARENT */
	EVENTS_MAY_BIND_LOW = 1 << 4, /* the process has CAP_NET_BIND_SERVICE */
	EVENTS_HAS_PORT = 1 << 5, /* it was bound before */
	EVENTS_SHUT = 1 << 6, /* shut down in both directions, as close(2) does */
};

struct events_record {
	__u64 time_ns; /* since the machine started, suspended or not (CLOCK_BOOTTIME) */
	__u64 cookie;
	__u64 start_ns; /* of the process, on the same clock */
	__u32 kind; /* enum events_kind */
	__u32 pid; /* in the PID namespace of the reader; 0: it is not in it */
	__u32 thread; /* of the whole machine */
	__u32 uid; /* effective */
	__u32 bits; /* enum events_bits */
	__u32 ifindex; /* the interface that it is bound to */
	__u16 port;
	__u16 protocol; /* IPPROTO_…, up to 262 */
	__u16 family; /* AF_INET, AF_INET6 */
	__u16 zero;
	__u8 address[16]; /* network byte order */
	char name[16]; /* of the thread */
};

#endif
