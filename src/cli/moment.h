/* SPDX-License-Identifier: MIT */
/* Points in time, as people type them and as the history shows them. */
#ifndef BERTH_CLI_MOMENT_H
#define BERTH_CLI_MOMENT_H

#include <stdbool.h>

#include "base/buffer.h"

/*
 * "now", "10m" or "10m ago", "03:12", "03:12:30", "2026-11-23", "2026-11-23 03:12", each in the
 * local time zone; "2026-11-23T03:12:30Z", "@1795402800". A time of day is the latest that is not
 * after now_s. 0; -EINVAL.
 */
int moment_parse(const char *text, double now_s, double *ret_time_s);

/* "10:32:01" on the same day, else "2026-11-23 10:32:01"; local time. With milliseconds if `exact`.
 */
void moment_put(struct buffer *out, double time_s, double now_s, bool exact);

/* Seconds since 1970. */
double moment_now(void);

#endif
