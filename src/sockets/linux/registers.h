/* SPDX-License-Identifier: MIT */
/* The registers of nf_tables, filled with what is known of a packet (packet.h). Pure. */
#ifndef BERTH_SOCKETS_LINUX_REGISTERS_H
#define BERTH_SOCKETS_LINUX_REGISTERS_H

#include "sockets/linux/messages.h"
#include "sockets/linux/packet.h"

struct registers {
	struct packet_byte all[PACKET_MOST]; /* that of the verdict, then 16 words */
};

/* Room for `len` bytes; those behind them, up to a whole word, become zeros. NULL: there is none.
 */
struct packet_byte *registers_put(struct registers *registers, uint32_t number, size_t len);
void registers_put_what(
	struct registers *registers, uint32_t number, enum packet_what what, size_t len);
void registers_put_value(
	struct registers *registers, uint32_t number, const void *value, size_t len);

/* `len` bytes; NULL: that is too many. */
const struct packet_byte *registers_get(
	const struct registers *registers, uint32_t number, size_t len);

/* Copies the bytes if all of them are known. */
bool registers_read(
	const struct registers *registers, uint32_t number, unsigned char *ret, size_t len);

/* After an expression that is not understood nothing is known of any. */
void registers_forget(struct registers *registers);

/* The value inside an attribute of the type NFTA_DATA; empty when there is none. */
struct messages_attribute registers_data(struct message_rest inside, uint16_t type);

/*
 * Runs an expression that fills registers: payload, meta, ct, fib, numgen, hash, bitwise. False: it
 * is another one, or not understood in this form.
 */
bool registers_run(struct registers *registers, struct flow *flow,
	const struct messages_attribute *name, struct message_rest inside);

#endif
