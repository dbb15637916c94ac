/* SPDX-License-Identifier: MIT */
/* What is behind a helper that accepts for a container. */
#ifndef BERTH_API_WAIT_BEHIND_H
#define BERTH_API_WAIT_BEHIND_H

#include <berth.h>

#include "base/buffer.h"

/*
 * Whether a server listens in the container that a helper serves, on the port behind it where that
 * is known, else on any. *ret_text (appended to) gets the phrase. 1: yes, or it cannot be seen; 0:
 * not yet; negative errno.
 */
int wait_behind(
	const struct berth *berth, const struct berth_process *helper, struct buffer *ret_text);

#endif
