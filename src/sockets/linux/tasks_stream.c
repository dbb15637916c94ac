// SPDX-License-Identifier: MIT
/* Decodes what the task iterator tells (bpf/stream.h). */
#include <errno.h>
#include <linux/types.h>
#include <string.h>

#include "sockets/linux/bpf/stream.h"
#include "sockets/linux/tasks.h"

enum {
	CELL = sizeof(struct stream_cell),
	HEAD = sizeof(struct stream_head),
	NANOSECONDS = 1000000000,
};

static void begin_process(struct tasks_stream *stream, const struct stream_head *head)
{
	stream->process = (struct owners_hit){
		.pid = head->pid,
		.parent = head->parent,
		.uid = head->uid,
		/* A user's number as another user namespace has it is none that we could show. */
		.has_process = !(head->flags & STREAM_OTHER_USERS),
		.start_ticks = head->start_ns / (NANOSECONDS / stream->ticks_per_s),
	};
	memcpy(stream->process.name, head->name, sizeof(stream->process.name));
	stream->process.name[sizeof(stream->process.name) - 1] = '\0';
	stream->first = stream->hits->count;
	stream->in_process = true;
}

static int see_socket(struct tasks_stream *stream, const struct stream_cell *cell)
{
	struct owners_hit hit = stream->process;

	if (!stream->in_process || cell->fd > INT32_MAX)
		return -EBADMSG;
	/* Pid 0: it is in no PID namespace that we can see. */
	if (!hit.pid || !map_has(stream->wanted, cell->inode))
		return 0;
	hit.inode = cell->inode;
	hit.fd = (int32_t)cell->fd;
	return owners_hit(stream->hits, &hit);
}

static int see_mark(struct tasks_stream *stream, uint32_t kind)
{
	switch (kind) {
	case STREAM_CHANGED:
		stream->hits->count = stream->first;
		break;
	case STREAM_END:
		break;
	case STREAM_DONE:
		if (stream->in_process)
			return -EBADMSG;
		stream->done = true;
		return 0;
	default:
		return -EBADMSG;
	}
	if (!stream->in_process)
		return -EBADMSG;
	stream->in_process = false;
	return 0;
}

/* One element at the front; how many bytes it has, 0: it is cut. */
static int see_element(struct tasks_stream *stream, const unsigned char *bytes, size_t len)
{
	struct stream_cell cell;
	struct stream_head head;
	int r = 0;

	if (stream->done)
		return -EBADMSG;
	if (len < CELL)
		return 0;
	memcpy(&cell, bytes, CELL);
	if (cell.inode) {
		r = see_socket(stream, &cell);
		return r ? r : CELL;
	}
	if (cell.fd != STREAM_HEAD) {
		r = see_mark(stream, cell.fd);
		return r ? r : CELL;
	}
	if (stream->in_process)
		return -EBADMSG;
	if (len < HEAD)
		return 0;
	memcpy(&head, bytes, HEAD);
	begin_process(stream, &head);
	return HEAD;
}

/* Completes the element that was cut; how many of the new bytes that took. */
static int complete(struct tasks_stream *stream, const unsigned char *bytes, size_t len)
{
	size_t had = stream->n_rest;
	size_t added = sizeof(stream->rest) - had < len ? sizeof(stream->rest) - had : len;

	memcpy(stream->rest + had, bytes, added);
	int used = see_element(stream, stream->rest, had + added);
	if (used < 0)
		return used;
	stream->n_rest = used ? 0 : had + added;
	return used ? used - (int)had : (int)added;
}

int tasks_stream_decode(struct tasks_stream *stream, const void *bytes, size_t len)
{
	const unsigned char *at = bytes;

	if (stream->n_rest) {
		int used = complete(stream, at, len);

		if (used < 0)
			return used;
		at += used;
		len -= (size_t)used;
	}
	while (len && !stream->n_rest) {
		int used = see_element(stream, at, len);

		if (used < 0)
			return used;
		if (!used) {
			memcpy(stream->rest, at, len);
			stream->n_rest = len;
			break;
		}
		at += used;
		len -= (size_t)used;
	}
	return 0;
}
