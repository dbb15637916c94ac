// SPDX-License-Identifier: MIT
/* See door.h. */
#include "serve/door.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <string.h>

#include "base/text.h"
#include "serve/route.h"

enum {
	HOST_MOST = 255,
};

/* The host without its port: its length, 0 when it is no host and port. */
static size_t name_length(const char *host)
{
	size_t len = strnlen(host, HOST_MOST + 1);
	const char *end = *host == '[' ? memchr(host, ']', len) : memchr(host, ':', len);
	uint64_t port = 0;

	if (!len || len > HOST_MOST)
		return 0;
	if (*host == '[') {
		if (!end)
			return 0;
		end++;
	}
	if (!end)
		return len;
	size_t name = (size_t)(end - host);
	if (*end && (*end != ':' || text_number(end + 1, len - name - 1, UINT16_MAX, &port)))
		return 0;
	return name;
}

static bool is_address(const char *name, size_t len)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr address;
	bool brackets = *name == '[';

	if (brackets) {
		name++;
		len -= 2;
	}
	if (len >= sizeof(text))
		return false;
	memcpy(text, name, len);
	text[len] = '\0';
	return inet_pton(brackets ? AF_INET6 : AF_INET, text, &address) == 1;
}

bool door_is_host(const char *host, const char *const *names)
{
	static const char local[] = "localhost";
	size_t len = name_length(host);

	if (!len)
		return false;
	if (text_equal_fold(host, len, local, sizeof(local) - 1) || is_address(host, len))
		return true;
	for (size_t i = 0; names && names[i]; i++) {
		if (text_equal_fold(host, len, names[i], strlen(names[i])))
			return true;
	}
	return false;
}

bool door_is_origin(const char *origin, const char *host)
{
	static const char *const schemes[] = {"http://", "https://"};

	for (size_t i = 0; i < sizeof(schemes) / sizeof(*schemes); i++) {
		size_t len = strlen(schemes[i]);

		if (!strncmp(origin, schemes[i], len) &&
			text_equal_fold(origin + len, strlen(origin + len), host, strlen(host)))
			return true;
	}
	return false;
}

bool door_is_foreign(const char *site, const char *mode)
{
	if (!site || !strcmp(site, "same-origin") || !strcmp(site, "none"))
		return false;
	return !mode || strcmp(mode, "navigate") != 0;
}

const char *door_cookie(const char *header, const char *name, size_t *ret_len)
{
	size_t name_len = strlen(name);

	while (*header) {
		header += strspn(header, " \t;");
		size_t len = strcspn(header, ";");

		if (len > name_len && header[name_len] == '=' && !memcmp(header, name, name_len)) {
			*ret_len = len - name_len - 1;
			while (*ret_len && header[name_len + *ret_len] == ' ')
				--*ret_len;
			return header + name_len + 1;
		}
		header += len;
	}
	return NULL;
}

const char *door_bearer(const char *header, size_t *ret_len)
{
	static const char scheme[] = "bearer ";

	if (!text_starts_fold(header, scheme))
		return NULL;
	header += sizeof(scheme) - 1;
	header += strspn(header, " ");
	*ret_len = strlen(header);
	return header;
}

bool door_is_token(const char *text, size_t len, const char *token)
{
	volatile unsigned char differs = 0;

	if (len != ROUTE_TOKEN)
		return false;
	for (size_t i = 0; i < ROUTE_TOKEN; i++)
		differs = (unsigned char)(differs |
			((unsigned char)text[i] ^ (unsigned char)token[i]));
	return !differs;
}
