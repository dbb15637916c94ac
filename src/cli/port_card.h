/* SPDX-License-Identifier: MIT */
/* The port report as a card for a person. */
#ifndef BERTH_CLI_PORT_CARD_H
#define BERTH_CLI_PORT_CARD_H

#include <stdbool.h>

#include <berth.h>

#include "cli/card.h"
#include "cli/describe.h"

struct port_card {
	struct card card;
	struct describe_clock clock;
	bool verbose;
	uint16_t number;
	const struct berth_query_part *part; /* what was asked for */
};

void port_card_draw(struct port_card *port, const struct berth_report *report);

/* "79 more: berth -v 3000", when some were left out. `how`: the words between berth and the port.
 */
void port_card_left_out(struct port_card *port, size_t left, const char *what, const char *how);

/* From port_netns.c: which network namespace is "here", and which others hold the port too. */
void port_netns_subject(struct port_card *port, const struct berth_report *report);
void port_netns_draw(struct port_card *port, const struct berth_report *report);

/* The section about claims, from port_claims.c. */
void port_claims_draw(struct port_card *port, const struct berth_report *report);

/* The section about redirects (port_redirects.c). */
void port_redirects_draw(struct port_card *port, const struct berth_report *report);

#endif
