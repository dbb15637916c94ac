/* SPDX-License-Identifier: MIT */
/* What tools/compile-claims made of data/claims: tables of offsets, ready without any start-up. */
#ifndef BERTH_CLAIMS_BUILTIN_H
#define BERTH_CLAIMS_BUILTIN_H

#include "claims/families.h"
#include "claims/store.h"

extern const struct claims builtin_claims; /* claims.tsv */
extern const struct families builtin_families; /* families.tsv and lists.tsv */

#endif
