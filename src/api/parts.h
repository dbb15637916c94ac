/* SPDX-License-Identifier: MIT */
/* Members that several objects of JSON have. */
#ifndef BERTH_API_PARTS_H
#define BERTH_API_PARTS_H

#include <berth.h>

#include "base/json.h"

/* "details" of a socket: an object, or null when there are none. */
void parts_details(struct json *json, const struct berth_socket_details *details);

/* A list of whole sockets. */
void parts_sockets(struct json *json, const char *key, const struct berth_socket *const *sockets,
	size_t n_sockets);

/* "gaps": a list of sentences. */
void parts_gaps(struct json *json, unsigned gaps);

#endif
