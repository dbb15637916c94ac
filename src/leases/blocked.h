/* SPDX-License-Identifier: MIT */
/* Ports that browsers refuse to connect to: the Fetch standard's "bad port". Pure. */
#ifndef BERTH_LEASES_BLOCKED_H
#define BERTH_LEASES_BLOCKED_H

#include <stdbool.h>
#include <stdint.h>

bool blocked_by_browsers(uint16_t port);

#endif
