// SPDX-License-Identifier: MIT
/* Sets of ports as bitmaps; the form of the text is that of proc_do_large_bitmap
 * (kernel/sysctl.c). */
#include "binding/portlist.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"

enum {
	BITS = 8,
	LAST_PORT = PORTLIST_PORTS - 1,
};

bool portlist_has(const struct portlist *list, uint16_t port)
{
	return list->bits[port / BITS] >> port % BITS & 1;
}

void portlist_add_range(struct portlist *list, uint16_t first, uint16_t last)
{
	for (uint32_t port = first; port <= last; port++)
		list->bits[port / BITS] |= (uint8_t)(1U << port % BITS);
}

uint32_t portlist_count(const struct portlist *list)
{
	uint32_t count = 0;

	for (size_t i = 0; i < PORTLIST_BYTES; i++)
		count += (uint32_t)__builtin_popcount(list->bits[i]);
	return count;
}

bool portlist_equal(const struct portlist *a, const struct portlist *b)
{
	return !memcmp(a->bits, b->bits, PORTLIST_BYTES);
}

void portlist_add(struct portlist *list, const struct portlist *other)
{
	for (size_t i = 0; i < PORTLIST_BYTES; i++)
		list->bits[i] |= other->bits[i];
}

void portlist_remove(struct portlist *list, const struct portlist *other)
{
	for (size_t i = 0; i < PORTLIST_BYTES; i++)
		list->bits[i] &= (uint8_t)~other->bits[i];
}

void portlist_keep(struct portlist *list, const struct portlist *other)
{
	for (size_t i = 0; i < PORTLIST_BYTES; i++)
		list->bits[i] &= other->bits[i];
}

bool portlist_next(const struct portlist *list, uint32_t from, struct berth_port_range *ret_range)
{
	while (from <= LAST_PORT && !portlist_has(list, (uint16_t)from))
		from += list->bits[from / BITS] ? 1 : BITS - from % BITS;
	if (from > LAST_PORT)
		return false;
	uint32_t last = from;
	while (last < LAST_PORT && portlist_has(list, (uint16_t)(last + 1)))
		last++;
	*ret_range = (struct berth_port_range){(uint16_t)from, (uint16_t)last};
	return true;
}

static int parse_item(const char *text, size_t len, struct portlist *list)
{
	const char *dash = memchr(text, '-', len);
	size_t n = dash ? (size_t)(dash - text) : len;
	uint64_t first = 0;
	uint64_t last = 0;

	if (text_number(text, n, LAST_PORT, &first))
		return -EBADMSG;
	last = first;
	if (dash && (text_number(dash + 1, len - n - 1, LAST_PORT, &last) || last < first))
		return -EBADMSG;
	portlist_add_range(list, (uint16_t)first, (uint16_t)last);
	return 0;
}

int portlist_parse(const char *text, size_t len, struct portlist *list)
{
	struct portlist found;
	int r = 0;

	len = text_trim(&text, len);
	if (!len)
		return 0;
	memset(&found, 0, sizeof(found));
	for (const char *end = text + len; !r && text;) {
		const char *comma = memchr(text, ',', (size_t)(end - text));

		r = parse_item(text, (size_t)((comma ? comma : end) - text), &found);
		text = comma ? comma + 1 : NULL;
	}
	if (!r)
		portlist_add(list, &found);
	return r;
}

void portlist_print(const struct portlist *list, struct buffer *out)
{
	struct berth_port_range range;
	const char *comma = "";

	for (uint32_t at = 0; portlist_next(list, at, &range); at = range.last + UINT32_C(1)) {
		buffer_text(out, comma);
		buffer_uint(out, range.first);
		if (range.last > range.first) {
			buffer_char(out, '-');
			buffer_uint(out, range.last);
		}
		comma = ",";
	}
}

int portlist_ranges(const struct portlist *list, struct arena *arena,
	const struct berth_port_range **ret_ranges, size_t *ret_n_ranges)
{
	struct berth_port_range range;
	struct berth_port_range *ranges = NULL;
	size_t n = 0;

	for (uint32_t at = 0; portlist_next(list, at, &range); at = range.last + UINT32_C(1))
		n++;
	if (n) {
		ranges = arena_array(arena, n, sizeof(*ranges));
		if (!ranges)
			return -ENOMEM;
	}
	n = 0;
	for (uint32_t at = 0; ranges && portlist_next(list, at, &range);
		at = range.last + UINT32_C(1))
		ranges[n++] = range;
	*ret_ranges = ranges;
	*ret_n_ranges = n;
	return 0;
}
