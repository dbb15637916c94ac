/* SPDX-License-Identifier: MIT */
/* All 65,536 ports as one picture of 256 by 256: what each port shows, and where it stands. */
#ifndef BERTH_WEB_ATLAS_H
#define BERTH_WEB_ATLAS_H

#include <stdbool.h>
#include <stdint.h>

#include <berth.h>

#include "base/buffer.h"

enum {
	ATLAS_SIDE = 256,
	ATLAS_PORTS = 65536,
};

/* What a port shows: of the layers that are drawn, the last that has something of it. */
enum atlas_kind {
	ATLAS_NOTHING,
	ATLAS_DYNAMIC,
	ATLAS_EPHEMERAL,
	ATLAS_RESERVED,
	ATLAS_ASSIGNED,
	ATLAS_CLAIMED, /* by its number, not as one of a pool */
	ATLAS_SEEN, /* in the history of berthd */
	ATLAS_LEASED,
	ATLAS_USED,
	ATLAS_KINDS,
};

/* Layers, a set of bits. */
enum {
	ATLAS_LAYER_REGISTRY = 1 << 0,
	ATLAS_LAYER_EPHEMERAL = 1 << 1,
	ATLAS_LAYER_CLAIMS = 1 << 2,
	ATLAS_LAYER_SOCKETS = 1 << 3,
	ATLAS_LAYER_LEASES = 1 << 4,
	ATLAS_LAYER_HISTORY = 1 << 5,
	ATLAS_LAYERS_ALL = (1 << 6) - 1,
};

struct atlas {
	bool hilbert; /* along Hilbert's curve, which keeps neighbours together; else row by row */
	uint8_t kind[ATLAS_PORTS]; /* enum atlas_kind, by port */
	uint16_t kinds[ATLAS_PORTS]; /* all that is so of it: bit n stands for kind n */
	double held_s[ATLAS_PORTS]; /* how long sockets had it, all together, by the history */
};

struct atlas_paint {
	const char *name; /* for the legend */
	char letter; /* without colour */
	uint8_t terminal; /* of the 256 colours of terminals */
	const char *light; /* "#rrggbb" on light paper */
	const char *dark;
};
extern const struct atlas_paint atlas_paints[ATLAS_KINDS];

/* What is known of this machine; what is NULL is not drawn. */
struct atlas_here {
	const struct berth_snapshot *snapshot;
	const struct berth_leases *leases;
	const struct berth_history *history;
};

/* `here` may be NULL. */
void atlas_fill(struct atlas *atlas, const struct berth *berth, const struct atlas_here *here,
	unsigned layers);

/* How hot a port is in the history: 0, no socket had it, to ATLAS_HEATS - 1, longer than a week. */
enum {
	ATLAS_HEATS = 8,
};
unsigned atlas_heat(const struct atlas *atlas, uint16_t port);

/* The port at a place, and the other way round. */
uint16_t atlas_port(const struct atlas *atlas, unsigned x, unsigned y);

/* A picture that follows the reader's colour scheme; `legend`: what its colours mean below it. */
void atlas_svg(struct buffer *out, const struct atlas *atlas, bool legend);

/* `kinds` as an array of JSON: bits, how many ports in a row have them, and so on. */
void atlas_runs(struct buffer *out, const struct atlas *atlas);
/* The same of atlas_heat(). */
void atlas_heat_runs(struct buffer *out, const struct atlas *atlas);

#endif
