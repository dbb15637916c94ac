// SPDX-License-Identifier: MIT
/* Loads bpf/closing.bpf.c for one question and reads it. */
#include "sockets/linux/closing.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <closing_bpf.lskel.h>

#include "sockets/linux/bpf_call.h"

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
		r = bpf_call_read_all(program->links.berth_closing_fd, ret);
	closing_bpf__destroy(program);
	return r;
}

int closing_ask(const struct sockets_system *system, struct rows *rows)
{
	uint16_t port = rows->question->one_port;
	struct buffer answer = {0};
	int r = port ? system_call(system, "closing.bin", fetch, &port, &answer) : 0;

	if (!r && answer.len)
		r = closing_rows_read(answer.data, answer.len, rows);
	buffer_free(&answer);
	return r == -ENOMEM ? r : 0;
}
