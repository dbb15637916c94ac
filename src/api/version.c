// SPDX-License-Identifier: MIT
/* The version of the library that runs, which need not be the one a program was compiled with. */
#include <berth.h>

const char *berth_version(void)
{
	return BERTH_VERSION;
}
