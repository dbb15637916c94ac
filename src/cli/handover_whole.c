// SPDX-License-Identifier: MIT
/* The whole program: there is nobody to hand over to. */
#include "cli/handover.h"

void handover_prepare(char **argv)
{
	(void)argv;
}

void handover(void)
{
}

bool handover_possible(void)
{
	return false;
}

void handover_nameless(const struct berth_socket *const *sockets, size_t n)
{
	(void)sockets, (void)n;
}

int handover_why_past(const struct berth *berth, const char *folder, struct berth_why *why)
{
	return berth_why_past(berth, folder, why);
}

void handover_unnamed(const struct berth_snapshot *snapshot)
{
	(void)snapshot;
}
