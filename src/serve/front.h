/* SPDX-License-Identifier: MIT */
/*
 * The front: the process that speaks HTTP. One thread, one loop over libmicrohttpd, the listeners
 * and the wire. It is a program of its own, so that libmicrohttpd and what that needs is loaded by
 * nobody else, and nothing of the teller's memory is in it.
 *
 * Everything is bounded: connections (FRONT_CLIENTS; those that have asked for nothing for longest
 * make room for new ones), memory of each, questions to the teller, pages that are kept, time.
 */
#ifndef BERTH_SERVE_FRONT_H
#define BERTH_SERVE_FRONT_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "serve/front_settings.h"
#include "serve/wire.h"

enum {
	FRONT_CLIENTS = 512,
	FRONT_ROOM = 64, /* so many places are kept free for who comes next */
	FRONT_OF_ADDRESS = 64, /* connections of one address that is not of this machine */
	FRONT_POOL = 12 << 10, /* bytes for each connection: headers and buffers */
	FRONT_IDLE_S = 10, /* without a whole request */
	FRONT_SLOW_S = 60, /* for an answer to be taken */
	FRONT_QUESTIONS = 128, /* that wait for the teller */
	FRONT_OF_USER = 8, /* of these, of one user whose view is another process's work */
	FRONT_ANSWER_S = 20, /* for the teller to answer */
	FRONT_SHELF = 24 << 20, /* bytes of pages that are kept */
	FRONT_FEED = 256 << 10, /* bytes of events that are kept for slow readers */
	FRONT_READERS = 64, /* of events */
	FRONT_PORTS = 65536,
};

enum client_stage {
	CLIENT_IDLE, /* no whole request yet */
	CLIENT_ADMITTED, /* its headers have been read: it is owed an answer */
	CLIENT_ANSWERED, /* the answer is on its way */
	CLIENT_READING, /* events, for as long as it likes */
};

struct client {
	int fd; /* -1: the place is free */
	struct MHD_Connection *connection;
	bool local; /* of this machine: an AF_UNIX or loopback peer */
	bool tcp;
	uint8_t address[16];
	uint32_t uid; /* of an AF_UNIX peer */
	double since_s; /* when the stage began */
	enum client_stage stage;
	int status; /* of route_parse() */
	struct route route;
	unsigned refused; /* the status to refuse the request with; 0 */
	bool by_address; /* the token stood in the address */
	enum wire_view view;
	struct question *question; /* whose answer it waits for; NULL: none */
	bool suspended;
	bool gone; /* a reader of events that has left */
	uint64_t read; /* of the feed: bytes up to here it has had */
};

/* One that the teller has not answered yet, or whose answer somebody has yet to take. */
struct question {
	uint32_t id; /* 0: the place is free */
	struct wire_question asked;
	double since_s;
	unsigned waiting; /* clients */
	struct MHD_Response *response; /* NULL: none yet, or none is needed (ROUTE_LOOK) */
	unsigned status;
};

/* A page that stays as it is until a look says otherwise. */
struct book {
	struct MHD_Response *response;
	char *text; /* of the response, which frees it */
	uint32_t len;
	uint32_t time_at;
	int64_t time_s; /* that it shows */
};

struct shelf {
	struct book *books[FRONT_PORTS];
	size_t bytes;
	double looked_s; /* CLOCK_MONOTONIC, when the last look was asked for; 0: never */
	int64_t time_s; /* of that look */
};

/* Events for readers: a ring, and how much was ever written to it. */
struct feed {
	char *bytes;
	uint64_t written;
};

struct counts {
	uint64_t requests;
	uint64_t refused; /* with a status of 4xx or 5xx */
	uint64_t connections;
	uint64_t turned_away; /* connections that found no place */
	uint64_t made_room; /* idle ones that were ended for others */
	uint64_t too_slow;
	uint64_t questions;
	uint64_t from_shelf;
};

struct front {
	struct front_settings settings;
	const char *names[FRONT_NAMES + 1];
	char cookie[16]; /* its name: cookies are sent to all ports of a host */
	struct MHD_Daemon *daemon;
	int polled; /* libmicrohttpd's epoll descriptor */
	double now_s; /* CLOCK_MONOTONIC, of this turn of the loop */
	struct client clients[FRONT_CLIENTS];
	unsigned n_clients;
	double accept_s; /* not before: there was no descriptor or memory for another one */
	struct question questions[FRONT_QUESTIONS];
	uint32_t last_id;
	struct shelf shelves[WIRE_VIEWS];
	struct feed feeds[WIRE_VIEWS];
	unsigned n_readers;
	bool watching; /* the teller was told to */
	bool news[WIRE_VIEWS]; /* of which "change" has not been said */
	double changed_s; /* when it was said last */
	double spoke_s; /* when anything was */
	struct counts counts;
	struct MHD_Response *assets[3]; /* style, script and icon */
	/* What comes over the wire. */
	uint8_t head_bytes[WIRE_HEAD];
	size_t head_len;
	struct wire_head head;
	char *text;
	size_t text_len;
};

/* front_clients.c: who is connected. */
int front_clients_accept(struct front *front, int listener);
void front_clients_notify(void *front, struct MHD_Connection *connection, void **place,
	enum MHD_ConnectionNotificationCode code);
void front_clients_completed(void *front, struct MHD_Connection *connection, void **place,
	enum MHD_RequestTerminationCode code);
/* Ends those that take too long. Seconds until it has something to do again; negative: never. */
double front_clients_tidy(struct front *front);
void front_clients_wait(struct client *client, struct question *question);
/* Lets all go on that wait for it. */
void front_clients_wake(struct front *front, struct question *question);
void front_clients_stage(struct front *front, struct client *client, enum client_stage stage);

/* front_answers.c: from request to answer. */
void *front_answers_target(void *front, const char *target, struct MHD_Connection *connection);
enum MHD_Result front_answers_handle(void *front, struct MHD_Connection *connection,
	const char *url, const char *method, const char *version, const char *upload,
	size_t *upload_size, void **place);
/* Headers that every answer has, and those of its type. NULL: no memory. */
struct MHD_Response *front_answers_make(
	enum wire_type type, void *text, size_t len, enum MHD_ResponseMemoryMode mode);

/* front_wire.c: questions and what comes back. */
/* The same question of several is asked once. NULL: too many wait. */
struct question *front_wire_ask(
	struct front *front, const struct route *route, enum wire_view view, uint32_t uid);
/* Takes what is there. 0; negative errno: the teller is gone. */
int front_wire_take(struct front *front);
void front_wire_leave(struct question *question);
void front_wire_tidy(struct front *front);

/* front_shelf.c: pages that are kept. */
/* Whether the last look is recent enough to rely on. */
bool front_shelf_is_fresh(const struct front *front, enum wire_view view);
struct MHD_Response *front_shelf_find(struct front *front, enum wire_view view, uint16_t port);
void front_shelf_put(struct front *front, enum wire_view view, uint16_t port,
	const struct wire_head *head, const char *text);
void front_shelf_look(
	struct front *front, enum wire_view view, const struct wire_look *look, double asked_s);
void front_shelf_forget(struct front *front);

/* front_feed.c: server-sent events. */
bool front_feed_is_full(struct front *front, enum wire_view view);
enum MHD_Result front_feed_open(struct front *front, struct client *client);
void front_feed_leave(struct front *front, struct client *client);
void front_feed_news(struct front *front, const char *text, size_t len);
/* Says now and then that the server is still there. Seconds until the next time; negative. */
double front_feed_tidy(struct front *front);

/* front_cage.c: gives up whatever speaking HTTP does not need, for ever. 0 or negative errno. */
int front_cage(void);

#endif
