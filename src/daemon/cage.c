// SPDX-License-Identifier: MIT
/* What the daemon keeps of its rights, and which system calls it has no use for. */
#include "daemon/cage.h"

#include <linux/capability.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/confine.h"

/*
 * /proc/PID/fd of others takes CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH; programs that find owners
 * inside the kernel, loaded for one question, CAP_BPF and CAP_PERFMON.
 */
static const uint64_t kept = UINT64_C(1) << CAP_SYS_PTRACE | UINT64_C(1) << CAP_DAC_READ_SEARCH |
	UINT64_C(1) << CONFINE_CAP_PERFMON | UINT64_C(1) << CONFINE_CAP_BPF;

void cage_begin(void)
{
	(void)umask(S_IWGRP | S_IWOTH);
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

/* It serves nobody. */
static const int denied[] = {SYS_listen, SYS_accept, SYS_accept4};

int cage_close(void)
{
	int error = confine_capabilities(kept);

	if (!error)
		error = confine_daemon();
	return error ? error : confine_deny(denied, sizeof(denied) / sizeof(*denied));
}
