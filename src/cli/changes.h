/* SPDX-License-Identifier: MIT */
/* Differences between two copies of the registry, gathered and drawn; for import and diff. */
#ifndef BERTH_CLI_CHANGES_H
#define BERTH_CLI_CHANGES_H

#include <stdbool.h>

#include <berth.h>

#include "base/buffer.h"
#include "base/json.h"
#include "cli/cli.h"

enum {
	CHANGES_KINDS = BERTH_CHANGED + 1,
};

struct changes {
	const struct output *output; /* whose colours are used */
	enum cli_format format;
	bool verbose; /* the fields too: what was, what is */
	struct buffer list; /* lines of text or of JSON, or members of a JSON array */
	struct json json;
	size_t count[CHANGES_KINDS];
};

void changes_init(struct changes *changes, const struct cli *cli, bool verbose);
void changes_free(struct changes *changes);

/* A berth_change_seen; the context is a struct changes. */
int changes_add(void *context, enum berth_change change, const struct berth_record *before,
	const struct berth_record *after);

/* "331 added, 100 removed, 341 changed". */
void changes_summary(const struct changes *changes, struct buffer *out);

/* The members "added", "removed", "changed" (numbers) and "changes" (an array). */
void changes_put(const struct changes *changes, struct json *json);

#endif
