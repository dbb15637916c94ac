// SPDX-License-Identifier: MIT
/*
 * The rules, each where the kernel has it. TCP's bucket also remembers whether those that were
 * bound before agreed, and then nothing is compared (fastreuse, fastreuseport in
 * inet_csk_get_port). Mostly the comparison would have passed too; where it need not, and the
 * bucket could not be read, bucket_may_match() makes the verdict unknown.
 */
#include "binding/verdict.h"

#include <errno.h>
#include <string.h>

#include "binding/binding.h"

static const uint8_t nothing[16];

/* ---- Three values ---------------------------------------------------------------------------- */

static verdict_truth both(verdict_truth a, verdict_truth b)
{
	if (!a || !b)
		return 0;
	return a < 0 || b < 0 ? -1 : 1;
}

static verdict_truth either(verdict_truth a, verdict_truth b)
{
	if (a > 0 || b > 0)
		return 1;
	return a < 0 || b < 0 ? -1 : 0;
}

static verdict_truth not(verdict_truth a)
{
	return a < 0 ? -1 : !a;
}

/* ---- Addresses ------------------------------------------------------------------------------- */

static bool is_wildcard(const uint8_t *address, uint8_t family)
{
	return !memcmp(address, nothing, family == 4 ? 4 : 16);
}

bool verdict_is_wildcard(const struct verdict_bind *bind)
{
	return is_wildcard(bind->address, bind->family);
}

/* Where a socket is bound; ::ffff:127.0.0.1 of IPv6 is 127.0.0.1. */
struct place {
	uint8_t family;
	const uint8_t *address;
	bool any;
};

static struct place place_of(const struct berth_socket *socket)
{
	bool mapped = socket->family == 6 && binding_is_mapped(socket->local);
	struct place place = {.family = mapped ? 4 : socket->family,
		.address = socket->local + (mapped ? BINDING_MAPPED_PREFIX : 0)};

	place.any = is_wildcard(place.address, place.family);
	return place;
}

/*
 * A socket of IPv6 has an IPv4 address beside (inet_rcv_saddr): none for the wildcard, that of the
 * mapped one, 127.0.0.6 for any other (LOOPBACK4_IPV6), so that it overlaps the wildcard of IPv4
 * unless it is for IPv6 alone. inet6_bind() sets it to be so for any other address than the
 * wildcard, connect() does not.
 */
static verdict_truth takes_ipv4(const struct berth_socket *socket)
{
	return not(socket->v6only < 0 ? -1 : socket->v6only);
}

/* ipv4_rcv_saddr_equal(), with wildcards on both sides. */
static verdict_truth overlaps_ipv4(
	const struct verdict_bind *bind, const struct berth_socket *socket)
{
	struct place theirs = place_of(socket);
	bool any = verdict_is_wildcard(bind) || theirs.any;

	if (theirs.family == 4)
		return any || !memcmp(bind->address, theirs.address, 4);
	return any ? takes_ipv4(socket) : 0;
}

/* ipv6_rcv_saddr_equal(), the same. A socket of IPv4 counts as a mapped address. */
static verdict_truth overlaps_ipv6(
	const struct verdict_bind *bind, const struct berth_socket *socket)
{
	struct place theirs = place_of(socket);

	if (theirs.family == 4)
		return verdict_is_wildcard(bind) && !bind->v6only;
	return verdict_is_wildcard(bind) || theirs.any ||
		!memcmp(bind->address, theirs.address, 16);
}

verdict_truth verdict_overlaps(const struct verdict_bind *bind, const struct berth_socket *socket)
{
	/* inet_bind_conflict(): sk_bound_dev_if of both, 0 is any. */
	if (bind->ifindex && socket->ifindex && bind->ifindex != socket->ifindex)
		return 0;
	return bind->family == 4 ? overlaps_ipv4(bind, socket) : overlaps_ipv6(bind, socket);
}

/* ---- Sharing --------------------------------------------------------------------------------- */

/* A connection of TCP, which may have been accepted by another than who bound the listener. */
static bool is_connection(const struct berth_socket *socket)
{
	return socket->proto == BERTH_TCP && socket->state != BERTH_LISTEN &&
		socket->state != BERTH_BOUND;
}

/* What is left of a connection in TIME_WAIT, also while its state is FIN_WAIT2, has a timer of its
 * own in the dump (inet_twsk_diag_fill) and no user. */
static bool is_time_wait(const struct berth_socket *socket)
{
	return socket->state == BERTH_TIME_WAIT || socket->expires_ms >= 0;
}

static verdict_truth same_user(const struct verdict_bind *bind, const struct berth_socket *socket)
{
	if (!socket->has_uid)
		return -1;
	return bind->uid == socket->uid;
}

/* inet_bind_conflict(), of TCP: both may be reused and the other does not listen. */
static verdict_truth shares_address(
	const struct verdict_bind *bind, const struct berth_socket *socket)
{
	if (!bind->reuseaddr || socket->state == BERTH_LISTEN)
		return 0;
	return socket->has_reuse ? socket->reuseaddr : -1;
}

/*
 * The same: one group, of one user; the user of TIME_WAIT does not count. A connection is of whom
 * accept() was called by, while the bucket remembers who bound the listener: not known of one that
 * is not.
 */
static verdict_truth shares_port(const struct verdict_bind *bind, const struct berth_socket *socket)
{
	verdict_truth user = is_time_wait(socket) ? 1 : same_user(bind, socket);

	if (!bind->reuseport)
		return 0;
	if (!user && is_connection(socket) && !bind->bucket)
		user = -1;
	return both(socket->has_reuse ? socket->reuseport : -1, user);
}

/* udp_lib_lport_inuse(): as for TCP, but there is no listening. */
static verdict_truth shares_datagrams(
	const struct verdict_bind *bind, const struct berth_socket *socket)
{
	if (!bind->reuseaddr)
		return 0;
	return socket->has_reuse ? socket->reuseaddr : -1;
}

static bool is_datagram(enum berth_proto proto)
{
	return proto == BERTH_UDP || proto == BERTH_UDPLITE;
}

/* Sockets of one port space. TCP shows the first subflow of each MPTCP socket, which is enough. */
static bool is_rival(const struct verdict_bind *bind, const struct berth_socket *socket)
{
	/* A request is no socket yet: it has no place in the bind buckets (inet_reqsk_alloc). */
	if (socket->state == BERTH_NEW_SYN_RECV || socket->state == BERTH_SYN_RECV)
		return false;
	return socket->proto == bind->proto && socket->local_port == bind->port;
}

verdict_truth verdict_conflicts(const struct verdict_bind *bind, const struct berth_socket *socket)
{
	if (!is_rival(bind, socket))
		return 0;
	verdict_truth shared = is_datagram(bind->proto) ? shares_datagrams(bind, socket)
							: shares_address(bind, socket);

	return both(verdict_overlaps(bind, socket), not(either(shared, shares_port(bind, socket))));
}

/* udp_lib_lport_inuse() leaves off at the first that overlaps, is not shared by SO_REUSEADDR and is
 * of the same group: what stands behind it in the chain is not compared. */
static verdict_truth ends_search(const struct verdict_bind *bind, const struct berth_socket *socket)
{
	return both(verdict_overlaps(bind, socket),
		both(not(shares_datagrams(bind, socket)), shares_port(bind, socket)));
}

static const struct berth_socket *next_in_chain(
	const struct berth_socket *const *sockets, size_t n_sockets, uint32_t behind)
{
	const struct berth_socket *next = NULL;

	for (size_t i = 0; i < n_sockets; i++) {
		uint32_t order = sockets[i]->kernel_order;

		if (order > behind && (!next || order < next->kernel_order))
			next = sockets[i];
	}
	return next;
}

/* All of them conflict or not, whatever their order. */
static verdict_truth judge_all(const struct verdict_bind *bind,
	const struct berth_socket *const *sockets, size_t n_sockets)
{
	verdict_truth worst = 0;

	for (size_t i = 0; i < n_sockets; i++)
		worst = either(worst, verdict_conflicts(bind, sockets[i]));
	return worst;
}

/* The address that a socket has for IPv4: __inet6_bind() sets 127.0.0.6 beside any other of IPv6
 * than the wildcard (LOOPBACK4_IPV6). */
static const uint8_t *address4_of(const struct verdict_bind *bind)
{
	static const uint8_t loopback4_ipv6[4] = {127, 0, 0, 6};

	if (bind->family == 4)
		return bind->address;
	return verdict_is_wildcard(bind) ? nothing : loopback4_ipv6;
}

/* ipv4_rcv_saddr_equal(), where a wildcard in the bucket matches all. */
static bool matches_address4(const struct verdict_bucket *bucket, const struct verdict_bind *bind)
{
	bool v6only = bind->v6only || (bind->family == 6 && !verdict_is_wildcard(bind));

	return !v6only &&
		(is_wildcard(bucket->address4, 4) ||
			!memcmp(bucket->address4, address4_of(bind), 4));
}

/* ipv6_rcv_saddr_equal(), the same. A socket of IPv4 counts as a mapped address. */
static bool matches_address6(const struct verdict_bucket *bucket, const struct verdict_bind *bind)
{
	if (bind->family == 4 && binding_is_mapped(bucket->address6))
		return matches_address4(bucket, bind);
	if (is_wildcard(bucket->address6, 6))
		return bind->family == 6 || !bucket->v6only;
	return bind->family == 6 && !memcmp(bucket->address6, bind->address, 16);
}

/* sk_reuseport_match() */
static bool matches_group(const struct verdict_bucket *bucket, const struct verdict_bind *bind)
{
	if (!bucket->reuseport || !bind->reuseport || bucket->uid != bind->uid)
		return false;
	return bucket->any_address ||
		(bucket->family == 6 ? matches_address6(bucket, bind)
				     : matches_address4(bucket, bind));
}

/*
 * inet_csk_get_port(): what matches the bucket passes. listen() goes through the same once more,
 * where SO_REUSEADDR does not count (inet_csk_listen_start), while a bind with SO_REUSEPORT that
 * has passed is by then what the bucket remembers (inet_csk_update_fastreuse).
 */
static bool passes_unseen(const struct verdict_bind *bind)
{
	const struct verdict_bucket *bucket = bind->bucket;

	if (bucket->reuseaddr && bind->reuseaddr)
		return !bind->listen || bind->reuseport;
	return matches_group(bucket, bind);
}

/*
 * sk_reuseport_match(): TCP's bucket remembers user and address of one that was bound with
 * SO_REUSEPORT beside others (FASTREUSEPORT_STRICT), but not its interface, and compares nothing
 * more with who comes after it. Which one that is depends on the order of binds, which nobody
 * tells.
 */
static bool bucket_may_match(const struct verdict_bind *bind,
	const struct berth_socket *const *sockets, size_t n_sockets)
{
	struct verdict_bind anywhere = *bind;

	anywhere.ifindex = 0;
	for (size_t i = 0; i < n_sockets && bind->reuseport && bind->proto == BERTH_TCP; i++) {
		if (is_rival(bind, sockets[i]) && verdict_overlaps(&anywhere, sockets[i]) &&
			shares_port(bind, sockets[i]))
			return true;
	}
	return false;
}

/* Each family is a dump of its own, so the order of both in their common chain is not known. */
static bool has_order(const struct verdict_bind *bind, const struct berth_socket *const *sockets,
	size_t n_sockets)
{
	uint8_t family = 0;

	for (size_t i = 0; i < n_sockets; i++) {
		if (!is_rival(bind, sockets[i]))
			continue;
		if (!sockets[i]->kernel_order || (family && family != sockets[i]->family))
			return false;
		family = sockets[i]->family;
	}
	return true;
}

/* Whichever comes first decides. */
static verdict_truth judge_unordered(const struct verdict_bind *bind,
	const struct berth_socket *const *sockets, size_t n_sockets)
{
	verdict_truth conflict = judge_all(bind, sockets, n_sockets);

	for (size_t i = 0; i < n_sockets && conflict > 0; i++) {
		if (is_rival(bind, sockets[i]) && ends_search(bind, sockets[i]))
			conflict = -1;
	}
	return conflict;
}

verdict_truth verdict_judge(const struct verdict_bind *bind,
	const struct berth_socket *const *sockets, size_t n_sockets)
{
	uint32_t behind = 0;

	if (!is_datagram(bind->proto) || !bind->reuseport) {
		verdict_truth conflict = judge_all(bind, sockets, n_sockets);

		if (bind->bucket)
			return passes_unseen(bind) ? 0 : conflict;
		return conflict > 0 && bucket_may_match(bind, sockets, n_sockets) ? -1 : conflict;
	}
	if (!has_order(bind, sockets, n_sockets))
		return judge_unordered(bind, sockets, n_sockets);
	for (const struct berth_socket *next = NULL;
		(next = next_in_chain(sockets, n_sockets, behind)); behind = next->kernel_order) {
		if (!is_rival(bind, next))
			continue;
		verdict_truth conflict = verdict_conflicts(bind, next);
		verdict_truth ends = ends_search(bind, next);

		if (conflict)
			return conflict;
		if (ends)
			return ends > 0 ? 0 : judge_all(bind, sockets, n_sockets) ? -1 : 0;
	}
	return 0;
}

/* ---- Before any socket is looked at ------------------------------------------------------------
 */

static struct verdict_check fails(enum berth_bind_cause cause, int errnum, verdict_truth sure)
{
	return (struct verdict_check){.fails = sure, .cause = cause, .errnum = errnum};
}

/* inet_port_requires_bind_service(), ns_capable(net->user_ns, CAP_NET_BIND_SERVICE). */
static struct verdict_check check_privilege(
	const struct verdict_bind *bind, const struct verdict_host *host)
{
	verdict_truth privileged = host->policy->has_unprivileged
		? binding_is_privileged(host->policy, bind->port)
		: (bind->port < 1024 ? -1 : 0);

	return fails(BERTH_BIND_PRIVILEGE, EACCES, both(privileged, not(bind->may_bind_low)));
}

/* inet_addr_valid_or_nonlocal(), ipv6_can_nonlocal_bind(): IP_FREEBIND, IP_TRANSPARENT, or the
 * sysctl ip_nonlocal_bind. */
static struct verdict_check check_address(
	const struct verdict_bind *bind, const struct verdict_host *host)
{
	verdict_truth allowed =
		bind->family == 4 ? host->policy->nonlocal_bind : host->policy->nonlocal_bind6;

	if (verdict_is_wildcard(bind) || bind->freebind)
		return fails(BERTH_BIND_ADDRESS, EADDRNOTAVAIL, 0);
	return fails(
		BERTH_BIND_ADDRESS, EADDRNOTAVAIL, both(not(host->address_is_local), not(allowed)));
}

/* __inet6_bind(): a stream is not bound to a multicast address. */
static struct verdict_check check_stream(const struct verdict_bind *bind)
{
	return fails(BERTH_BIND_INVALID, EINVAL,
		bind->family == 6 && bind->address[0] == 0xff && !is_datagram(bind->proto));
}

/* The same: a link-local address needs its interface, and a mapped one makes no sense in a socket
 * that is for IPv6 alone. */
static struct verdict_check check_form(const struct verdict_bind *bind)
{
	const uint8_t *address = bind->address;
	bool link_local = bind->family == 6 && address[0] == 0xfe && (address[1] & 0xc0) == 0x80;

	return fails(BERTH_BIND_INVALID, EINVAL,
		(link_local && !bind->ifindex) || (bind->mapped && bind->v6only));
}

struct verdict_check verdict_before(
	const struct verdict_bind *bind, const struct verdict_host *host)
{
	/* inet6_bind() looks at the privilege first, inet_bind() at the address. */
	bool is_inet6 = bind->family == 6 || bind->mapped;
	const struct verdict_check checks[] = {
		check_stream(bind),
		is_inet6 ? check_privilege(bind, host) : check_address(bind, host),
		check_form(bind),
		is_inet6 ? check_address(bind, host) : check_privilege(bind, host),
	};

	for (size_t i = 0; i < sizeof(checks) / sizeof(*checks); i++) {
		if (checks[i].fails)
			return checks[i];
	}
	return (struct verdict_check){0};
}

bool verdict_cannot_listen(const struct verdict_bind *bind)
{
	return bind->listen && is_datagram(bind->proto);
}

const char *verdict_errno_name(int errnum)
{
	static const struct {
		int number;
		const char *name;
	} names[] = {
		{EADDRINUSE, "EADDRINUSE"},
		{EACCES, "EACCES"},
		{EADDRNOTAVAIL, "EADDRNOTAVAIL"},
		{EINVAL, "EINVAL"},
		{EPERM, "EPERM"},
		{EOPNOTSUPP, "EOPNOTSUPP"},
		{EAFNOSUPPORT, "EAFNOSUPPORT"},
		{EPROTONOSUPPORT, "EPROTONOSUPPORT"},
		{ENODEV, "ENODEV"},
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (names[i].number == errnum)
			return names[i].name;
	}
	return "E?";
}
