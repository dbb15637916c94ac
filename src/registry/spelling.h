/* SPDX-License-Identifier: MIT */
/*
 * What the odd wordings in the registry's Description column mean. One table; every decision about
 * a spelling is made here and nowhere else.
 */
#ifndef BERTH_REGISTRY_SPELLING_H
#define BERTH_REGISTRY_SPELLING_H

#include <berth.h>

/*
 * The state that a row with this name and description gives its ports. A description in the table
 * decides; any other one belongs to an assignment, which must have a name. -ENOENT: no name, and a
 * description that was never seen before: a person has to decide.
 */
int spelling_state(const char *name, const char *description, enum berth_state *ret_state);

#endif
