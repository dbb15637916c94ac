/* SPDX-License-Identifier: MIT */
/* What the desk does for a line, by the functions of libberth that everybody has. */
#ifndef BERTH_DESK_COUNTER_H
#define BERTH_DESK_COUNTER_H

#include <berth.h>

#include "base/buffer.h"

enum {
	COUNTER_PROTOCOL = 1, /* version of the protocol */
};

/* Who asks. The caller has taken on their user, so that the ledger is written as theirs. */
struct counter_asker {
	const struct berth *berth;
	uint32_t pid; /* of the process that connected; 0: it cannot be seen from here */
	int process; /* a pidfd of it; -1: there is none */
};

/* Answers a line, which is without its end and is decoded in place, by lines that are appended. */
void counter_answer(const struct counter_asker *asker, char *text, size_t len, struct buffer *out);

/* Appends a line that refuses: `errnum` is positive, the text one phrase. */
void counter_refuse(struct buffer *out, int errnum, const char *text);

#endif
