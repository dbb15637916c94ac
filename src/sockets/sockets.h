/* SPDX-License-Identifier: MIT */
/*
 * What the kernel holds now, and who owns it. A backend per system fills a snapshot; this header is
 * all that the rest of berth knows of them.
 *
 * A backend touches the machine through one struct, the system (see linux/system.h): a root folder
 * and a function that asks the kernel one question. So the same code runs on a recording.
 */
#ifndef BERTH_SOCKETS_SOCKETS_H
#define BERTH_SOCKETS_SOCKETS_H

#include <berth.h>

#include "base/arena.h"
#include "base/buffer.h"

struct sockets_system;

/* This machine. Cheap: opens nothing that was not asked for yet. 0; -ENOMEM. */
int sockets_system_live(struct sockets_system **ret_system);

/*
 * A recording. -ENOENT, -EACCES, …: cannot be opened; -EBADMSG: not a recording, or one of a newer
 * format; *ret_problem (appended to) says which.
 */
int sockets_system_replay(
	const char *path, struct sockets_system **ret_system, struct buffer *ret_problem);

void sockets_system_free(struct sockets_system *system);

/* See berth_record(). *ret_problem (appended to) says what failed. */
int sockets_record(
	struct sockets_system *system, const char *path, bool scrub, struct buffer *ret_problem);

/* See berth_enable() and berth_disable(). *ret_problem (appended to) says what failed. */
int sockets_enable(unsigned mode, struct buffer *ret_problem);
int sockets_disable(struct buffer *ret_problem);

struct sockets_snapshot {
	struct arena arena;
	/* sorted: port, network namespace, protocol, family, address, state, peer */
	struct berth_socket *sockets;
	size_t n_sockets;
	unsigned gaps; /* enum berth_gap */
	double time_s;
	struct berth_policy policy; /* of the namespace that the question is about */
	enum berth_netns_ask netns_ask;
	const struct berth_netns *netns; /* our own first; none when only that was asked for */
	size_t n_netns;
	const struct berth_netns *subject; /* with BERTH_ASK_ONE that one, else NULL: our own */
	berth_states unasked; /* of TCP, see berth_snapshot_unasked() */
	struct berth_rung_use rungs[BERTH_RUNGS];
	size_t n_rungs; /* 0: owners were not asked for */
	struct berth_redirect *redirects;
	size_t n_redirects;
	const char *redirects_unknown; /* why there may be others; NULL otherwise */
	struct berth_listen_losses listen_losses;
};

/*
 * Takes a picture: rows, then owners when they are asked for, then the host's policy. A system may
 * be used by several threads at once. Negative errno only when nothing at all could be found out;
 * *ret_problem (appended to) says why. What is missing otherwise is told by gaps and reasons.
 */
int sockets_snapshot(struct sockets_system *system, const struct berth_ask *ask,
	struct sockets_snapshot **ret_snapshot, struct buffer *ret_problem);

void sockets_snapshot_free(struct sockets_snapshot *snapshot);

/* The addresses that this machine has now. -ENOENT: a recording without them; -ENOSYS: this
 * backend cannot tell; another negative errno: refused. */
struct sockets_addresses;
int sockets_addresses(struct sockets_system *system, struct sockets_addresses **ret_addresses);

/*
 * The index of the interface by which what this machine sends to its own address is taken to come
 * in; 0: the address is not one of its own. `scope`: the interface of a link-local one, or 0.
 */
uint32_t sockets_incoming(const struct sockets_addresses *addresses, uint8_t family,
	const uint8_t address[16], uint32_t scope);

void sockets_addresses_free(struct sockets_addresses *addresses);

/* ---- Ending who holds a socket ----------------------------------------------------------------
 */

/* One process, and the socket that it must hold to be meant. */
struct sockets_victim {
	uint32_t pid;
	uint64_t start_ticks;
	uint64_t inode; /* 0: none */
};

/*
 * Signals just this process, and only while it holds the socket; signal 0 checks all that and sends
 * nothing. -ESRCH: it ended; -ENOENT: it has the socket no more; -EPERM: it may not be signalled;
 * -EACCES: whether it has the socket may not be read; -EROFS: a recording; -ENOSYS: this kernel or
 * backend cannot do it safely.
 */
int sockets_signal(struct sockets_system *system, const struct sockets_victim *victim, int signal);

/* This process with its parents and place; NULL in a recording, to which it does not belong. 0;
 * -ENOMEM. */
int sockets_self(
	struct sockets_system *system, struct arena *arena, const struct berth_process **ret_self);

/*
 * A descriptor that becomes readable whenever a TCP socket of this network namespace has ended; not
 * blocking, to be closed by the caller. -ENOSYS, -EPERM, …: there is no such word here.
 */
int sockets_endings(struct sockets_system *system);

/* Takes all that it has. */
void sockets_endings_read(int fd);

/* ---- What leases are tied to -------------------------------------------------------------------
 */

struct sockets_here {
	char boot_id[37]; /* of this start of the machine; NUL-terminated */
	uint64_t netns; /* the cookie of our network namespace: one number for each, never used
			   again */
	uint64_t pidns; /* the inode of our PID namespace */
	uint64_t netns_inode; /* of our network namespace: the first one of a machine has mostly the
				 same after each start */
};

/* How this host divides its ports: ephemeral, reserved, privileged; the rest of the policy is not
 * known. `netns` is sockets_here.netns. Lists live in the arena. 0; -ENOMEM. */
int sockets_policy(struct sockets_system *system, uint64_t netns, struct arena *arena,
	struct berth_policy *ret_policy);

/* What not every question needs, as bits. */
enum sockets_here_part {
	SOCKETS_HERE_PIDNS = 1 << 0,
	SOCKETS_HERE_NETNS_INODE = 1 << 1,
};

/* The parts that are not asked for are 0. 0; -EROFS: a recording; another negative errno: cannot be
 * read. */
int sockets_here(struct sockets_system *system, unsigned parts, struct sockets_here *ret_here);

/* When a process started, in clock ticks since the machine did: with its pid, who it is. 0; -ESRCH:
 * it is not there; -EACCES; -ENOMEM. */
int sockets_start(struct sockets_system *system, uint32_t pid, uint64_t *ret_ticks);

/*
 * The inodes of the PID namespaces of all processes of this machine; they live in the arena. 0;
 * -EPERM: we are not in the first one, and so do not see all; -EACCES: some may not be looked at;
 * -ENOMEM.
 */
int sockets_pid_namespaces(struct sockets_system *system, struct arena *arena,
	const uint64_t **ret_inodes, size_t *ret_n);

/*
 * Locks the number of a port in our network namespace against all others who lock it, of whatever
 * user, until the descriptor is closed or the process ends, however it ends. Nothing is bound: the
 * lock is a name of AF_UNIX in the abstract namespace, which is one for each network namespace, as
 * ports are. The descriptor, closed on exec; -EADDRINUSE: somebody has it.
 */
int sockets_lock(struct sockets_system *system, uint16_t port);

/* Would a server without any option get the port, at all addresses of both families, in each of the
 * protocols TCP and UDP that are in the set? Asked by binding, and closing at once. 0; -EADDRINUSE;
 * -EACCES; other errnos of bind(2). */
int sockets_is_free(struct sockets_system *system, uint16_t port, berth_protos protos);

/* ---- Sockets made for others ------------------------------------------------------------------
 */

/*
 * A TCP socket that is bound to the port at all addresses and never listens: it keeps the port from
 * bind(0) and connect(), while a server that sets SO_REUSEADDR or SO_REUSEPORT, as nearly all do,
 * can bind it beside. Its descriptor, closed on exec; -EADDRINUSE: somebody has the port; -EACCES.
 */
int sockets_hold(struct sockets_system *system, uint16_t port);

/* A TCP socket that listens; family 0: at all addresses. Its descriptor, closed on exec; as above.
 */
int sockets_listen(
	struct sockets_system *system, uint8_t family, const uint8_t address[16], uint16_t port);

/*
 * Calls `seen` for each local port of TCP in the range that somebody chose by bind(), which is told
 * of all but sockets that are bound only; of this network namespace, by a BPF program. The same
 * port can come again. 0; -EPERM: needs CAP_BPF and CAP_PERFMON; -EOPNOTSUPP and others: cannot be
 * told.
 */
typedef void sockets_bound_port(void *context, uint16_t port);
int sockets_bound_ports(const struct sockets_system *system, const struct berth_port_range *range,
	sockets_bound_port *seen, void *context);

/* ---- Reserved ports ---------------------------------------------------------------------------
 */

/* Where reservations are kept; what stands there, binding/reservations.h knows. */
enum sockets_reserving_place {
	SOCKETS_RESERVING_KERNEL, /* the setting of this network namespace */
	SOCKETS_RESERVING_RECORD, /* berth's file about it in /run */
	SOCKETS_RESERVING_DROP_IN, /* berth's file for sysctl.d(5) */
};
#define SOCKETS_RESERVING_SETTING "/proc/sys/net/ipv4/ip_local_reserved_ports"
#define SOCKETS_RESERVING_FILE "99-zz-berth-reserved-ports.conf"
#define SOCKETS_RESERVING_FOLDER "/etc/sysctl.d"

struct sockets_reserving;

/*
 * `to_write`: opens the setting for writing, and then keeps all others of berth's out until it is
 * closed, or gives up after five seconds when somebody does not end. -EACCES, -EROFS: it may not be
 * written; -EBUSY: somebody else is at it; -ENOSYS: no such setting, no backend; *ret_problem
 * (appended to) is a sentence.
 */
int sockets_reserving_open(struct sockets_system *system, bool to_write,
	struct sockets_reserving **ret_reserving, struct buffer *ret_problem);
void sockets_reserving_close(struct sockets_reserving *reserving);

/* Appends what stands there. -ENOENT: there is no such file; -ELOOP and others: it is not read. */
int sockets_reserving_read(const struct sockets_reserving *reserving,
	enum sockets_reserving_place place, struct buffer *ret_text, struct buffer *ret_problem);

/* Replaces what stands there; a file is removed by NULL. The kernel is given a list longer than a
 * page in parts, so that for some microseconds less is reserved than before and after. */
int sockets_reserving_write(const struct sockets_reserving *reserving,
	enum sockets_reserving_place place, const char *text, struct buffer *ret_problem);

/* Adds a list to the kernel's, which needs no knowledge of what stands there. 0 or -errno. */
int sockets_reserving_add(const struct sockets_reserving *reserving, const char *list);

/* Calls `seen` for each other file that sysctl(8) or systemd-sysctl(8) read; a non-zero answer ends
 * it and is handed on. `name` is the last part of the path. */
typedef int sockets_reserving_file(
	void *context, const char *path, const char *name, const struct buffer *text);
int sockets_reserving_others(
	const struct sockets_reserving *reserving, sockets_reserving_file *seen, void *context);

/* The id of this boot. */
const char *sockets_reserving_boot(const struct sockets_reserving *reserving);

/* Whether this is the network namespace of the first process, which sysctl.d(5) is for: 1, 0, or
 * -1: not known. */
int sockets_reserving_boots_here(const struct sockets_reserving *reserving);

/* Whether a socket that is bound to the interface (0: to none) may be bound to the address: the
 * machine's own, a broadcast or a multicast one. */
bool sockets_may_bind(const struct sockets_addresses *addresses, uint8_t family,
	const uint8_t address[16], uint32_t ifindex);

/* Who would bind a socket. */
struct sockets_binder {
	bool has_uid;
	uint32_t uid; /* effective */
	int8_t may_bind_low; /* CAP_NET_BIND_SERVICE: 1, 0, or -1: not known */
	const char *const *hindrances; /* what may refuse it too, but cannot be read: "the seccomp
					  filter that the process has"; in the arena */
	size_t n_hindrances;
};

/* `pid` 0: this process. 0; -ESRCH: there is no such process; -ENOMEM; -ENOSYS. */
int sockets_binder(struct sockets_system *system, uint32_t pid, struct arena *arena,
	struct sockets_binder *ret_binder);

/*
 * What the kernel remembers of those that were bound to a port of TCP (struct inet_bind_bucket),
 * as long as one of them is left: who matches it is compared with nobody.
 */
struct sockets_bucket {
	bool reuseaddr; /* all have SO_REUSEADDR, and none listens */
	bool reuseport; /* one was bound with SO_REUSEPORT, of which the rest is: */
	bool any_address; /* all were, so that its address does not count */
	uint32_t uid;
	uint8_t family; /* 4 or 6 */
	uint8_t address4[4]; /* network byte order; sk_rcv_saddr, which a socket of IPv6 has too */
	uint8_t address6[16]; /* of family 6 */
	bool v6only;
};

/* Told by a BPF program, of our network namespace. 0; -ENOENT: nothing has the port; -EPERM: needs
 * CAP_BPF and CAP_PERFMON; -EOPNOTSUPP and others: cannot be told. */
int sockets_bucket(
	const struct sockets_system *system, uint16_t port, struct sockets_bucket *ret_bucket);

/* The index of an interface of our network namespace. 0; -ENODEV: there is none of that name;
 * -EOPNOTSUPP: a recording does not tell. */
int sockets_ifindex(const struct sockets_system *system, const char *name, uint32_t *ret_ifindex);

/*
 * Really binds in a child process, and closes at once; wanted->family is 4 or 6. `netns_path`: in
 * this network namespace; NULL: ours. 0, and the positive errno of bind(2) or listen(2), or 0, in
 * *ret_error; negative: it could not be tried.
 */
int sockets_try(const struct sockets_system *system, const struct berth_bind *wanted,
	const char *netns_path, int *ret_error);

/* ---- What happens to sockets -------------------------------------------------------------------
 */

enum sockets_event_kind {
	SOCKETS_TRIES, /* bind(2) was called: SOCKETS_BOUND follows, or it failed */
	SOCKETS_BOUND, /* and succeeded */
	SOCKETS_LISTENS, /* listen(2) was called; when it fails, SOCKETS_STOPS follows */
	SOCKETS_STOPS, /* listens no more */
	SOCKETS_CONNECTS, /* a socket of TCP that was bound connects */
	SOCKETS_CLOSES, /* the last descriptor of it is closed */
	SOCKETS_ENDED, /* there was such a socket; nothing else is known but cookie, protocol and
			  place */
};

/* One socket of our network namespace in one moment. */
struct sockets_event {
	enum sockets_event_kind kind;
	double time_s; /* since 1970 */
	uint64_t cookie;
	enum berth_proto proto;
	uint8_t family; /* 4 or 6 */
	uint8_t address[16];
	uint16_t port;
	uint32_t ifindex;
	/* The process that did it; not of SOCKETS_ENDED. */
	uint32_t pid; /* 0: one that we cannot see */
	uint32_t thread; /* of the whole machine */
	uint64_t start_ticks;
	uint32_t uid;
	char name[16 + 1]; /* any bytes */
	bool may_bind_low;
	bool reuseaddr;
	bool reuseport;
	bool v6only;
	bool freebind;
	bool was_bound; /* before */
	bool shut; /* as close(2) does first, and a listen(2) that fails does not */
};

/* 0; another answer ends the reading and is handed on. */
typedef int sockets_event_seen(void *context, const struct sockets_event *event);

struct sockets_events;

/*
 * Tells of sockets from now on: by BPF programs, which tell everything; or, with `endings_only`, by
 * sock_diag, which tells of TCP and UDP sockets that have ended and nothing else. *ret_why: a
 * constant sentence when it cannot. -EPERM: needs CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN; -ENOSYS,
 * -EOPNOTSUPP, …: not here.
 */
int sockets_events_open(struct sockets_system *system, bool endings_only,
	struct sockets_events **ret_events, const char **ret_why);

/* Readable whenever there is something to read. */
int sockets_events_fd(const struct sockets_events *events);

/* Whether calls of bind(2) are told too; it takes cgroups of version 2. */
bool sockets_events_binds(const struct sockets_events *events);

/* Hands on what happened since, in order. 0; 1: something that happened is being written, and with
 * it what comes behind has to wait; or a negative errno of `seen`. */
int sockets_events_read(struct sockets_events *events, sockets_event_seen *seen, void *context);

/* How many could not be told for want of room, since the beginning; more is possible when
 * *ret_more is set to true. */
uint64_t sockets_events_lost(const struct sockets_events *events, bool *ret_more);

void sockets_events_close(struct sockets_events *events);

/* A process with its command, user and place; NULL: there is none with this pid and start. 0;
 * -ENOMEM. */
int sockets_process(struct sockets_system *system, uint32_t pid, uint64_t start_ticks,
	struct arena *arena, const struct berth_process **ret_process);

#endif
