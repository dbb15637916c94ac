// SPDX-License-Identifier: MIT
/* See confine.h. The filter is a list of comparisons, each of which jumps behind the list. */
#include "base/confine.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	NUMBERS = 64,
	HALF = 32,
	CALLS_MOST = 200, /* a jump goes over 255 at most */
	FRONT = 5,
	BACK = 2,
};

void confine_bounding(uint64_t kept)
{
	for (int i = 0; i < NUMBERS; i++) {
		/* EPERM: it is out of reach already; EINVAL: there are not so many. */
		if (!(kept & UINT64_C(1) << i))
			(void)prctl(PR_CAPBSET_DROP, i, 0, 0, 0);
	}
}

int confine_capabilities(uint64_t kept)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];

	confine_bounding(kept);
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

#if defined(__x86_64__)
#define OUR_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OUR_ARCH AUDIT_ARCH_AARCH64
#elif defined(__riscv)
#define OUR_ARCH AUDIT_ARCH_RISCV64
#endif

#ifdef OUR_ARCH
/* `listed` and `others`: what becomes of a call that is in the list, and of any other. */
static int filter(const int *calls, size_t n, uint32_t listed, uint32_t others)
{
	const uint32_t refused = SECCOMP_RET_ERRNO | EPERM;
	struct sock_filter code[FRONT + CALLS_MOST + BACK] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		/* Numbers of another kind of calls mean something else: none are needed. */
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OUR_ARCH, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, refused),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		/* x32, which has the same arch (arch/x86/include/uapi/asm/unistd.h): to the end of
		 * the list where calls are refused. */
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 0),
	};
	const struct sock_fprog program = {
		.len = (unsigned short)(FRONT + n + BACK), .filter = code};

	if (n > CALLS_MOST)
		return -E2BIG;
	code[FRONT - 1].jt = (uint8_t)(listed == refused ? n + 1 : n);
	for (size_t i = 0; i < n; i++)
		code[FRONT + i] = (struct sock_filter)BPF_JUMP(
			BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)calls[i], (uint8_t)(n - i), 0);
	code[FRONT + n] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, others);
	code[FRONT + n + 1] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, listed);
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0 ? -errno : 0;
}
#else
static int filter(const int *calls, size_t n, uint32_t listed, uint32_t others)
{
	(void)calls, (void)n, (void)listed, (void)others;
	return 0;
}
#endif

int confine_allow(const int *calls, size_t n)
{
	return filter(calls, n, SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO | EPERM);
}

int confine_deny(const int *calls, size_t n)
{
	return filter(calls, n, SECCOMP_RET_ERRNO | EPERM, SECCOMP_RET_ALLOW);
}

int confine_daemon(void)
{
	static const int denied[] = {SYS_execve, SYS_execveat, SYS_ptrace, SYS_process_vm_readv,
		SYS_process_vm_writev, SYS_kill, SYS_tkill, SYS_pidfd_send_signal, SYS_mount,
		SYS_umount2, SYS_pivot_root, SYS_chroot, SYS_move_mount, SYS_fsopen, SYS_fsmount,
		SYS_open_tree, SYS_init_module, SYS_finit_module, SYS_delete_module, SYS_kexec_load,
		SYS_reboot, SYS_swapon, SYS_swapoff, SYS_settimeofday, SYS_clock_settime,
		SYS_sethostname, SYS_add_key, SYS_keyctl, SYS_userfaultfd, SYS_io_uring_setup};

	return confine_deny(denied, sizeof(denied) / sizeof(*denied));
}
