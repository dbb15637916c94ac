// SPDX-License-Identifier: MIT
#include "cli/port_hold.h"

#include <errno.h>

/* Who has the port that was wished for. */
static void complain_taken(const struct cli *cli, const struct berth_hold_ask *wish)
{
	struct berth_query_part part = {.first = wish->port, .last = wish->port};
	const struct berth_query query = {.parts = &part, .n_parts = 1};
	const struct berth_wait_ask ask = {.size = sizeof(ask), .query = &query, .free = true};
	struct berth_waited *waited = NULL;

	if (berth_wait(cli->berth, &ask, &waited) < 0 || waited->done)
		cli_complain("port %u for %s is taken", wish->port, wish->name);
	else
		cli_complain("port %u for %s is taken: %s", wish->port, wish->name,
			waited->ports[0].text);
	berth_waited_free(waited);
}

static bool needs_socket(const struct berth_policy *policy, uint16_t port)
{
	if (policy->has_ephemeral &&
		(port < policy->ephemeral.first || port > policy->ephemeral.last))
		return false;
	for (size_t i = 0; i < policy->n_reserved; i++) {
		if (port >= policy->reserved[i].first && port <= policy->reserved[i].last)
			return false;
	}
	return true;
}

enum cli_exit port_hold_take(const struct cli *cli, const struct berth_hold_ask *ask,
	const struct berth_policy *policy, struct berth_hold **ret_hold)
{
	int r = berth_hold(cli->berth, ask, ret_hold);

	if (r == -EADDRINUSE && ask->port)
		complain_taken(cli, ask);
	else if (r)
		cli_complain("%s", berth_error());
	if (r)
		return (enum cli_exit)PORT_HOLD_NONE;
	if (!ask->listen && !needs_socket(policy, (*ret_hold)->port))
		berth_hold_open(*ret_hold);
	return CLI_YES;
}

enum cli_exit port_hold_policy(
	struct cli *cli, struct berth_snapshot **ret_snapshot, struct berth_policy *ret_policy)
{
	const struct berth_ask nothing = {.size = sizeof(nothing),
		.protos = BERTH_PROTO_BIT(BERTH_TCP),
		.states = BERTH_STATE_BIT(BERTH_LISTEN)};
	enum cli_exit code = cli_snapshot(cli, &nothing, ret_snapshot);

	if (code == CLI_YES)
		berth_snapshot_policy(*ret_snapshot, ret_policy);
	return code;
}
