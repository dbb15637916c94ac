/* SPDX-License-Identifier: MIT */
/*
 * The addresses of this network namespace (rtnetlink(7)): decoding is pure.
 */
#ifndef BERTH_SOCKETS_LINUX_ADDRESSES_H
#define BERTH_SOCKETS_LINUX_ADDRESSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	ADDRESSES_REQUEST_MAX = 32
};

struct addresses_row {
	uint8_t family; /* 4 or 6 */
	uint8_t prefix_len; /* at most 32 or 128 */
	uint8_t address[16];
	uint32_t ifindex;
};

/* What became of an answer. Start with zeros, end with addresses_free(). */
struct addresses_answer {
	struct addresses_row *all;
	size_t count;
	size_t size;
	bool done;
	int error; /* negative errno that the kernel answered, or 0 */
	bool malformed;
};

/* Writes the request for all addresses of both families and returns its length. */
size_t addresses_request(void *bytes);

/* A system_chunk: context is a struct addresses_answer. 1: the end; 0: more is to come; -ENOMEM. */
int addresses_decode(void *context, const void *bytes, size_t len);

/*
 * The interface by which what this machine sends to one of its own addresses comes in, 0: the
 * address is none of its own. `scope`: of a link-local address, 0: any.
 */
uint32_t addresses_incoming(const struct addresses_answer *answer, uint8_t family,
	const uint8_t address[16], uint32_t scope);

/* Calls `change` for each address and overwrites the rest of what addresses_decode() does not read.
 * Returns the length up to which the bytes are sound messages. */
typedef void addresses_change(void *context, uint8_t family, uint8_t address[16]);
size_t addresses_rewrite(void *bytes, size_t len, addresses_change *change, void *context);

/* Whether one of them, or any of loopback, has the first `bits` bits in common with the address. */
bool addresses_have(const struct addresses_answer *answer, uint8_t family,
	const uint8_t address[16], unsigned bits);

struct sockets_system;

/* Asks, unless there is an answer already. 0; -ENOMEM; another refusal is an answer without rows.
 */
int addresses_ask(const struct sockets_system *system, struct addresses_answer *answer);

void addresses_free(struct addresses_answer *answer);

#endif
