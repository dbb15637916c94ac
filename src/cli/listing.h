/* SPDX-License-Identifier: MIT */
/* The columns of berth ls: what each is called and how a socket fills it. */
#ifndef BERTH_CLI_LISTING_H
#define BERTH_CLI_LISTING_H

#include <stdbool.h>
#include <stddef.h>

#include <berth.h>

#include "base/buffer.h"
#include "cli/describe.h"

/* How cells are written. */
struct listing_style {
	struct describe_clock clock;
	bool numeric; /* users by number */
	bool every_pid; /* all processes, not the oldest and how many more */
};

struct listing_column {
	const char *name;
	bool right;
	bool may_shrink;
	bool may_wrap;
	bool needs_owners;
	bool needs_commands; /* and of them more than their names */
	bool needs_places;
	bool needs_details;
	void (*write)(struct buffer *out, const struct listing_style *style,
		const struct berth_socket *socket);
};

/* By name, letter case aside; NULL: there is none. */
const struct listing_column *listing_column(const char *name, size_t len);

/* All names, with a space between them, for a complaint. */
void listing_names(struct buffer *out);

#endif
