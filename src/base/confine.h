/* SPDX-License-Identifier: MIT */
/*
 * Giving up, for ever, what a process does not need: capabilities (capabilities(7)) and system
 * calls (seccomp(2)). By the kernel's own calls: what is asked of them is little, and no library is
 * needed for it. Who filters calls has given up new privileges before (PR_SET_NO_NEW_PRIVS), or has
 * CAP_SYS_ADMIN.
 */
#ifndef BERTH_BASE_CONFINE_H
#define BERTH_BASE_CONFINE_H

#include <stddef.h>
#include <stdint.h>

/* linux/capability.h of Linux 5.8; older headers lack them. */
enum {
	CONFINE_CAP_PERFMON = 38,
	CONFINE_CAP_BPF = 39,
};

/* Only those can ever be had again, by whatever program; without CAP_SETPCAP that is as it was. */
void confine_bounding(uint64_t kept);

/* Keeps those whose bits are set, as far as they are there, and never gets others. 0 or -errno. */
int confine_capabilities(uint64_t kept);

/*
 * All calls but these, or these, fail with EPERM from now on. `calls`: SYS_… numbers, at most 200.
 * On a machine on which it is not known whether a number is what it seems, nothing is filtered. 0
 * or -errno.
 */
int confine_allow(const int *calls, size_t n);
int confine_deny(const int *calls, size_t n);

/*
 * All calls fail that no daemon of ours has a use for, and whoever took one over would: to start
 * programs, to signal, trace or change other processes, to change file systems and the kernel. The
 * units that come with them have lists of what is allowed instead, which service managers keep up
 * to date. 0 or -errno.
 */
int confine_daemon(void);

#endif
