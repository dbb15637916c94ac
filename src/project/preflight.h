/* SPDX-License-Identifier: MIT */
/*
 * What a wish amounts to before anything starts: which bind its server will try, whether two wishes
 * are in each other's way, and how bad a finding about a wish is. Pure.
 */
#ifndef BERTH_PROJECT_PREFLIGHT_H
#define BERTH_PROJECT_PREFLIGHT_H

#include <berth.h>

/*
 * The bind that its server will most likely try for this port of the wish: with SO_REUSEADDR and
 * listen(2) for TCP, as nearly all servers do; by root where an engine or a service manager binds.
 */
struct berth_bind preflight_bind(const struct berth_wish *wish, uint16_t port);

/* Whether who binds it is known to set SO_REUSEADDR: engines of containers and systemd do. */
bool preflight_sets_reuseaddr(const struct berth_wish *wish);

/* Whether the bind is somebody else's than ours, who may have other capabilities. */
bool preflight_is_by_others(const struct berth_wish *wish);

/* Whether both are sure to be bound, and cannot be at the same time. */
bool preflight_clash(const struct berth_wish *a, const struct berth_wish *b);

/* How bad a verdict is: what is only a guess fails nothing. Not for BERTH_BIND_YES. */
enum berth_check_level preflight_level(const struct berth_wish *wish, enum berth_bindable verdict);

#endif
