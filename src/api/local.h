/* SPDX-License-Identifier: MIT */
/*
 * The claims of this site, user and host: folders of claims files, and the services file. The
 * folders are read at once; the services file, which costs more to understand than the whole rest
 * of a report, when a question could be about what it says.
 */
#ifndef BERTH_API_LOCAL_H
#define BERTH_API_LOCAL_H

#include <berth.h>

#include "api/complaints.h"
#include "claims/claims.h"
#include "registry/registry.h"

struct local;

/* Registry and complaints must outlive it. 0; -ENOMEM. */
int local_new(const struct registry *registry, const struct berth_options *options,
	struct complaints *complaints, struct local **ret_local);
void local_free(struct local *local);

/* All of them; *ret_claims is NULL when there are none. May be called by several threads. 0;
 * -ENOMEM. */
int local_all(struct local *local, const struct claims **ret_claims);

/* The same, but NULL also when none of them can be about this port. */
int local_at(struct local *local, uint16_t port, const struct claims **ret_claims);

#endif
