/* SPDX-License-Identifier: MIT */
/* Reads the rows of a TSV file of claims into a store; see data/claims/README.md. */
#ifndef BERTH_CLAIMS_CLAIM_ROWS_H
#define BERTH_CLAIMS_CLAIM_ROWS_H

#include "claims/claims.h"
#include "claims/families.h"
#include "claims/store.h"

/* As claims_add_tsv, with the families to sort services into, and where the rows come from. */
int claim_rows_read(const struct families *families, const char *name, const char *origin,
	const char *bytes, size_t len, struct claims *store, claims_warn *warn, void *context);

/* Sorts a claim into its family and list, and stores it. 0; -ENOMEM; -ENOSPC. */
int claim_rows_store(
	const struct families *families, struct store_claim *claim, struct claims *store);

#endif
