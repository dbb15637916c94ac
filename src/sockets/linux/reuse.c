// SPDX-License-Identifier: MIT
/*
 * SO_REUSEADDR and SO_REUSEPORT are in no dump (inet_sk_diag_fill). A duplicate of a descriptor can
 * be asked, which changes nothing for its owner; that it is the right socket is known by its inode,
 * so a pid that was used again does no harm.
 */
#include "sockets/linux/reuse.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/map.h"
#include "sockets/linux/closing.h"

/* The same numbers on every architecture (asm-generic/unistd.h). */
enum {
	CALL_PIDFD_OPEN = 434, /* 5.3 */
	CALL_PIDFD_GETFD = 438, /* 5.6 */
};

enum {
	LOCAL_PORT_RANGE = 51, /* IP_LOCAL_PORT_RANGE, linux/in.h since 6.3 */
	HIGH_SHIFT = 16, /* its upper bound is in the upper half */
	MOST_RANGES = 4096, /* 4 us each */
};

struct question;

/* What a duplicate is asked; appends the answer. 0 or -errno. */
typedef int inquiry(int fd, const struct question *question, struct buffer *ret);

struct question {
	uint64_t inode;
	uint32_t pid;
	int fd;
	uint8_t family;
	inquiry *ask;
};

static int option(int fd, int level, int name)
{
	int value = 0;
	socklen_t len = sizeof(value);

	return getsockopt(fd, level, name, &value, &len) < 0 ? -1 : value != 0;
}

/* An inquiry. */
static int ask_reuse(int fd, const struct question *question, struct buffer *ret)
{
	const struct reuse_answer answer = {
		.reuseaddr = option(fd, SOL_SOCKET, SO_REUSEADDR),
		.reuseport = option(fd, SOL_SOCKET, SO_REUSEPORT),
		.v6only = question->family == 6 ? option(fd, IPPROTO_IPV6, IPV6_V6ONLY) : -1,
	};

	if (answer.reuseaddr < 0 || answer.reuseport < 0)
		return -EOPNOTSUPP;
	buffer_bytes(ret, &answer, sizeof(answer));
	return ret->error;
}

/* An inquiry. */
static int ask_range(int fd, const struct question *question, struct buffer *ret)
{
	uint32_t range = 0;
	socklen_t len = sizeof(range);

	(void)question;
	if (getsockopt(fd, IPPROTO_IP, LOCAL_PORT_RANGE, &range, &len) < 0)
		return -errno;
	buffer_bytes(ret, &range, sizeof(range));
	return ret->error;
}

/* A system_fetch. */
static int fetch(void *context, struct buffer *ret)
{
	const struct question *question = context;
	struct stat status;
	long process = syscall(CALL_PIDFD_OPEN, (pid_t)question->pid, 0U);

	if (process < 0)
		return -errno;
	long fd = syscall(CALL_PIDFD_GETFD, (int)process, question->fd, 0U);
	int r = fd < 0 ? -errno : 0;
	if (!r && (fstat((int)fd, &status) < 0 || status.st_ino != question->inode))
		r = -ENOENT;
	if (!r)
		r = question->ask((int)fd, question, ret);
	if (fd >= 0)
		close((int)fd);
	close((int)process);
	return r;
}

static bool ask_owner(const struct sockets_system *system, const struct berth_socket *row,
	const struct berth_owner *owner, inquiry *ask, void *ret, size_t size)
{
	struct question question = {.inode = row->inode,
		.pid = owner->process->pid,
		.fd = owner->fd,
		.family = row->family,
		.ask = ask};
	struct buffer answer = {0};
	char name[64];

	(void)snprintf(name, sizeof(name), "%s/%llu.bin", ask == ask_range ? "range" : "reuse",
		(unsigned long long)row->inode);
	int r = owner->fd < 0 ? -ENOENT : system_call(system, name, fetch, &question, &answer);
	bool known = !r && answer.len == size;

	if (known)
		memcpy(ret, answer.data, size);
	buffer_free(&answer);
	return known;
}

static void take(struct berth_socket *row, const struct reuse_answer *answer)
{
	row->has_reuse = true;
	row->reuseaddr = answer->reuseaddr > 0;
	row->reuseport = answer->reuseport > 0;
	if (row->family == 6 && answer->v6only >= 0)
		row->v6only = (int8_t)(answer->v6only > 0);
}

int reuse_ask(const struct sockets_system *system, struct rows *rows)
{
	bool complete = true;

	for (size_t i = 0; i < rows->count; i++) {
		struct berth_socket *row = rows->all + i;
		struct reuse_answer answer;

		for (size_t o = 0; o < row->n_owners && !row->has_reuse; o++) {
			if (ask_owner(system, row, &row->owners[o], ask_reuse, &answer,
				    sizeof(answer)))
				take(row, &answer);
		}
		complete = complete && (row->has_reuse || row->proto != BERTH_TCP);
	}
	return complete ? 0 : closing_ask(system, rows);
}

void reuse_ranges(const struct sockets_system *system, struct rows *rows)
{
	size_t asked = 0;

	for (size_t i = 0; i < rows->count && asked < MOST_RANGES; i++) {
		struct berth_socket *row = rows->all + i;
		uint32_t range = 0;

		if (!row->n_owners)
			continue;
		asked++;
		if (!ask_owner(system, row, row->owners, ask_range, &range, sizeof(range)))
			continue;
		row->range_first = (uint16_t)range;
		row->range_last = (uint16_t)(range >> HIGH_SHIFT);
	}
}
