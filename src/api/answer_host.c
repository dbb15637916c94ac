// SPDX-License-Identifier: MIT
/*
 * Reads HOST:PORT/PROTO and finds the addresses of the host. The port is read as everywhere
 * (query.c); names are the business of getaddrinfo(3), but for localhost, which is the two loopback
 * addresses whatever a file says (RFC 6761 section 6.3).
 */
#include "api/answer_host.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "api/handle.h"
#include "base/text.h"

enum {
	LARGEST_NAME = 255, /* RFC 1035 section 2.3.4 */
	MOST_ADDRESSES = 64,
};

#define HINT "try localhost:5173, 127.0.0.1:5173, [::1]:5173 or :53/udp"

struct list {
	struct answer_address *all; /* MOST_ADDRESSES */
	size_t n;
};

static const struct answer_address loopbacks[] = {
	{.family = 4, .address = {127, 0, 0, 1}},
	{.family = 6, .address = {[15] = 1}},
};

static bool same_address(const struct answer_address *a, const struct answer_address *b)
{
	return a->family == b->family && a->scope == b->scope &&
		!memcmp(a->address, b->address, sizeof(a->address));
}

static void add(struct list *list, const struct answer_address *address)
{
	for (size_t i = 0; i < list->n; i++) {
		if (same_address(list->all + i, address))
			return;
	}
	if (list->n < MOST_ADDRESSES)
		list->all[list->n++] = *address;
}

static void add_ipv4(struct list *list, const void *bytes)
{
	struct answer_address address = {.family = 4};
	struct in_addr in;

	memcpy(&in, bytes, sizeof(in));
	memcpy(address.address, bytes, sizeof(in));
	/* To nowhere in particular is to oneself (ip_route_output_key_hash_rcu). */
	add(list, in.s_addr == htonl(INADDR_ANY) ? &loopbacks[0] : &address);
}

static void add_ipv6(struct list *list, const struct in6_addr *bytes, uint32_t scope)
{
	struct answer_address address = {.family = 6, .scope = scope};

	if (IN6_IS_ADDR_V4MAPPED(bytes)) {
		add_ipv4(list, bytes->s6_addr + 12);
		return;
	}
	memcpy(address.address, bytes, sizeof(*bytes));
	/* The same for IPv6 (tcp_v6_connect, ip6_datagram_connect). */
	add(list, IN6_IS_ADDR_UNSPECIFIED(bytes) ? &loopbacks[1] : &address);
}

/* ---- The host -------------------------------------------------------------------------------- */

/* "localhost", "app.localhost", nothing at all, "*". */
static bool is_localhost(const char *name)
{
	static const char word[] = "localhost";
	size_t len = strlen(name);
	size_t word_len = sizeof(word) - 1;

	if (!len || !strcmp(name, "*"))
		return true;
	if (len < word_len || !text_equal_fold(name + len - word_len, word_len, word, word_len))
		return false;
	return len == word_len || name[len - word_len - 1] == '.';
}

/* The number or name of an interface behind a "%"; 0: there is none such. */
static uint32_t scope_of(const struct berth *berth, const char *text)
{
	uint64_t number = 0;

	if (!text_number(text, strlen(text), UINT32_MAX, &number))
		return (uint32_t)number;
	return berth->replay ? 0 : if_nametoindex(text);
}

static int add_literal6(const struct berth *berth, const char *name, struct list *list)
{
	char text[INET6_ADDRSTRLEN + IF_NAMESIZE + 1];
	struct in6_addr address;
	uint32_t scope = 0;

	if (strlen(name) >= sizeof(text))
		return handle_fail(-EINVAL, "'%s' is not an IPv6 address; " HINT, name);
	memcpy(text, name, strlen(name) + 1);
	char *percent = strchr(text, '%');
	if (percent) {
		*percent = '\0';
		scope = scope_of(berth, percent + 1);
		if (!scope)
			return handle_fail(-EINVAL, "there is no interface '%s' here", percent + 1);
	}
	if (inet_pton(AF_INET6, text, &address) != 1)
		return handle_fail(-EINVAL, "'%s' is not an IPv6 address; " HINT, name);
	add_ipv6(list, &address, scope);
	return 0;
}

static int resolve(const char *name, struct list *list)
{
	const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
	struct addrinfo *found = NULL;
	int r = getaddrinfo(name, NULL, &hints, &found);

	if (r == EAI_AGAIN)
		return handle_fail(
			-EAGAIN, "'%s' could not be resolved now: %s", name, gai_strerror(r));
	if (r)
		return handle_fail(-ENOENT, "'%s' has no address: %s", name, gai_strerror(r));
	for (const struct addrinfo *each = found; each; each = each->ai_next) {
		if (each->ai_family == AF_INET) {
			struct sockaddr_in in;

			memcpy(&in, each->ai_addr, sizeof(in));
			add_ipv4(list, &in.sin_addr);
		} else if (each->ai_family == AF_INET6) {
			struct sockaddr_in6 in6;

			memcpy(&in6, each->ai_addr, sizeof(in6));
			add_ipv6(list, &in6.sin6_addr, in6.sin6_scope_id);
		}
	}
	freeaddrinfo(found);
	return list->n ? 0 : handle_fail(-ENOENT, "'%s' has no address", name);
}

static int add_addresses(
	const struct berth *berth, const char *name, bool bracketed, struct list *list)
{
	struct in_addr in;

	if (bracketed)
		return add_literal6(berth, name, list);
	if (is_localhost(name)) {
		add(list, &loopbacks[0]);
		add(list, &loopbacks[1]);
		return 0;
	}
	if (inet_pton(AF_INET, name, &in) == 1) {
		add_ipv4(list, &in);
		return 0;
	}
	if (strchr(name, ':'))
		return handle_fail(-EINVAL,
			"'%s' looks like an IPv6 address, which is written in brackets; " HINT,
			name);
	if (strlen(name) > LARGEST_NAME)
		return handle_fail(-EINVAL, "'%s' is too long to be a name", name);
	if (berth->replay)
		return handle_fail(
			-ENOENT, "'%s' cannot be resolved in a recording; give an address", name);
	return resolve(name, list);
}

/* A group is not judged: each of its members gets a copy. */
static int refuse_groups(const char *name, const struct list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		uint8_t first = list->all[i].address[0];

		if (list->all[i].family == 4 ? first >> 4 == 0xe : first == 0xff)
			return handle_fail(-EINVAL,
				"%s is a multicast group: each socket that joined it gets a copy",
				name);
	}
	return 0;
}

/* ---- The port -------------------------------------------------------------------------------- */

static int read_part(
	const struct berth_query_part *part, const char *text, struct answer_host *host)
{
	if (part->first != part->last)
		return handle_fail(-EINVAL, "'%s' is more than one port; " HINT, text);
	host->port = part->first;
	switch (part->protos) {
	case 0:
	case BERTH_PROTO_BIT(BERTH_TCP):
	case BERTH_PROTO_BIT(BERTH_MPTCP): /* a listener of either takes from clients of both */
		host->proto = BERTH_TCP;
		return 0;
	case BERTH_PROTO_BIT(BERTH_UDP):
		host->proto = BERTH_UDP;
		return 0;
	case BERTH_PROTO_BIT(BERTH_UDPLITE):
		host->proto = BERTH_UDPLITE;
		return 0;
	default:
		return handle_fail(
			-EINVAL, "only /tcp, /udp and /udplite can be asked for, not '%s'", text);
	}
}

static int read_port(const struct berth *berth, const char *text, struct answer_host *host)
{
	struct berth_query *query = NULL;

	if (!*text || *text == '/')
		return handle_fail(-EINVAL, "a port is missing; " HINT);
	int r = berth_query_parse(berth, text, &query);
	if (r < 0)
		return r;
	r = query->n_parts == 1 ? read_part(query->parts, text, host)
				: handle_fail(-EINVAL, "'%s' is more than one port; " HINT, text);
	if (!r && !host->port)
		r = handle_fail(-EINVAL, "nobody can be asked at port 0; " HINT);
	berth_query_free(query);
	return r;
}

int answer_host(const struct berth *berth, const char *text, struct arena *arena,
	struct answer_host *ret_host)
{
	const char *colon = strrchr(text, ':');
	size_t len = colon ? (size_t)(colon - text) : 0;
	bool bracketed = len >= 2 && text[0] == '[' && text[len - 1] == ']';
	struct answer_host host = {.port = 0};
	struct list list = {.all = arena_array(arena, MOST_ADDRESSES, sizeof(*list.all))};
	const char *name = arena_text(arena, text + bracketed, len - 2 * (size_t)bracketed);

	if (!list.all || !name)
		return handle_fail(-ENOMEM, "out of memory");
	int r = read_port(berth, colon ? colon + 1 : text, &host);
	if (!r)
		r = add_addresses(berth, name, bracketed, &list);
	if (!r)
		r = refuse_groups(name, &list);
	if (r < 0)
		return r;
	host.loopback = !bracketed && is_localhost(name);
	host.name = *name && strcmp(name, "*") != 0 ? name : "localhost";
	host.addresses = list.all;
	host.n_addresses = list.n;
	*ret_host = host;
	return 0;
}
