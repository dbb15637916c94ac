/* SPDX-License-Identifier: MIT */
/*
 * The questions and answers of NETLINK_SOCK_DIAG (sock_diag(7)): pure, bytes in, rows out.
 */
#ifndef BERTH_SOCKETS_LINUX_DIAG_H
#define BERTH_SOCKETS_LINUX_DIAG_H

#include "sockets/linux/rows.h"

enum {
	DIAG_REQUEST_MAX = 96
};

struct diag_question {
	enum berth_proto proto;
	uint8_t family; /* 4 or 6; 0: both, which the kernel answers for TCP only */
	berth_states states;
	uint16_t port; /* 0: any */
	bool details; /* also what costs the kernel something */
	int notes; /* descriptor of a BPF map of what is stored with sockets; 0: none is asked for
		    */
};

/* What is stored with a socket, as the map has it. 0, or a negative errno that is handed on. */
typedef int diag_noted(void *context, uint64_t inode, const void *value, size_t len);

/* Writes the request and returns its length. `bytes` is 4-byte aligned. */
size_t diag_request(const struct diag_question *question, void *bytes);

/* What became of an answer while its chunks were decoded. Start with {.proto = …, .seen = …}. */
struct diag_answer {
	enum berth_proto proto; /* which was asked for: the messages do not tell */
	bool details; /* rows are to have them, as far as they were told */
	rows_seen *seen;
	diag_noted *noted; /* NULL: nobody asked */
	void *context;
	bool done; /* the end was seen */
	int error; /* negative errno that the kernel answered, or 0 */
	bool interrupted; /* the tables changed under the dump (NLM_F_DUMP_INTR) */
	bool malformed; /* something was not as it must be, and left out */
};

/* A system_chunk: context is a struct diag_answer. 1: the end; 0: more is to come; negative errno
 * of seen(). */
int diag_decode(void *context, const void *bytes, size_t len);

/* Takes and replaces an address; family is 4 (first 4 bytes) or 6. */
typedef void diag_address(void *context, uint8_t family, uint8_t address[16]);

/*
 * Calls `change` for each address in an answer, and overwrites with zeros every attribute that
 * diag_decode does not read. Returns the length up to which the bytes are sound messages.
 */
size_t diag_rewrite(void *bytes, size_t len, diag_address *change, void *context);

#endif
