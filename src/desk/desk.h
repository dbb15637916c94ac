/* SPDX-License-Identifier: MIT */
/*
 * The desk: serves the line protocol of berth-protocol(7) on Unix sockets, in one process with a
 * thread for each of a few processors. Who connected is known from the kernel (SO_PEERCRED).
 */
#ifndef BERTH_DESK_DESK_H
#define BERTH_DESK_DESK_H

#include <berth.h>

struct desk_settings {
	const struct berth *own; /* for our own user */
	const struct berth *others; /* for any other one: what ours remembers is not theirs */
	const int *listeners; /* non-blocking */
	size_t n_listeners;
	void (*ready)(void *context); /* called once it can be connected to */
	void *context;
};

/* Serves until SIGTERM or SIGINT. 0 or -errno. */
int desk_run(const struct desk_settings *settings);

#endif
