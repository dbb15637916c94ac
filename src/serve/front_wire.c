// SPDX-License-Identifier: MIT
/* Questions to the teller, and its answers, which come in pieces between other things. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "serve/front.h"

enum {
	PIECE = 256 << 10, /* at most so much in one turn: others wait */
	OVERDUE = 504,
};

/* ---- Asking -----------------------------------------------------------------------------------
 */

static bool is_same(const struct wire_question *a, const struct wire_question *b)
{
	return a->route.kind == b->route.kind && a->route.has_port == b->route.has_port &&
		a->route.port == b->route.port && a->route.all == b->route.all &&
		a->route.limit == b->route.limit && a->view == b->view && a->uid == b->uid;
}

static struct question *find(struct front *front, const struct wire_question *wanted)
{
	for (unsigned i = 0; i < FRONT_QUESTIONS; i++) {
		struct question *question = &front->questions[i];

		if (question->id && !question->status && is_same(&question->asked, wanted))
			return question;
	}
	return NULL;
}

static struct question *find_id(struct front *front, uint32_t id)
{
	for (unsigned i = 0; i < FRONT_QUESTIONS; i++) {
		if (front->questions[i].id == id)
			return &front->questions[i];
	}
	return NULL;
}

/* Half of the places are for the server's user. Of the others, one whose view is a process's work
 * has few: the teller answers one after the other. */
static bool is_greedy(const struct front *front, const struct wire_question *wanted)
{
	unsigned others = 0;
	unsigned same = 0;

	for (unsigned i = 0; i < FRONT_QUESTIONS && wanted->view != WIRE_OWN; i++) {
		const struct question *question = &front->questions[i];

		if (!question->id || question->status || question->asked.view == WIRE_OWN)
			continue;
		others++;
		same += question->asked.view == WIRE_USER && question->asked.uid == wanted->uid;
	}
	return others >= FRONT_QUESTIONS / 2 ||
		(wanted->view == WIRE_USER && same >= FRONT_OF_USER);
}

struct question *front_wire_ask(
	struct front *front, const struct route *route, enum wire_view view, uint32_t uid)
{
	uint8_t bytes[WIRE_QUESTION];
	struct wire_question asked = {
		.route = *route, .view = view, .uid = view == WIRE_USER ? uid : 0};
	struct question *question = NULL;

	asked.route.has_token = false;
	question = find(front, &asked);
	if (question)
		return question;
	question = find_id(front, 0);
	if (!question || is_greedy(front, &asked))
		return NULL;
	front->last_id = front->last_id < INT32_MAX ? front->last_id + 1 : 1;
	asked.id = front->last_id;
	wire_put_question(bytes, &asked);
	/* A socket pair takes many questions before it is full; it takes all of one or nothing. */
	if (send(FRONT_WIRE, bytes, sizeof(bytes), MSG_NOSIGNAL | MSG_DONTWAIT) !=
		(ssize_t)sizeof(bytes))
		return NULL;
	*question = (struct question){.id = asked.id, .asked = asked, .since_s = front->now_s};
	front->counts.questions++;
	return question;
}

static void drop(struct question *question)
{
	if (question->response)
		MHD_destroy_response(question->response);
	*question = (struct question){0};
}

void front_wire_leave(struct question *question)
{
	if (!question || !question->waiting)
		return;
	question->waiting--;
	/* One that has not been answered stays until it is. */
	if (!question->waiting && question->status)
		drop(question);
}

void front_wire_tidy(struct front *front)
{
	for (unsigned i = 0; i < FRONT_QUESTIONS; i++) {
		struct question *question = &front->questions[i];

		if (question->id && !question->status &&
			front->now_s - question->since_s > FRONT_ANSWER_S) {
			question->status = OVERDUE;
			if (question->waiting)
				front_clients_wake(front, question);
			else
				drop(question);
		}
	}
}

/* ---- Hearing ----------------------------------------------------------------------------------
 */

/* Numbers of this process behind those of the other one. */
static char *add_counts(struct front *front, char *text, size_t *len)
{
	const struct counts *counts = &front->counts;
	struct buffer out = {0};

	const struct {
		const char *name;
		const char *type;
		const char *help;
		uint64_t value;
	} rows[] = {
		{"berth_serve_requests_total", "counter", "Requests.", counts->requests},
		{"berth_serve_refused_total", "counter", "Of these, answered with an error.",
			counts->refused},
		{"berth_serve_connections", "gauge", "Connections.", front->n_clients},
		{"berth_serve_connections_total", "counter", "Connections, ever.",
			counts->connections},
		{"berth_serve_turned_away_total", "counter", "Connections that found no place.",
			counts->turned_away},
		{"berth_serve_made_room_total", "counter",
			"Idle connections that were ended for others.", counts->made_room},
		{"berth_serve_too_slow_total", "counter",
			"Connections that took too long to ask, or to take the answer.",
			counts->too_slow},
		{"berth_serve_looks_total", "counter", "Questions to the machine.",
			counts->questions},
		{"berth_serve_from_memory_total", "counter",
			"Pages that were known to be unchanged.", counts->from_shelf},
		{"berth_serve_readers", "gauge", "Readers of events.", front->n_readers},
	};

	buffer_bytes(&out, text, *len);
	free(text);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		buffer_format(&out, "# HELP %s %s\n# TYPE %s %s\n%s %llu\n", rows[i].name,
			rows[i].help, rows[i].name, rows[i].type, rows[i].name,
			(unsigned long long)rows[i].value);
	if (out.error) {
		buffer_free(&out);
		return NULL;
	}
	*len = out.len;
	return out.data;
}

/* Takes the text, which belongs to the response afterwards. */
static void take_answer(struct front *front, const struct wire_head *head, char *text)
{
	struct question *question = find_id(front, head->id);
	size_t len = head->len;

	if (!question || question->status) { /* nobody waits any more */
		free(text);
		return;
	}
	question->status = head->status;
	if (head->type == WIRE_LOOK) {
		struct wire_look look;

		if (!wire_get_look(text, len, &look))
			front_shelf_look(front, question->asked.view, &look, question->since_s);
		free(text);
	} else {
		if (head->keep && question->asked.route.kind == ROUTE_PORT &&
			question->asked.view != WIRE_USER)
			front_shelf_put(front, question->asked.view, question->asked.route.port,
				head, text);
		if (head->type == WIRE_METRICS && text)
			text = add_counts(front, text, &len);
		question->response =
			front_answers_make(head->type, text, text ? len : 0, MHD_RESPMEM_MUST_FREE);
	}
	if (question->waiting)
		front_clients_wake(front, question);
	else
		drop(question);
}

static void take_whole(struct front *front)
{
	char *text = front->text;

	front->text = NULL;
	front->text_len = 0;
	front->head_len = 0;
	if (front->head.type == WIRE_NEWS) {
		front_feed_news(front, text, front->head.len);
		free(text);
	} else {
		take_answer(front, &front->head, text);
	}
}

/* Bytes, 0: none are there now; negative errno. */
static ssize_t receive(void *bytes, size_t len)
{
	ssize_t n = recv(FRONT_WIRE, bytes, len, MSG_DONTWAIT);

	if (n > 0)
		return n;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	return n < 0 ? -errno : -ECONNRESET;
}

/* The next piece of a head or text. As receive(). */
static ssize_t take_piece(struct front *front)
{
	ssize_t n = 0;

	if (front->head_len < WIRE_HEAD) {
		n = receive(front->head_bytes + front->head_len, WIRE_HEAD - front->head_len);
		if (n <= 0)
			return n;
		front->head_len += (size_t)n;
		if (front->head_len < WIRE_HEAD)
			return n;
		int error = wire_get_head(front->head_bytes, &front->head);
		if (error)
			return error;
		front->text = front->head.len ? malloc(front->head.len) : NULL;
		if (front->head.len && !front->text)
			return -ENOMEM;
	}
	if (front->text_len < front->head.len) {
		n = receive(front->text + front->text_len, front->head.len - front->text_len);
		if (n <= 0)
			return n;
		front->text_len += (size_t)n;
	}
	if (front->text_len == front->head.len)
		take_whole(front);
	return n ? n : 1;
}

int front_wire_take(struct front *front)
{
	ssize_t n = 1;

	for (size_t taken = 0; n > 0 && taken < PIECE; taken += (size_t)n) {
		n = take_piece(front);
		if (n < 0)
			return (int)n;
	}
	return 0;
}
