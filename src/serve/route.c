// SPDX-License-Identifier: MIT
/* Targets are short and plain: what has a percent sign or another odd byte leads nowhere. */
#include "serve/route.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

enum {
	BAD_REQUEST = 400,
	NOT_FOUND = 404,
	TOO_LONG = 414,
	PORT_DIGITS = 5,
	LIST_DIGITS = 2,
};

static const struct {
	const char *path;
	enum route_kind kind;
} places[] = {
	{"/", ROUTE_INDEX},
	{"/ls", ROUTE_LS},
	{"/doctor", ROUTE_DOCTOR},
	{"/ephemeral", ROUTE_EPHEMERAL},
	{"/leases", ROUTE_LEASES},
	{"/history", ROUTE_HISTORY},
	{"/map.svg", ROUTE_PICTURE},
	{"/ports.js", ROUTE_NAMES},
	{"/api/ls", ROUTE_API_LS},
	{"/api/doctor", ROUTE_API_DOCTOR},
	{"/api/ephemeral", ROUTE_API_EPHEMERAL},
	{"/api/leases", ROUTE_API_LEASES},
	{"/api/history", ROUTE_API_HISTORY},
	{"/api/map", ROUTE_API_MAP},
	{"/metrics", ROUTE_METRICS},
	{"/healthz", ROUTE_HEALTH},
	{"/events", ROUTE_EVENTS},
	{"/style.css", ROUTE_STYLE},
	{"/script.js", ROUTE_SCRIPT},
	{"/icon.svg", ROUTE_ICON},
};

/* "0" and what does not begin with it: one port has one address. */
static bool read_number(
	const char *text, size_t len, size_t digits, uint64_t most, uint64_t *ret_value)
{
	return len && len <= digits && (len == 1 || *text != '0') &&
		!text_number(text, len, most, ret_value);
}

static bool is_below(const char *path, size_t len, const char *folder, size_t *ret_rest)
{
	size_t folder_len = strlen(folder);

	if (len <= folder_len || memcmp(path, folder, folder_len) != 0)
		return false;
	*ret_rest = len - folder_len;
	return true;
}

static bool read_numbered(const char *path, size_t len, struct route *route)
{
	uint64_t value = 0;
	size_t rest = 0;

	if (is_below(path, len, "/list/", &rest)) {
		route->kind = ROUTE_LIST;
		if (!read_number(path + len - rest, rest, LIST_DIGITS, ROUTE_LISTS - 1, &value))
			return false;
	} else if (is_below(path, len, "/api/", &rest) || is_below(path, len, "/", &rest)) {
		route->kind = rest == len - 1 ? ROUTE_PORT : ROUTE_API_PORT;
		if (!read_number(path + len - rest, rest, PORT_DIGITS, UINT16_MAX, &value))
			return false;
	} else {
		return false;
	}
	route->has_port = true;
	route->port = (uint16_t)value;
	return true;
}

static bool read_path(const char *path, size_t len, struct route *route)
{
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		if (strlen(places[i].path) == len && !memcmp(places[i].path, path, len)) {
			route->kind = places[i].kind;
			return true;
		}
	}
	return read_numbered(path, len, route);
}

bool route_is_token(const char *text, size_t len)
{
	if (len != ROUTE_TOKEN)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!((text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f')))
			return false;
	}
	return true;
}

static bool is_key(const char *text, size_t len, const char *key)
{
	return strlen(key) == len && !memcmp(text, key, len);
}

/* One "key=value"; 0 or a status. */
static int read_part(const char *part, size_t len, struct route *route)
{
	const char *equals = memchr(part, '=', len);
	size_t key = equals ? (size_t)(equals - part) : len;
	const char *value = equals ? equals + 1 : part + len;
	size_t value_len = len - (size_t)(value - part);
	bool numbered = route->kind == ROUTE_PORT || route->kind == ROUTE_API_PORT ||
		route->kind == ROUTE_LIST;
	uint64_t number = 0;

	if (is_key(part, key, "all")) {
		route->all = true;
	} else if (is_key(part, key, "port") && !numbered) {
		if (!read_number(value, value_len, PORT_DIGITS, UINT16_MAX, &number))
			return BAD_REQUEST;
		route->has_port = true;
		route->port = (uint16_t)number;
	} else if (is_key(part, key, "limit")) {
		if (!read_number(value, value_len, PORT_DIGITS, ROUTE_LIMIT_MOST, &number) ||
			!number)
			return BAD_REQUEST;
		route->limit = (uint16_t)number;
	} else if (is_key(part, key, "token")) {
		if (!route_is_token(value, value_len))
			return BAD_REQUEST;
		route->has_token = true;
		memcpy(route->token, value, ROUTE_TOKEN);
	}
	return 0;
}

static int read_query(const char *query, struct route *route)
{
	int status = 0;

	while (!status && *query) {
		size_t len = strcspn(query, "&");

		status = read_part(query, len, route);
		query += len;
		query += *query == '&';
	}
	return status;
}

int route_parse(const char *target, struct route *ret_route)
{
	struct route route = {.kind = ROUTE_KINDS};
	size_t len = strnlen(target, ROUTE_TARGET_MOST + 1);
	size_t path = strcspn(target, "?");

	if (len > ROUTE_TARGET_MOST)
		return TOO_LONG;
	if (*target != '/')
		return BAD_REQUEST;
	if (!read_path(target, path, &route))
		return NOT_FOUND;
	int status = target[path] ? read_query(target + path + 1, &route) : 0;
	if (!status)
		*ret_route = route;
	return status;
}

static const char *path_of(enum route_kind kind)
{
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		if (places[i].kind == kind)
			return places[i].path;
	}
	return kind == ROUTE_LIST ? "/list/" : kind == ROUTE_API_PORT ? "/api/" : "/";
}

void route_place(const struct route *route, char ret_place[ROUTE_PLACE])
{
	bool numbered = route->kind == ROUTE_PORT || route->kind == ROUTE_API_PORT ||
		route->kind == ROUTE_LIST;
	char number[PORT_DIGITS + 1] = "";
	char port[16] = "";
	char limit[16] = "";

	if (numbered)
		(void)snprintf(number, sizeof(number), "%u", route->port);
	else if (route->has_port)
		(void)snprintf(port, sizeof(port), "&port=%u", route->port);
	if (route->limit)
		(void)snprintf(limit, sizeof(limit), "&limit=%u", route->limit);
	(void)snprintf(ret_place, ROUTE_PLACE, "%s%s%s%s%s", path_of(route->kind), number,
		route->all                ? "?all"
			: *port || *limit ? "?"
					  : "",
		!route->all && *port ? port + 1 : port,
		!route->all && !*port && *limit ? limit + 1 : limit);
}
