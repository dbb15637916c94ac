/* SPDX-License-Identifier: MIT */
/*
 * The server of pages, in two processes. The *front* (front.h, a program of its own) speaks HTTP:
 * it has no capability, sees no file and may make hardly a system call. The *teller*, this one, has
 * the rights of whoever started it, and answers the front's small questions over a socket pair
 * (wire.h). Nothing that came over HTTP reaches the teller but numbers.
 */
#ifndef BERTH_SERVE_SERVE_H
#define BERTH_SERVE_SERVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <berth.h>

#include "serve/front_settings.h"
#include "serve/route.h"

struct serve_settings {
	const struct berth_options *options; /* to open handles with */
	const int *listeners; /* sockets of TCP or AF_UNIX that listen */
	size_t n_listeners; /* at most FRONT_LISTENERS */
	const char *token; /* that requests over TCP have to bring; NULL: none */
	bool open; /* over TCP without a token: everybody is shown what anybody is shown */
	bool share; /* whoever may connect sees with the server's eyes */
	const char *const *names; /* hosts that it may be called, NULL-terminated */
	const char *history; /* the folder; NULL: the usual one */
	bool utc;
	void (*ready)(void *context); /* called once, when questions are answered */
	void *context;
};

/* Serves until SIGTERM or SIGINT. 0; a negative errno: it could not begin or go on. *ret_problem:
 * what was wrong, a sentence without a full stop. */
int serve_run(const struct serve_settings *settings, const char **ret_problem);

/* A token nobody can guess. 0; -EIO. */
int serve_token(char ret_token[ROUTE_TOKEN + 1]);

#endif
