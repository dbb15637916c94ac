/* SPDX-License-Identifier: MIT */
/* What the teller tells the front first: the settings, a fixed number of bytes over the wire. */
#ifndef BERTH_SERVE_FRONT_SETTINGS_H
#define BERTH_SERVE_FRONT_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "serve/route.h"

enum {
	FRONT_WIRE = 3, /* the descriptor; the listeners follow it */
	FRONT_LISTENERS = 8,
	FRONT_NAMES = 8,
	FRONT_NAME = 128,
	FRONT_GREETING = 200,
};

struct front_settings {
	uint32_t n_listeners;
	bool has_token;
	bool share;
	uint32_t uid; /* of the teller */
	double beat_s; /* how often to ask for ROUTE_BEAT; 0: never */
	char token[ROUTE_TOKEN + 1];
	char names[FRONT_NAMES][FRONT_NAME]; /* empty ones are none */
};

void front_settings_put(struct buffer *out, const struct front_settings *settings);

/* 0; -EBADMSG. */
int front_settings_get(const char *text, size_t len, struct front_settings *ret_settings);

#endif
