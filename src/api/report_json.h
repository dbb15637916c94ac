/* SPDX-License-Identifier: MIT */
/* Parts of a socket's JSON that others show by themselves. */
#ifndef BERTH_API_REPORT_JSON_H
#define BERTH_API_REPORT_JSON_H

#include <berth.h>

#include "base/json.h"

/* "owners": who holds the socket; empty when it is not known. */
void report_json_owners(struct json *json, const struct berth_socket *socket);

#endif
