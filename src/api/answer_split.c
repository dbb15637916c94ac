// SPDX-License-Identifier: MIT
/*
 * The most frequent surprise of a port number: one program answers at 127.0.0.1, another at ::1,
 * and both are "localhost". Judged from the sockets that the report has anyway.
 */
#include "api/answer_split.h"

#include <errno.h>
#include <string.h>

#include "api/answer_words.h"
#include "binding/answers.h"

enum {
	LOOPBACK = 1, /* its index in every network namespace */
	FAMILIES = 2,
};

/* Those that wait for anybody: of many thousand sockets a few. */
static size_t find_waiting(
	const struct berth_report *report, enum berth_proto proto, const struct berth_socket **list)
{
	size_t n = 0;

	for (size_t i = 0; i < report->n_sockets; i++) {
		const struct berth_socket *socket = report->sockets[i];

		if (socket->proto == proto &&
			socket->state == (proto == BERTH_TCP ? BERTH_LISTEN : BERTH_CLOSE))
			list[n++] = socket;
	}
	return n;
}

/* `list` has room for three times the sockets of the report. */
static void judge(struct buffer *out, const struct berth_report *report, enum berth_proto proto,
	const struct berth_socket **list)
{
	struct berth_destination destinations[FAMILIES] = {
		{.family = 4, .address_text = "127.0.0.1", .port = report->port},
		{.family = 6, .address_text = "::1", .port = report->port},
	};
	struct answers_target targets[FAMILIES] = {
		{.family = 4, .address = {127, 0, 0, 1}},
		{.family = 6, .address = {[15] = 1}},
	};
	size_t n = find_waiting(report, proto, list);

	for (size_t i = 0; i < FAMILIES; i++) {
		const struct berth_socket **found = list + (i + 1) * n;

		targets[i].proto = proto;
		targets[i].port = report->port;
		targets[i].ifindex = LOOPBACK;
		destinations[i].n_answered_by = answers_judge(targets + i, list, n, found).n;
		destinations[i].answered_by = found;
	}
	answer_words_split(out, destinations, destinations + 1);
}

int answer_split(const struct berth_report *report, struct arena *arena, const char **ret_sentence)
{
	static const enum berth_proto protos[] = {BERTH_TCP, BERTH_UDP};
	struct buffer sentence = {0};
	int r = 0;

	*ret_sentence = NULL;
	if (report->n_sockets < 2)
		return 0;
	const struct berth_socket **list =
		arena_array(arena, report->n_sockets, 3 * sizeof(void *));
	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < sizeof(protos) / sizeof(*protos) && !sentence.len; i++)
		judge(&sentence, report, protos[i], list);
	if (sentence.len)
		*ret_sentence = arena_text(arena, sentence.data, sentence.len);
	if (sentence.error || (sentence.len && !*ret_sentence))
		r = -ENOMEM;
	buffer_free(&sentence);
	return r;
}
