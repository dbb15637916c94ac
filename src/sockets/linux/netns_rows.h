/* SPDX-License-Identifier: MIT */
/*
 * What other network namespaces hold, each asked from inside it.
 *
 * A few threads are made for it that go from one to the next (setns(2)): the caller's namespace
 * never changes, no process is started, no descriptor is kept. In such a thread the rest of the
 * room works as always, on a system that knows which namespace it is about.
 */
#ifndef BERTH_SOCKETS_LINUX_NETNS_ROWS_H
#define BERTH_SOCKETS_LINUX_NETNS_ROWS_H

#include "sockets/linux/netns.h"
#include "sockets/linux/rows.h"

struct netns_rows {
	const struct sockets_system *system;
	struct netns_list *list;
	bool quick; /* as BERTH_ASK_NAMED says */
	bool one; /* just netns_one(), and the policy there */
	bool policies; /* the policy of each, in its public form */
	struct berth_policy policy;
	unsigned gaps; /* enum berth_gap, of all that were asked */
};

/*
 * Adds what the namespaces have of rows->question, and tells in list->shown where one could not be
 * looked into. 0; -ENOMEM.
 */
int netns_rows_gather(struct netns_rows *netns_rows, struct rows *rows);

/* The same as rows.again wants it: a second look at those that have rows in question. */
int netns_rows_again(void *netns_rows, struct rows *ret_rows, unsigned *gaps);

#endif
