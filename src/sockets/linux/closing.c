// SPDX-License-Identifier: MIT
/* Loads bpf/closing.bpf.c for one question and reads it. */
#include "sockets/linux/closing.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <closing_bpf.lskel.h>

enum {
	CHUNK = 4096,
};

static int open_iterator(int link)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.iter_create.link_fd = (uint32_t)link;
	int fd = (int)syscall(__NR_bpf, BPF_ITER_CREATE, &attr, sizeof(attr.iter_create));
	return fd < 0 ? -errno : fd;
}

static int read_all(int fd, struct buffer *ret)
{
	ssize_t got = 1;

	while (got > 0) {
		char *place = buffer_reserve(ret, CHUNK);

		if (!place)
			return ret->error;
		got = read(fd, place, CHUNK);
		if (got < 0 && errno == EINTR)
			got = 1;
		else if (got > 0)
			ret->len += (size_t)got;
	}
	return got < 0 ? -errno : 0;
}

/* A system_fetch; the context is the port. */
static int fetch(void *context, struct buffer *ret)
{
	struct closing_bpf *program = closing_bpf__open();

	if (!program)
		return -ENOMEM;
	program->bss->berth_port = *(const uint16_t *)context;
	int r = closing_bpf__load(program);
	if (r >= 0)
		r = closing_bpf__attach(program);
	if (r >= 0)
		r = open_iterator(program->links.berth_closing_fd);
	if (r >= 0) {
		int fd = r;

		r = read_all(fd, ret);
		close(fd);
	}
	closing_bpf__destroy(program);
	return r;
}

static int ask(const struct sockets_system *system, uint16_t port, struct buffer *ret_answer)
{
	return system_call(system, "closing.bin", fetch, &port, ret_answer);
}

int closing_ask(const struct sockets_system *system, struct rows *rows)
{
	uint16_t port = rows->question->one_port;
	struct buffer answer = {0};
	int r = port ? ask(system, port, &answer) : 0;

	if (!r && answer.len)
		r = closing_rows_read(answer.data, answer.len, rows);
	buffer_free(&answer);
	return r == -ENOMEM ? r : 0;
}

int sockets_bucket(
	const struct sockets_system *system, uint16_t port, struct sockets_bucket *ret_bucket)
{
	struct buffer answer = {0};
	int r = ask(system, port, &answer);

	if (!r)
		r = closing_rows_bucket(answer.data, answer.len, ret_bucket);
	buffer_free(&answer);
	return r;
}
