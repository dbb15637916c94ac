/* SPDX-License-Identifier: MIT */
/* Who answers, in words: for destinations, flags and the port report. */
#ifndef BERTH_API_ANSWER_WORDS_H
#define BERTH_API_ANSWER_WORDS_H

#include <berth.h>

#include "base/buffer.h"

/* "127.0.0.1:5173", "[::1]:5173". */
void answer_words_place(
	struct buffer *out, uint8_t family, const char *address_text, uint16_t port);

/* "node (pid 4242, alice)": the oldest of its processes; "a socket without a process" or "somebody
 * of uid 33" when none is known. */
void answer_words_holder(struct buffer *out, const struct berth_socket *socket);

/* The holders of several sockets, each once; of many, some "and others". */
void answer_words_holders(struct buffer *out, const struct berth_socket *const *sockets, size_t n);

/* One sentence when unrelated processes answer at the two; nothing otherwise. */
void answer_words_split(
	struct buffer *out, const struct berth_destination *a, const struct berth_destination *b);

#endif
