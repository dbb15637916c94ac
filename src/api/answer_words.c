// SPDX-License-Identifier: MIT
/*
 * Who answers, in words. Names of processes go in as they are; faces escape them.
 */
#include "api/answer_words.h"

#include <inttypes.h>

#include "binding/answers.h"

enum {
	MOST_NAMED = 3, /* processes that one sentence names */
};

void answer_words_place(struct buffer *out, uint8_t family, const char *address_text, uint16_t port)
{
	buffer_format(out, family == 6 ? "[%s]:%u" : "%s:%u", address_text, (unsigned)port);
}

static void put_process(struct buffer *out, const struct berth_process *process)
{
	buffer_format(out, "%s (pid %" PRIu32, process->name, process->pid);
	if (process->user)
		buffer_format(out, ", %s", process->user);
	buffer_char(out, ')');
}

/* The oldest has the socket for itself; the others mostly inherited it. */
static const struct berth_process *oldest_of(const struct berth_socket *socket)
{
	const struct berth_process *oldest = NULL;

	for (size_t i = 0; i < socket->n_owners; i++) {
		const struct berth_process *process = socket->owners[i].process;

		if (!oldest || process->start_ticks < oldest->start_ticks)
			oldest = process;
	}
	return oldest;
}

void answer_words_holder(struct buffer *out, const struct berth_socket *socket)
{
	const struct berth_process *oldest = oldest_of(socket);

	if (oldest) {
		put_process(out, oldest);
		return;
	}
	buffer_text(out,
		socket->reason == BERTH_KERNEL_SOCKET ? "a socket without a process" : "somebody");
	if (socket->has_uid && socket->user)
		buffer_format(out, " of %s", socket->user);
	else if (socket->has_uid)
		buffer_format(out, " of uid %" PRIu32, socket->uid);
}

static bool same_holder(const struct berth_socket *a, const struct berth_socket *b)
{
	const struct berth_process *process = oldest_of(a);

	if (process)
		return process == oldest_of(b);
	return !oldest_of(b) && a->uid == b->uid;
}

static bool named_before(const struct berth_socket *const *sockets, size_t index)
{
	for (size_t i = 0; i < index; i++) {
		if (same_holder(sockets[i], sockets[index]))
			return true;
	}
	return false;
}

void answer_words_holders(struct buffer *out, const struct berth_socket *const *sockets, size_t n)
{
	size_t named = 0;

	for (size_t i = 0; i < n; i++) {
		if (named_before(sockets, i))
			continue;
		if (named == MOST_NAMED) {
			buffer_text(out, " and others");
			return;
		}
		if (named++)
			buffer_text(out, ", ");
		answer_words_holder(out, sockets[i]);
	}
}

static bool all_strangers(const struct berth_destination *a, const struct berth_destination *b)
{
	for (size_t i = 0; i < a->n_answered_by; i++) {
		for (size_t j = 0; j < b->n_answered_by; j++) {
			if (!answers_strangers(a->answered_by[i], b->answered_by[j]))
				return false;
		}
	}
	return a->n_answered_by && b->n_answered_by;
}

void answer_words_split(
	struct buffer *out, const struct berth_destination *a, const struct berth_destination *b)
{
	if (!all_strangers(a, b))
		return;
	buffer_text(out, "split: ");
	answer_words_holders(out, a->answered_by, a->n_answered_by);
	buffer_text(out, " answers at ");
	answer_words_place(out, a->family, a->address_text, a->port);
	buffer_text(out, ", but ");
	answer_words_holders(out, b->answered_by, b->n_answered_by);
	buffer_text(out, " at ");
	answer_words_place(out, b->family, b->address_text, b->port);
	buffer_text(out, "; a client gets the one whose address it tries first");
}
