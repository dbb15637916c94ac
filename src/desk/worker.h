/* SPDX-License-Identifier: MIT */
/*
 * A thread that answers clients. Each request is done with user and group of the client as those of
 * this one thread, so that the ledger has it as theirs and the kernel refuses them what it would
 * refuse them anyway.
 */
#ifndef BERTH_DESK_WORKER_H
#define BERTH_DESK_WORKER_H

#include "desk/desk.h"

enum {
	WORKER_CLIENTS = 256, /* then the one that was idle for the longest makes way */
	WORKER_CLIENTS_OF_USER = 64, /* of a user other than our own */
	WORKER_WAITING = 64 * 1024, /* bytes that a client has not read; then it is not read from */
};

struct worker;

/* 0 or -errno. The settings are kept. */
int worker_start(const struct desk_settings *settings, struct worker **ret_worker);

/* How many clients it has. */
size_t worker_load(const struct worker *worker);

/* Gives it a connection, non-blocking, which it closes. */
void worker_give(struct worker *worker, int fd);

/* Waits until it has answered whom it is answering, and frees it. */
void worker_end(struct worker *worker);

#endif
