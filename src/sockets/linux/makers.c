// SPDX-License-Identifier: MIT
/*
 * Joins sockets without a process with what in the kernel made them. The table below is all there
 * is to say of who is asked when; how each is asked, and what its answer means, is in tunnels.c and
 * inkernel.c.
 */
#include "sockets/linux/makers.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "sockets/linux/inkernel.h"
#include "sockets/linux/tunnels.h"

enum {
	FIRST_FACTS = 16,
	LONGEST_DETAIL = 256,
};

#define UDP BERTH_PROTO_BIT(BERTH_UDP)
#define TCP BERTH_PROTO_BIT(BERTH_TCP)
#define SCTP BERTH_PROTO_BIT(BERTH_SCTP)
#define MPTCP BERTH_PROTO_BIT(BERTH_MPTCP)

struct asking {
	const struct sockets_system *system;
	struct makers_facts facts;
	struct tunnels tunnels;
};

typedef int ask_netlink(const struct sockets_system *system, struct tunnels *tunnels);

/*
 * Which rows each of them could have made: none of those there, and it is not asked. Those that are
 * configured may have any port.
 */
static const struct {
	berth_protos protos;
	uint16_t port; /* 0: any */
	bool peer; /* the port is the other end's */
	ask_netlink *netlink;
	inkernel_ask *files;
} makers[] = {
	{UDP, 0, .netlink = tunnels_ask_links},
	{UDP, 0, .netlink = tunnels_ask_fou},
	{UDP, 0, .netlink = tunnels_ask_l2tp},
	{UDP, 0, .netlink = tunnels_ask_tipc},
	{TCP | MPTCP, 0, .netlink = tunnels_ask_mptcp},
	{TCP, 0, .netlink = tunnels_ask_smc},
	{TCP | UDP, 0, .files = inkernel_ask_nfsd},
	{TCP | UDP, 0, .files = inkernel_ask_lockd},
	{TCP | UDP, 2049, .peer = true, .files = inkernel_ask_nfs},
	{TCP, 0, .files = inkernel_ask_ksmbd},
	{TCP | SCTP, 0, .files = inkernel_ask_iscsi},
	{TCP, 0, .files = inkernel_ask_nvmet},
	{UDP, 0, .files = inkernel_ask_rxrpc},
	{TCP, 16385, .files = inkernel_ask_rds},
	{TCP | SCTP, 0, .files = inkernel_ask_dlm},
	{TCP, 0, .files = inkernel_ask_o2net},
};

/* What a reader calls them: "kernel socket of …". */
static const struct {
	const char *maker;
	const char *label;
} labels[] = {
	{"amt", "AMT"},
	{"bareudp", "bareudp"},
	{"dlm", "the distributed lock manager"},
	{"fou", "foo over UDP"},
	{"geneve", "GENEVE"},
	{"gtp", "GTP"},
	{"gue", "generic UDP encapsulation"},
	{"iscsi", "the iSCSI target"},
	{"ksmbd", "the SMB server ksmbd"},
	{"l2tp", "L2TP"},
	{"lockd", "the NFS lock manager"},
	{"mptcp", "the MPTCP path manager"},
	{"nfs", "the NFS client"},
	{"nfsd", "the NFS server"},
	{"nvmet", "the NVMe target"},
	{"o2net", "OCFS2"},
	{"pfcp", "PFCP"},
	{"rds", "RDS"},
	{"rxrpc", "RxRPC"},
	{"smc", "an SMC socket"},
	{"tipc", "TIPC"},
	{"vxlan", "VXLAN"},
	{"wireguard", "WireGuard"},
};

/* ---- Facts
 * ---------------------------------------------------------------------------------------- */

static int grow(struct makers_facts *facts)
{
	size_t size = facts->size ? facts->size * 2 : FIRST_FACTS;
	struct makers_fact *all = reallocarray(facts->all, size, sizeof(*all));

	if (!all)
		return -ENOMEM;
	facts->all = all;
	facts->size = size;
	return 0;
}

int makers_say(struct makers_facts *facts, const struct makers_fact *fact, const char *format, ...)
{
	char text[LONGEST_DETAIL] = "";
	va_list arguments;

	va_start(arguments, format);
	if (format)
		(void)vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	int r = facts->count == facts->size ? grow(facts) : 0;
	if (r)
		return r;
	struct makers_fact *copy = facts->all + facts->count;
	*copy = *fact;
	copy->detail = format ? arena_text(facts->arena, text, strlen(text)) : NULL;
	if (format && !copy->detail)
		return -ENOMEM;
	facts->count++;
	return 0;
}

void makers_facts_free(struct makers_facts *facts)
{
	free(facts->all);
	facts->all = NULL;
	facts->count = facts->size = 0;
}

/* By end and port; of one place the one with an address first. */
static int compare(const void *left, const void *right)
{
	const struct makers_fact *a = left;
	const struct makers_fact *b = right;

	if (a->peer != b->peer)
		return a->peer ? 1 : -1;
	if (a->port != b->port)
		return a->port < b->port ? -1 : 1;
	return b->has_address - a->has_address;
}

void makers_sort(struct makers_facts *facts)
{
	if (facts->count)
		qsort(facts->all, facts->count, sizeof(*facts->all), compare);
}

/* The first fact of one end and port. */
static size_t first_of(const struct makers_facts *facts, bool peer, uint16_t port)
{
	const struct makers_fact wanted = {.peer = peer, .port = port, .has_address = true};
	size_t low = 0;
	size_t high = facts->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare(facts->all + middle, &wanted) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool is_about(const struct makers_fact *fact, const struct berth_socket *row)
{
	const uint8_t *address = fact->peer ? row->peer : row->local;

	if (!(fact->protos & BERTH_PROTO_BIT(row->proto)) ||
		(fact->family && fact->family != row->family))
		return false;
	return !fact->has_address || !memcmp(fact->address, address, fact->family == 4 ? 4 : 16);
}

const struct makers_fact *makers_match(
	const struct makers_facts *facts, const struct berth_socket *row)
{
	for (int peer = 0; peer <= 1; peer++) {
		uint16_t port = peer ? row->peer_port : row->local_port;

		for (size_t i = first_of(facts, peer, port); i < facts->count &&
			facts->all[i].port == port && facts->all[i].peer == peer;
			i++) {
			if (is_about(facts->all + i, row))
				return facts->all + i;
		}
	}
	return NULL;
}

/* ---- Rows
 * ----------------------------------------------------------------------------------------- */

/* Nobody is known to hold it, and it is not a connection that waits for its listener's process. */
static bool could_be_made(const struct berth_socket *row)
{
	if (row->n_owners)
		return false;
	switch (row->reason) {
	case BERTH_NEEDS_CAPABILITY:
	case BERTH_OTHER_PID_NAMESPACE:
		return true;
	case BERTH_KERNEL_SOCKET:
		return row->inode || row->proto == BERTH_UDP || row->state == BERTH_LISTEN;
	case BERTH_KNOWN:
	case BERTH_NOT_ASKED:
	case BERTH_CLOSING_SOCKET:
	case BERTH_PROCESS_ENDED:
	case BERTH_UNSUPPORTED:
		break;
	}
	return false;
}

static bool any_for(const struct rows *rows, size_t maker)
{
	for (size_t i = 0; i < rows->count; i++) {
		const struct berth_socket *row = rows->all + i;
		uint16_t port = makers[maker].peer ? row->peer_port : row->local_port;

		if (makers[maker].protos & BERTH_PROTO_BIT(row->proto) &&
			(!makers[maker].port || makers[maker].port == port) && could_be_made(row))
			return true;
	}
	return false;
}

static int ask_all(struct asking *asking, const struct rows *rows)
{
	int r = 0;

	for (size_t i = 0; !r && i < sizeof(makers) / sizeof(*makers); i++) {
		if (!any_for(rows, i))
			continue;
		r = makers[i].netlink ? makers[i].netlink(asking->system, &asking->tunnels)
				      : makers[i].files(asking->system, &asking->facts);
	}
	makers_sort(&asking->facts);
	return r;
}

/* How many more interfaces, bearers or targets share the socket. */
static size_t others_like(const struct makers_facts *facts, const struct makers_fact *fact)
{
	const struct makers_fact *end = facts->all + facts->count;
	size_t others = 0;

	for (const struct makers_fact *at = fact + 1;
		at < end && at->port == fact->port && at->peer == fact->peer; at++)
		others += !strcmp(at->maker, fact->maker) &&
			(!at->family || !fact->family || at->family == fact->family);
	return others;
}

static const char *label_of(const char *maker)
{
	for (size_t i = 0; i < sizeof(labels) / sizeof(*labels); i++) {
		if (!strcmp(labels[i].maker, maker))
			return labels[i].label;
	}
	return maker;
}

/* "kernel socket of VXLAN interface vx0" */
static int name_row(struct arena *arena, const struct makers_facts *facts,
	const struct makers_fact *fact, struct berth_socket *row)
{
	size_t others = fact->detail && !fact->has_address ? others_like(facts, fact) : 0;
	struct buffer text = {0};

	buffer_format(&text, "kernel socket of %s%s%s", label_of(fact->maker),
		fact->detail ? " " : "", fact->detail ? fact->detail : "");
	if (others)
		buffer_format(&text, " and %zu more", others);
	const char *reason = text.error ? NULL : arena_text(arena, buffer_string(&text), text.len);
	buffer_free(&text);
	if (!reason)
		return -ENOMEM;
	row->maker = fact->maker;
	row->maker_detail = fact->detail;
	row->reason = BERTH_KERNEL_SOCKET;
	row->reason_text = reason;
	row->capabilities = NULL;
	row->n_capabilities = 0;
	return 0;
}

/*
 * What MPTCP has made is a socket of TCP and one of its own around it, both with one inode
 * (mptcp_subflow_create_socket()), of which only the former has the port.
 */
static void name_parents(struct rows *rows)
{
	for (size_t i = 0; i < rows->count; i++) {
		struct berth_socket *row = rows->all + i;

		if (row->proto != BERTH_MPTCP || !row->inode || !could_be_made(row))
			continue;
		for (size_t j = 0; j < rows->count; j++) {
			const struct berth_socket *made = rows->all + j;

			if (made->inode == row->inode && made->maker) {
				row->maker = made->maker;
				row->maker_detail = made->maker_detail;
				row->reason = made->reason;
				row->reason_text = made->reason_text;
				row->n_capabilities = 0;
			}
		}
	}
}

int makers_name(const struct sockets_system *system, struct rows *rows)
{
	struct asking asking = {.system = system, .facts = {.arena = rows->arena}};

	asking.tunnels.facts = &asking.facts;
	int r = ask_all(&asking, rows);
	for (size_t i = 0; !r && asking.facts.count && i < rows->count; i++) {
		struct berth_socket *row = rows->all + i;
		const struct makers_fact *fact =
			could_be_made(row) ? makers_match(&asking.facts, row) : NULL;

		if (fact)
			r = name_row(rows->arena, &asking.facts, fact, row);
	}
	makers_facts_free(&asking.facts);
	if (!r)
		name_parents(rows);
	return r;
}
