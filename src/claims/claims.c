// SPDX-License-Identifier: MIT
/* The door of the room: built-in claims and claims from files, looked up in the same way. */
#include "claims/claims.h"

#include <errno.h>

#include "claims/claim_rows.h"
#include "claims/claims_data.h"
#include "claims/services.h"
#include "claims/store.h"

const struct claims *claims_builtin(void)
{
	return &claims_data;
}

/* Opens *claims for more: the store to add to, and in *ret_n_rows how many are in it. */
static struct claims *begin(struct claims *const *claims, size_t *ret_n_rows)
{
	struct claims *store = *claims ? *claims : store_new();

	*ret_n_rows = store ? store->n_rows : 0;
	return store;
}

/* Hands the store to the caller, or, on failure, leaves everything as it was. */
static int end(struct claims **claims, struct claims *store, size_t n_rows, int r)
{
	if (!r)
		*claims = store;
	else if (*claims)
		store_truncate(store, n_rows);
	else
		store_free(store);
	return r;
}

int claims_add_tsv(struct claims **claims, const char *name, const char *bytes, size_t len,
	claims_warn *warn, void *context)
{
	size_t n_rows;
	struct claims *store = begin(claims, &n_rows);

	if (!store)
		return -ENOMEM;
	int r = claim_rows_read(
		&claims_data_families, name, name, bytes, len, store, warn, context);
	return end(claims, store, n_rows, r);
}

int claims_add_services(struct claims **claims, const char *name, const char *bytes, size_t len,
	claims_known *known, void *known_context, claims_warn *warn, void *warn_context)
{
	size_t n_rows;
	struct claims *store = begin(claims, &n_rows);

	if (!store)
		return -ENOMEM;
	int r = services_read(&claims_data_families, name, bytes, len, store, known, known_context,
		warn, warn_context);
	return end(claims, store, n_rows, r);
}

void claims_free(struct claims *claims)
{
	store_free(claims);
}

int claims_finish(struct claims *claims)
{
	return claims ? store_finish(claims) : 0;
}

size_t claims_at(const struct claims *claims, uint16_t port, const uint16_t **ret_ids)
{
	static const uint16_t nothing;

	if (!claims || !claims->spans.sets) {
		*ret_ids = &nothing;
		return 0;
	}
	return spans_at(&claims->spans, port, ret_ids);
}

size_t claims_count(const struct claims *claims)
{
	return claims ? claims->n_rows : 0;
}

void claims_get(const struct claims *claims, uint16_t id, struct berth_claim *ret_claim)
{
	static const struct berth_claim nothing = {
		"", "", "", 0, 0, 0, 0, 0, "", "", "", "", 0, "", "", ""};

	if (id >= claims_count(claims)) {
		*ret_claim = nothing;
		return;
	}
	const struct store_row *row = &claims->rows[id];
	const char *texts = claims->texts;
	*ret_claim = (struct berth_claim){
		.service = texts + row->service,
		.name = texts + row->name,
		.claimant = texts + row->claimant,
		.kind = (enum berth_claim_kind)row->kind,
		.scope = (enum berth_claim_scope)row->scope,
		.first = row->first,
		.last = row->last,
		.protos = row->protos,
		.source = texts + row->source,
		.source_url = texts + row->source_url,
		.source_date = texts + row->source_date,
		.note = texts + row->note,
		.ports_claimed = (uint32_t)row->last - row->first + 1,
		.origin = texts + row->origin,
		.family = texts + row->family,
		.list = texts + row->list,
	};
}
