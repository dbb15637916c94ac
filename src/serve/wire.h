/* SPDX-License-Identifier: MIT */
/*
 * What the front, which speaks HTTP, and the teller, which looks at the machine, say to each other:
 * questions of a fixed size, and answers with a head of a fixed size and a text behind it, over one
 * socket pair. Numbers are little-endian. The decoders are pure and trust nothing.
 */
#ifndef BERTH_SERVE_WIRE_H
#define BERTH_SERVE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "serve/route.h"

enum {
	WIRE_QUESTION = 20, /* bytes */
	WIRE_HEAD = 20,
	WIRE_TEXT_MOST = 32 << 20,
	WIRE_PORT_BITS = 8192, /* bytes, one bit for each port */
	WIRE_TIME = 20, /* characters of "2026-11-23T20:04:11Z" */
};

/* With whose eyes the machine is looked at. */
enum wire_view {
	WIRE_OWN, /* of the server's user */
	WIRE_PUBLIC, /* sockets without owners, and nothing that names a process */
	WIRE_USER, /* of the user who is connected: what the kernel shows them */
	WIRE_VIEWS,
};

struct wire_question {
	uint32_t id; /* not 0 */
	struct route route; /* without a token */
	enum wire_view view;
	uint32_t uid; /* of WIRE_USER */
};

enum wire_type {
	WIRE_HTML,
	WIRE_JSON,
	WIRE_SVG,
	WIRE_SCRIPT,
	WIRE_METRICS,
	WIRE_PLAIN,
	WIRE_LOOK, /* the answer to ROUTE_LOOK: a struct wire_look */
	WIRE_NEWS, /* something happened; id is 0 */
	WIRE_TYPES,
};

struct wire_head {
	uint32_t id; /* of the question; 0: nobody asked */
	enum wire_type type;
	uint16_t status; /* of HTTP */
	bool keep; /* as long as ROUTE_LOOK does not name its port, only its time changes */
	uint32_t len; /* of the text */
	uint32_t time_at; /* where in the text the time stands, WIRE_TIME characters; 0: nowhere */
};

/* What is new since the last look. */
struct wire_look {
	int64_t time_s; /* when it was taken */
	bool all; /* every page can be another one */
	uint8_t ports[WIRE_PORT_BITS]; /* those that had a socket, then or now */
};

void wire_put_question(uint8_t bytes[WIRE_QUESTION], const struct wire_question *question);
/* 0; -EBADMSG. */
int wire_get_question(const uint8_t bytes[WIRE_QUESTION], struct wire_question *ret_question);

void wire_put_head(uint8_t bytes[WIRE_HEAD], const struct wire_head *head);
/* 0; -EBADMSG: no head, or longer than a text may be. */
int wire_get_head(const uint8_t bytes[WIRE_HEAD], struct wire_head *ret_head);

void wire_put_look(struct buffer *out, const struct wire_look *look);
int wire_get_look(const void *text, size_t len, struct wire_look *ret_look);

/*
 * News for those who see with the server's eyes, and for all others: two texts of server-sent
 * events in one.
 */
void wire_put_news(struct buffer *out, const struct buffer *own, const struct buffer *others);
/* -EBADMSG; the texts are within `text`. */
int wire_get_news(const char *text, size_t len, const char **ret_own, size_t *ret_own_len,
	const char **ret_others, size_t *ret_others_len);

/* Reads or writes all of it on a blocking socket. 0; -ECONNRESET: the other end is gone; -errno. */
int wire_read(int fd, void *bytes, size_t len);
int wire_write(int fd, const void *bytes, size_t len);

/* Head and text; what is too long, or failed to be made, becomes a status 500 without a text. */
int wire_answer(int fd, struct wire_head head, const struct buffer *text);

#endif
