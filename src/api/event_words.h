/* SPDX-License-Identifier: MIT */
/* Phrases about what happened. Names of processes go in as they are; faces escape them. */
#ifndef BERTH_API_EVENT_WORDS_H
#define BERTH_API_EVENT_WORDS_H

#include <berth.h>

#include "base/arena.h"
#include "base/buffer.h"

/* The address of a socket as text: "0.0.0.0", "::1"; NULL: no memory. */
const char *event_words_address(struct arena *arena, uint8_t family, const uint8_t address[16]);

/* berth_event.text, from all the other fields. 0; -ENOMEM. */
int event_words_text(struct arena *arena, struct berth_event *event);

/* "nginx[123]", "a process that is not known". */
void event_words_actor(struct buffer *out, const struct berth_actor *actor);

#endif
