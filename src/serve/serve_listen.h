/* SPDX-License-Identifier: MIT */
/* The sockets that the server listens at. */
#ifndef BERTH_SERVE_SERVE_LISTEN_H
#define BERTH_SERVE_SERVE_LISTEN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* "127.0.0.1:8080", "[::1]:8080", ":8080" and "8080" (loopback); port 0 is any. */
struct serve_listen_place {
	char address[64];
	uint8_t family; /* 4 or 6 */
	uint16_t port;
	bool loopback; /* only this machine can connect */
};

/* 0; -EINVAL. */
int serve_listen_parse(const char *text, struct serve_listen_place *ret_place);

/* A socket; *place->port is what it was bound to. -errno. */
int serve_listen_tcp(struct serve_listen_place *place);

/*
 * An AF_UNIX socket at `path`, with these permissions from its first moment. One that was left
 * behind by somebody who has ended is replaced; anything else is -EADDRINUSE.
 */
int serve_listen_unix(const char *path, mode_t mode);

#endif
