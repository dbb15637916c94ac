// SPDX-License-Identifier: MIT
/*
 * Policy predicates and the bind verdict for a plain server: without options and at the wildcard of
 * both families every socket of the port is in the way, so that no option of theirs need be known.
 * verdict.c has the rules for all other binds; tests/unit/test_verdict.c compares the two.
 */
#include "binding/binding.h"

#include <string.h>

/* The wildcard of both families overlaps every address, so any bound socket of the port counts. */
enum rank {
	RANK_NONE,
	RANK_CLOSING,
	RANK_CONNECTED,
	RANK_BOUND,
	RANK_LISTENING
};

bool binding_is_mapped(const uint8_t address[16])
{
	static const uint8_t prefix[BINDING_MAPPED_PREFIX] = {[10] = 0xff, [11] = 0xff};

	return !memcmp(address, prefix, sizeof(prefix));
}

bool binding_is_ephemeral(const struct berth_policy *policy, uint16_t port)
{
	return policy->has_ephemeral && port >= policy->ephemeral.first &&
		port <= policy->ephemeral.last;
}

bool binding_is_reserved(const struct berth_policy *policy, uint16_t port)
{
	for (size_t i = 0; policy->has_reserved && i < policy->n_reserved; i++) {
		if (port >= policy->reserved[i].first && port <= policy->reserved[i].last)
			return true;
	}
	return false;
}

bool binding_is_privileged(const struct berth_policy *policy, uint16_t port)
{
	/* Port 0 asks the kernel to choose: nothing to be privileged about (inet_bind, af_inet.c).
	 */
	return policy->has_unprivileged && port && port < policy->unprivileged_start;
}

static bool shares_ports(enum berth_proto proto, enum berth_proto transport)
{
	return proto == transport || (proto == BERTH_MPTCP && transport == BERTH_TCP);
}

static enum rank rank_of(const struct berth_socket *socket)
{
	switch ((enum berth_socket_state)socket->state) {
	case BERTH_LISTEN:
		return RANK_LISTENING;
	case BERTH_CLOSE:
		/* UDP has no LISTEN: unconnected means that it takes from anybody. */
		return socket->proto == BERTH_UDP || socket->proto == BERTH_UDPLITE ? RANK_LISTENING
										    : RANK_BOUND;
	case BERTH_BOUND:
		return RANK_BOUND;
	case BERTH_ESTABLISHED:
	case BERTH_SYN_SENT:
	case BERTH_SYN_RECV:
	case BERTH_NEW_SYN_RECV:
	case BERTH_CLOSE_WAIT:
		return RANK_CONNECTED;
	case BERTH_FIN_WAIT1:
	case BERTH_FIN_WAIT2:
	case BERTH_TIME_WAIT:
	case BERTH_LAST_ACK:
	case BERTH_CLOSING:
		return RANK_CLOSING;
	}
	return RANK_CONNECTED;
}

/* What makes "no socket seen" mean less than "no socket there". */
static bool is_blind(unsigned gaps)
{
	return gaps &
		(BERTH_GAP_INTERRUPTED | BERTH_GAP_TRUNCATED | BERTH_GAP_REFUSED |
			BERTH_GAP_UNSUPPORTED);
}

enum berth_use binding_use(const struct berth_socket *const *sockets, size_t n_sockets,
	enum berth_proto transport, unsigned gaps)
{
	enum rank best = RANK_NONE;

	for (size_t i = 0; i < n_sockets; i++) {
		if (shares_ports(sockets[i]->proto, transport) && rank_of(sockets[i]) > best)
			best = rank_of(sockets[i]);
	}
	switch (best) {
	case RANK_LISTENING:
		return BERTH_USE_LISTENING;
	case RANK_BOUND:
		return BERTH_USE_BOUND;
	case RANK_CONNECTED:
		return BERTH_USE_CONNECTED;
	case RANK_CLOSING:
		return BERTH_USE_CLOSING;
	case RANK_NONE:
		break;
	}
	return is_blind(gaps) ? BERTH_USE_UNKNOWN : BERTH_USE_FREE;
}

enum berth_bindable binding_plain(const struct berth_policy *policy,
	const struct berth_socket *const *sockets, size_t n_sockets, enum berth_proto transport,
	uint16_t port, unsigned gaps, const char **ret_why)
{
	enum berth_use use = binding_use(sockets, n_sockets, transport, gaps);

	*ret_why = NULL;
	if (use == BERTH_USE_LISTENING)
		*ret_why = transport == BERTH_TCP ? "EADDRINUSE: a socket listens on it"
						  : "EADDRINUSE: a socket is bound to it";
	else if (use == BERTH_USE_BOUND)
		*ret_why = "EADDRINUSE: a socket is bound to it without listening";
	else if (use == BERTH_USE_CONNECTED)
		*ret_why = "EADDRINUSE: a connection has it as its local port";
	else if (use == BERTH_USE_CLOSING)
		/* inet_csk_bind_conflict counts TIME_WAIT unless both sides set SO_REUSEADDR. */
		*ret_why = "EADDRINUSE without SO_REUSEADDR: a closing connection still has it";
	if (*ret_why)
		return BERTH_BIND_NO;
	if (binding_is_privileged(policy, port) && policy->may_bind_low == 0) {
		*ret_why = "EACCES: needs CAP_NET_BIND_SERVICE";
		return BERTH_BIND_NO;
	}
	if (use == BERTH_USE_UNKNOWN)
		*ret_why = "the sockets of this machine could not be read completely";
	else if (transport == BERTH_TCP && gaps & BERTH_GAP_BOUND)
		*ret_why = "a socket that is bound without listening would not be seen here";
	else if (!policy->has_unprivileged ||
		(binding_is_privileged(policy, port) && policy->may_bind_low < 0))
		*ret_why = "whether this process may bind low ports is not known";
	return *ret_why ? BERTH_BIND_UNKNOWN : BERTH_BIND_YES;
}
