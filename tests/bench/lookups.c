// SPDX-License-Identifier: MIT
/*
 * Times look-ups of random ports in libberth.so and in the C library.
 *
 * Usage: lookups BERTH-LOOKUPS SERVICES-LOOKUPS. Prints a line for each way: its name, then
 * nanoseconds per look-up, one number for each of the repetitions that the look-ups are spread
 * over, separated by tabs. getservbyport_r(3) is given TCP, and reads /etc/services anew each time,
 * as it does in a program that knows nothing better. All ways are asked about the same ports.
 */
#include <netdb.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <berth.h>

enum {
	REPETITIONS = 5,
	DECIMAL = 10,
	ENTRY_BYTES = 4096,
};

/* Looks a port up; the answer is any number that depends on what was found. */
typedef size_t look_up(const struct berth *berth, uint16_t port);

/* What was found goes here, so that no compiler leaves the looking out. */
static volatile size_t seen;

static size_t number_only(const struct berth *berth, uint16_t port)
{
	struct berth_lookup found;

	berth_lookup(berth, port, &found);
	return found.n_records + found.n_claims;
}

static size_t with_texts(const struct berth *berth, uint16_t port)
{
	struct berth_lookup found;
	size_t letters = 0;

	berth_lookup(berth, port, &found);
	if (found.n_records) {
		struct berth_record record;

		berth_record_get(berth, found.records[0], &record);
		letters += (unsigned char)record.name[0];
	}
	if (found.n_claims) {
		struct berth_claim claim;

		berth_claim_get(berth, found.claims[0], &claim);
		letters += (unsigned char)claim.service[0];
	}
	return letters;
}

static size_t services_file(const struct berth *berth, uint16_t port)
{
	struct servent entry;
	struct servent *found = NULL;
	char bytes[ENTRY_BYTES];

	(void)berth;
	if (getservbyport_r(htons(port), "tcp", &entry, bytes, sizeof(bytes), &found) || !found)
		return 0;
	return (unsigned char)found->s_name[0];
}

static double now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* Marsaglia's xorshift32: about a nanosecond, which is counted. */
static uint32_t next(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

static void measure(
	const char *name, look_up *look, const struct berth *berth, unsigned long lookups)
{
	uint32_t state = 60587;

	printf("%s", name);
	for (int i = 0; i < REPETITIONS; i++) {
		unsigned long count = lookups / REPETITIONS;
		double start_ns = now_ns();

		for (unsigned long n = 0; n < count; n++)
			seen += look(berth, (uint16_t)(next(&state) >> 16));
		printf("\t%.2f", (now_ns() - start_ns) / (double)count);
	}
	putchar('\n');
}

int main(int argc, char **argv)
{
	unsigned long berths = argc == 3 ? strtoul(argv[1], NULL, DECIMAL) : 0;
	unsigned long services = argc == 3 ? strtoul(argv[2], NULL, DECIMAL) : 0;
	struct berth *berth;

	if (berths < REPETITIONS || services < REPETITIONS || berth_open(NULL, &berth)) {
		fputs("usage: lookups BERTH-LOOKUPS SERVICES-LOOKUPS\n", stderr);
		return EXIT_FAILURE;
	}
	measure("berth_lookup", number_only, berth, berths);
	measure("berth_lookup with texts", with_texts, berth, berths);
	measure("getservbyport_r", services_file, berth, services);
	berth_close(berth);
	return EXIT_SUCCESS;
}
