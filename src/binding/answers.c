// SPDX-License-Identifier: MIT
/*
 * The kernel's way from a packet to a socket (Linux 6.18). For TCP: inet_lookup_listener
 * (net/ipv4/inet_hashtables.c) and inet6_lookup_listener (net/ipv6/inet6_hashtables.c); for UDP:
 * __udp4_lib_lookup (net/ipv4/udp.c) and __udp6_lib_lookup (net/ipv6/udp.c). All of them look
 * twice: at the hash chain of sockets bound to the very address, then at that of the wildcard. In a
 * chain the highest score wins, the first among equals; but a socket with SO_REUSEPORT that is the
 * best so far ends the search there and then, and its group answers (inet_lookup_reuseport).
 *
 * What the kernel does not tell is SO_REUSEPORT and SO_REUSEADDR. For TCP it follows: two listeners
 * that both match can only have been bound with SO_REUSEPORT (inet_csk_bind_conflict; a listener is
 * checked again at listen(2), inet_csk_listen_start). For UDP it may be either, so both are played
 * through, and where they differ the answer is said to be uncertain.
 *
 * Left out: SO_INCOMING_CPU, which adds one to the score on one CPU; programs of BPF that choose
 * (sk_lookup; SO_ATTACH_REUSEPORT_EBPF); VRF devices. A connected UDP socket takes nothing from
 * strangers; that it may switch its group to choosing by score is covered by the play-through.
 */
#include "binding/answers.h"

#include <limits.h>
#include <string.h>

#include "binding/binding.h"

enum {
	MISS = -1,
	LEAST_PREFIX_4 = 32,
	LEAST_PREFIX_6 = 128,
};

/* One of the two looks: at the sockets of this address. */
struct stage {
	const struct answers_target *target;
	uint8_t address[16];
};

static bool is_datagram(enum berth_proto proto)
{
	return proto == BERTH_UDP || proto == BERTH_UDPLITE;
}

static bool is_zero(const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (bytes[i])
			return false;
	}
	return true;
}

static bool is_mapped(const struct berth_socket *socket)
{
	return socket->family == 6 && binding_is_mapped(socket->local);
}

/* Does it wait for anybody? The TCP socket of an MPTCP listener is a part of that, which stands for
 * it: both have the same inode. */
static bool waits(const struct answers_target *target, const struct berth_socket *socket)
{
	if (socket->proto != target->proto || socket->local_port != target->port)
		return false;
	return socket->state == (is_datagram(target->proto) ? BERTH_CLOSE : BERTH_LISTEN);
}

/*
 * Is it in the chain, by address alone? IPv4 compares sk_rcv_saddr, which of an IPv6 socket is 0
 * for the wildcard and the last part of a mapped address, and passes over sockets that are IPv6
 * only; IPv6 compares whole addresses of IPv6 sockets (compute_score in the four files).
 */
static bool has_address(const struct stage *stage, const struct berth_socket *socket)
{
	size_t len = stage->target->family == 4 ? 4 : 16;

	if (socket->family == stage->target->family)
		return !memcmp(socket->local, stage->address, len);
	if (socket->family == 4 || socket->v6only == 1)
		return false;
	if (is_mapped(socket))
		return !memcmp(socket->local + 12, stage->address, 4);
	return is_zero(socket->local, 16) && is_zero(stage->address, 4);
}

/* inet_sk_bound_dev_eq (include/net/inet_sock.h), without VRF. */
static bool has_interface(const struct answers_target *target, const struct berth_socket *socket)
{
	return !socket->ifindex || socket->ifindex == target->ifindex;
}

/* compute_score; UDP gives more for the interface than for the family, TCP the same. */
static int score(const struct stage *stage, const struct berth_socket *socket)
{
	enum {
		UDP_INTERFACE = 4
	};

	if (!waits(stage->target, socket) || !has_address(stage, socket) ||
		!has_interface(stage->target, socket))
		return MISS;
	int family = socket->family == 4;
	int interface = socket->ifindex != 0;
	if (is_datagram(stage->target->proto) && stage->target->family == 4)
		return 1 + family + interface * UDP_INTERFACE;
	return 1 + family + interface;
}

/*
 * Does `a` come before `b` in the chain? A socket is put at its head, so the newest comes first;
 * one of IPv6 with SO_REUSEPORT at its tail (inet_hash, udp_lib_get_port). A dump of listeners
 * follows these chains (inet_diag_dump_icsk, since 5.17), one of UDP another table that is filled
 * in the same way (udp_dump, sk_add_node_rcu); but it is of one family, and there IPv4 comes first
 * where the order matters.
 */
static bool is_before(const struct berth_socket *a, const struct berth_socket *b)
{
	if (a->family != b->family && is_datagram(a->proto))
		return a->family == 4;
	return a->kernel_order < b->kernel_order;
}

/* Who is found in this chain, NULL: nobody. */
static const struct berth_socket *look(const struct stage *stage,
	const struct berth_socket *const *sockets, size_t n_sockets, bool reuseport)
{
	const struct berth_socket *best = NULL;
	int best_score = MISS;

	for (size_t i = 0; i < n_sockets; i++) {
		int own = score(stage, sockets[i]);

		if (own == MISS)
			continue;
		/* With SO_REUSEPORT the first one ends the search. */
		if (best && (reuseport || own == best_score) ? !is_before(sockets[i], best)
							     : own < best_score)
			continue;
		best = sockets[i];
		best_score = own;
	}
	return best;
}

/* The same place: the members of a group (berth_socket.reuseport_group). */
static bool shares_place(const struct berth_socket *a, const struct berth_socket *b)
{
	return a->family == b->family && a->ifindex == b->ifindex && a->v6only == b->v6only &&
		a->uid == b->uid && !memcmp(a->local, b->local, sizeof(a->local));
}

static enum berth_via via_of(const struct answers_target *target, const struct berth_socket *socket)
{
	if (socket->family != target->family)
		return BERTH_VIA_DUAL_STACK;
	return is_zero(socket->local, sizeof(socket->local)) ? BERTH_VIA_WILDCARD
							     : BERTH_VIA_ADDRESS;
}

static bool is_listed(
	const struct berth_socket *const *list, size_t n, const struct berth_socket *socket)
{
	for (size_t i = 0; i < n; i++) {
		if (list[i] == socket)
			return true;
	}
	return false;
}

/* Adds all that share the place of `found`. */
static size_t add_group(const struct stage *stage, const struct berth_socket *const *sockets,
	size_t n_sockets, const struct berth_socket *found, const struct berth_socket **list,
	size_t n)
{
	for (size_t i = 0; i < n_sockets; i++) {
		if (score(stage, sockets[i]) != MISS && shares_place(sockets[i], found) &&
			!is_listed(list, n, sockets[i]))
			list[n++] = sockets[i];
	}
	return n;
}

/*
 * Does a listener of this port wait on another interface than `found`? Then a group may have got a
 * member without SO_REUSEPORT: the short cut of a bind (sk_reuseport_match in
 * net/ipv4/inet_connection_sock.c, Linux 6.18) compares with the address of the last socket that
 * passed, whatever its interface, and not with all of them.
 */
static bool has_other_interface(const struct stage *stage,
	const struct berth_socket *const *sockets, size_t n_sockets,
	const struct berth_socket *found)
{
	for (size_t i = 0; i < n_sockets; i++) {
		if (waits(stage->target, sockets[i]) && sockets[i]->ifindex &&
			sockets[i]->ifindex != found->ifindex && found->ifindex)
			return true;
	}
	return false;
}

static struct answers_verdict judge_stage(const struct stage *stage,
	const struct berth_socket *const *sockets, size_t n_sockets,
	const struct berth_socket **list)
{
	const struct berth_socket *shared = look(stage, sockets, n_sockets, true);
	struct answers_verdict verdict = {.certain = true};

	if (!shared)
		return verdict;
	verdict.n = add_group(stage, sockets, n_sockets, shared, list, 0);
	verdict.via = via_of(stage->target, shared);
	verdict.group = verdict.n > 1;
	if (!is_datagram(stage->target->proto)) {
		verdict.certain =
			!verdict.group || !has_other_interface(stage, sockets, n_sockets, shared);
		return verdict;
	}
	/* Without SO_REUSEPORT a single one gets it: is that among those? */
	const struct berth_socket *alone = look(stage, sockets, n_sockets, false);
	verdict.certain = verdict.n == 1 && alone == shared;
	if (!is_listed(list, verdict.n, alone))
		list[verdict.n++] = alone;
	return verdict;
}

/* The sockets as who has them sees them: for the TCP socket of an MPTCP listener, that. */
static void name_listeners(const struct berth_socket *const *sockets, size_t n_sockets,
	const struct berth_socket **list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < n_sockets && list[i]->inode; j++) {
			if (sockets[j]->proto == BERTH_MPTCP &&
				sockets[j]->inode == list[i]->inode &&
				sockets[j]->state == BERTH_LISTEN) {
				list[i] = sockets[j];
				break;
			}
		}
	}
}

struct answers_verdict answers_judge(const struct answers_target *target,
	const struct berth_socket *const *sockets, size_t n_sockets,
	const struct berth_socket **ret_list)
{
	struct stage stage = {.target = target};

	memcpy(stage.address, target->address, sizeof(stage.address));
	struct answers_verdict verdict = judge_stage(&stage, sockets, n_sockets, ret_list);
	if (!verdict.n) {
		memset(stage.address, 0, sizeof(stage.address));
		verdict = judge_stage(&stage, sockets, n_sockets, ret_list);
	}
	name_listeners(sockets, n_sockets, ret_list, verdict.n);
	return verdict;
}

bool answers_misses_interface(
	const struct answers_target *target, const struct berth_socket *socket)
{
	struct stage stage = {.target = target};
	const struct stage wildcard = {.target = target};

	memcpy(stage.address, target->address, sizeof(stage.address));
	return waits(target, socket) && !has_interface(target, socket) &&
		(has_address(&stage, socket) || has_address(&wildcard, socket));
}

/* ---- Redirects ------------------------------------------------------------------------------- */

static bool has_prefix(const uint8_t *address, const uint8_t *prefix, unsigned bits)
{
	unsigned whole = bits / CHAR_BIT;
	unsigned rest = bits % CHAR_BIT;

	return !memcmp(address, prefix, whole) &&
		(!rest || (address[whole] ^ prefix[whole]) >> (CHAR_BIT - rest) == 0);
}

static bool catches(const struct answers_redirect *redirect, const struct answers_target *target)
{
	unsigned most = target->family == 4 ? LEAST_PREFIX_4 : LEAST_PREFIX_6;

	return (!redirect->family || redirect->family == target->family) &&
		redirect->protos & BERTH_PROTO_BIT(target->proto) &&
		redirect->first <= target->port && target->port <= redirect->last &&
		redirect->prefix_len <= most &&
		has_prefix(target->address, redirect->prefix, redirect->prefix_len);
}

const struct answers_redirect *answers_redirect(const struct answers_target *target,
	const struct answers_redirect *redirects, size_t n_redirects, bool local,
	struct answers_target *ret_target)
{
	for (size_t i = 0; i < n_redirects; i++) {
		const struct answers_redirect *redirect = redirects + i;

		if (redirect->local != local || !catches(redirect, target))
			continue;
		*ret_target = *target;
		if (redirect->to_family == target->family)
			memcpy(ret_target->address, redirect->to, sizeof(ret_target->address));
		if (redirect->to_port)
			ret_target->port = redirect->to_port;
		return redirect;
	}
	return NULL;
}

/* ---- Strangers ------------------------------------------------------------------------------- */

static bool same_process(const struct berth_process *a, const struct berth_process *b)
{
	return a->pid == b->pid && a->start_ticks == b->start_ticks;
}

/* The first process is everybody's ancestor and nobody's relative. */
static bool descends(const struct berth_process *process, const struct berth_process *from)
{
	for (const struct berth_process *parent = process->parent; parent && from->pid != 1;
		parent = parent->parent) {
		if (same_process(parent, from))
			return true;
	}
	return false;
}

/* By its file; where that may not be read, by its name. */
static bool same_program(const struct berth_process *a, const struct berth_process *b)
{
	if (a->exe && b->exe)
		return strcmp(a->exe, b->exe) == 0;
	return strcmp(a->name, b->name) == 0;
}

/* Workers of a server that does not hold their sockets itself; not two programs of one shell. */
static bool are_workers(const struct berth_process *a, const struct berth_process *b)
{
	return a->parent && b->parent && a->parent->pid != 1 &&
		same_process(a->parent, b->parent) && same_program(a, a->parent) &&
		same_program(b, b->parent);
}

static bool are_related(const struct berth_process *a, const struct berth_process *b)
{
	return same_process(a, b) || descends(a, b) || descends(b, a) || are_workers(a, b);
}

bool answers_strangers(const struct berth_socket *a, const struct berth_socket *b)
{
	if (a->inode && a->inode == b->inode)
		return false;
	if (!a->n_owners || !b->n_owners)
		return a->has_uid && b->has_uid && a->uid != b->uid;
	for (size_t i = 0; i < a->n_owners; i++) {
		for (size_t j = 0; j < b->n_owners; j++) {
			if (are_related(a->owners[i].process, b->owners[j].process))
				return false;
		}
	}
	return true;
}
