// SPDX-License-Identifier: MIT
/* What is a port? Asks registry and claims, not the machine: lookup PORT */
#include <berth.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
	uint16_t port = (uint16_t)strtoul(argc > 1 ? argv[1] : "60587", NULL, 10);
	struct berth_lookup found;
	struct berth *berth;

	if (berth_open(NULL, &berth) < 0) {
		fprintf(stderr, "lookup: %s\n", berth_error());
		return 1;
	}
	berth_lookup(berth, port, &found);
	printf("%u: %s port, %s for TCP\n", port, found.range.name,
		berth_state_name(found.state[BERTH_TCP]));
	for (size_t i = 0; i < found.n_records; i++) {
		struct berth_record record;

		berth_record_get(berth, found.records[i], &record);
		printf("  assigned: %s, %s\n", record.name, record.description);
	}
	for (size_t i = 0; i < found.n_claims; i++) {
		struct berth_claim claim;

		berth_claim_get(berth, found.claims[i], &claim);
		printf("  claimed:  %s, one of %u ports (%s)\n", claim.name, claim.ports_claimed,
			claim.source);
	}
	berth_close(berth);
	return 0;
}
