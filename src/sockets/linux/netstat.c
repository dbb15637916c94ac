// SPDX-License-Identifier: MIT
/*
 * Reads /proc/net/netstat (net/ipv4/proc.c netstat_seq_show): for each group a line of names and a
 * line of numbers, both behind the group's name and a colon. The counters are of the network
 * namespace of the reader, whoever's socket it was.
 */
#include "sockets/linux/netstat.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"

enum {
	LARGEST = 64 << 10, /* 3 KB on Linux 6.18 */
};

struct span {
	const char *text;
	size_t len;
};

/* Takes what stands before the next `end` off the front; nothing is left behind the last one. */
static struct span take(struct span *rest, char end)
{
	const char *found = rest->len ? memchr(rest->text, end, rest->len) : NULL;
	struct span taken = {rest->text, found ? (size_t)(found - rest->text) : rest->len};
	size_t used = taken.len + (found != NULL);

	rest->text += used;
	rest->len -= used;
	return taken;
}

static bool is_text(struct span span, const char *text)
{
	return span.len == strlen(text) && !memcmp(span.text, text, span.len);
}

/* The value that stands in the second line where `name` stands in the first. */
static int pick(struct span names, struct span values, const char *name, uint64_t *ret_value)
{
	while (names.len && values.len) {
		struct span word = take(&names, ' ');
		struct span value = take(&values, ' ');

		if (is_text(word, name))
			return text_number(value.text, value.len, UINT64_MAX, ret_value) ? -EBADMSG
											 : 0;
	}
	return names.len ? -EBADMSG : -ENOENT;
}

int netstat_counter(
	const char *text, size_t len, const char *group, const char *name, uint64_t *ret_value)
{
	struct span rest = {text, len};

	while (rest.len) {
		struct span names = take(&rest, '\n');
		struct span names_group = take(&names, ':');
		struct span values = {0};

		if (!is_text(names_group, group))
			continue;
		values = take(&rest, '\n');
		if (!is_text(take(&values, ':'), group))
			return -EBADMSG;
		(void)take(&names, ' '); /* the one behind the colon */
		(void)take(&values, ' ');
		return pick(names, values, name, ret_value);
	}
	return -ENOENT;
}

/* sk_acceptq_is_full (include/net/sock.h): a backlog of n takes n + 1. */
static bool is_full(const struct berth_socket *row)
{
	return row->state == BERTH_LISTEN && row->cookie && row->receive_queue > row->send_queue;
}

static bool is_wanted(const struct rows *rows)
{
	if (rows->question->details)
		return true;
	for (size_t i = 0; i < rows->count; i++) {
		if (is_full(rows->all + i))
			return true;
	}
	return false;
}

void netstat_read(const struct sockets_system *system, const struct rows *rows,
	struct berth_listen_losses *ret_losses)
{
	struct berth_listen_losses losses = {0};
	struct buffer text = {0};

	if (!is_wanted(rows))
		return;
	if (!system_file(system, "/proc/net/netstat", LARGEST, &text) && text.data)
		losses.known = !netstat_counter(text.data, text.len, "TcpExt", "ListenOverflows",
				       &losses.overflows) &&
			!netstat_counter(
				text.data, text.len, "TcpExt", "ListenDrops", &losses.drops);
	buffer_free(&text);
	*ret_losses = losses;
}
