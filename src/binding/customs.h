/* SPDX-License-Identifier: MIT */
/*
 * Which programs serve a well-known thing, and whether it stays on loopback unless somebody changes
 * that. Pure, and a table: what is not in it is not judged.
 */
#ifndef BERTH_BINDING_CUSTOMS_H
#define BERTH_BINDING_CUSTOMS_H

#include <stdbool.h>
#include <stdint.h>

struct custom {
	const char *service; /* as in the claims: "postgresql"; NULL: of no port of its own */
	const char *programs; /* names of processes, as far as the kernel keeps them (15 bytes),
				 with blanks between them */
	uint16_t ports[4]; /* only on these, up to the first 0; none: on whichever */
	const char *what; /* for people: "PostgreSQL" */
	const char *loopback; /* who says that it stays there by default; NULL: it does not */
};

/* The row of a service; NULL: there is none. */
const struct custom *customs_of_service(const char *service);

/* The row of a program that is on this port; NULL: there is none. */
const struct custom *customs_of_program(const char *program, uint16_t port);

bool customs_has_program(const struct custom *custom, const char *program);

/* Whether it passes on what is meant for others: helpers of container engines, proxies, tunnels. */
bool customs_is_carrier(const char *program);

#endif
