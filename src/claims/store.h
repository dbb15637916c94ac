/* SPDX-License-Identifier: MIT */
/*
 * The claims as they are kept: rows of offsets into one pool of texts, and a map from ports to
 * rows. The same shape whether compiled in or read from files.
 */
#ifndef BERTH_CLAIMS_STORE_H
#define BERTH_CLAIMS_STORE_H

#include <berth.h>

#include "base/buffer.h"
#include "base/spans.h"
#include "claims/slice.h"

enum {
	STORE_CLAIMS = UINT16_MAX /* at most, as ids have 16 bits */
};

struct store_row {
	uint32_t service;
	uint32_t name;
	uint32_t claimant;
	uint32_t source;
	uint32_t source_url;
	uint32_t source_date;
	uint32_t note;
	uint32_t origin;
	uint32_t family;
	uint32_t list;
	uint16_t first;
	uint16_t last;
	uint8_t kind; /* enum berth_claim_kind */
	uint8_t scope; /* enum berth_claim_scope */
	uint16_t protos;
};

struct claims {
	const struct store_row *rows; /* ids are indexes */
	size_t n_rows;
	const char *texts;
	struct spans spans; /* all zero until store_finish */

	/* Only of those that were read from files. */
	struct store_row *own_rows;
	size_t size;
	struct buffer own_texts;
};

/* A claim on its way into the store. */
struct store_claim {
	struct slice service;
	struct slice name;
	struct slice claimant;
	struct slice source;
	struct slice source_url;
	struct slice source_date;
	struct slice note;
	struct slice origin;
	struct slice family;
	struct slice list;
	enum berth_claim_kind kind;
	enum berth_claim_scope scope;
	uint16_t first;
	uint16_t last;
	berth_protos protos;
};

/* An empty store; NULL when there is no memory. */
struct claims *store_new(void);

/* Copies the claim. 0; -ENOMEM; -ENOSPC: there are STORE_CLAIMS already. */
int store_add(struct claims *store, const struct store_claim *claim);

/* Forgets all rows from `n_rows` on: takes back what was added since. */
void store_truncate(struct claims *store, size_t n_rows);

/*
 * Gives ids in the order exact, range-base, pool, and narrow before wide within each, and builds
 * the map. May be called again after more was added. 0; -ENOMEM.
 */
int store_finish(struct claims *store);

void store_free(struct claims *store);

#endif
