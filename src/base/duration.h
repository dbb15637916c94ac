/* SPDX-License-Identifier: MIT */
/* Lengths of time as people type them. */
#ifndef BERTH_BASE_DURATION_H
#define BERTH_BASE_DURATION_H

#include <stdint.h>

/*
 * "5", "5s", "500ms", "2m", "1.5h", "1d": a decimal number, which is of seconds when no unit
 * follows. 0; -EINVAL: not understood; -ERANGE: longer than 1,000 days.
 */
int duration_parse(const char *text, int64_t *ret_ms);

#endif
