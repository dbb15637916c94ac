/* SPDX-License-Identifier: MIT */
/*
 * What is known of bytes of a packet while rules of nf_tables look at them: a value, or a byte of
 * the destination's port or address, or of something else. Comparisons then decide, narrow the
 * flow, or make it conditional. Pure.
 */
#ifndef BERTH_SOCKETS_LINUX_PACKET_H
#define BERTH_SOCKETS_LINUX_PACKET_H

#include "sockets/linux/flow.h"

enum {
	PACKET_MOST = 80, /* bytes that are compared at once: all registers of nf_tables */
};

enum packet_what {
	PACKET_VALUE, /* is known */
	PACKET_PORT, /* of the destination; index 0 and 1 */
	PACKET_ADDRESS, /* of the destination */
	PACKET_IN_NAME, /* of the interface */
	PACKET_OUT_NAME,
	PACKET_IN_INDEX,
	PACKET_OUT_INDEX,
	PACKET_CHANCE, /* this and all below are not followed */
	PACKET_SOURCE_ADDRESS,
	PACKET_SOURCE_PORT,
	PACKET_MARK,
	PACKET_OWNER,
	PACKET_TRACKING,
	PACKET_OTHER,
};

struct packet_byte {
	uint8_t what; /* enum packet_what */
	uint8_t index; /* in the thing that it is of */
	uint8_t value; /* of a PACKET_VALUE */
	uint8_t mask; /* which bits of something else are looked at */
};

/* Two bytes in network byte order. */
uint16_t packet_port(const unsigned char *bytes);

/* "daddr", "iifname", …, as conditions name it. */
const char *packet_word(unsigned what);

/*
 * Narrows the flow to where `len` bytes (at most PACKET_MOST), taken as one number in network byte
 * order, are from low to high; or to where they are not. False: nothing is left.
 */
bool packet_only(struct flow *flow, const struct packet_byte *bytes, const unsigned char *low,
	const unsigned char *high, size_t len);
bool packet_without(struct flow *flow, const struct packet_byte *bytes, const unsigned char *low,
	const unsigned char *high, size_t len);

#endif
