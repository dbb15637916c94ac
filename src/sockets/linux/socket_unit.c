// SPDX-License-Identifier: MIT
/*
 * The syntax is that of systemd.syntax(7); of the [Socket] section only what opens internet sockets
 * and what says which service is started. Specifiers are those of a unit's own name; a line with
 * another one is left out.
 */
#include "sockets/linux/socket_unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/buffer.h"
#include "base/text.h"

enum {
	LISTENS_MOST = 256,
};

static const char end_of_socket[] = ".socket";

/* ---- The name of the unit -------------------------------------------------------------------- */

struct parts {
	const char *prefix; /* before "@", or all but the end */
	size_t prefix_len;
	const char *instance; /* between "@" and the end */
	size_t instance_len;
	size_t stem_len; /* all but the end */
};

static void split_name(const char *name, struct parts *ret_parts)
{
	size_t len = strlen(name);
	size_t end = sizeof(end_of_socket) - 1;
	size_t stem = len > end && !strcmp(name + len - end, end_of_socket) ? len - end : len;
	const char *at = memchr(name, '@', stem);

	*ret_parts = (struct parts){.prefix = name,
		.prefix_len = at ? (size_t)(at - name) : stem,
		.instance = at ? at + 1 : "",
		.instance_len = at ? stem - (size_t)(at - name) - 1 : 0,
		.stem_len = stem};
}

/* Appends the value with its specifiers replaced; false: one is not known here. */
static bool expand(const char *name, const char *value, size_t len, struct buffer *out)
{
	struct parts parts;

	split_name(name, &parts);
	for (size_t i = 0; i < len; i++) {
		if (value[i] != '%') {
			buffer_char(out, value[i]);
			continue;
		}
		switch (++i < len ? value[i] : '\0') {
		case '%':
			buffer_char(out, '%');
			break;
		case 'i':
			buffer_bytes(out, parts.instance, parts.instance_len);
			break;
		case 'p':
			buffer_bytes(out, parts.prefix, parts.prefix_len);
			break;
		case 'n':
			buffer_text(out, name);
			break;
		case 'N':
			buffer_bytes(out, name, parts.stem_len);
			break;
		default:
			return false;
		}
	}
	return true;
}

/* ---- Listen… --------------------------------------------------------------------------------- */

static bool read_port(const char *text, uint16_t *ret_port)
{
	uint64_t port = 0;

	/* "[fe80::1]:80%eth0" */
	if (text_number(text, strcspn(text, "%"), UINT16_MAX, &port) || !port)
		return false;
	*ret_port = (uint16_t)port;
	return true;
}

/* "80", "192.0.2.1:80", "[2001:db8::1]:80"; the rest are paths and families that are not ours. */
static bool read_listen(char *value, struct socket_unit_listen *listen)
{
	if (*value == '[') {
		char *close = strchr(value, ']');

		listen->family = 6;
		if (!close || close[1] != ':')
			return false;
		*close = '\0';
		value[strcspn(value, "%")] = '\0'; /* the interface, as written before v253 */
		return inet_pton(AF_INET6, value + 1, listen->address) == 1 &&
			read_port(close + 2, &listen->port);
	}
	char *colon = strchr(value, ':');
	if (!colon)
		return read_port(value, &listen->port);
	listen->family = 4;
	*colon = '\0';
	return inet_pton(AF_INET, value, listen->address) == 1 &&
		read_port(colon + 1, &listen->port);
}

static int add_listen(
	struct arena *arena, struct buffer *value, bool datagram, struct socket_unit *unit)
{
	struct socket_unit_listen listen = {.datagram = datagram, .next = unit->listens};
	size_t count = 0;

	for (const struct socket_unit_listen *each = unit->listens; each; each = each->next)
		count++;
	if (!value->len || memchr(value->data, '\0', value->len) || count == LISTENS_MOST ||
		!read_listen(value->data, &listen))
		return 0;
	struct socket_unit_listen *kept = arena_alloc(arena, sizeof(*kept));
	if (!kept)
		return -ENOMEM;
	*kept = listen;
	unit->listens = kept;
	return 0;
}

/* ---- Lines ----------------------------------------------------------------------------------- */

static bool is_yes(const struct buffer *value)
{
	static const char *const words[] = {"1", "yes", "y", "true", "t", "on"};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (!strcasecmp(buffer_string(value), words[i]))
			return true;
	}
	return false;
}

static int take_service(struct arena *arena, const struct buffer *value, struct socket_unit *unit)
{
	unit->service = NULL;
	if (!value->len)
		return 0;
	unit->service = arena_text(arena, value->data, value->len);
	return unit->service ? 0 : -ENOMEM;
}

static int take_setting(struct arena *arena, const char *key, size_t key_len, struct buffer *value,
	struct socket_unit *unit)
{
	/* An empty one of any of them takes back what stands before. */
	static const char listen[] = "Listen";

	if (!value->len && key_len > sizeof(listen) - 1 &&
		!memcmp(key, listen, sizeof(listen) - 1)) {
		unit->listens = NULL;
		return 0;
	}
	if (text_equal_fold(key, key_len, "ListenStream", 12))
		return add_listen(arena, value, false, unit);
	if (text_equal_fold(key, key_len, "ListenDatagram", 14))
		return add_listen(arena, value, true, unit);
	if (text_equal_fold(key, key_len, "Service", 7))
		return take_service(arena, value, unit);
	if (text_equal_fold(key, key_len, "Accept", 6))
		unit->accept = is_yes(value);
	return 0;
}

static int take_line(struct arena *arena, const char *line, size_t len, bool *in_socket,
	struct socket_unit *unit)
{
	static const char section[] = "[Socket]";
	struct buffer value = {0};
	int r = 0;

	len = text_trim(&line, len);
	if (!len || *line == '#' || *line == ';')
		return 0;
	if (*line == '[') {
		*in_socket = len == sizeof(section) - 1 && !memcmp(line, section, len);
		return 0;
	}
	const char *equals = memchr(line, '=', len);
	if (!equals || !*in_socket)
		return 0;
	const char *text = equals + 1;
	size_t text_len = text_trim(&text, len - (size_t)(text - line));
	size_t key_len = text_trim(&line, (size_t)(equals - line));
	if (expand(unit->name, text, text_len, &value) && !value.error)
		r = take_setting(arena, line, key_len, &value, unit);
	r = value.error ? value.error : r;
	buffer_free(&value);
	return r;
}

int socket_unit_read(struct arena *arena, const char *text, size_t len, struct socket_unit *unit)
{
	const char *end = text + len;
	struct buffer line = {0};
	const char *at = NULL;
	size_t part = 0;
	bool in_socket = false;
	int r = 0;

	while (!r && text_next_line(&text, end, &at, &part)) {
		/* A backslash at the end joins the next line, comments between them left out. */
		bool comment = line.len && part && (*at == '#' || *at == ';');
		bool more = !comment && part && at[part - 1] == '\\';

		if (!comment)
			buffer_bytes(&line, at, more ? part - 1 : part);
		if (more)
			buffer_char(&line, ' ');
		if (more || (comment && text < end))
			continue;
		r = take_line(arena, buffer_string(&line), line.len, &in_socket, unit);
		r = line.error ? line.error : r;
		buffer_clear(&line);
	}
	buffer_free(&line);
	return r;
}

/* ---- What is asked of a unit ----------------------------------------------------------------- */

const char *socket_unit_service(struct arena *arena, const struct socket_unit *unit)
{
	struct parts parts;
	struct buffer name = {0};

	if (unit->service)
		return unit->service;
	split_name(unit->name, &parts);
	if (unit->accept)
		buffer_format(&name, "%.*s@.service", (int)parts.prefix_len, parts.prefix);
	else
		buffer_format(&name, "%.*s.service", (int)parts.stem_len, unit->name);
	const char *copy = name.error ? NULL : arena_text(arena, name.data, name.len);
	buffer_free(&name);
	return copy;
}

static bool is_datagram(enum berth_proto proto)
{
	return proto == BERTH_UDP || proto == BERTH_UDPLITE;
}

bool socket_unit_opens(const struct socket_unit *unit, const struct berth_socket *row)
{
	static const uint8_t everywhere[16];
	size_t len = row->family == 4 ? 4 : 16;

	for (const struct socket_unit_listen *listen = unit->listens; listen;
		listen = listen->next) {
		const uint8_t *address = listen->family ? listen->address : everywhere;

		if (listen->port == row->local_port &&
			listen->datagram == is_datagram(row->proto) &&
			(!listen->family || listen->family == row->family) &&
			!memcmp(address, row->local, len))
			return true;
	}
	return false;
}
