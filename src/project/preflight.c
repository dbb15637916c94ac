// SPDX-License-Identifier: MIT
/*
 * Who binds is told by the kind of the file: for a compose file the engine (docker-proxy and its
 * kin are Go programs, whose net.Listen sets SO_REUSEADDR, and IPV6_V6ONLY for an IPv6 address),
 * for a .socket unit systemd, which sets SO_REUSEADDR (socket_address_listen).
 */
#include "project/preflight.h"

#include <string.h>

bool preflight_sets_reuseaddr(const struct berth_wish *wish)
{
	return wish->kind == BERTH_WISH_COMPOSE || wish->kind == BERTH_WISH_SOCKET_UNIT;
}

bool preflight_is_by_others(const struct berth_wish *wish)
{
	return preflight_sets_reuseaddr(wish) || wish->kind == BERTH_WISH_SERVICE_UNIT;
}

static bool is_v6only(const struct berth_wish *wish)
{
	return wish->kind == BERTH_WISH_COMPOSE && wish->family == 6;
}

struct berth_bind preflight_bind(const struct berth_wish *wish, uint16_t port)
{
	struct berth_bind bind = {
		.size = sizeof(bind),
		.proto = wish->proto,
		.port = port,
		.family = wish->family,
		.v6only = is_v6only(wish),
		.reuseaddr = wish->proto == BERTH_TCP,
		.listen = wish->proto == BERTH_TCP,
		.may_bind_low = preflight_is_by_others(wish),
	};

	memcpy(bind.address, wish->address, sizeof(bind.address));
	return bind;
}

/* ---- Two of them ----------------------------------------------------------------------------- */

static bool is_wildcard(const struct berth_wish *wish)
{
	static const uint8_t zeros[16];

	return !wish->family || !memcmp(wish->address, zeros, wish->family == 4 ? 4 : 16);
}

static bool covers(const struct berth_wish *wish, uint8_t family)
{
	return is_wildcard(wish) &&
		(!wish->family || wish->family == family ||
			(wish->family == 6 && !is_v6only(wish)));
}

static bool share_addresses(const struct berth_wish *a, const struct berth_wish *b)
{
	if (covers(a, b->family) || covers(b, a->family))
		return true;
	if (is_wildcard(a) && is_wildcard(b)) /* all of both, and of one family */
		return !a->family || !b->family || a->family == b->family;
	return a->family == b->family &&
		!memcmp(a->address, b->address, a->family == 4 ? 4 : sizeof(a->address));
}

static bool is_bound_for_sure(const struct berth_wish *wish)
{
	return wish->sure && !wish->problem && wish->first && !wish->any &&
		wish->kind != BERTH_WISH_ENV; /* a variable only tells one of the others */
}

bool preflight_clash(const struct berth_wish *a, const struct berth_wish *b)
{
	if (!is_bound_for_sure(a) || !is_bound_for_sure(b) || a->proto != b->proto ||
		a->last < b->first || b->last < a->first)
		return false;
	/* Compose puts the ports of a service in several files together, each once. */
	if (a->kind == BERTH_WISH_COMPOSE && b->kind == BERTH_WISH_COMPOSE &&
		!strcmp(a->name, b->name))
		return false;
	return share_addresses(a, b);
}

/* ---- How bad --------------------------------------------------------------------------------- */

enum berth_check_level preflight_level(const struct berth_wish *wish, enum berth_bindable verdict)
{
	switch (verdict) {
	case BERTH_BIND_NO:
		return wish->sure ? BERTH_CHECK_FAILS : BERTH_CHECK_WARNS;
	case BERTH_BIND_UNKNOWN:
		return wish->sure ? BERTH_CHECK_UNKNOWN : BERTH_CHECK_NOTES;
	case BERTH_BIND_YES:
		break;
	}
	return BERTH_CHECK_NOTES;
}
