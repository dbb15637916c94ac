// SPDX-License-Identifier: MIT
/*
 * The one place that says whether a socket is what somebody asked for with 8080/udp or
 * 127.0.0.1:8080. How a packet finds its socket is the matter of binding/answers.c.
 */
#include "api/endpoint.h"

#include <string.h>

#include "binding/binding.h"

static bool is_mapped(const struct berth_socket *socket)
{
	return socket->family == 6 && binding_is_mapped(socket->local);
}

bool endpoint_is_exact(const struct berth_query_part *part, const struct berth_socket *socket)
{
	if (part->family == 4 && is_mapped(socket))
		return !memcmp(socket->local + 12, part->address, 4);
	return part->family == socket->family &&
		!memcmp(socket->local, part->address, part->family == 6 ? 16 : 4);
}

bool endpoint_covers(const struct berth_query_part *part, const struct berth_socket *socket)
{
	static const uint8_t wildcard[16];

	if (!part || !part->family || endpoint_is_exact(part, socket))
		return true;
	if (memcmp(socket->local, wildcard, socket->family == 6 ? 16 : 4) != 0)
		return false;
	/* A dual-stack wildcard takes IPv4 too, unless it said otherwise. */
	return part->family == socket->family || (part->family == 4 && socket->v6only != 1);
}

bool endpoint_has(const struct berth_query_part *part, const struct berth_socket *socket)
{
	berth_protos protos = part->protos ? part->protos : BERTH_PROTO_BIT(BERTH_TCP);

	return socket->local_port >= part->first && socket->local_port <= part->last &&
		protos & BERTH_PROTO_BIT(socket->proto) && endpoint_covers(part, socket);
}

bool endpoint_serves(const struct berth_socket *socket)
{
	bool datagrams = socket->proto == BERTH_UDP || socket->proto == BERTH_UDPLITE;

	return socket->state == (datagrams ? BERTH_CLOSE : BERTH_LISTEN);
}
