// SPDX-License-Identifier: MIT
/*
 * The warnings: a client gets another server than its author thinks when unrelated processes answer
 * at two addresses of one name, or share one place; and no server at all when one is bound to
 * another interface, or does not accept.
 */
#include "api/answer_flags.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "api/answer_words.h"

static void put_shared(struct buffer *out, const struct answer_place *place)
{
	const struct berth_destination *destination = place->destination;

	for (size_t i = 1; i < destination->n_answered_by; i++) {
		if (!answers_strangers(destination->answered_by[0], destination->answered_by[i]))
			continue;
		buffer_text(out, "shared: unrelated processes wait at ");
		answer_words_place(
			out, destination->family, destination->address_text, destination->port);
		buffer_text(out, " (");
		answer_words_holders(out, destination->answered_by, destination->n_answered_by);
		buffer_text(out, ")");
		if (destination->certain)
			buffer_text(out, ", and each gets a part of the connections");
		return;
	}
}

static void put_interface(struct buffer *out, const struct answer_place *place)
{
	for (size_t i = 0; i < place->n_sockets; i++) {
		const struct berth_socket *socket = place->sockets[i];

		if (!answers_misses_interface(&place->target, socket))
			continue;
		answer_words_holder(out, socket);
		buffer_text(out, " waits at ");
		answer_words_place(out, socket->family, socket->local_text, socket->local_port);
		if (socket->interface)
			buffer_format(out, " on %s only", socket->interface);
		else
			buffer_format(out, " on interface %" PRIu32 " only", socket->ifindex);
		buffer_text(out, ", by which nothing comes that this machine sends to ");
		answer_words_place(out, place->destination->family,
			place->destination->address_text, place->destination->port);
		return;
	}
}

static void put_backlog(struct buffer *out, const struct answer_place *place)
{
	const struct berth_destination *destination = place->destination;

	for (size_t i = 0; i < destination->n_answered_by; i++) {
		const struct berth_socket *socket = destination->answered_by[i];

		/* As berth_socket_backlog(). */
		if (socket->state != BERTH_LISTEN || !socket->cookie ||
			socket->receive_queue <= socket->send_queue)
			continue;
		answer_words_holder(out, socket);
		buffer_text(out, " does not accept at ");
		answer_words_place(
			out, destination->family, destination->address_text, destination->port);
		buffer_format(out,
			": its backlog is full (%" PRIu32 "/%" PRIu32
			"), and new connections wait or are lost",
			socket->receive_queue, socket->send_queue);
		return;
	}
}

struct flags {
	struct arena *arena;
	struct berth_flag *all;
	size_t n;
	int error;
};

static bool said_before(const struct flags *flags, const char *text)
{
	for (size_t i = 0; i < flags->n; i++) {
		if (!strcmp(flags->all[i].text, text))
			return true;
	}
	return false;
}

/* Takes the sentence, if there is one, and frees the buffer. */
static void add(struct flags *flags, enum berth_flag_kind kind, struct buffer *sentence)
{
	const char *text = buffer_string(sentence);

	if (sentence->error)
		flags->error = sentence->error;
	if (sentence->len && !sentence->error && !said_before(flags, text)) {
		const char *copy = arena_text(flags->arena, text, sentence->len);

		if (copy)
			flags->all[flags->n++] = (struct berth_flag){.kind = kind, .text = copy};
		else
			flags->error = -ENOMEM;
	}
	buffer_free(sentence);
}

/* The first other place at which strangers answer: one sentence says it. */
static void add_split(struct flags *flags, const struct answer_place *places, size_t n)
{
	struct buffer sentence = {0};

	for (size_t i = 0; i < n && !sentence.len; i++) {
		for (size_t j = i + 1; j < n && !sentence.len; j++)
			answer_words_split(&sentence, places[i].destination, places[j].destination);
	}
	add(flags, BERTH_FLAG_SPLIT, &sentence);
}

int answer_flags(struct arena *arena, const struct answer_place *places, size_t n_places,
	const char *outside, struct berth_answers *answers)
{
	static const struct {
		enum berth_flag_kind kind;
		void (*put)(struct buffer *out, const struct answer_place *place);
	} of_place[] = {
		{BERTH_FLAG_SHARED_GROUP, put_shared},
		{BERTH_FLAG_INTERFACE, put_interface},
		{BERTH_FLAG_BACKLOG_FULL, put_backlog},
	};
	const size_t kinds = sizeof(of_place) / sizeof(*of_place);
	struct flags flags = {.arena = arena,
		.all = arena_array(arena, n_places * kinds + 2, sizeof(*flags.all))};

	if (!flags.all)
		return -ENOMEM;
	add_split(&flags, places, n_places);
	for (size_t i = 0; i < n_places; i++) {
		for (size_t kind = 0; kind < kinds; kind++) {
			struct buffer sentence = {0};

			of_place[kind].put(&sentence, places + i);
			add(&flags, of_place[kind].kind, &sentence);
		}
	}
	if (outside)
		flags.all[flags.n++] =
			(struct berth_flag){.kind = BERTH_FLAG_OUTSIDE, .text = outside};
	answers->flags = flags.all;
	answers->n_flags = flags.n;
	return flags.error;
}
