/* SPDX-License-Identifier: MIT */
/* The object of berth ls --json, which the server's /api/ls is too. */
#ifndef BERTH_CLI_LS_JSON_H
#define BERTH_CLI_LS_JSON_H

#include <stdbool.h>

#include <berth.h>

#include "base/buffer.h"

typedef bool ls_json_wanted(const void *context, const struct berth_socket *socket);

/* Where it goes: `write` appends to `text`, and may take away what is there already. */
struct ls_json {
	struct buffer *text;
	berth_write *write;
	void *context;
	size_t most; /* of sockets, the first ones; 0: all */
};

/* The sockets that are wanted (NULL: all), namespaces and gaps; without a line feed. How many
 * sockets, or a negative errno. */
int ls_json_write(const struct ls_json *to, const struct berth_snapshot *snapshot,
	ls_json_wanted *wanted, const void *context);

#endif
