/* SPDX-License-Identifier: MIT */
/*
 * Who is let in: pure checks of what the headers of a request say. Against DNS rebinding a name
 * that is not known is refused (a rebound name is the attacker's; an address cannot be rebound),
 * against other sites a foreign Origin is.
 */
#ifndef BERTH_SERVE_DOOR_H
#define BERTH_SERVE_DOOR_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Whether a Host header (RFC 9110 section 7.2) names us: an IPv4 address, an IPv6 address in
 * brackets, "localhost", or one of `names` (NULL-terminated, may be NULL), each with or without a
 * port. Through a tunnel the port is another one, so it is not compared.
 */
bool door_is_host(const char *host, const char *const *names);

/* Whether an Origin header is that of the pages of `host`: "http://" or "https://" and the same. */
bool door_is_origin(const char *origin, const char *host);

/* Whether Sec-Fetch-Site and Sec-Fetch-Mode (NULL: not sent) speak of another site's page that
 * wants our answer, rather than of a link that leads here. */
bool door_is_foreign(const char *site, const char *mode);

/* The value of a cookie in a Cookie header (RFC 6265 section 4.2); NULL: it is not there. */
const char *door_cookie(const char *header, const char *name, size_t *ret_len);

/* The token of "Bearer …" in an Authorization header (RFC 6750); NULL. */
const char *door_bearer(const char *header, size_t *ret_len);

/* Compares all of a token of ROUTE_TOKEN characters in the same time, wherever they differ. */
bool door_is_token(const char *text, size_t len, const char *token);

#endif
