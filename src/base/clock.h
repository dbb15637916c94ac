/* SPDX-License-Identifier: MIT */
/* Clocks of clock_gettime(2) as seconds. */
#ifndef BERTH_BASE_CLOCK_H
#define BERTH_BASE_CLOCK_H

#include <time.h>

/* What the clock shows; 0 where there is no such clock. */
double clock_now_s(clockid_t clock);

#endif
