/* SPDX-License-Identifier: MIT */
/* Reads services(5): the file behind getservbyname(3). */
#ifndef BERTH_CLAIMS_SERVICES_H
#define BERTH_CLAIMS_SERVICES_H

#include "claims/claims.h"
#include "claims/families.h"
#include "claims/store.h"

/* As claims_add_services, with the families to sort services into. */
int services_read(const struct families *families, const char *name, const char *bytes, size_t len,
	struct claims *store, claims_known *known, void *known_context, claims_warn *warn,
	void *warn_context);

#endif
