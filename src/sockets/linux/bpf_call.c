// SPDX-License-Identifier: MIT
#include "sockets/linux/bpf_call.h"

#include <errno.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	CHUNK = 4096,
};

static int call(enum bpf_cmd command, union bpf_attr *attr)
{
	int r = (int)syscall(__NR_bpf, command, attr, sizeof(*attr));

	return r < 0 ? -errno : r;
}

int bpf_call_iterator(int link)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.iter_create.link_fd = (uint32_t)link;
	return call(BPF_ITER_CREATE, &attr);
}

static int read_all(int fd, struct buffer *ret)
{
	ssize_t got = 1;

	while (got > 0) {
		char *place = buffer_reserve(ret, CHUNK);

		if (!place)
			return ret->error;
		got = read(fd, place, CHUNK);
		if (got < 0 && (errno == EINTR || errno == EAGAIN))
			got = 1;
		else if (got > 0)
			ret->len += (size_t)got;
	}
	return got < 0 ? -errno : 0;
}

int bpf_call_read_all(int link, struct buffer *ret)
{
	int fd = bpf_call_iterator(link);

	if (fd < 0)
		return fd;
	int r = read_all(fd, ret);
	close(fd);
	return r;
}

int bpf_call_pin(int object, const char *path)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.pathname = (uint64_t)(uintptr_t)path;
	attr.bpf_fd = (uint32_t)object;
	return call(BPF_OBJ_PIN, &attr);
}

int bpf_call_run(int program)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.test.prog_fd = (uint32_t)program;
	return call(BPF_PROG_TEST_RUN, &attr);
}
