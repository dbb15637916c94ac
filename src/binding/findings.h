/* SPDX-License-Identifier: MIT */
/*
 * What is wrong, odd or worth knowing with the ports of a host: pure, from the sockets and the
 * policy of one moment. What it means in words is for the api.
 */
#ifndef BERTH_BINDING_FINDINGS_H
#define BERTH_BINDING_FINDINGS_H

#include <berth.h>

#include "binding/customs.h"

enum {
	FINDINGS_CLOSE_WAIT = 10, /* so many of one process are no coincidence */
	FINDINGS_NEARLY_ALL = 9, /* so many times more ports are used than left */
};

/* What custom says of a port. */
struct findings_claims {
	const char *owner; /* the service that it gives the port to; NULL: to none */
	const char *malware; /* what malware is known to have used it, where nothing else is known
				for it; NULL */
};

/* A port that a file names for a server, and where. */
struct findings_configured {
	enum berth_proto proto;
	uint16_t first;
	uint16_t last;
	const char *text; /* "web.socket, line 7: ListenStream" */
};

struct findings_ask {
	const struct berth_policy *policy;
	const struct berth_socket *sockets; /* of one network namespace, in a snapshot's order */
	size_t n_sockets;
	struct berth_listen_losses losses;
	double restart_gap_s;
	void (*claims)(void *context, enum berth_proto proto, uint16_t port,
		struct findings_claims *ret_claims); /* NULL: none are known */
	void *context;
	const struct findings_configured *configured;
	size_t n_configured;
	const struct berth_ephemeral_destination *destinations; /* the nearest to its end first */
	size_t n_destinations;
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
	const struct custom *custom; /* what it is about, as far as a table tells; or NULL */
	const char *malware; /* what is known to have used the port; or NULL */
	const struct findings_configured *configured; /* or NULL */
	const struct berth_ephemeral_destination *destination; /* or NULL */
};

/* A non-zero answer ends it and is handed on. */
typedef int findings_seen(void *context, const struct findings_fact *fact);

/* Calls `seen` for each finding. 0, what `seen` ended it with, or -ENOMEM. */
int findings_judge(const struct findings_ask *ask, findings_seen *seen, void *context);

#endif
