// SPDX-License-Identifier: MIT
/*
 * Leases as fast as it can until it is killed: lease, renew, hold and release names of its own.
 * Arguments: crash NAME; or pairs N, which measures N pairs of lease and release and prints ns a
 * pair, and what is left in the ledger.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <berth.h>

enum {
	NAMES = 4,
};

static void fail(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, berth_error());
	exit(2);
}

static uint16_t lease(const struct berth *berth, const char *name)
{
	const struct berth_lease_ask ask = {.size = sizeof(ask),
		.name = name,
		.folder = "/project",
		.pid = (uint32_t)getpid(),
		.ttl_ms = 600000};
	uint16_t port = 0;

	if (berth_lease(berth, &ask, &port) < 0)
		fail("lease");
	return port;
}

static void hold(const struct berth *berth, const char *name)
{
	const struct berth_hold_ask ask = {
		.size = sizeof(ask), .name = name, .folder = "/held", .family = 4};
	struct berth_hold *held = NULL;

	if (berth_hold(berth, &ask, &held))
		fail("hold");
	berth_hold_end(held);
}

/* Whoever is killed is killed in any of these. */
static void crash(const struct berth *berth, const char *prefix)
{
	char name[64];

	for (unsigned i = 0;; i++) {
		(void)snprintf(name, sizeof(name), "%s-%u", prefix, i % NAMES);
		(void)lease(berth, name);
		(void)lease(berth, name);
		hold(berth, name);
		if (i % 3 && berth_release(berth, name, "/project", 0))
			fail("release");
	}
}

static void measure(const struct berth *berth, unsigned pairs)
{
	struct timespec begin;
	struct timespec end;

	(void)clock_gettime(CLOCK_MONOTONIC, &begin);
	for (unsigned i = 0; i < pairs; i++) {
		(void)lease(berth, "pair");
		if (berth_release(berth, "pair", "/project", 0))
			fail("release");
	}
	(void)clock_gettime(CLOCK_MONOTONIC, &end);
	double ns =
		(double)(end.tv_sec - begin.tv_sec) * 1e9 + (double)(end.tv_nsec - begin.tv_nsec);
	printf("%.0f\n", ns / pairs);
}

int main(int argc, char **argv)
{
	const struct berth_options options = {
		.size = sizeof(options), .runtime_folder = getenv("XDG_RUNTIME_DIR")};
	struct berth *berth = NULL;

	if (argc != 3 || berth_open(&options, &berth) < 0)
		return 2;
	if (!strcmp(argv[1], "crash"))
		crash(berth, argv[2]);
	measure(berth, (unsigned)strtoul(argv[2], NULL, 10));
	berth_close(berth);
	return 0;
}
