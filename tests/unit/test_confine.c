// SPDX-License-Identifier: MIT
/* Rights that were given up are gone: tried in child processes, which end with it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/confine.h"

/* The exit code of a child that runs it. */
static int in_child(int (*what)(void))
{
	int status = -1;
	pid_t child = fork();

	if (!child)
		_exit(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? 99 : what());
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int fails(long call)
{
	errno = 0;
	return syscall(call) == -1 && errno == EPERM;
}

static int deny_two(void)
{
	const int calls[] = {SYS_getppid, SYS_getuid};

	if (confine_deny(calls, sizeof(calls) / sizeof(*calls)))
		return 1;
	if (!fails(SYS_getppid) || !fails(SYS_getuid))
		return 2;
	return fails(SYS_getpid) || fails(SYS_getgid) ? 3 : 0;
}

static int allow_few(void)
{
	/* Behind getpid: what an end takes, with a sanitizer too. */
	const int calls[] = {SYS_getpid, SYS_exit_group, SYS_exit, SYS_mmap, SYS_munmap,
		SYS_mprotect, SYS_madvise, SYS_brk, SYS_futex, SYS_rt_sigprocmask, SYS_rt_sigaction,
		SYS_sigaltstack, SYS_gettid, SYS_sched_yield, SYS_write};

	if (confine_allow(calls, sizeof(calls) / sizeof(*calls)))
		return 1;
	if (fails(SYS_getpid))
		return 2;
	return fails(SYS_getppid) && fails(SYS_getuid) && fails(SYS_getgid) ? 0 : 3;
}

#ifdef __x86_64__
/* The same call by its number of x32, which has another meaning for a filter. */
static int deny_x32(void)
{
	const int calls[] = {SYS_getppid};
	const long x32 = 0x40000000;

	if (confine_deny(calls, 1))
		return 1;
	errno = 0;
	return syscall(x32 + SYS_getppid) == -1 && (errno == EPERM || errno == ENOSYS) ? 0 : 2;
}
#endif

static int too_many(void)
{
	int calls[201] = {0};

	return confine_deny(calls, sizeof(calls) / sizeof(*calls)) == -E2BIG ? 0 : 1;
}

static int drop_all(void)
{
	if (confine_capabilities(0))
		return 1;
	/* The bounding set can only be left alone where CAP_SETPCAP was missing before. */
	for (int i = 0; i < 64; i++) {
		if (geteuid() == 0 && prctl(PR_CAPBSET_READ, i, 0, 0, 0) == 1)
			return 2;
	}
	return chroot("/") < 0 && errno == EPERM ? 0 : 3;
}

static void test_calls_are_denied(void **state)
{
	(void)state;
	assert_int_equal(in_child(deny_two), 0);
	assert_int_equal(in_child(allow_few), 0);
#ifdef __x86_64__
	assert_int_equal(in_child(deny_x32), 0);
#endif
	assert_int_equal(in_child(too_many), 0);
}

static void test_capabilities_are_gone(void **state)
{
	(void)state;
	assert_int_equal(in_child(drop_all), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_calls_are_denied),
		cmocka_unit_test(test_capabilities_are_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
