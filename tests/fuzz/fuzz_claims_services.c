// SPDX-License-Identifier: MIT
/*
 * Whatever a services(5) file holds: it is read without a fault, and its claims are exact, of this
 * host, and found.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "claims/claims.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool knows_some(
	void *context, const char *service, uint16_t port, enum berth_proto transport)
{
	(void)context;
	if (!*service || !text_is_utf8(service, strlen(service)))
		abort();
	return (port + (unsigned)transport) % 3 == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct claims *claims = NULL;

	if (claims_add_services(
		    &claims, "fuzz", (const char *)data, size, knows_some, NULL, NULL, NULL) ||
		claims_finish(claims))
		abort();
	for (size_t id = 0; id < claims_count(claims); id++) {
		struct berth_claim claim;
		const uint16_t *ids;

		claims_get(claims, (uint16_t)id, &claim);
		if (claim.kind != BERTH_HOST_SERVICES || claim.scope != BERTH_EXACT ||
			claim.first != claim.last || !*claim.service || !*claim.family)
			abort();
		if (!claims_at(claims, claim.first, &ids))
			abort();
	}
	claims_free(claims);
	return 0;
}
