/* SPDX-License-Identifier: MIT */
/* The pages of a whole site beside those of its ports: index, one for each 1,024 ports, site map.
 */
#ifndef BERTH_WEB_SITE_H
#define BERTH_WEB_SITE_H

#include <berth.h>

#include "base/buffer.h"

enum {
	SITE_FOLDERS = 64,
	SITE_PORTS_OF_FOLDER = 1024,
};

/* What lists say of a port: short, for 65,536 of them. */
struct site_entry {
	enum berth_state state; /* of TCP, or of UDP when that says more */
	const char *name; /* the registry's, or NULL */
	const char *owner; /* by custom, or NULL */
};

void site_index_write(struct buffer *out, const char *registry_date);
/* `entries`: those of the folder's 1,024 ports. */
void site_folder_write(struct buffer *out, unsigned folder, const struct site_entry *entries,
	const char *registry_date);
void site_map_write(struct buffer *out, const char *registry_date);
/* ports.js: names of the registry and of custom, for the search of the index; all 65,536 entries.
 */
void site_search_write(struct buffer *out, const struct site_entry *entries);

#endif
