// SPDX-License-Identifier: MIT
/*
 * Whatever a claims file holds: it is read without a fault, every claim is whole, and each is found
 * at its first and its last port. What was found is weighed too.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "claims/claims.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_warning(void *context, const char *text)
{
	(void)context;
	for (const char *at = text; *at; at++) {
		if (*at < ' ' || *at > '~')
			abort();
	}
}

static void check_found(const struct claims *claims, uint16_t id, uint16_t port)
{
	const uint16_t *ids;
	size_t count = claims_at(claims, port, &ids);

	for (size_t i = 0; i < count; i++) {
		if (ids[i] == id)
			return;
	}
	abort();
}

static void check_weighing(const struct claims *claims, uint16_t port)
{
	enum {
		MOST = 64
	};
	struct berth_claim list[MOST];
	struct berth_de_facto de_facto;
	struct arena arena = {0};
	const uint16_t *ids;
	size_t count = claims_at(claims, port, &ids);

	count = count < MOST ? count : MOST;
	for (size_t i = 0; i < count; i++)
		claims_get(claims, ids[i], &list[i]);
	if (claims_weigh(port, list, count, NULL, 0, &arena, &de_facto) || !*de_facto.why)
		abort();
	if (!text_is_utf8(de_facto.why, strlen(de_facto.why)))
		abort();
	arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct claims *claims = NULL;

	if (claims_add_tsv(&claims, "fuzz", (const char *)data, size, check_warning, NULL) ||
		claims_finish(claims))
		abort();
	for (size_t id = 0; id < claims_count(claims); id++) {
		struct berth_claim claim;

		claims_get(claims, (uint16_t)id, &claim);
		if (!*claim.service || !*claim.source || !claim.protos || claim.first > claim.last)
			abort();
		check_found(claims, (uint16_t)id, claim.first);
		check_found(claims, (uint16_t)id, claim.last);
		if (id < 4)
			check_weighing(claims, claim.first);
	}
	claims_free(claims);
	return 0;
}
