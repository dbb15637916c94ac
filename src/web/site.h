/* SPDX-License-Identifier: MIT */
/* The pages of a whole site beside those of its ports: index, one for each 1,024 ports, site map.
 */
#ifndef BERTH_WEB_SITE_H
#define BERTH_WEB_SITE_H

#include <berth.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "web/atlas.h"

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

/* `served`: over HTTP, where the pages have other addresses than in a folder of files. */
void site_index_write(struct buffer *out, const char *registry_date, bool served);
/* `entries`: those of the folder's 1,024 ports. */
void site_folder_write(struct buffer *out, unsigned folder, const struct site_entry *entries,
	const char *registry_date, bool served);
void site_map_write(struct buffer *out, const char *registry_date);

/* ports.js: names of the registry and of custom, for the search of the index; all 65,536 entries.
 * And what the picture shows of each port. */
void site_search_write(
	struct buffer *out, const struct site_entry *entries, const struct atlas *atlas);

/* The entry of a port; `names` keeps its texts. */
struct site_entry site_entry(const struct berth_report *report, struct arena *names);

#endif
