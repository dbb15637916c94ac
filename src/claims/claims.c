// SPDX-License-Identifier: MIT
/* Placeholder until the room is furnished; see claims.h. */
#include "claims/claims.h"

#include <stdlib.h>

struct claims {
	int empty;
};

const struct claims *claims_builtin(void)
{
	static const struct claims none;
	return &none;
}

int claims_add_tsv(struct claims **claims, const char *name, const char *bytes, size_t len,
	claims_warn *warn, void *context)
{
	(void)claims, (void)name, (void)bytes, (void)len, (void)warn, (void)context;
	return 0;
}

int claims_add_services(struct claims **claims, const char *name, const char *bytes, size_t len,
	claims_known *known, void *known_context, claims_warn *warn, void *warn_context)
{
	(void)claims, (void)name, (void)bytes, (void)len, (void)warn, (void)warn_context;
	(void)known, (void)known_context;
	return 0;
}

void claims_free(struct claims *claims)
{
	free(claims);
}

int claims_finish(struct claims *claims)
{
	(void)claims;
	return 0;
}

size_t claims_at(const struct claims *claims, uint16_t port, const uint16_t **ret_ids)
{
	(void)claims, (void)port, (void)ret_ids;
	return 0;
}

size_t claims_count(const struct claims *claims)
{
	(void)claims;
	return 0;
}

void claims_get(const struct claims *claims, uint16_t id, struct berth_claim *ret_claim)
{
	(void)claims, (void)id;
	*ret_claim = (struct berth_claim){0};
}

int claims_weigh(const struct berth_claim *list, size_t n_list, const struct berth_record *records,
	size_t n_records, struct arena *arena, struct berth_de_facto *ret_de_facto)
{
	(void)list, (void)n_list, (void)records, (void)n_records, (void)arena;
	*ret_de_facto = (struct berth_de_facto){.why = "no claims"};
	return 0;
}
