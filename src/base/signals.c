// SPDX-License-Identifier: MIT
/* Signals by name. The C libraries' own tables are not alike (sigabbrev_np is glibc's alone). */
#include "base/signals.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/signalfd.h>

#include "base/text.h"

static const struct {
	const char *name;
	int number;
	bool ends;
} table[] = {
	{"SIGTERM", SIGTERM, true},
	{"SIGKILL", SIGKILL, true},
	{"SIGINT", SIGINT, true},
	{"SIGQUIT", SIGQUIT, true},
	{"SIGABRT", SIGABRT, true},
	{"SIGHUP", SIGHUP, false},
	{"SIGUSR1", SIGUSR1, false},
	{"SIGUSR2", SIGUSR2, false},
	{"SIGALRM", SIGALRM, false},
	{"SIGCONT", SIGCONT, false},
	{"SIGSTOP", SIGSTOP, false},
	{"SIGTSTP", SIGTSTP, false},
	{"SIGTTIN", SIGTTIN, false},
	{"SIGTTOU", SIGTTOU, false},
	{"SIGWINCH", SIGWINCH, false},
	{"SIGCHLD", SIGCHLD, false},
	{"SIGURG", SIGURG, false},
	{"SIGIO", SIGIO, false},
	{"SIGPIPE", SIGPIPE, false},
	{"SIGPWR", SIGPWR, false},
	{"SIGSYS", SIGSYS, true},
	{"SIGTRAP", SIGTRAP, true},
	{"SIGBUS", SIGBUS, true},
	{"SIGFPE", SIGFPE, true},
	{"SIGILL", SIGILL, true},
	{"SIGSEGV", SIGSEGV, true},
	{"SIGVTALRM", SIGVTALRM, false},
	{"SIGPROF", SIGPROF, false},
	{"SIGXCPU", SIGXCPU, true},
	{"SIGXFSZ", SIGXFSZ, true},
};

enum {
	N_SIGNALS = sizeof(table) / sizeof(*table),
	PREFIX = 3, /* "SIG" */
};

int signals_parse(const char *text)
{
	uint64_t number = 0;
	int r = text_number(text, strlen(text), UINT16_MAX, &number);

	if (!r)
		return number > 0 && (int)number <= SIGRTMAX ? (int)number : -EINVAL;
	for (size_t i = 0; i < N_SIGNALS; i++) {
		if (!text_compare_fold(text, table[i].name) ||
			!text_compare_fold(text, table[i].name + PREFIX))
			return table[i].number;
	}
	return -EINVAL;
}

const char *signals_name(int signal)
{
	for (size_t i = 0; i < N_SIGNALS; i++) {
		if (table[i].number == signal)
			return table[i].name;
	}
	return "a signal";
}

bool signals_ends(int signal)
{
	for (size_t i = 0; i < N_SIGNALS; i++) {
		if (table[i].number == signal)
			return table[i].ends;
	}
	return false;
}

int signals_open(const int *numbers, size_t n, sigset_t *ret_before)
{
	sigset_t set;

	(void)sigemptyset(&set);
	for (size_t i = 0; i < n; i++)
		(void)sigaddset(&set, numbers[i]);
	(void)sigprocmask(SIG_BLOCK, &set, ret_before);
	int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? -errno : fd;
}
