/* SPDX-License-Identifier: MIT */
/*
 * The handle: where the rooms meet. What it points to is settled by berth_open and then only read,
 * so that threads may share it; local claims are read when they are needed, behind a lock of their
 * own.
 */
#ifndef BERTH_API_HANDLE_H
#define BERTH_API_HANDLE_H

#include <berth.h>

#include "api/complaints.h"
#include "api/local.h"
#include "base/arena.h"
#include "base/buffer.h"
#include "claims/claims.h"
#include "registry/registry.h"
#include "sockets/sockets.h"

struct berth {
	const struct registry *registry; /* the one in use */
	struct registry *imported; /* the same, when it is not the built-in one */
	const char *registry_origin;
	const struct claims *claims; /* built-in */
	struct local *local; /* claims of this site, user and host */
	struct sockets_system *system;
	struct complaints complaints; /* about files, in the order in which they were read */
	const char *runtime_folder; /* of berth_options; NULL */
	const char *state_folder;
	bool replay; /* the system is a recording: nothing of this host belongs to it */
	struct arena arena; /* the texts above */
};

/* Sets what berth_error() says to this thread, and returns `error`: `return handle_fail(-EINVAL,
 * …)`. */
int handle_fail(int error, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
