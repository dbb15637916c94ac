/* SPDX-License-Identifier: MIT */
/* What tools/compile-claims made of data/claims: tables of offsets, ready without any start-up. */
#ifndef BERTH_CLAIMS_CLAIMS_DATA_H
#define BERTH_CLAIMS_CLAIMS_DATA_H

#include "claims/families.h"
#include "claims/store.h"

extern const struct claims claims_data; /* claims.tsv */
extern const struct families claims_data_families; /* families.tsv and lists.tsv */

#endif
