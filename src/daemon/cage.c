// SPDX-License-Identifier: MIT
/* Capabilities and the filter by their own system calls (capset(2), prctl(2), seccomp(2)): what is
 * asked of them is little, and no library is needed for it. */
#include "daemon/cage.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
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

#if defined(__x86_64__)
#define OUR_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OUR_ARCH AUDIT_ARCH_AARCH64
#elif defined(__riscv)
#define OUR_ARCH AUDIT_ARCH_RISCV64
#endif

/* What no part of the daemon has a use for, and whoever took it over would. The unit that comes
 * with it has a list of what is allowed instead, which service managers keep up to date. */
#ifdef OUR_ARCH
static const int denied[] = {SYS_execve, SYS_execveat, SYS_ptrace, SYS_process_vm_readv,
	SYS_process_vm_writev, SYS_kill, SYS_tkill, SYS_pidfd_send_signal, SYS_mount, SYS_umount2,
	SYS_pivot_root, SYS_chroot, SYS_move_mount, SYS_fsopen, SYS_fsmount, SYS_open_tree,
	SYS_init_module, SYS_finit_module, SYS_delete_module, SYS_kexec_load, SYS_reboot,
	SYS_swapon, SYS_swapoff, SYS_settimeofday, SYS_clock_settime, SYS_sethostname, SYS_add_key,
	SYS_keyctl, SYS_userfaultfd, SYS_io_uring_setup, SYS_listen, SYS_accept, SYS_accept4};

static int filter_calls(void)
{
	enum {
		DENIED = sizeof(denied) / sizeof(*denied),
		FRONT = 5,
		MOST = FRONT + DENIED + 2,
	};
	struct sock_filter code[MOST] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		/* Numbers of another kind of calls mean something else: none are needed. */
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OUR_ARCH, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		/* x32, which has the same arch (arch/x86/include/uapi/asm/unistd.h). */
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, DENIED + 1, 0),
	};
	const struct sock_fprog program = {.len = MOST, .filter = code};

	for (unsigned i = 0; i < DENIED; i++)
		code[FRONT + i] = (struct sock_filter)BPF_JUMP(
			BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)denied[i], (uint8_t)(DENIED - i), 0);
	code[FRONT + DENIED] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	code[FRONT + DENIED + 1] =
		(struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0 ? -errno : 0;
}
#else
static int filter_calls(void)
{
	return 0; /* whether a number is what it seems is not known on this machine */
}
#endif

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
	return syscall(SYS_capset, &head, data) < 0 ? -errno : filter_calls();
}
