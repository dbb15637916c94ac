// SPDX-License-Identifier: MIT
/*
 * The picture of all ports as PNG (by libpng), as sixels, and for kitty. All three have one colour
 * for each kind, in the order of enum atlas_kind.
 */
#include "web/raster.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <png.h>

enum {
	SIXEL_ROWS = 6,
	SIXEL_NOTHING = 63, /* '?', to which the bits of the rows are added */
	SIXEL_RUN = 4, /* what is shorter is written out */
	CHANNELS = 3,
	PIECE = 4096, /* of base64, the most that kitty takes at once */
};

static void fail(struct buffer *out, int error)
{
	if (!out->error)
		out->error = error;
}

unsigned raster_channel(unsigned kind, bool dark, unsigned index)
{
	const struct atlas_paint *paint = &atlas_paints[kind];
	char digits[3] = {0};

	memcpy(digits, (dark ? paint->dark : paint->light) + 1 + (size_t)2 * index, 2);
	return (unsigned)strtoul(digits, NULL, 16);
}

static uint8_t point(const struct atlas *atlas, unsigned scale, unsigned x, unsigned y)
{
	return atlas->kind[atlas_port(atlas, x / scale, y / scale)];
}

/* ---- PNG ---------------------------------------------------------------------------------------
 */

static uint8_t *make_points(const struct atlas *atlas, unsigned scale)
{
	unsigned side = ATLAS_SIDE * scale;
	uint8_t *points = malloc((size_t)side * side);

	for (unsigned y = 0; y < side && points; y++) {
		for (unsigned x = 0; x < side; x++)
			points[(size_t)y * side + x] = point(atlas, scale, x, y);
	}
	return points;
}

void raster_png(struct buffer *out, const struct atlas *atlas, unsigned scale, bool dark)
{
	unsigned side = ATLAS_SIDE * scale;
	png_image image = {.version = PNG_IMAGE_VERSION,
		.width = side,
		.height = side,
		.format = PNG_FORMAT_RGB_COLORMAP,
		.colormap_entries = ATLAS_KINDS};
	uint8_t colours[ATLAS_KINDS * CHANNELS];
	png_alloc_size_t len = PNG_IMAGE_PNG_SIZE_MAX(image);
	uint8_t *points = make_points(atlas, scale);
	char *place = buffer_reserve(out, len);

	for (unsigned i = 0; i < sizeof(colours); i++)
		colours[i] = (uint8_t)raster_channel(i / CHANNELS, dark, i % CHANNELS);
	if (!points || !place)
		fail(out, -ENOMEM);
	else if (!png_image_write_to_memory(&image, place, &len, 0, points, 0, colours))
		fail(out, -EIO);
	else
		out->len += len;
	png_image_free(&image);
	free(points);
}

/* ---- Sixels ------------------------------------------------------------------------------------
 */

static void put_run(struct buffer *out, char sixel, unsigned count)
{
	if (count >= SIXEL_RUN) {
		buffer_format(out, "!%u%c", count, sixel);
		return;
	}
	for (unsigned i = 0; i < count; i++)
		buffer_char(out, sixel);
}

/* What one colour has in six rows. False: nothing, and nothing is written. */
static bool put_colour(struct buffer *out, const struct atlas *atlas, unsigned scale, unsigned top,
	unsigned kind, bool first)
{
	unsigned side = ATLAS_SIDE * scale;
	uint8_t bits[ATLAS_SIDE * 4] = {0};
	bool any = false;

	for (unsigned x = 0; x < side && x < sizeof(bits); x++) {
		for (unsigned row = 0; row < SIXEL_ROWS && top + row < side; row++)
			bits[x] |= (uint8_t)((point(atlas, scale, x, top + row) == kind) << row);
		any = any || bits[x];
	}
	if (!any)
		return false;
	/* "$" goes back to the start of these rows. */
	buffer_format(out, "%s#%u", first ? "" : "$", kind);
	for (unsigned x = 0; x < side;) {
		unsigned end = x + 1;

		while (end < side && bits[end] == bits[x])
			end++;
		put_run(out, (char)(SIXEL_NOTHING + bits[x]), end - x);
		x = end;
	}
	return true;
}

void raster_sixel(struct buffer *out, const struct atlas *atlas, unsigned scale, bool dark)
{
	enum {
		PERCENT = 100,
		MOST = 255,
	};
	unsigned side = ATLAS_SIDE * scale;

	buffer_format(out, "\033P0;1;0q\"1;1;%u;%u", side, side);
	for (unsigned kind = 0; kind < ATLAS_KINDS; kind++) {
		buffer_format(out, "#%u;2", kind);
		for (unsigned i = 0; i < CHANNELS; i++)
			buffer_format(out, ";%u",
				(raster_channel(kind, dark, i) * PERCENT + MOST / 2) / MOST);
	}
	for (unsigned top = 0; top < side; top += SIXEL_ROWS) {
		bool first = true;

		for (unsigned kind = 0; kind < ATLAS_KINDS; kind++)
			first = !put_colour(out, atlas, scale, top, kind, first) && first;
		buffer_char(out, '-');
	}
	buffer_text(out, "\033\\\n");
}

/* ---- kitty -------------------------------------------------------------------------------------
 */

static void put_base64(struct buffer *out, const uint8_t *bytes, size_t len)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < len; i += 3) {
		uint32_t three = (uint32_t)bytes[i] << 16;

		if (i + 1 < len)
			three |= (uint32_t)bytes[i + 1] << 8;
		if (i + 2 < len)
			three |= bytes[i + 2];
		buffer_char(out, letters[three >> 18]);
		buffer_char(out, letters[three >> 12 & 63]);
		buffer_char(out, i + 1 < len ? letters[three >> 6 & 63] : '=');
		buffer_char(out, i + 2 < len ? letters[three & 63] : '=');
	}
}

void raster_kitty(struct buffer *out, const struct atlas *atlas, unsigned scale, bool dark)
{
	struct buffer png = {0};
	struct buffer text = {0};

	raster_png(&png, atlas, scale, dark);
	if (!png.error)
		put_base64(&text, (const uint8_t *)png.data, png.len);
	if (png.error || text.error)
		fail(out, png.error ? png.error : text.error);
	/* "a=T": draw it; "f=100": it is a PNG; "q=2": answer nothing; "m=1": more follows. */
	for (size_t at = 0; at < text.len; at += PIECE) {
		size_t len = text.len - at < PIECE ? text.len - at : PIECE;

		buffer_format(
			out, "\033_G%sm=%d;", at ? "" : "a=T,f=100,q=2,", at + len < text.len);
		buffer_bytes(out, text.data + at, len);
		buffer_text(out, "\033\\");
	}
	buffer_char(out, '\n');
	buffer_free(&text);
	buffer_free(&png);
}
