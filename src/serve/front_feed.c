// SPDX-License-Identifier: MIT
/*
 * Server-sent events (the EventSource chapter of the HTML standard). One ring of text for each
 * view; a reader that falls so far behind that the ring has gone round is told that it missed some.
 * Behind the events of one moment, and ten times a second at most, follows one "change".
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "serve/front.h"

enum {
	BLOCK = 8 << 10,
	OK = 200,
};

static const double alive_s = 15;
static const double change_s = 0.1; /* not more often */

static const char opening[] = "retry: 2000\n: events of ports, as berth watch tells them\n\n";
static const char missed[] = "event: missed\ndata: {}\n\nevent: change\ndata: {}\n\n";
static const char change[] = "event: change\ndata: {}\n\n";
static const char alive[] = ": still here\n\n";

static unsigned view_of(const struct client *client)
{
	return client->view == WIRE_OWN ? WIRE_OWN : WIRE_PUBLIC;
}

/* ---- The ring ---------------------------------------------------------------------------------
 */

static void put_bytes(struct feed *feed, const char *text, size_t len)
{
	while (len) {
		size_t at = (size_t)(feed->written % FRONT_FEED);
		size_t n = len < FRONT_FEED - at ? len : FRONT_FEED - at;

		memcpy(feed->bytes + at, text, n);
		feed->written += n;
		text += n;
		len -= n;
	}
}

/* Appends whole events. Those that were overwritten are gone. */
static void put(struct feed *feed, const char *text, size_t len)
{
	if (!feed->bytes)
		feed->bytes = malloc(FRONT_FEED);
	if (!feed->bytes || !len)
		return;
	if (len > FRONT_FEED / 2) {
		text = missed;
		len = sizeof(missed) - 1;
	}
	put_bytes(feed, text, len);
}

static void wake_readers(struct front *front)
{
	for (unsigned i = 0; i < FRONT_CLIENTS; i++) {
		struct client *client = &front->clients[i];

		if (client->fd >= 0 && client->stage == CLIENT_READING && client->suspended) {
			client->suspended = false;
			MHD_resume_connection(client->connection);
		}
	}
}

/* ---- Readers ----------------------------------------------------------------------------------
 */

struct reader {
	struct front *front;
	struct client *client;
	size_t greeted; /* bytes of the opening */
};

static ssize_t read_constant(char *to, size_t most, const char *text, size_t len)
{
	size_t n = len < most ? len : most;

	memcpy(to, text, n);
	return (ssize_t)n;
}

static ssize_t read_feed(void *context, uint64_t position, char *to, size_t most)
{
	struct reader *reader = context;
	struct client *client = reader->client;
	struct feed *feed = &reader->front->feeds[view_of(client)];

	(void)position;
	if (client->gone)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (reader->greeted < sizeof(opening) - 1) {
		ssize_t n = read_constant(
			to, most, opening + reader->greeted, sizeof(opening) - 1 - reader->greeted);

		reader->greeted += (size_t)n;
		return n;
	}
	if (client->read == feed->written) {
		client->suspended = true;
		MHD_suspend_connection(client->connection);
		return 0;
	}
	if (feed->written - client->read > FRONT_FEED) {
		/* The end of an event that is gone cannot be told from its middle: an empty line
		 * ends whatever was begun. */
		client->read = feed->written;
		to[0] = to[1] = '\n';
		return 2 + read_constant(to + 2, most - 2, missed, sizeof(missed) - 1);
	}
	size_t at = (size_t)(client->read % FRONT_FEED);
	size_t n = (size_t)(feed->written - client->read);

	n = n < FRONT_FEED - at ? n : FRONT_FEED - at;
	n = n < most ? n : most;
	memcpy(to, feed->bytes + at, n);
	client->read += n;
	return (ssize_t)n;
}

/* The teller watches only while somebody reads. It is told when it can hear: waiting for it here
 * could be waiting for each other. */
static void set_watch(struct front *front)
{
	const struct wire_question question = {
		.id = UINT32_MAX, .route = {.kind = ROUTE_WATCH, .all = front->n_readers}};
	uint8_t bytes[WIRE_QUESTION];

	if (front->watching == (front->n_readers > 0))
		return;
	wire_put_question(bytes, &question);
	if (send(FRONT_WIRE, bytes, sizeof(bytes), MSG_NOSIGNAL | MSG_DONTWAIT) ==
		(ssize_t)sizeof(bytes))
		front->watching = front->n_readers > 0;
}

/* MHD does not look at a connection that is suspended. */
static bool is_gone(const struct client *client)
{
	char byte = 0;

	return recv(client->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

/* Whether the reader is still there. One that has left is told no more, and its place is free. */
static bool still_reads(struct client *client)
{
	if (client->fd < 0 || client->stage != CLIENT_READING)
		return false;
	client->gone = client->gone || is_gone(client);
	if (!client->gone)
		return true;
	if (client->suspended) {
		client->suspended = false;
		MHD_resume_connection(client->connection);
	}
	return false;
}

/* Half of the places are for the server's user. */
bool front_feed_is_full(struct front *front, enum wire_view view)
{
	unsigned readers = 0;
	unsigned others = 0;

	for (unsigned i = 0; i < FRONT_CLIENTS; i++) {
		if (!still_reads(&front->clients[i]))
			continue;
		readers++;
		others += front->clients[i].view != WIRE_OWN;
	}
	return readers >= FRONT_READERS || (view != WIRE_OWN && others >= FRONT_READERS / 2);
}

enum MHD_Result front_feed_open(struct front *front, struct client *client)
{
	struct reader *reader = calloc(1, sizeof(*reader));

	if (!reader)
		return MHD_NO;
	*reader = (struct reader){.front = front, .client = client};
	struct MHD_Response *response =
		MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK, read_feed, reader, free);
	if (!response) {
		free(reader);
		return MHD_NO;
	}
	(void)MHD_add_response_header(response, "Content-Type", "text/event-stream");
	(void)MHD_add_response_header(response, "Cache-Control", "no-store");
	(void)MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	(void)MHD_add_response_header(response, "Cross-Origin-Resource-Policy", "same-origin");
	(void)MHD_add_response_header(
		response, "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
	(void)MHD_add_response_header(response, "Referrer-Policy", "no-referrer");
	client->read = front->feeds[view_of(client)].written;
	front_clients_stage(front, client, CLIENT_READING);
	front->n_readers++;
	enum MHD_Result queued = MHD_queue_response(client->connection, OK, response);

	MHD_destroy_response(response);
	return queued;
}

void front_feed_leave(struct front *front, struct client *client)
{
	if (client->stage != CLIENT_READING)
		return;
	client->stage = CLIENT_ANSWERED;
	client->since_s = front->now_s;
	front->n_readers--;
}

/* ---- News -------------------------------------------------------------------------------------
 */

/* Whether it was time to. */
static bool put_change(struct front *front)
{
	if (!(front->news[WIRE_OWN] || front->news[WIRE_PUBLIC]) ||
		front->now_s - front->changed_s < change_s)
		return false;
	for (unsigned view = 0; view < WIRE_VIEWS; view++) {
		if (front->news[view])
			put(&front->feeds[view], change, sizeof(change) - 1);
		front->news[view] = false;
	}
	front->changed_s = front->spoke_s = front->now_s;
	return true;
}

void front_feed_news(struct front *front, const char *text, size_t len)
{
	const char *own = NULL;
	const char *others = NULL;
	size_t own_len = 0;
	size_t others_len = 0;

	front_shelf_forget(front);
	if (wire_get_news(text, len, &own, &own_len, &others, &others_len))
		return;
	put(&front->feeds[WIRE_OWN], own, own_len);
	put(&front->feeds[WIRE_PUBLIC], others, others_len);
	front->news[WIRE_OWN] |= own_len > 0;
	front->news[WIRE_PUBLIC] |= others_len > 0;
	put_change(front);
	wake_readers(front);
}

/* Readers whose text is still on its way: MHD looks at them when it is run, and does not say when
 * that should be. */
static bool is_busy(const struct front *front)
{
	for (unsigned i = 0; i < FRONT_CLIENTS; i++) {
		if (front->clients[i].fd >= 0 && front->clients[i].stage == CLIENT_READING &&
			!front->clients[i].suspended)
			return true;
	}
	return false;
}

double front_feed_tidy(struct front *front)
{
	const double soon_s = 0.02;

	set_watch(front);
	if (!front->n_readers)
		return front->watching ? change_s : -1;
	if (put_change(front))
		wake_readers(front);
	if (front->now_s - front->spoke_s >= alive_s) {
		put(&front->feeds[WIRE_OWN], alive, sizeof(alive) - 1);
		put(&front->feeds[WIRE_PUBLIC], alive, sizeof(alive) - 1);
		front->spoke_s = front->now_s;
		wake_readers(front);
	}
	if (is_busy(front))
		return soon_s;
	return front->news[WIRE_OWN] || front->news[WIRE_PUBLIC]
		? front->changed_s + change_s - front->now_s
		: front->spoke_s + alive_s - front->now_s;
}
