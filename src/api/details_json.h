/* SPDX-License-Identifier: MIT */
/* The details of a socket as JSON (docs/schema/berth-socket-1.json). */
#ifndef BERTH_API_DETAILS_JSON_H
#define BERTH_API_DETAILS_JSON_H

#include <berth.h>

#include "base/json.h"

/* The member "details": an object, or null when there are none. */
void details_json(struct json *json, const struct berth_socket_details *details);

#endif
