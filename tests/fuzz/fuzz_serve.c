// SPDX-License-Identifier: MIT
/*
 * What the server reads: a target, a Host, Origin, Cookie and Authorization header each in a line,
 * and what its processes send each other, in the same bytes. What was understood must be told again
 * and understood alike.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "serve/door.h"
#include "serve/front_settings.h"
#include "serve/route.h"
#include "serve/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TOKEN "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void insist(bool holds)
{
	if (!holds)
		abort();
}

static void read_target(const char *line)
{
	struct route route;
	struct route again;
	char place[ROUTE_PLACE];

	if (route_parse(line, &route))
		return;
	insist(route.kind < ROUTE_LOOK && (!route.has_token || strlen(route.token) == ROUTE_TOKEN));
	route_place(&route, place);
	insist(!route_parse(place, &again) && again.kind == route.kind && again.port == route.port);

	const struct wire_question question = {.id = 1, .route = route};
	struct wire_question back;
	uint8_t bytes[WIRE_QUESTION];
	wire_put_question(bytes, &question);
	insist(!wire_get_question(bytes, &back) && back.route.port == route.port);
}

static void read_headers(const char *line)
{
	static const char *const names[] = {"ports.example", NULL};
	size_t len = 0;

	if (door_is_host(line, names))
		insist(*line && !strpbrk(line, "/@ \t"));
	if (door_is_origin(line, "127.0.0.1:80"))
		insist(!strncmp(line, "http", 4));
	const char *value = door_cookie(line, "berth-80", &len);
	insist(!value || (value > line && value + len <= line + strlen(line)));
	if (value)
		(void)door_is_token(value, len, TOKEN);
	value = door_bearer(line, &len);
	insist(!value || value + len == line + strlen(line));
	(void)door_is_foreign(line, line);
}

static void read_wire(const uint8_t *data, size_t size)
{
	struct front_settings settings;
	struct wire_question question;
	struct wire_head head;
	struct wire_look look;
	uint8_t bytes[WIRE_QUESTION];
	const char *own = NULL;
	const char *others = NULL;
	size_t own_len = 0;
	size_t others_len = 0;

	if (size >= WIRE_QUESTION && !wire_get_question(data, &question)) {
		wire_put_question(bytes, &question);
		insist(!memcmp(bytes, data, WIRE_QUESTION));
	}
	if (size >= WIRE_HEAD && !wire_get_head(data, &head)) {
		wire_put_head(bytes, &head);
		insist(!memcmp(bytes, data, WIRE_HEAD) && head.len <= WIRE_TEXT_MOST);
	}
	(void)wire_get_look(data, size, &look);
	if (!wire_get_news((const char *)data, size, &own, &own_len, &others, &others_len))
		insist(own_len + others_len <= size &&
			others + others_len == (const char *)data + size);
	if (!front_settings_get((const char *)data, size, &settings))
		insist(settings.n_listeners <= FRONT_LISTENERS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	for (char *line = text; line;) {
		char *end = strchr(line, '\n');

		if (end)
			*end = '\0';
		read_target(line);
		read_headers(line);
		line = end ? end + 1 : NULL;
	}
	free(text);
	read_wire(data, size);
	return 0;
}
