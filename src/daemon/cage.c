// SPDX-License-Identifier: MIT
/* Capabilities by their own system calls (capset(2), prctl(2)): there are few, and no library is
 * needed for them. */
#include "daemon/cage.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* linux/capability.h of Linux 5.8; older headers lack the first two. */
enum {
	KEPT_PERFMON = 38,
	KEPT_BPF = 39,
	NUMBERS = 64,
	HALF = 32,
};

/*
 * /proc/PID/fd of others takes CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH; programs that find owners
 * inside the kernel, loaded for one question, CAP_BPF and CAP_PERFMON.
 */
static const uint64_t kept = UINT64_C(1) << CAP_SYS_PTRACE | UINT64_C(1) << CAP_DAC_READ_SEARCH |
	UINT64_C(1) << KEPT_PERFMON | UINT64_C(1) << KEPT_BPF;

void cage_begin(void)
{
	(void)umask(S_IWGRP | S_IWOTH);
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

int cage_close(void)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];

	for (int i = 0; i < NUMBERS; i++) {
		/* EPERM: it is out of reach already; EINVAL: there are not so many. */
		if (!(kept & UINT64_C(1) << i))
			(void)prctl(PR_CAPBSET_DROP, i, 0, 0, 0);
	}
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (syscall(SYS_capget, &head, data) < 0)
		return -errno;
	for (int i = 0; i < 2; i++) {
		data[i].permitted &= (uint32_t)(kept >> (i * HALF));
		data[i].effective = data[i].permitted;
		data[i].inheritable = 0;
	}
	return syscall(SYS_capset, &head, data) < 0 ? -errno : 0;
}
