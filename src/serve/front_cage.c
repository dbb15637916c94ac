// SPDX-License-Identifier: MIT
/*
 * The cage of the front: nobody's user where it can be, no capability, no new privileges, and a
 * list of the system calls that speaking HTTP takes; all others fail with EPERM. It cannot open a
 * file, make a connection, start a program or signal one.
 */
#include <errno.h>
#include <grp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/confine.h"
#include "serve/front.h"

enum {
	NOBODY = 65534, /* the kernel's overflowuid, "nobody" of every distribution */
};

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

int front_cage(void)
{
	const struct rlimit none = {0, 0};
	int error;

	confine_bounding(0); /* before the user changes, which takes CAP_SETPCAP away */
	error = become_nobody();
	if (!error)
		error = confine_capabilities(0);
	if (!error && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		error = -errno;
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	(void)setrlimit(RLIMIT_CORE, &none);
	(void)setrlimit(RLIMIT_FSIZE, &none);
	return error ? error : confine_allow(allowed, sizeof(allowed) / sizeof(*allowed));
}
