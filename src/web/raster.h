/* SPDX-License-Identifier: MIT */
/* The picture of all ports in points of colour: for files, and for terminals that draw pictures. */
#ifndef BERTH_WEB_RASTER_H
#define BERTH_WEB_RASTER_H

#include "base/buffer.h"
#include "web/atlas.h"

/* Red, green or blue (0, 1, 2) of a kind. */
unsigned raster_channel(unsigned kind, bool dark, unsigned index);

/* Each appends to `out`, where the first failure sticks. A port is a square of `scale` points;
 * `dark`: in the colours for dark paper. */
void raster_png(struct buffer *out, const struct atlas *atlas, unsigned scale, bool dark);

/* As DEC's terminals drew it (VT330/VT340 Programmer Reference Manual, chapter 14). */
void raster_sixel(struct buffer *out, const struct atlas *atlas, unsigned scale, bool dark);

/* By the graphics protocol of kitty: PNG in base64, in pieces. */
void raster_kitty(struct buffer *out, const struct atlas *atlas, unsigned scale, bool dark);

#endif
