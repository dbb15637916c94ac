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

/* What no part of the daemon has a use for, and whoever took it over would. The unit that comes
 * with it has a list of what is allowed instead, which service managers keep up to date. */
static const int denied[] = {SYS_execve, SYS_execveat, SYS_ptrace, SYS_process_vm_readv,
	SYS_process_vm_writev, SYS_kill, SYS_tkill, SYS_pidfd_send_signal, SYS_mount, SYS_umount2,
	SYS_pivot_root, SYS_chroot, SYS_move_mount, SYS_fsopen, SYS_fsmount, SYS_open_tree,
	SYS_init_module, SYS_finit_module, SYS_delete_module, SYS_kexec_load, SYS_reboot,
	SYS_swapon, SYS_swapoff, SYS_settimeofday, SYS_clock_settime, SYS_sethostname, SYS_add_key,
	SYS_keyctl, SYS_userfaultfd, SYS_io_uring_setup, SYS_listen, SYS_accept, SYS_accept4};

int cage_close(void)
{
	int error = confine_capabilities(kept);

	return error ? error : confine_deny(denied, sizeof(denied) / sizeof(*denied));
}
