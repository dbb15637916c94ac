/* SPDX-License-Identifier: MIT */
/*
 * Small phrases of the text answers: numbers, ranges, transports, processes, times. Everything that
 * is appended here is UTF-8 that no terminal can act on.
 */
#ifndef BERTH_CLI_DESCRIBE_H
#define BERTH_CLI_DESCRIBE_H

#include <stdbool.h>
#include <stdint.h>

#include <berth.h>

#include "base/buffer.h"

/* Foreign text, made safe; NULL and empty append nothing. */
void describe_text(struct buffer *out, const char *text);

/*
 * The same for prose: white space of any kind becomes one space, and what is longer than about
 * `most` bytes is cut between words; 0: nothing is cut.
 */
void describe_prose(struct buffer *out, const char *text, size_t most);

/* 16384 becomes 16,384. */
void describe_count(struct buffer *out, uint64_t count);

/* "1 port", "16,384 ports". */
void describe_counted(struct buffer *out, uint64_t count, const char *one, const char *many);

/* "49152–65535", or the port alone when it is one. */
void describe_range(struct buffer *out, uint16_t first, uint16_t last);

/* "tcp", "tcp, udp"; nothing for an empty set. */
void describe_protos(struct buffer *out, berth_protos protos);

/* How points in time are written. */
struct describe_clock {
	double now_s;
	bool utc; /* else the local time zone */
	bool iso; /* always 2026-11-23T03:55:31Z or with an offset, else short as in ls -l */
};

/* Short: "10:32" on the same day, "Nov 12" within half a year, else "2024-11-12". Nothing when
 * time_s is 0, which stands for not known. */
void describe_time(struct buffer *out, const struct describe_clock *clock, double time_s);

/* From when somebody had a socket, "10:32" or "before 10:32", and until when: "now", "11:05",
 * "after 11:05". */
void describe_from(
	struct buffer *out, const struct describe_clock *clock, const struct berth_span *span);
void describe_until(
	struct buffer *out, const struct describe_clock *clock, const struct berth_span *span);

/* The address of one end with its port: "127.0.0.1:8080", "[::1]:80", "*:80" for every address. */
void describe_local(struct buffer *out, const struct berth_socket *socket);
void describe_peer(struct buffer *out, const struct berth_socket *socket);

/* The local address alone: "127.0.0.1", "::1", "*" for every address of both families. */
void describe_address(struct buffer *out, const struct berth_socket *socket);

/* "nginx[812]". */
void describe_process(struct buffer *out, const struct berth_process *process);

/*
 * To what a process belongs, in a few words: "nginx.service", "sync.service of the user's manager",
 * "container web (nginx:1.27, docker 3f2a41bc90de)", "nginx.service in machine web
 * (systemd-nspawn)". Nothing when nothing is known.
 */
void describe_place(struct buffer *out, const struct berth_place *place);

/* The same for a column: "nginx.service", "web (docker)". */
void describe_place_shortly(struct buffer *out, const struct berth_place *place);

/* The user's name, or the number. `numeric`: always the number. */
void describe_user(struct buffer *out, const char *user, uint32_t uid, bool numeric);

/* Until when a lease lasts: "4:05" for minutes and seconds, "its end" for that of its process. */
void describe_lease_end(struct buffer *out, const struct berth_lease *lease);

/* The command line as one could type it, cut after about `most` bytes; 0: whole. */
void describe_command(struct buffer *out, const struct berth_process *process, size_t most);

/* The oldest of the owners, NULL when there is none. */
const struct berth_owner *describe_oldest(const struct berth_socket *socket);

/* "vendor document", "software default", … */
const char *describe_claim_kind(enum berth_claim_kind kind);

/* The registry's brackets in words: "[RFC6335][Tom_Lane]" becomes "RFC 6335, Tom Lane", with the
 * addresses of RFCs if `links`. */
void describe_references(struct buffer *out, const char *reference, bool links);

#endif
