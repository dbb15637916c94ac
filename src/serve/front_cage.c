// SPDX-License-Identifier: MIT
/*
 * The cage of the front: nobody's user where it can be, no capability, no new privileges, and a
 * list of the system calls that speaking HTTP takes; all others fail with EPERM. It cannot open a
 * file, make a connection, start a program or signal one. By the kernel's own calls (capset(2),
 * seccomp(2)), as in src/daemon/cage.c.
 */
#include <errno.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "serve/front.h"

enum {
	NOBODY = 65534, /* the kernel's overflowuid, "nobody" of every distribution */
	CAPABILITIES = 64,
};

#if defined(__x86_64__)
#define OUR_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OUR_ARCH AUDIT_ARCH_AARCH64
#elif defined(__riscv)
#define OUR_ARCH AUDIT_ARCH_RISCV64
#endif

#ifdef OUR_ARCH
static const int allowed[] = {
	/* connections */
	SYS_accept4, SYS_read, SYS_readv, SYS_recvfrom, SYS_recvmsg, SYS_write, SYS_writev,
	SYS_sendto, SYS_sendmsg, SYS_close, SYS_shutdown, SYS_getsockopt, SYS_setsockopt,
	/* waiting */
	SYS_epoll_ctl, SYS_epoll_pwait, SYS_ppoll, SYS_futex, SYS_restart_syscall,
	SYS_clock_gettime,
#ifdef SYS_poll
	SYS_poll, SYS_epoll_wait, SYS_time,
#endif
	SYS_gettimeofday,
	/* memory */
	SYS_mmap, SYS_munmap, SYS_mremap, SYS_mprotect, SYS_madvise, SYS_brk, SYS_getrandom,
	/* the end; AddressSanitizer reports with the rest */
	SYS_rt_sigreturn, SYS_rt_sigprocmask, SYS_rt_sigaction, SYS_sigaltstack, SYS_exit,
	SYS_exit_group, SYS_getpid, SYS_gettid, SYS_tgkill, SYS_sched_yield};

static int filter_calls(void)
{
	enum {
		ALLOWED = sizeof(allowed) / sizeof(*allowed),
		FRONT = 5,
		MOST = FRONT + ALLOWED + 2,
	};
	struct sock_filter code[MOST] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		/* Numbers of another kind of calls mean something else: none are needed. */
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OUR_ARCH, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		/* x32, which has the same arch (arch/x86/include/uapi/asm/unistd.h) */
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, ALLOWED, 0),
	};
	const struct sock_fprog program = {.len = MOST, .filter = code};

	for (unsigned i = 0; i < ALLOWED; i++)
		code[FRONT + i] = (struct sock_filter)BPF_JUMP(
			BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)allowed[i], (uint8_t)(ALLOWED - i), 0);
	code[FRONT + ALLOWED] =
		(struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
	code[FRONT + ALLOWED + 1] =
		(struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0 ? -errno : 0;
}
#else
static int filter_calls(void)
{
	return 0; /* whether a number is what it seems is not known on this machine */
}
#endif

/* Root gives up being root. In a user namespace without that user, or without the right to change,
 * it stays who it is, without capabilities. */
static int become_nobody(void)
{
	if (geteuid() != 0)
		return 0;
	if (setgroups(0, NULL) < 0 || setresgid(NOBODY, NOBODY, NOBODY) < 0 ||
		setresuid(NOBODY, NOBODY, NOBODY) < 0)
		return errno == EINVAL || errno == EPERM ? 0 : -errno;
	return 0;
}

static int drop_capabilities(void)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[2] = {0};

	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	return syscall(SYS_capset, &head, none) < 0 ? -errno : 0;
}

int front_cage(void)
{
	const struct rlimit none = {0, 0};
	int error;

	/* Before the user changes, which takes CAP_SETPCAP away. EPERM, EINVAL: out of reach. */
	for (int i = 0; i < CAPABILITIES; i++)
		(void)prctl(PR_CAPBSET_DROP, i, 0, 0, 0);
	error = become_nobody();
	if (!error)
		error = drop_capabilities();
	if (!error && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		error = -errno;
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	(void)setrlimit(RLIMIT_CORE, &none);
	(void)setrlimit(RLIMIT_FSIZE, &none);
	return error ? error : filter_calls();
}
