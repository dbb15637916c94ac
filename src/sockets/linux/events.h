/* SPDX-License-Identifier: MIT */
/* What happens to sockets: the two ways to be told, and the decoders of what they tell. */
#ifndef BERTH_SOCKETS_LINUX_EVENTS_H
#define BERTH_SOCKETS_LINUX_EVENTS_H

#include "sockets/linux/system.h"

/* The clocks of this machine at one moment, to turn one into the other. */
struct events_clock {
	double ahead_s; /* how much later 1970's clock is than that of CLOCK_BOOTTIME */
	unsigned ticks; /* a second */
};

/* A record of bpf/events_record.h. 0; -EBADMSG; what is told of, but no port has, is left out: 1.
 */
int events_records_decode(const void *bytes, size_t len, const struct events_clock *clock,
	struct sockets_event *ret_event);

/*
 * The messages of sock_diag's groups of endings (inet_diag_handler_get_info, net/ipv4/inet_diag.c).
 * What was never bound, and what had a peer, is left out. 0; -EBADMSG: something was malformed, the
 * rest was told; or what `seen` answered.
 */
int events_records_endings(
	const void *bytes, size_t len, double time_s, sockets_event_seen *seen, void *context);

/*
 * The ring buffer of a BPF map (kernel/bpf/ringbuf.c): its data lie twice behind each other, so
 * that no record has a seam. Calls `seen` for each record that is whole and moves *consumer behind
 * it.
 */
typedef int events_record(void *context, const void *bytes, size_t len);
int events_records_walk(const void *data, size_t size, uint64_t producer, uint64_t *consumer,
	events_record *seen, void *context);

/* The way by BPF; as the functions of sockets.h. */
struct events_ring;
int events_bpf_open(
	uint32_t netns, uint32_t pids, struct events_ring **ret_events, const char **ret_why);
int events_bpf_fd(const struct events_ring *events);
bool events_bpf_binds(const struct events_ring *events);
int events_bpf_read(struct events_ring *events, events_record *seen, void *context);
uint64_t events_bpf_lost(const struct events_ring *events);
void events_bpf_close(struct events_ring *events);

#endif
