// SPDX-License-Identifier: MIT
#include "base/clock.h"

double clock_now_s(clockid_t clock)
{
	const double nanoseconds = 1e9;
	struct timespec now = {0};

	(void)clock_gettime(clock, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / nanoseconds;
}
