// SPDX-License-Identifier: MIT
/*
 * Gathers rows. A table of the kernel may be answered by a recording that holds more than was asked
 * for, so every row is checked against the question here, whoever filtered before.
 */
#include "sockets/linux/rows.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <linux/types.h>
#include <stdlib.h>
#include <string.h>

#include "base/keyed.h"
#include "sockets/linux/bpf/stream.h"
#include "sockets/linux/details.h"

enum {
	FIRST_ROWS = 32,
	TEXTS = 1024, /* a power of two */
};

struct rows_text {
	const char *text;
	uint8_t family;
	uint8_t address[16];
};

static void want_ports(struct rows_question *question, const struct berth_query_part *part)
{
	for (uint32_t port = part->first; port <= part->last; port++)
		question->ports[port / 8] |= (uint8_t)(1U << (port % 8));
}

void rows_question(const struct berth_ask *ask, struct rows_question *ret_question)
{
	const struct berth_ask everything = {.size = sizeof(everything)};
	const struct berth_query *query = NULL;

	if (!ask)
		ask = &everything;
	query = ask->query;
	*ret_question = (struct rows_question){
		.protos = ask->protos ? ask->protos : BERTH_PROTO_BIT(BERTH_PROTOS) - 1,
		.states = ask->states ? ask->states : BERTH_STATE_BIT(ROWS_STATES) - 1,
		.family = ask->family,
		.any_port = !query,
		.details = ask->details,
	};
	if (!query)
		return;
	bool same = query->n_parts > 0;
	for (size_t i = 0; i < query->n_parts; i++) {
		const struct berth_query_part *part = query->parts + i;

		want_ports(ret_question, part);
		same = same && part->first == part->last && part->first == query->parts[0].first;
	}
	ret_question->one_port = same ? query->parts[0].first : 0;
	ret_question->listener_suffices = ret_question->one_port && !ask->states && !ask->thorough;
}

const char *rows_proto_name(enum berth_proto proto)
{
	static const char *const names[BERTH_PROTOS] = {
		[BERTH_TCP] = "tcp",
		[BERTH_UDP] = "udp",
		[BERTH_SCTP] = "sctp",
		[BERTH_DCCP] = "dccp",
		[BERTH_UDPLITE] = "udplite",
		[BERTH_MPTCP] = "mptcp",
	};

	return names[proto];
}

bool rows_wanted(const struct rows_question *question, const struct berth_socket *row)
{
	if (!(question->protos & BERTH_PROTO_BIT(row->proto)))
		return false;
	if (row->state >= ROWS_STATES || !(question->states & BERTH_STATE_BIT(row->state)))
		return false;
	if (question->family && question->family != row->family)
		return false;
	return question->any_port ||
		(question->ports[row->local_port / 8] >> (row->local_port % 8) & 1);
}

static size_t slot_of(uint8_t family, const uint8_t address[16])
{
	uint64_t halves[2];

	memcpy(halves, address, sizeof(halves));
	uint64_t sum = (halves[0] ^ (halves[1] * UINT64_C(0x9e3779b97f4a7c15))) + family;
	sum *= UINT64_C(0x9e3779b97f4a7c15);
	return (size_t)(sum >> 54) & (TEXTS - 1);
}

/* inet_ntop(3) goes through printf for IPv4, which is most of what it costs. */
static void write_ipv4(const uint8_t address[16], char text[INET6_ADDRSTRLEN])
{
	for (size_t i = 0; i < 4; i++) {
		unsigned value = address[i];

		if (value >= 100)
			*text++ = (char)('0' + value / 100);
		if (value >= 10)
			*text++ = (char)('0' + value / 10 % 10);
		*text++ = (char)('0' + value % 10);
		*text++ = i < 3 ? '.' : '\0';
	}
}

/* The address as text: the same pointer as lately for the same address, where possible. */
static const char *text_of(struct rows *rows, uint8_t family, const uint8_t address[16])
{
	char text[INET6_ADDRSTRLEN];

	if (!rows->texts)
		rows->texts = calloc(TEXTS, sizeof(*rows->texts));
	if (!rows->texts)
		return NULL;
	struct rows_text *slot = rows->texts + slot_of(family, address);
	if (slot->text && slot->family == family && !memcmp(slot->address, address, 16))
		return slot->text;
	if (family == 4)
		write_ipv4(address, text);
	else if (!inet_ntop(AF_INET6, address, text, sizeof(text)))
		return NULL;
	const char *copy = arena_text(rows->arena, text, strlen(text));
	if (copy) {
		slot->text = copy;
		slot->family = family;
		memcpy(slot->address, address, 16);
	}
	return copy;
}

static bool has_peer(const struct berth_socket *row)
{
	static const uint8_t nobody[16];

	return row->peer_port || memcmp(row->peer, nobody, sizeof(nobody)) != 0;
}

/* Makes room for at least one more, and for `least` in all. */
static int grow(struct rows *rows, size_t least)
{
	size_t size = rows->size ? rows->size * 2 : FIRST_ROWS;

	if (size < least)
		size = least;
	if (size > SIZE_MAX / sizeof(*rows->all))
		return -ENOMEM;
	struct berth_socket *all = realloc(rows->all, size * sizeof(*all));
	if (!all)
		return -ENOMEM;
	rows->all = all;
	rows->size = size;
	return 0;
}

int rows_add(void *context, const struct berth_socket *row)
{
	struct rows *rows = context;

	rows->told++;
	if (!rows_wanted(rows->question, row))
		return 0;
	if (rows->count == rows->size) {
		int r = grow(rows, 0);

		if (r)
			return r;
	}
	struct berth_socket *copy = rows->all + rows->count;
	*copy = *row;
	copy->local_text = text_of(rows, row->family, row->local);
	copy->peer_text = has_peer(row) ? text_of(rows, row->family, row->peer) : NULL;
	copy->details = row->details ? details_copy(rows->arena, row->details) : NULL;
	if (!copy->local_text || (has_peer(row) && !copy->peer_text) ||
		(row->details && !copy->details))
		return -ENOMEM;
	copy->kernel_order = rows->told;
	rows->count++;
	return 0;
}

int rows_note(void *context, uint64_t inode, const void *value, size_t len)
{
	struct rows *rows = context;

	if (len != sizeof(struct stream_note))
		return 0; /* of another berth */
	struct stream_note *note = arena_alloc(rows->arena, sizeof(*note));
	if (!note)
		return -ENOMEM;
	memcpy(note, value, sizeof(*note));
	return map_put(&rows->notes, inode, note);
}

int rows_move(struct rows *to, struct rows *from)
{
	if (from->count > SIZE_MAX - to->count)
		return -ENOMEM;
	int r = to->size - to->count < from->count ? grow(to, to->count + from->count) : 0;
	if (r)
		return r;
	if (from->count)
		memcpy(to->all + to->count, from->all, from->count * sizeof(*from->all));
	to->count += from->count;
	from->count = 0;
	return 0;
}

void rows_cut(struct rows *rows, size_t count)
{
	if (count < rows->count)
		rows->count = count;
}

static int order(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

/* Namespaces are in one array in their order, our own first. */
static uint64_t order_of(const struct berth_netns *netns)
{
	return netns && !netns->own ? (uintptr_t)netns : 0;
}

/* As memcmp(3), which some C libraries do byte by byte. */
static int order_of_addresses(const uint8_t left[16], const uint8_t right[16])
{
	uint64_t a[2];
	uint64_t b[2];

	memcpy(a, left, sizeof(a));
	memcpy(b, right, sizeof(b));
	int r = order(be64toh(a[0]), be64toh(b[0]));
	return r ? r : order(be64toh(a[1]), be64toh(b[1]));
}

static int compare(const void *left, const void *right)
{
	const struct berth_socket *a = left;
	const struct berth_socket *b = right;
	int r = order(a->local_port, b->local_port);

	r = r ? r : order(order_of(a->netns), order_of(b->netns));
	r = r ? r : order(a->proto, b->proto);
	r = r ? r : order(a->family, b->family);
	r = r ? r : order_of_addresses(a->local, b->local);
	r = r ? r : order(a->state, b->state);
	r = r ? r : order_of_addresses(a->peer, b->peer);
	r = r ? r : order(a->peer_port, b->peer_port);
	/* Those that share an address stand together, for rows_group(). */
	r = r ? r : order(a->ifindex, b->ifindex);
	r = r ? r : order((uint8_t)a->v6only, (uint8_t)b->v6only);
	r = r ? r : order(a->uid, b->uid);
	/* Members of a SO_REUSEPORT group: any order, as long as it is always the same. */
	r = r ? r : order(a->cookie, b->cookie);
	return r ? r : order(a->inode, b->inode);
}

static bool told_twice(const struct berth_socket *a, const struct berth_socket *b)
{
	return a->cookie && !compare(a, b);
}

/*
 * The front of what compare() compares: port, protocol, family, the first bytes of the address.
 * Rows of other namespaces come behind ours.
 */
static uint64_t key_of(const struct berth_socket *row)
{
	uint32_t address;

	/* Behind our own with this port; the rest is for compare(). */
	if (order_of(row->netns))
		return (uint64_t)row->local_port << 48 | UINT64_C(1) << 47;
	memcpy(&address, row->local, sizeof(address));
	return (uint64_t)row->local_port << 48 | (uint64_t)(row->proto & 0xff) << 40 |
		(uint64_t)row->family << 32 | be32toh(address);
}

static void sort(struct rows *rows)
{
	struct keyed_place *keys = calloc(rows->count, sizeof(*keys));

	for (size_t i = 0; keys && i < rows->count; i++)
		keys[i] = (struct keyed_place){.key = key_of(rows->all + i), .at = i};
	if (!keys || keyed_sort(rows->all, rows->count, sizeof(*rows->all), keys, compare))
		qsort(rows->all, rows->count, sizeof(*rows->all), compare); /* needs no memory */
	free(keys);
}

void rows_sort(struct rows *rows)
{
	size_t kept = 0;

	if (!rows->count)
		return;
	sort(rows);
	for (size_t i = 1; i < rows->count; i++) {
		if (told_twice(rows->all + kept, rows->all + i))
			continue;
		kept++;
		if (kept != i)
			rows->all[kept] = rows->all[i];
	}
	rows->count = kept + 1;
}

/* Does the socket take what comes from anybody, so that it can share its place? */
static bool is_server(const struct berth_socket *row)
{
	bool datagrams = row->proto == BERTH_UDP || row->proto == BERTH_UDPLITE;

	return row->state == (datagrams ? BERTH_CLOSE : BERTH_LISTEN);
}

/*
 * What makes a group: reuseport_add_sock's callers compare family, port, interface, v6only, user
 * and address (inet_reuseport_add_sock in net/ipv4/inet_hashtables.c, udp_reuseport_add_sock in
 * net/ipv4/udp.c). All rows are of one network namespace.
 */
static bool shares_place(const struct berth_socket *a, const struct berth_socket *b)
{
	return a->local_port == b->local_port && a->proto == b->proto && a->family == b->family &&
		a->state == b->state && a->ifindex == b->ifindex && a->v6only == b->v6only &&
		a->uid == b->uid && !memcmp(a->local, b->local, sizeof(a->local));
}

void rows_group(struct rows *rows)
{
	for (size_t first = 0; first < rows->count;) {
		size_t end = first + 1;

		while (end < rows->count && shares_place(rows->all + first, rows->all + end))
			end++;
		for (size_t i = first; i < end; i++) {
			bool known = is_server(rows->all + i) && rows->all[i].cookie;

			rows->all[i].reuseport_group = known ? (uint32_t)(end - first) : 0;
		}
		first = end;
	}
}

void rows_free(struct rows *rows)
{
	free(rows->all);
	free(rows->texts);
	map_free(&rows->notes);
	rows->all = NULL;
	rows->texts = NULL;
	rows->count = rows->size = 0;
}
