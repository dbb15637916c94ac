// SPDX-License-Identifier: MIT
/* Loads bpf/buckets.bpf.c for one question and reads it. */
#include "sockets/sockets.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <buckets_bpf.lskel.h>

#include "sockets/linux/bpf_call.h"
#include "sockets/linux/system.h"

/* A system_fetch; the context is the range. */
static int fetch(void *context, struct buffer *ret)
{
	const struct berth_port_range *range = context;
	struct buckets_bpf *program = buckets_bpf__open();

	if (!program)
		return -ENOMEM;
	program->bss->berth_first = range->first;
	program->bss->berth_last = range->last;
	int r = buckets_bpf__load(program);
	if (r >= 0)
		r = buckets_bpf__attach(program);
	if (r >= 0)
		r = bpf_call_read_all(program->links.berth_buckets_fd, ret);
	buckets_bpf__destroy(program);
	return r;
}

int sockets_bound_ports(const struct sockets_system *system, const struct berth_port_range *range,
	sockets_bound_port *seen, void *context)
{
	struct berth_port_range wanted = *range;
	struct buffer answer = {0};
	int r = system_call(system, "buckets.bin", fetch, &wanted, &answer);

	for (size_t i = 0; !r && i + sizeof(uint16_t) <= answer.len; i += sizeof(uint16_t)) {
		uint16_t port;

		memcpy(&port, answer.data + i, sizeof(port));
		seen(context, port);
	}
	buffer_free(&answer);
	return r;
}
