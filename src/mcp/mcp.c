// SPDX-License-Identifier: MIT
/*
 * Lines are answered one after the other: a client that does not read its answers is not read from.
 * Of a line that is too long nothing is kept.
 */
#include "mcp/mcp.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "mcp/calls.h"
#include "mcp/tree.h"

enum {
	PIECE = 1 << 16, /* what a pipe holds */
};

struct stream {
	struct buffer line; /* what was read of it */
	bool too_long; /* the rest of it is passed over */
	struct buffer reply;
	int out;
};

static int end_line(struct stream *stream, struct session *session)
{
	if (stream->too_long)
		session_too_long(&stream->reply);
	else
		session_line(
			session, buffer_string(&stream->line), stream->line.len, &stream->reply);
	stream->too_long = false;
	buffer_clear(&stream->line);
	int r = stream->reply.error
		? stream->reply.error
		: file_write(stream->out, stream->reply.data, stream->reply.len);
	/* One large answer need not stay in memory. */
	if (stream->reply.size > TREE_BYTES_MOST) {
		buffer_free(&stream->reply);
		stream->reply = (struct buffer){0};
	}
	buffer_clear(&stream->reply);
	return r;
}

static void add(struct stream *stream, const char *bytes, size_t len)
{
	if (stream->too_long || stream->line.len + len > TREE_BYTES_MOST) {
		stream->too_long = true;
		buffer_clear(&stream->line);
		return;
	}
	buffer_bytes(&stream->line, bytes, len);
}

static int take(struct stream *stream, struct session *session, const char *bytes, size_t len)
{
	int r = 0;

	while (len && !r) {
		const char *end = memchr(bytes, '\n', len);
		size_t part = end ? (size_t)(end - bytes) : len;

		add(stream, bytes, part);
		r = stream->line.error;
		if (end && !r)
			r = end_line(stream, session);
		bytes += part + (end != NULL);
		len -= part + (end != NULL);
	}
	return r;
}

int mcp_run(struct berth *berth, const struct mcp_settings *settings, int in, int out)
{
	struct calls calls = {.berth = berth, .folder = settings->folder};
	struct session session = {
		.allow_leases = settings->allow_leases, .call = calls_make, .context = &calls};
	struct stream stream = {.out = out};
	char piece[PIECE];
	int r = 0;

	while (!r) {
		ssize_t got = read(in, piece, sizeof(piece));

		if (got < 0 && errno == EINTR)
			continue;
		r = got < 0 ? -errno : 0;
		if (got <= 0)
			break;
		r = take(&stream, &session, piece, (size_t)got);
	}
	/* The last line may lack its end. */
	if (!r && (stream.line.len || stream.too_long))
		r = end_line(&stream, &session);
	buffer_free(&stream.line);
	buffer_free(&stream.reply);
	calls_free(&calls);
	return r;
}
