// SPDX-License-Identifier: MIT
/* The picture of all ports: from what the library says of each number to places and colours. */
#include "web/atlas.h"

#include "web/html.h"

const struct atlas_paint atlas_paints[ATLAS_KINDS] = {
	[ATLAS_NOTHING] = {"unassigned", ' ', 254, "#ece8de", "#23272d"},
	[ATLAS_DYNAMIC] = {"dynamic range", '.', 252, "#dcd7ca", "#2e343c"},
	[ATLAS_EPHEMERAL] = {"lent to connections", ':', 187, "#d3d6bd", "#3a4337"},
	[ATLAS_RESERVED] = {"reserved by IANA", 'r', 245, "#9a958a", "#6d747d"},
	[ATLAS_ASSIGNED] = {"assigned by IANA", 'a', 110, "#8fb0cc", "#3e6485"},
	[ATLAS_CLAIMED] = {"claimed by number", 'c', 24, "#2f5f8c", "#86b9e3"},
	[ATLAS_SEEN] = {"was in use here", 'h', 178, "#d0a52c", "#a8852a"},
	[ATLAS_LEASED] = {"leased", 'l', 36, "#1c8a70", "#48cfa9"},
	[ATLAS_USED] = {"in use here now", '#', 166, "#c8501e", "#ff9a5c"},
};

/* ---- What a port shows -------------------------------------------------------------------------
 */

static uint8_t registry_kind(const struct berth_lookup *lookup)
{
	bool reserved = false;

	for (unsigned t = 0; t < BERTH_TRANSPORTS; t++) {
		if (lookup->state[t] == BERTH_ASSIGNED)
			return ATLAS_ASSIGNED;
		reserved = reserved || lookup->state[t] == BERTH_RESERVED;
	}
	if (reserved)
		return ATLAS_RESERVED;
	return lookup->range.range == BERTH_RANGE_DYNAMIC ? ATLAS_DYNAMIC : ATLAS_NOTHING;
}

static bool is_claimed(const struct berth *berth, const struct berth_lookup *lookup)
{
	for (size_t i = 0; i < lookup->n_claims; i++) {
		struct berth_claim claim;

		berth_claim_get(berth, lookup->claims[i], &claim);
		if (claim.scope != BERTH_POOL)
			return true;
	}
	return false;
}

static void raise_kind(struct atlas *atlas, unsigned port, uint8_t kind)
{
	atlas->kinds[port] |= (uint16_t)(1U << kind);
	if (kind > atlas->kind[port])
		atlas->kind[port] = kind;
}

static void fill_machine(
	struct atlas *atlas, const struct berth_snapshot *snapshot, unsigned layers)
{
	const struct berth_socket *sockets;
	struct berth_policy policy;
	size_t n = berth_snapshot_sockets(snapshot, &sockets);

	berth_snapshot_policy(snapshot, &policy);
	if (policy.has_ephemeral && layers & ATLAS_LAYER_EPHEMERAL) {
		for (unsigned port = policy.ephemeral.first; port <= policy.ephemeral.last; port++)
			raise_kind(atlas, port, ATLAS_EPHEMERAL);
	}
	for (size_t i = 0; i < n && layers & ATLAS_LAYER_SOCKETS; i++) {
		if (sockets[i].local_port)
			raise_kind(atlas, sockets[i].local_port, ATLAS_USED);
	}
}

static void fill_leases(struct atlas *atlas, const struct berth_leases *leases)
{
	for (size_t i = 0; i < leases->n_leases; i++) {
		if (leases->leases[i].here && leases->leases[i].state != BERTH_LEASE_OVER)
			raise_kind(atlas, leases->leases[i].port, ATLAS_LEASED);
	}
}

static void fill_history(struct atlas *atlas, const struct berth_history *history)
{
	for (size_t i = 0; i < history->n_spans; i++) {
		const struct berth_span *span = &history->spans[i];
		double held_s = span->last_s - span->first_s;

		if (!span->port)
			continue;
		raise_kind(atlas, span->port, ATLAS_SEEN);
		atlas->held_s[span->port] += held_s > 0 ? held_s : 0;
	}
}

void atlas_fill(struct atlas *atlas, const struct berth *berth, const struct atlas_here *here,
	unsigned layers)
{
	for (unsigned port = 0; port < ATLAS_PORTS; port++) {
		struct berth_lookup lookup;

		atlas->kind[port] = ATLAS_NOTHING;
		atlas->kinds[port] = 0;
		atlas->held_s[port] = 0;
		berth_lookup(berth, (uint16_t)port, &lookup);
		if (layers & ATLAS_LAYER_REGISTRY)
			raise_kind(atlas, port, registry_kind(&lookup));
		if (layers & ATLAS_LAYER_CLAIMS && is_claimed(berth, &lookup))
			raise_kind(atlas, port, ATLAS_CLAIMED);
	}
	if (here && here->snapshot)
		fill_machine(atlas, here->snapshot, layers);
	if (here && here->history && layers & ATLAS_LAYER_HISTORY)
		fill_history(atlas, here->history);
	if (here && here->leases && layers & ATLAS_LAYER_LEASES)
		fill_leases(atlas, here->leases);
}

unsigned atlas_heat(const struct atlas *atlas, uint16_t port)
{
	enum {
		MINUTE = 60,
		HOUR = 60 * MINUTE,
		DAY = 24 * HOUR,
	};
	static const double steps_s[ATLAS_HEATS - 2] = {
		MINUTE, 10 * MINUTE, HOUR, 6 * HOUR, DAY, 7 * DAY};
	unsigned heat = 1;

	if (!(atlas->kinds[port] >> ATLAS_SEEN & 1))
		return 0;
	while (heat < ATLAS_HEATS - 1 && atlas->held_s[port] >= steps_s[heat - 1])
		heat++;
	return heat;
}

/* ---- Where it stands ---------------------------------------------------------------------------
 */

/*
 * The distance along Hilbert's curve: the quadrant of each halving, from the largest, in the order
 * in which the curve goes through them, with the square turned so that the next one begins where
 * this one ends.
 */
static uint16_t hilbert_port(unsigned x, unsigned y)
{
	unsigned distance = 0;

	for (unsigned half = ATLAS_SIDE / 2; half; half /= 2) {
		unsigned right = (x & half) != 0;
		unsigned low = (y & half) != 0;

		distance += half * half * ((3 * right) ^ low);
		if (low)
			continue;
		if (right) {
			x = ATLAS_SIDE - 1 - x;
			y = ATLAS_SIDE - 1 - y;
		}
		unsigned swapped = x;

		x = y;
		y = swapped;
	}
	return (uint16_t)distance;
}

uint16_t atlas_port(const struct atlas *atlas, unsigned x, unsigned y)
{
	return atlas->hilbert ? hilbert_port(x, y) : (uint16_t)(y * ATLAS_SIDE + x);
}

/* ---- SVG ---------------------------------------------------------------------------------------
 */

/* Runs of one kind in a row, as one path: a few kilobytes instead of 65,536 squares. */
static void put_kind(struct html *html, const struct atlas *atlas, unsigned kind)
{
	struct buffer path = {0};
	char class_name[] = "k0";

	class_name[1] = (char)('0' + kind);
	for (unsigned y = 0; y < ATLAS_SIDE; y++) {
		for (unsigned x = 0; x < ATLAS_SIDE; x++) {
			unsigned first = x;

			while (x < ATLAS_SIDE && atlas->kind[atlas_port(atlas, x, y)] == kind)
				x++;
			if (x > first)
				buffer_format(
					&path, "M%u %uh%uv1h-%uz", first, y, x - first, x - first);
		}
	}
	html_open(html, "path", class_name);
	html_attribute(html, "d", buffer_string(&path));
	html_close(html, "path");
	buffer_free(&path);
}

static void put_legend(struct html *html)
{
	enum {
		COLUMNS = 3,
		COLUMN = ATLAS_SIDE / COLUMNS,
		ROW = 9,
		TOP = ATLAS_SIDE + 6,
		MARK = 5,
	};

	for (unsigned kind = 0; kind < ATLAS_KINDS; kind++) {
		unsigned x = kind % COLUMNS * COLUMN + 2;
		unsigned y = TOP + kind / COLUMNS * ROW;
		char class_name[] = "k0";

		class_name[1] = (char)('0' + kind);
		html_open(html, "rect", class_name);
		html_attribute_uint(html, "x", x);
		html_attribute_uint(html, "y", y);
		html_attribute_uint(html, "width", MARK);
		html_attribute_uint(html, "height", MARK);
		html_close(html, "rect");
		html_open(html, "text", NULL);
		html_attribute_uint(html, "x", x + MARK + 3);
		html_attribute_uint(html, "y", y + MARK);
		html_text(html, atlas_paints[kind].name);
		html_close(html, "text");
	}
}

static void put_colours(struct html *html)
{
	html_open(html, "style", NULL);
	html_raw(html, "text{font:5.5px system-ui,sans-serif;fill:#22262b}.paper{fill:#fbfaf7}");
	for (unsigned kind = 0; kind < ATLAS_KINDS; kind++)
		html_format(html, ".k%u{fill:%s}", kind, atlas_paints[kind].light);
	html_raw(html, "@media(prefers-color-scheme:dark){text{fill:#e4e2dc}.paper{fill:#15181c}");
	for (unsigned kind = 0; kind < ATLAS_KINDS; kind++)
		html_format(html, ".k%u{fill:%s}", kind, atlas_paints[kind].dark);
	html_raw(html, "}");
	html_close(html, "style");
}

void atlas_svg(struct buffer *out, const struct atlas *atlas, bool legend)
{
	struct html html = {.out = out};

	html_open(&html, "svg", NULL);
	html_attribute(&html, "xmlns", "http://www.w3.org/2000/svg");
	html_attribute(&html, "viewBox", legend ? "0 0 256 288" : "0 0 256 256");
	html_attribute(&html, "role", "img");
	html_attribute(&html, "shape-rendering", "crispEdges");
	html_element(&html, "title", NULL, "All 65,536 ports");
	put_colours(&html);
	html_raw(&html, "<rect class=\"paper\" width=\"256\" height=\"288\"/>");
	for (unsigned kind = 0; kind < ATLAS_KINDS; kind++)
		put_kind(&html, atlas, kind);
	if (legend)
		put_legend(&html);
	html_close(&html, "svg");
	html_raw(&html, "\n");
	html_end(&html);
}

typedef unsigned value_of(const struct atlas *atlas, uint16_t port);

static void put_runs(struct buffer *out, const struct atlas *atlas, value_of *value)
{
	unsigned first = 0;

	buffer_char(out, '[');
	for (unsigned port = 1; port <= ATLAS_PORTS; port++) {
		unsigned run = value(atlas, (uint16_t)first);

		if (port < ATLAS_PORTS && value(atlas, (uint16_t)port) == run)
			continue;
		buffer_format(out, "%s%u,%u", first ? "," : "", run, port - first);
		first = port;
	}
	buffer_char(out, ']');
}

static unsigned kinds_of(const struct atlas *atlas, uint16_t port)
{
	return atlas->kinds[port];
}

void atlas_runs(struct buffer *out, const struct atlas *atlas)
{
	put_runs(out, atlas, kinds_of);
}

void atlas_heat_runs(struct buffer *out, const struct atlas *atlas)
{
	put_runs(out, atlas, atlas_heat);
}
