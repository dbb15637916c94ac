// SPDX-License-Identifier: MIT
/* Loads bpf/bind_bucket.bpf.c for one question and runs it. */
#include "sockets/sockets.h"

#include <errno.h>
#include <linux/types.h>
#include <unistd.h>

#include "sockets/linux/bpf/bind_bucket_record.h"

#include <bind_bucket_bpf.lskel.h> /* needs that record */

#include "sockets/linux/bpf_call.h"
#include "sockets/linux/closing.h"
#include "sockets/linux/system.h"

/* A system_fetch; the context is the port. */
static int fetch(void *context, struct buffer *ret)
{
	struct bind_bucket_bpf *program = bind_bucket_bpf__open();

	if (!program)
		return -ENOMEM;
	program->bss->berth_port = *(const uint16_t *)context;
	int r = bind_bucket_bpf__load(program);
	if (r >= 0)
		r = bpf_call_run(program->progs.berth_bind_bucket.prog_fd);
	if (r >= 0) {
		buffer_bytes(ret, &program->bss->berth_bucket, sizeof(struct bind_bucket_record));
		r = ret->error;
	}
	bind_bucket_bpf__destroy(program);
	return r;
}

int sockets_bucket(
	const struct sockets_system *system, uint16_t port, struct sockets_bucket *ret_bucket)
{
	struct buffer answer = {0};
	int r = system_call(system, "bind-bucket.bin", fetch, &port, &answer);

	if (!r)
		r = closing_rows_bucket(answer.data, answer.len, ret_bucket);
	buffer_free(&answer);
	return r;
}
