// SPDX-License-Identifier: MIT
/*
 * Pages of ports that are known to be unchanged. At most every 0.4 seconds, and only while somebody
 * asks, the teller looks at all sockets and names the ports that have some, now or before: their
 * pages are made anew. The others differ from the page that was made before in the time of the look
 * alone, which stands at a known place.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "serve/front.h"

enum {
	BYTE = 8,
};

static const double fresh_s = 0.4;

bool front_shelf_is_fresh(const struct front *front, enum wire_view view)
{
	const struct shelf *shelf = &front->shelves[view];

	return shelf->looked_s > 0 && front->now_s - shelf->looked_s <= fresh_s;
}

static void drop(struct shelf *shelf, unsigned port)
{
	struct book *book = shelf->books[port];

	if (!book)
		return;
	shelf->bytes -= book->len;
	MHD_destroy_response(book->response);
	free(book);
	shelf->books[port] = NULL;
}

static void clear(struct shelf *shelf)
{
	for (unsigned port = 0; port < FRONT_PORTS && shelf->bytes; port++)
		drop(shelf, port);
}

void front_shelf_forget(struct front *front)
{
	for (unsigned view = 0; view < WIRE_VIEWS; view++)
		front->shelves[view].looked_s = 0;
}

void front_shelf_look(
	struct front *front, enum wire_view view, const struct wire_look *look, double asked_s)
{
	struct shelf *shelf = &front->shelves[view];

	for (unsigned port = 0; port < FRONT_PORTS && shelf->bytes; port++) {
		if (look->all || look->ports[port / BYTE] & 1U << port % BYTE)
			drop(shelf, port);
	}
	shelf->looked_s = asked_s;
	shelf->time_s = look->time_s;
}

/* A response of its own, which frees its copy of the text. */
static bool set_text(struct book *book, const char *text)
{
	char *copy = malloc(book->len);

	if (!copy)
		return false;
	memcpy(copy, text, book->len);
	struct MHD_Response *made =
		front_answers_make(WIRE_HTML, copy, book->len, MHD_RESPMEM_MUST_FREE);
	if (!made)
		return false;
	if (book->response)
		MHD_destroy_response(book->response);
	book->response = made;
	book->text = copy;
	return true;
}

void front_shelf_put(struct front *front, enum wire_view view, uint16_t port,
	const struct wire_head *head, const char *text)
{
	struct shelf *shelf = &front->shelves[view];
	struct book *book = calloc(1, sizeof(*book));

	drop(shelf, port);
	/* When it is full, all go: a page is made in less time than it takes to find the oldest. */
	if (shelf->bytes + head->len > FRONT_SHELF)
		clear(shelf);
	if (!book)
		return;
	book->len = head->len;
	book->time_at = head->time_at;
	book->time_s = shelf->time_s;
	if (!set_text(book, text)) {
		free(book);
		return;
	}
	shelf->books[port] = book;
	shelf->bytes += book->len;
}

/* The page says when the machine was looked at: it is the same page at a later time. Answers that
 * are on their way keep the text that they had. */
static bool set_time(struct book *book, int64_t time_s)
{
	char text[WIRE_TIME + 1];
	struct tm parts;
	time_t taken = (time_t)time_s;

	if (!gmtime_r(&taken, &parts) ||
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &parts) != WIRE_TIME)
		return false;
	memcpy(book->text + book->time_at, text, WIRE_TIME);
	book->time_s = time_s;
	return true;
}

struct MHD_Response *front_shelf_find(struct front *front, enum wire_view view, uint16_t port)
{
	struct shelf *shelf = &front->shelves[view];
	struct book *book = shelf->books[port];

	if (!book)
		return NULL;
	if (book->time_at && book->time_s != shelf->time_s &&
		(!set_text(book, book->text) || !set_time(book, shelf->time_s))) {
		drop(shelf, port);
		return NULL;
	}
	front->counts.from_shelf++;
	return book->response;
}
