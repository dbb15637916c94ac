/* SPDX-License-Identifier: MIT */
/* Of a port report: which network namespace it is about, and which others hold the port too. */
#ifndef BERTH_API_REPORT_NETNS_H
#define BERTH_API_REPORT_NETNS_H

#include "api/machine.h"
#include "base/arena.h"

/* Whether a socket is in the network namespace that reports from this snapshot are about. */
bool report_netns_is_subject(
	const struct sockets_snapshot *inner, const struct berth_socket *socket);

/* Fills in netns and other_netns with what belongs to them. 0; -ENOMEM. */
int report_netns_add(
	const struct berth_snapshot *snapshot, struct arena *arena, struct berth_report *report);

#endif
