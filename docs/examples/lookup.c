// SPDX-License-Identifier: MIT
/* What is a port? Asks registry and claims, not the machine: lookup PORT */
#include <berth.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
	uint16_t port = (uint16_t)strtoul(argc > 1 ? argv[1] : "60587", NULL, 10);
	struct berth_lookup found;
	struct berth_record record;
	struct berth_claim claim;
	struct berth *berth;

	if (berth_open(NULL, &berth) < 0)
		return 1; /* berth_error() says why */
	berth_lookup(berth, port, &found);
	printf("%s for TCP\n", berth_state_name(found.state[BERTH_TCP]));
	for (size_t i = 0; i < found.n_records; i++) {
		berth_record_get(berth, found.records[i], &record);
		printf("assigned: %s, %s\n", record.name, record.description);
	}
	for (size_t i = 0; i < found.n_claims; i++) {
		berth_claim_get(berth, found.claims[i], &claim);
		printf("claimed: %s, one of %u ports\n", claim.name, claim.ports_claimed);
	}
	berth_close(berth);
	return 0;
}
