/* SPDX-License-Identifier: MIT */
/*
 * What is wrong, odd or worth knowing with the ports of a host: pure, from the sockets and the
 * policy of one moment. What it means in words is for the api.
 */
#ifndef BERTH_BINDING_FINDINGS_H
#define BERTH_BINDING_FINDINGS_H

#include <berth.h>

enum {
	FINDINGS_CLOSE_WAIT = 10 /* so many of one process are no coincidence */
};

struct findings_ask {
	const struct berth_policy *policy;
	const struct berth_socket *sockets; /* of one network namespace, in a snapshot's order */
	size_t n_sockets;
	struct berth_listen_losses losses;
	double restart_gap_s;
};

struct findings_fact {
	enum berth_finding_kind kind;
	enum berth_finding_level level;
	const struct berth_socket *socket; /* NULL: it is about the host */
	const struct berth_socket *other; /* the other one of two; or NULL */
	size_t count; /* how many sockets it is about */
	bool has_probability;
	double probability;
	double opens_per_s; /* on which the probability rests */
};

/* A non-zero answer ends it and is handed on. */
typedef int findings_seen(void *context, const struct findings_fact *fact);

/* Calls `seen` for each finding. 0, what `seen` ended it with, or -ENOMEM. */
int findings_judge(const struct findings_ask *ask, findings_seen *seen, void *context);

#endif
