/* SPDX-License-Identifier: MIT */
/*
 * The rows of a snapshot while they are gathered: which are wanted, their addresses as text, their
 * order.
 */
#ifndef BERTH_SOCKETS_LINUX_ROWS_H
#define BERTH_SOCKETS_LINUX_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <berth.h>

#include "base/arena.h"
#include "base/map.h"

enum {
	ROWS_PORTS = 65536,
	ROWS_STATES = BERTH_BOUND + 1,
};

/* As berth_proto_name(), which a room does not call: "tcp", "udp", … */
const char *rows_proto_name(enum berth_proto proto);

/* What a decoder calls for each row it finds; a negative answer ends it and is handed on. */
typedef int rows_seen(void *context, const struct berth_socket *row);

/* The question, in a form that is cheap to ask of 200,000 rows. */
struct rows_question {
	berth_protos protos; /* never 0 */
	berth_states states; /* never 0 */
	uint8_t family; /* 4, 6, or 0: both */
	uint16_t one_port; /* when there is just one; else 0 */
	bool any_port;
	bool listener_suffices; /* other states of TCP need not be walked for when one was found */
	bool details;
	uint8_t ports[ROWS_PORTS / 8]; /* bit n: port n is wanted */
};

/*
 * Only ports are taken from ask->query: its protocols and addresses narrow what is shown of a port,
 * while a judgement on the port needs all its sockets. `ask` NULL: everything.
 */
void rows_question(const struct berth_ask *ask, struct rows_question *ret_question);

bool rows_wanted(const struct rows_question *question, const struct berth_socket *row);

struct rows {
	struct berth_socket *all;
	size_t count;
	size_t size;
	const struct rows_question *question;
	uint32_t told; /* rows that were told so far, wanted or not */
	struct arena *arena; /* of the address texts and details */
	struct rows_text *texts; /* those used lately: most rows share a few addresses */
	int notes_fd; /* of the map of notes (storage.h) while rows are gathered; 0: none */
	struct map notes; /* inode → a copy of what is noted with the socket */
	berth_states unasked; /* of TCP: left out since a listener answers the question */
	/* Adds once more what other network namespaces have of ret_rows->question; NULL: there are
	 * none. 0; -ENOMEM. */
	int (*again)(void *context, struct rows *ret_rows, unsigned *gaps);
	void *again_context;
};

/* A rows_seen: adds a copy of the row when it is wanted. 0; -ENOMEM. */
int rows_add(void *rows, const struct berth_socket *row);

/* A diag_noted: keeps a copy of what is noted with a socket. 0; -ENOMEM. */
int rows_note(void *rows, uint64_t inode, const void *value, size_t len);

/* Moves the rows of `from` behind those of `to`. 0; -ENOMEM. */
int rows_move(struct rows *to, struct rows *from);

/* Forgets all rows from `count` on. */
void rows_cut(struct rows *rows, size_t count);

/*
 * Sorts by port, network namespace, protocol, family, address, state, peer, and drops what the
 * kernel told twice: SCTP lists an endpoint once for itself and once for its associations, and an
 * interrupted dump may repeat itself. The same cookie, state and peer is the same socket.
 */
void rows_sort(struct rows *rows);

/* Counts who shares an address (berth_socket.reuseport_group). The rows are sorted. */
void rows_group(struct rows *rows);

/* Frees the rows, not the arena. */
void rows_free(struct rows *rows);

#endif
