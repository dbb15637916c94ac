/* SPDX-License-Identifier: MIT */
/*
 * What a request asks for: from the target in its first line to a route, which holds nothing but
 * numbers and a token of fixed size. Pure, and the first thing that reads what a stranger sent.
 */
#ifndef BERTH_SERVE_ROUTE_H
#define BERTH_SERVE_ROUTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	ROUTE_TOKEN = 64, /* hexadecimal digits */
	ROUTE_TARGET_MOST = 1024,
	ROUTE_LISTS = 64, /* of 1,024 ports each */
	ROUTE_LIMIT_MOST = 1000,
	ROUTE_PLACE = 64, /* bytes */
};

enum route_kind {
	/* Pages. */
	ROUTE_INDEX,
	ROUTE_PORT, /* /60587 */
	ROUTE_LIST, /* /list/59 */
	ROUTE_LS,
	ROUTE_DOCTOR,
	ROUTE_EPHEMERAL,
	ROUTE_LEASES,
	ROUTE_HISTORY,
	ROUTE_PICTURE, /* /map.svg */
	ROUTE_NAMES, /* /ports.js */
	/* JSON. */
	ROUTE_API_PORT, /* /api/60587 */
	ROUTE_API_LS,
	ROUTE_API_DOCTOR,
	ROUTE_API_EPHEMERAL,
	ROUTE_API_LEASES,
	ROUTE_API_HISTORY,
	ROUTE_API_MAP,
	ROUTE_METRICS,
	ROUTE_HEALTH,
	/* What the front has by itself. */
	ROUTE_EVENTS,
	ROUTE_STYLE,
	ROUTE_SCRIPT,
	ROUTE_ICON,
	/* Between front and teller, of no target: see wire.h. */
	ROUTE_LOOK,
	ROUTE_WATCH,
	ROUTE_BEAT,
	ROUTE_KINDS,
};

struct route {
	enum route_kind kind;
	bool has_port;
	uint16_t port; /* or the number of a list */
	bool all;
	uint16_t limit; /* 0: the usual one */
	bool has_token;
	char token[ROUTE_TOKEN + 1];
};

/*
 * Reads a target of the origin form (RFC 9112 section 3.2.1), as it came: "/60587?token=…". What
 * the query has besides "all", "port", "limit" and "token" is passed over. 0, or the status to
 * refuse it with: 400, 404, 414; *ret_route is untouched then.
 */
int route_parse(const char *target, struct route *ret_route);

/* The target of a route that is public, without a token: what route_parse() understands so. */
void route_place(const struct route *route, char ret_place[ROUTE_PLACE]);

/* Whether text is a token: hexadecimal digits, ROUTE_TOKEN of them. */
bool route_is_token(const char *text, size_t len);

#endif
