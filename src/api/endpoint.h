/* SPDX-License-Identifier: MIT */
/* Which sockets a part of a question is about: port, protocol, address. */
#ifndef BERTH_API_ENDPOINT_H
#define BERTH_API_ENDPOINT_H

#include <berth.h>

/* Is the socket bound to the address of the part, or to all? Yes when the part names none; `part`
 * may be NULL. */
bool endpoint_covers(const struct berth_query_part *part, const struct berth_socket *socket);

/* The same for port and protocol too; no protocol means TCP. */
bool endpoint_has(const struct berth_query_part *part, const struct berth_socket *socket);

/* Is the socket bound to the very address that the part names? */
bool endpoint_is_exact(const struct berth_query_part *part, const struct berth_socket *socket);

/* Does it take what comes from anybody: a listener, or a UDP socket without a peer? */
bool endpoint_serves(const struct berth_socket *socket);

#endif
