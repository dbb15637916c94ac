/* SPDX-License-Identifier: MIT */
/* The parts of berth_why() that its files share. */
#ifndef BERTH_API_WHY_H
#define BERTH_API_WHY_H

#include <berth.h>

#include "base/arena.h"
#include "binding/verdict.h"
#include "sockets/sockets.h"

/* The public part is first, so that the two can be told from each other's address. */
struct why_box {
	struct berth_why why;
	const struct berth *berth;
	struct arena arena; /* texts and lists */
	const struct why_box *before; /* whose snapshot it is; NULL: our own */
	struct berth_snapshot *snapshot;
	struct verdict_bind bind;
	struct verdict_bucket bucket; /* if bind.bucket is it */
	struct sockets_binder binder;
	const struct berth_socket **sockets; /* of this port, in the namespace of the bind */
	size_t n_sockets;
	struct berth_policy policy;
	struct berth_history *history; /* what why->past is of; NULL */
	void (*free_history)(struct berth_history *history);
};

/* Fills in why->cures: what would have made it succeed, tried on the model. 0; -ENOMEM. */
int why_cures(struct why_box *box);

#endif
