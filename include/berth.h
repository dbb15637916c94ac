/* SPDX-License-Identifier: MIT */
/*
 * libberth: everything about a port number on a machine.
 *
 * A port number is governed by what IANA assigned (the registry), what vendors and habits say (the
 * claims), and what the kernel holds now (the sockets). This library answers each of the three and
 * keeps them apart: a label is never evidence.
 *
 * How to use it. Open a handle with berth_open(). Ask cheap questions about numbers at once
 * (berth_lookup(), berth_find()); for questions about the machine take a snapshot
 * (berth_snapshot()), a picture of one moment, and read its sockets or make reports from it
 * (berth_report()).
 *
 * Types. Everything that is handed out is a plain struct that you may read and must not change.
 * Fields are only ever added at the end of a struct. Ports are in host byte order. Addresses are in
 * network byte order, as the kernel gives them. Times are in seconds since 1970 unless a name says
 * otherwise; every unit is in a name (_s, _ms). Text is UTF-8 where its author wrote UTF-8: names
 * and command lines of processes are any bytes that somebody chose. Use berth_safe_text() before a
 * terminal sees them. The JSON functions escape by themselves.
 *
 * Not knowing is a value. A socket whose owner cannot be read is still there, with a reason
 * (enum berth_reason) and the capabilities that would show more. A snapshot has `gaps` when the
 * kernel's answer was not whole.
 *
 * Errors. Functions return 0 or a count, or a negative errno value (-ENOENT: there is no such
 * thing; -EINVAL: bad argument; -ENOMEM). Results go to the last arguments, named ret_…, which stay
 * untouched on failure. berth_error() explains the last failure of a handle in words. The library
 * never prints, never exits, never reads the environment.
 *
 * Ownership. What a function puts into a `**ret_…` belongs to you until you hand it to its own free
 * function. Everything else (const pointers inside structs) belongs to the handle, snapshot or
 * report that it was read from and lives as long.
 *
 * Threads. A handle does not change after berth_open() and may be used from several threads at once
 * (berth_error() then tells the last failure of the calling thread). Snapshots and reports are
 * independent of each other, each to be used by one thread at a time. The handle must outlive them.
 */
#ifndef BERTH_H
#define BERTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define BERTH_PUBLIC __attribute__((visibility("default")))
#else
#define BERTH_PUBLIC
#endif

/* The version of the library that is running, such as "0.1.0". */
BERTH_PUBLIC const char *berth_version(void);

/* ---- Protocols ---------------------------------------------------------------------------- */

/* The first four are the transports of the registry (RFC 6335 section 5). */
enum berth_proto {
	BERTH_TCP,
	BERTH_UDP,
	BERTH_SCTP,
	BERTH_DCCP,
	BERTH_UDPLITE, /* RFC 3828: a port space of its own, no registry of its own */
	BERTH_MPTCP, /* RFC 8684: shares TCP's port space */
	BERTH_PROTOS,
};
enum {
	BERTH_TRANSPORTS = 4
};

/* A set of protocols: bit n stands for enum berth_proto n. 0 means "all" where a set is asked for.
 */
typedef uint32_t berth_protos;
#define BERTH_PROTO_BIT(proto) (UINT32_C(1) << (proto))

/* "tcp", "udp", "sctp", "dccp", "udplite", "mptcp"; "?" for anything else. */
BERTH_PUBLIC const char *berth_proto_name(enum berth_proto proto);

/* ---- The handle --------------------------------------------------------------------------- */

struct berth;

struct berth_options {
	size_t size; /* sizeof(struct berth_options): lets the struct grow */

	/* A registry image made by berth_registry_import(), used instead of the built-in copy when
	 * it is there and sound; otherwise the built-in copy is used and a warning says why. NULL:
	 * none. */
	const char *registry_path;

	/* Folders of *.tsv files with more claims, NULL-terminated list; folders that do not exist
	 * are fine. Bad lines become warnings, the others are used. NULL: none. */
	const char *const *claims_folders;

	/* A services(5) file whose differing entries are claims of this host. NULL: none. */
	const char *services_path;

	/* A recording (see berth_record()) to answer from instead of this machine. NULL: this
	 * machine. */
	const char *replay;

	/* Where leases of this user are kept when /run/berth/leases is not there, such as
	 * $XDG_RUNTIME_DIR; and where it is remembered which ports a project had, such as
	 * ~/.local/state/berth. NULL: nowhere. */
	const char *runtime_folder;
	const char *state_folder;
};

/*
 * Opens a handle. `options` may be NULL: the built-in registry and claims, this machine.
 * -ENOENT, -EACCES, …: the recording could not be opened. -EBADMSG: it is none. -ENOMEM.
 */
BERTH_PUBLIC int berth_open(const struct berth_options *options, struct berth **ret_berth);
BERTH_PUBLIC void berth_close(struct berth *berth);

/* What went wrong in the last failed call of this thread, one sentence without a full stop. */
BERTH_PUBLIC const char *berth_error(void);

/*
 * Complaints about files, "file:line: what is wrong". Count; *ret_text may be NULL. What
 * berth_open() found is there at once; the services file is read when a question needs it, and so
 * may add some.
 */
BERTH_PUBLIC size_t berth_warnings(const struct berth *berth, const char *const **ret_text);

/* ---- Registry: what IANA assigned ---------------------------------------------------------- */

enum berth_range {
	BERTH_RANGE_SYSTEM,
	BERTH_RANGE_USER,
	BERTH_RANGE_DYNAMIC
};

struct berth_range_info {
	enum berth_range range;
	const char *name; /* "system", "user", "dynamic" */
	uint16_t first;
	uint16_t last;
};

/* RFC 6335 section 6: 0-1023 system, 1024-49151 user, 49152-65535 dynamic. */
BERTH_PUBLIC struct berth_range_info berth_range_of(uint16_t port);

enum berth_state {
	BERTH_UNASSIGNED,
	BERTH_RESERVED,
	BERTH_ASSIGNED,
	BERTH_UNASSIGNABLE, /* the dynamic range: cannot be assigned to anyone */
};

/* "unassigned", "reserved", "assigned", "unassignable". */
BERTH_PUBLIC const char *berth_state_name(enum berth_state state);

/* One row of the registry. Texts are never NULL, empty where the row has nothing. */
struct berth_record {
	const char *name;
	bool has_port; /* false: a service name without a port (DNS-SD); first and last are 0 */
	uint16_t first;
	uint16_t last;
	berth_protos protos; /* for which transports it holds */
	bool any_transport; /* the row names none, so it holds for all */
	enum berth_state state; /* what this row says of its ports */
	const char *description;
	const char *assignee;
	const char *contact;
	const char *registered; /* YYYY-MM-DD, YYYY-MM, or empty */
	const char *modified;
	const char *reference; /* as in the registry: "[RFC6335]" */
	const char *service_code; /* DCCP */
	const char *unauthorized; /* reported unauthorised use */
	const char *notes;
};

/* ---- Claims: what others say --------------------------------------------------------------- */

enum berth_claim_kind {
	BERTH_VENDOR_DOC,
	BERTH_SOFTWARE_DEFAULT,
	BERTH_DISTRO_SERVICES,
	BERTH_COMMUNITY_LIST,
	BERTH_OS_POLICY,
	BERTH_MALWARE_HISTORY,
	BERTH_HOST_SERVICES, /* this host's /etc/services, where it differs from the registry */
};

enum berth_claim_scope {
	BERTH_EXACT,
	BERTH_RANGE_BASE, /* starts at `first` and goes up */
	BERTH_POOL, /* the claimant takes any port out of the range */
};

/* "vendor-doc", "software-default", …; "exact", "range-base", "pool". */
BERTH_PUBLIC const char *berth_claim_kind_name(enum berth_claim_kind kind);
BERTH_PUBLIC const char *berth_claim_scope_name(enum berth_claim_scope scope);

struct berth_claim {
	const char *service; /* short name, as "xsan" */
	const char *name;
	const char *claimant;
	enum berth_claim_kind kind;
	enum berth_claim_scope scope;
	uint16_t first;
	uint16_t last;
	berth_protos protos;
	const char *source;
	const char *source_url;
	const char *source_date;
	const char *note;
	uint32_t ports_claimed; /* last - first + 1 */
	const char *origin; /* "berth" for built-in claims, else the file it came from */
	const char *family; /* services of one family are no rivals: "postgresql"; else the service
			     */
	const char *list; /* on which the source rests; claims that rest on one are not independent
			   */
};

struct berth_candidate {
	const char *service; /* the family's name where services are of one family */
	const char *name;
	double weight; /* see docs/claims.md */
	uint32_t sources; /* independent sources that name it */
	bool registry; /* the registry names it too */
	const char *registered; /* since when, or empty */
};

enum berth_ownership {
	BERTH_NOBODY,
	BERTH_CONTESTED,
	BERTH_OWNED
};

/* "nobody", "contested", "owned". */
BERTH_PUBLIC const char *berth_ownership_name(enum berth_ownership ownership);

/* Whom custom gives the port to, judged from claims and registry; says nothing of this machine. */
struct berth_de_facto {
	enum berth_ownership state;
	const char *service; /* NULL unless owned */
	const char *why; /* one sentence */
	const struct berth_candidate *candidates; /* heaviest first */
	size_t n_candidates;
};

/* ---- Cheap questions about numbers --------------------------------------------------------- */

/* What is said of one port, without copying anything: ids for berth_record_get, berth_claim_get. */
struct berth_lookup {
	struct berth_range_info range;
	enum berth_state state[BERTH_TRANSPORTS];
	const uint16_t *records;
	size_t n_records;
	const uint16_t *claims; /* built-in claims */
	size_t n_claims;
};

/* Needs no memory and cannot fail; tens of nanoseconds. */
BERTH_PUBLIC void berth_lookup(
	const struct berth *berth, uint16_t port, struct berth_lookup *ret_lookup);

/* Fills in one record or claim by its id. Ids that were not handed out give an empty one. */
BERTH_PUBLIC void berth_record_get(
	const struct berth *berth, uint16_t id, struct berth_record *ret_record);
BERTH_PUBLIC void berth_claim_get(
	const struct berth *berth, uint16_t id, struct berth_claim *ret_claim);

/* ---- Finding by words ----------------------------------------------------------------------- */

enum berth_match {
	BERTH_MATCH_EXACT,
	BERTH_MATCH_PREFIX,
	BERTH_MATCH_SUBSTRING,
	BERTH_MATCH_NEAR
};

/* "exact", "prefix", "substring", "near". */
BERTH_PUBLIC const char *berth_match_name(enum berth_match match);

struct berth_found {
	enum berth_match match;
	bool is_claim; /* which of the two below is filled in */
	struct berth_record record;
	struct berth_claim claim;
};

struct berth_find;

/*
 * Searches names and descriptions of registry and claims for all of `words` (NULL-terminated):
 * exact names first, then prefixes, substrings, and close misspellings. Returns how many were
 * found.
 */
BERTH_PUBLIC int berth_find(
	const struct berth *berth, const char *const *words, struct berth_find **ret_find);
BERTH_PUBLIC const struct berth_found *berth_find_get(const struct berth_find *find, size_t index);
BERTH_PUBLIC void berth_find_free(struct berth_find *find);

/* ---- Which ports: the question ----------------------------------------------------------------
 */

struct berth_query_part {
	uint16_t first;
	uint16_t last;
	berth_protos protos; /* 0: all */
	uint8_t family; /* 4, 6, or 0 when no address was given */
	uint8_t address[16]; /* network byte order; the first 4 bytes when family is 4 */
};

struct berth_query {
	struct berth_query_part *parts;
	size_t n_parts;
};

/*
 * Reads what a person types: 8080, :8080, 8080/udp, 3000-3010, 80,443, 127.0.0.1:8080, [::1]:80, a
 * service name (registry, claims, this host's services file), each with an optional /PROTO.
 * -EINVAL: not understood; -ERANGE: a number above 65535; -ENOENT: no such service. berth_error()
 * has a sentence that says what to type instead.
 */
BERTH_PUBLIC int berth_query_parse(
	const struct berth *berth, const char *text, struct berth_query **ret_query);
BERTH_PUBLIC void berth_query_free(struct berth_query *query);

/* ---- Sockets: what is so on this machine ------------------------------------------------------
 */

/* The kernel's numbers (include/net/tcp_states.h). BOUND: bound, but neither listening nor
 * connected. */
enum berth_socket_state {
	BERTH_ESTABLISHED = 1,
	BERTH_SYN_SENT,
	BERTH_SYN_RECV,
	BERTH_FIN_WAIT1,
	BERTH_FIN_WAIT2,
	BERTH_TIME_WAIT,
	BERTH_CLOSE, /* for UDP: an unconnected socket, the usual state of a server */
	BERTH_CLOSE_WAIT,
	BERTH_LAST_ACK,
	BERTH_LISTEN,
	BERTH_CLOSING,
	BERTH_NEW_SYN_RECV,
	BERTH_BOUND,
};

/* A set of states: bit n stands for state n. */
typedef uint32_t berth_states;
#define BERTH_STATE_BIT(state) (UINT32_C(1) << (state))

/* "ESTABLISHED", "LISTEN", "BOUND", …; for UDP's CLOSE: "UNCONN". */
BERTH_PUBLIC const char *berth_socket_state_name(enum berth_proto proto, unsigned state);

/* Why the owners of a socket are not known, or not all of them. */
enum berth_reason {
	BERTH_KNOWN,
	BERTH_NOT_ASKED, /* the snapshot was taken without owners */
	BERTH_NEEDS_CAPABILITY, /* processes that we may not look into could hold it */
	BERTH_KERNEL_SOCKET, /* every process was looked into, none holds it */
	BERTH_CLOSING_SOCKET, /* TIME_WAIT and orphans: no process any more */
	BERTH_PROCESS_ENDED, /* it ended, or closed the socket, while we looked */
	BERTH_OTHER_PID_NAMESPACE, /* /proc shows only our PID namespace, and nobody in it holds it
				    */
	BERTH_UNSUPPORTED, /* this system or backend cannot tell */
};

/* "known", "not-asked", "needs-capability", "kernel-socket", … */
BERTH_PUBLIC const char *berth_reason_name(enum berth_reason reason);

/*
 * ---- Places: to what a process belongs ----
 */

/* Who runs a container. */
enum berth_engine {
	BERTH_NO_ENGINE, /* no container */
	BERTH_SOME_ENGINE, /* a container, but of which engine is not known */
	BERTH_DOCKER,
	BERTH_PODMAN,
	BERTH_CONTAINERD, /* for Kubernetes, nerdctl or ctr */
	BERTH_CRIO,
	BERTH_RUNC, /* an OCI runtime that was called without an engine, as the next one */
	BERTH_CRUN,
	BERTH_LXC,
	BERTH_LXD,
	BERTH_INCUS,
	BERTH_NSPAWN,
	BERTH_LIBVIRT, /* a machine of libvirt: virtual, or LXC */
};

/* "none", "unknown", "docker", "podman", "containerd", "cri-o", "runc", "crun", "lxc", "lxd",
 * "incus", "systemd-nspawn", "libvirt". */
BERTH_PUBLIC const char *berth_engine_name(enum berth_engine engine);

/*
 * The unit and the container of a process, from the name of its cgroup; names and images from the
 * engine's own files, where they may be read. NULL is what is not known, and what is not there.
 * What stands below a user's manager or inside of a container is the word of that user or
 * container.
 */
struct berth_place {
	const char *cgroup; /* its path: of version 2, else in the hierarchy of systemd or of the
			       engine */
	const char *slice; /* the innermost of the system's manager: "system.slice" */
	const char *unit; /* of the system's manager, as systemctl takes it: "nginx.service" */
	const char *user_unit; /* of a user's manager, which itself is in user@UID.service */
	bool has_user;
	uint32_t user_uid; /* in whose manager or session it is */
	enum berth_engine engine;
	const char *container; /* its full id, or its name where the engine has no ids */
	const char *container_name; /* the name that a person gave it */
	const char *image; /* "docker.io/library/nginx:latest" */
	const char *pod; /* uid of a pod of Kubernetes, or id of one of podman */
	const char *pod_name;
	const char *pod_namespace;
	const struct berth_place *inside; /* the place within the container: a unit of its own
					     manager, or a container in the container */
};

struct berth_process {
	uint32_t pid;
	uint64_t start_ticks; /* since boot; with the pid this is the identity of a process */
	double start_s; /* since 1970; 0 when not known */
	uint32_t uid; /* effective */
	const char *user; /* NULL when the uid has no name */
	const char *name; /* comm: at most 15 bytes, chosen by the process */
	const char *exe; /* NULL when it may not be read */
	bool exe_deleted; /* the file was removed or replaced since the start */
	const char *const
		*argv; /* n_argv texts; none for a kernel thread or when it may not be read */
	size_t n_argv;
	const struct berth_process *parent; /* NULL at the top, or when it could not be read; of it
					       only pid, start, name and parent are told, the
					       rest with berth_ask.thorough */
	const struct berth_place *place; /* NULL: not known, or not asked for */
	const struct berth_place *serves; /* the container for which a helper of its engine
					     (docker-proxy, conmon, rootlessport, …) has the port;
					     NULL: none, or it could not be found */
	uint16_t serves_port; /* the port within that container; 0: not known */
};

struct berth_owner {
	const struct berth_process *process;
	int32_t fd; /* the lowest descriptor; -1 when not known */
};

/* Options of a socket that the kernel tells of (struct inet_diag_sockopt, since Linux 5.10); bits.
 * The two of multicast are set unless a program clears them. */
enum berth_socket_option {
	BERTH_OPTION_RECVERR = 1 << 0, /* IP_RECVERR */
	BERTH_OPTION_FREEBIND = 1 << 1, /* IP_FREEBIND */
	BERTH_OPTION_HDRINCL = 1 << 2, /* IP_HDRINCL */
	BERTH_OPTION_MULTICAST_LOOP = 1 << 3, /* IP_MULTICAST_LOOP */
	BERTH_OPTION_TRANSPARENT = 1 << 4, /* IP_TRANSPARENT */
	BERTH_OPTION_MULTICAST_ALL = 1 << 5, /* IP_MULTICAST_ALL */
	BERTH_OPTION_NODEFRAG = 1 << 6, /* IP_NODEFRAG */
	BERTH_OPTION_BIND_ADDRESS_NO_PORT = 1 << 7, /* IP_BIND_ADDRESS_NO_PORT */
	BERTH_OPTION_RECVERR_RFC4884 = 1 << 8, /* IP_RECVERR_RFC4884 */
	BERTH_OPTION_DEFER_CONNECT = 1 << 9, /* TCP_FASTOPEN_CONNECT, not connected yet */
};
enum {
	BERTH_SOCKET_OPTIONS = 10
};

/* "recverr", "freebind", … of a single option. */
BERTH_PUBLIC const char *berth_socket_option_name(enum berth_socket_option option);

/* Memory of a socket, bytes as the kernel counts them (SK_MEMINFO_… of linux/sock_diag.h). */
struct berth_socket_memory {
	uint32_t receive_used;
	uint32_t receive_limit; /* SO_RCVBUF */
	uint32_t send_used;
	uint32_t send_limit; /* SO_SNDBUF */
	uint32_t forward; /* set aside for it, not used yet */
	uint32_t send_queued;
	uint32_t options;
	uint32_t backlog; /* packets that came while the socket was in use */
	uint32_t drops; /* not bytes: packets or connections that were dropped */
};

/* How a TCP connection fares (struct tcp_info of linux/tcp.h). */
struct berth_tcp_metrics {
	uint32_t rtt_us; /* smoothed */
	uint32_t rtt_variation_us;
	uint32_t min_rtt_us; /* UINT32_MAX: not measured yet */
	uint32_t congestion_window; /* segments */
	uint32_t mss; /* bytes */
	uint32_t path_mtu; /* bytes */
	uint32_t retransmits; /* segments that were sent again, ever */
	uint64_t bytes_sent; /* with what was sent again; since Linux 4.19, else 0 */
	uint64_t bytes_received;
};

/* What a snapshot knows of a socket only when details were asked for. */
struct berth_socket_details {
	bool has_options;
	uint32_t options; /* bits, enum berth_socket_option */
	bool shut_receive; /* shutdown(2) was called for this direction */
	bool shut_send;
	const char *congestion; /* TCP's congestion control, "cubic"; NULL: not told */
	const char
		*ulp; /* upper layer protocol: "tls", "mptcp", "espintcp"; NULL: none, not told */
	const char *tls_version; /* "1.2", "1.3"; NULL: not TLS in the kernel, not told */
	const char *tls_cipher; /* "aes-gcm-128", …; NULL: as above, or not known by name */
	const char
		*tls_send; /* who encrypts: "none" (not the kernel), "software", "device", "record"
			    */
	const char *tls_receive; /* the same for what comes in */
	bool has_memory;
	struct berth_socket_memory memory;
	bool has_tcp; /* a TCP connection; never a listener */
	struct berth_tcp_metrics tcp;
	int16_t traffic_class; /* IP_TOS or IPV6_TCLASS, 0 to 255; -1: not told */
	bool has_mark; /* only told to CAP_NET_ADMIN */
	uint32_t mark; /* SO_MARK */
	bool has_class;
	uint32_t class_id; /* of net_cls, or the priority of the socket */
};

struct berth_socket {
	enum berth_proto proto;
	uint8_t family; /* 4 or 6 */
	uint8_t state; /* enum berth_socket_state */
	uint8_t local[16];
	uint8_t peer[16];
	uint16_t local_port;
	uint16_t peer_port; /* 0 when there is no peer */
	const char *local_text; /* "127.0.0.1", "::", … without a port */
	const char *peer_text; /* NULL when there is no peer */
	int8_t v6only; /* 1, 0, or -1: not known or not IPv6 */
	bool has_uid;
	uint32_t uid; /* of whom made the socket */
	const char *user; /* NULL when the uid has no name */
	uint64_t inode; /* 0 when no process can have it */
	uint64_t cookie; /* the kernel's own name for it, 0 when not known */
	uint64_t cgroup_id; /* 0 when not known */
	uint32_t ifindex; /* bound interface, 0: none */
	const char *interface; /* its name, or NULL */
	uint32_t receive_queue; /* bytes; for LISTEN: connections waiting for accept() */
	uint32_t send_queue; /* bytes; for LISTEN: the backlog's limit */
	int64_t expires_ms; /* TIME_WAIT: how long it still lasts; -1 when there is no such timer */
	const struct berth_owner *owners;
	size_t n_owners;
	enum berth_reason reason; /* of what is missing in owners */
	const char *reason_text; /* "needs CAP_SYS_PTRACE: owned by uid 33"; NULL when known */
	const char *const *capabilities; /* what would show it, n_capabilities names */
	size_t n_capabilities;
	bool owners_partial; /* found where owners should be; a process elsewhere may hold it too,
				which berth_ask.all_owners tells */
	const struct berth_netns *netns; /* where it is; NULL: our own was all that was asked for */
	const char *activation_unit; /* the .socket unit of systemd that opened it; NULL: none, or
					not known */
	const char *activation_service; /* what that unit starts when somebody connects; with
					   Accept=yes a template, "ftpd@.service"; NULL: not known
					 */
	const struct berth_place *made_in; /* the place of whoever made it; only told when no
					      owner is known, since owners have places */
	const char *maker; /* what in the kernel made it: "wireguard", "vxlan", "nfsd", …; NULL: a
			      process did, or it is not known */
	const char *maker_detail; /* "interface wg0"; NULL: nothing more is known */
	const struct berth_socket_details *details; /* NULL unless asked for, and told */
	/*
	 * How many sockets, this one among them, share protocol, address, port, interface and user,
	 * and wait there for anybody. 1: alone; 0: not known, or not such a socket. More than one
	 * TCP listener can only be a SO_REUSEPORT group (inet_csk_get_port); of UDP it may be
	 * SO_REUSEADDR as well, and the kernel does not tell.
	 */
	uint32_t reuseport_group;
	uint32_t kernel_order; /* its place in the kernel's answer, which is the order of its
				  hash chains; from 1, 0: not known */
	bool has_reuse; /* the next two are known; asked for with berth_ask.reuse */
	bool reuseaddr; /* SO_REUSEADDR */
	bool reuseport; /* SO_REUSEPORT */
	uint16_t range_first; /* IP_LOCAL_PORT_RANGE (6.3), asked for with berth_ask.port_ranges; */
	uint16_t range_last; /* both 0: it has none, or it is not known */
};

/*
 * How owners are looked for, from the cheap way that looks where an owner should be to the slow one
 * that always works. The second may miss that another process holds the socket too.
 */
enum berth_rung {
	BERTH_RUNG_STORAGE, /* what hooks in the kernel noted with the socket */
	BERTH_RUNG_CGROUP, /* only processes of the cgroup that the socket was made in */
	BERTH_RUNG_ITERATOR, /* a BPF program that was pinned walks all descriptors */
	BERTH_RUNG_LOADED, /* the same, loaded for this one question */
	BERTH_RUNG_PROC, /* the descriptors of all processes, read through /proc */
	BERTH_RUNGS,
};

/* How much of a listener's backlog is in use. It is full when used is more than limit: the kernel
 * takes one connection more than listen(2) was told (sk_acceptq_is_full, include/net/sock.h). */
struct berth_backlog {
	uint32_t used; /* connections that wait for accept() */
	bool has_limit; /* false when it was read from /proc/net */
	uint32_t limit;
	bool full;
};

/* Whether the socket has a backlog: a listener does. Nothing is written when not. */
BERTH_PUBLIC bool berth_socket_backlog(
	const struct berth_socket *socket, struct berth_backlog *ret_backlog);

/* Ways to look for owners, a set: bit n stands for enum berth_rung n. */
typedef uint32_t berth_rungs;
#define BERTH_RUNG_BIT(rung) (UINT32_C(1) << (rung))

/* What the snapshot could not see. */
enum berth_gap {
	BERTH_GAP_INTERRUPTED =
		1 << 0, /* the tables changed under the dump; rows may be missing or double */
	BERTH_GAP_TRUNCATED = 1 << 1, /* an answer of the kernel was cut short or malformed */
	BERTH_GAP_REFUSED = 1 << 2, /* the kernel refused a question */
	BERTH_GAP_BOUND =
		1 << 3, /* this kernel cannot show TCP sockets that are bound only (before 6.8) */
	BERTH_GAP_FALLBACK = 1 << 4, /* read from /proc/net: no cookies, no interface, no backlog */
	BERTH_GAP_UNSUPPORTED =
		1 << 5, /* no backend for this system: sockets are not known at all */
	BERTH_GAP_NETNS = 1 << 6, /* some network namespace could not be found or looked into */
};

/* Which network namespaces a question is about. */
enum berth_netns_ask {
	BERTH_ASK_OWN, /* ours alone */
	/* ours, and a quick look for listeners and UDP sockets into those that have a name (at most
	 * 20): TCP sockets that are bound only, connections and owners are not looked for there */
	BERTH_ASK_NAMED,
	BERTH_ASK_ALL, /* all that can be found through processes, descriptors and mounts */
	BERTH_ASK_ONE, /* the one that is named by ask.netns, instead of ours */
};

struct berth_ask {
	size_t size; /* sizeof(struct berth_ask) */
	const struct berth_query *query; /* only sockets with these local ports; NULL: all */
	berth_protos protos; /* 0: all that the kernel has */
	berth_states states; /* 0: all */
	uint8_t family; /* 4, 6, or 0: both */
	bool owners; /* join processes; the expensive part */
	bool thorough; /* of one port: all states, see berth_snapshot_unasked(); of parents: all
			  that is told of a process */
	bool all_owners; /* look into all processes, see berth_socket.owners_partial */
	bool brief; /* tell pid, start, user and name of processes, without command and parents:
		       much cheaper for many owners */
	berth_rungs rungs; /* by which owners may be looked for; 0: the best that can be had */
	enum berth_netns_ask netns_ask;
	const char *netns; /* for BERTH_ASK_ONE: a name in /run/netns or as berth shows it, a
			      process id, the inode number, or the path of a namespace */
	bool places; /* with `brief`: tell the places of processes too */
	bool redirects; /* ask for rules that send the traffic to these ports elsewhere */
	bool details; /* berth_socket.details, and the losses of listeners */
	bool reuse; /* of each socket whether it may be shared, and whether it is for IPv6 alone:
		       asked of a duplicate of its descriptor (pidfd_getfd, 5.6), which takes the
		       right to trace its owner; implies owners. For a question about few ports */
	bool policies; /* berth_netns.policy, and all of berth_snapshot_policy() */
	bool port_ranges; /* berth_socket.range_first, asked as `reuse`; implies owners */
};

struct berth_snapshot;

/* "storage", "cgroup", "iterator", "loaded", "proc". */
BERTH_PUBLIC const char *berth_rung_name(enum berth_rung rung);

/* What became of a rung in a snapshot. */
struct berth_rung_use {
	enum berth_rung rung;
	bool used;
	const char *why_not; /* one sentence without a full stop; NULL when it was used */
	uint32_t asked; /* sockets whose owners were looked for with it */
	uint32_t found; /* those for which it found an owner */
	double time_ms;
};

/* A picture of one moment. -EACCES, -EIO, …: nothing could be found out; see berth_error(). */
BERTH_PUBLIC int berth_snapshot(const struct berth *berth, const struct berth_ask *ask,
	struct berth_snapshot **ret_snapshot);
BERTH_PUBLIC void berth_snapshot_free(struct berth_snapshot *snapshot);

/* Sorted by port, network namespace (our own first), protocol, family, address, state. */
BERTH_PUBLIC size_t berth_snapshot_sockets(
	const struct berth_snapshot *snapshot, const struct berth_socket **ret_sockets);
BERTH_PUBLIC unsigned berth_snapshot_gaps(const struct berth_snapshot *snapshot);
/* What a single gap means, one sentence without a full stop. */
BERTH_PUBLIC const char *berth_gap_text(enum berth_gap gap);
/*
 * States of TCP that were not looked for: in the answer about one port, when a listener has it and
 * the kernel counts no connections, the rest is left out unless berth_ask.thorough is set.
 */
BERTH_PUBLIC berth_states berth_snapshot_unasked(const struct berth_snapshot *snapshot);
/* Each rung in order, BERTH_RUNGS of them; none when owners were not asked for. */
BERTH_PUBLIC size_t berth_snapshot_rungs(
	const struct berth_snapshot *snapshot, const struct berth_rung_use **ret_rungs);
/* When it was taken, seconds since 1970. */
BERTH_PUBLIC double berth_snapshot_time_s(const struct berth_snapshot *snapshot);

/* ---- Network namespaces ------------------------------------------------------------------------
 */

/* How a network namespace can be reached: the most lasting way of those that were found. */
enum berth_netns_kind {
	BERTH_NETNS_NAMED, /* a file in /run/netns, as ip-netns(8) makes them */
	BERTH_NETNS_ENGINE, /* a file in /run/docker/netns */
	BERTH_NETNS_PROCESS, /* a process or thread is in it */
	BERTH_NETNS_MOUNT, /* it is mounted somewhere else */
	BERTH_NETNS_DESCRIPTOR, /* only an open descriptor of a process keeps it */
};

/* "named", "engine", "process", "mount", "descriptor". */
BERTH_PUBLIC const char *berth_netns_kind_name(enum berth_netns_kind kind);

struct berth_netns {
	uint64_t inode; /* of the nsfs, as in "net:[4026531840]"; 0: not known */
	uint64_t cookie; /* SO_NETNS_COOKIE (5.14), never used again; 0: not known */
	/* "this one", its name in /run/netns, its container or unit, else "nginx[812]", a process
	 * in it, else "net:[4026532000]". Any bytes that somebody chose. */
	const char *name;
	enum berth_netns_kind kind;
	bool own; /* that of the caller */
	uint32_t pid; /* a process in it, the first that was found; 0: none was */
	const char *path; /* how it is reached */
	enum berth_reason reason; /* why it was not looked into, or not wholly */
	const char *reason_text; /* "needs CAP_SYS_ADMIN"; NULL when it was */
	unsigned gaps; /* enum berth_gap, of this namespace alone */
	size_t n_sockets; /* that this snapshot has of it */
	const struct berth_policy *policy; /* with berth_ask.policies; NULL: not known */
};

/*
 * The network namespaces of a snapshot, our own first, the others by name; none when only our own
 * was asked for. The number of them.
 */
BERTH_PUBLIC size_t berth_snapshot_netns(
	const struct berth_snapshot *snapshot, const struct berth_netns **ret_netns);

/* The sockets that another network namespace has with the port of a report. */
struct berth_netns_use {
	const struct berth_netns *netns;
	const struct berth_socket *const *sockets; /* n_sockets of them, at least one */
	size_t n_sockets;
};
/* ---- Redirects: no socket, yet the port answers -----------------------------------------------
 */

enum berth_redirect_kind {
	BERTH_REDIRECT_NFT, /* nf_tables */
	BERTH_REDIRECT_IPTABLES, /* iptables, whether by nf_tables or the older interface */
	BERTH_REDIRECT_IPVS, /* a service of the kernel's load balancer */
	BERTH_REDIRECT_SK_LOOKUP, /* a BPF program that chooses the socket */
};

enum berth_redirect_action {
	BERTH_ACTION_REDIRECT, /* to this machine, another port */
	BERTH_ACTION_DNAT, /* to another address, another port, or both */
	BERTH_ACTION_TPROXY, /* to a socket of this machine that takes what is for others */
	BERTH_ACTION_BALANCE, /* to one of several servers */
	BERTH_ACTION_STEER, /* to a socket of a program's choice */
};

/* "nft", "iptables", "ipvs", "sk-lookup"; "redirect", "dnat", "tproxy", "balance", "steer". */
BERTH_PUBLIC const char *berth_redirect_kind_name(enum berth_redirect_kind kind);
BERTH_PUBLIC const char *berth_redirect_action_name(enum berth_redirect_action action);

/* A rule that catches new connections to ports of this machine before any socket gets them. */
struct berth_redirect {
	enum berth_redirect_kind kind;
	enum berth_redirect_action action;
	uint8_t family; /* 4, 6, or 0: both */
	berth_protos protos;
	uint16_t first; /* the ports that it catches */
	uint16_t last;
	bool has_address; /* only traffic to this address, or to those with the same first bits */
	uint8_t address[16];
	uint8_t address_bits;
	const char *address_text; /* "192.0.2.1", "192.0.2.0/24", or NULL */
	bool elsewhere; /* that address is none of this machine's: traffic that passes through */
	const char *hook; /* "prerouting": traffic from outside; "output": of this machine itself;
			     "input": both; "lookup": both */
	const char *conditions; /* what else must hold, as "iifname eth0"; NULL: nothing */
	bool conditional; /* some of that is not understood, or chance: may or may not catch */
	bool has_target; /* the address to which it goes, in the redirect's family */
	uint8_t target[16];
	uint16_t to_first; /* the ports to which it goes; 0: not known */
	uint16_t to_last;
	const char *target_text; /* "127.0.0.1:8080", ":3128", "10.0.0.1:80 or 2 others" */
	bool here; /* it goes to a port of this machine */
	const struct berth_socket *const *sockets; /* which of them get it; connections left out */
	size_t n_sockets;
	const char *rule; /* in words: "tcp dport 80 redirect to :8080" */
	const char *table; /* NULL where there is none */
	const char *chain;
	uint64_t handle; /* of the rule; iptables: its number in the chain; program: its id */
};

/*
 * Those that catch one of the ports that were asked for; asked with berth_ask.redirects. In the
 * order in which the kernel applies them, as far as that is known. Returns how many.
 */
BERTH_PUBLIC size_t berth_snapshot_redirects(
	const struct berth_snapshot *snapshot, const struct berth_redirect **ret_redirects);

/* Why there may be others, as "redirect rules not visible: needs CAP_NET_ADMIN"; NULL otherwise. */
BERTH_PUBLIC const char *berth_snapshot_redirects_unknown(const struct berth_snapshot *snapshot);
/* Connections that were lost because a backlog was full. */
struct berth_listen_losses {
	bool known; /* asked for, or a listener's backlog was full; and could be read */
	uint64_t overflows; /* ListenOverflows of /proc/net/netstat: of all listeners of this
			       network namespace together, since it was made */
	uint64_t drops; /* ListenDrops: these, and those lost for other reasons such as memory */
};

BERTH_PUBLIC void berth_snapshot_listen_losses(
	const struct berth_snapshot *snapshot, struct berth_listen_losses *ret_losses);

/* ---- Policy: what this host does with port numbers --------------------------------------------
 */

struct berth_port_range {
	uint16_t first;
	uint16_t last;
};

struct berth_policy {
	bool has_ephemeral;
	struct berth_port_range
		ephemeral; /* net.ipv4.ip_local_port_range of this network namespace */
	bool has_reserved;
	const struct berth_port_range *reserved; /* net.ipv4.ip_local_reserved_ports */
	size_t n_reserved;
	bool has_unprivileged;
	uint32_t unprivileged_start; /* net.ipv4.ip_unprivileged_port_start; lower ports need a
					capability */
	int8_t may_bind_low; /* 1: this process has CAP_NET_BIND_SERVICE, 0: not, -1: not known */
	int8_t nonlocal_bind; /* net.ipv4.ip_nonlocal_bind: 1, 0, or -1: not known */
	int8_t nonlocal_bind6; /* net.ipv6.ip_nonlocal_bind */
	/* The next three only with berth_ask.policies; -1: not known. */
	int8_t tw_reuse; /* net.ipv4.tcp_tw_reuse: connect() takes a port from TIME_WAIT never (0),
			    always (1), or on loopback (2) */
	int32_t tw_reuse_delay_ms; /* net.ipv4.tcp_tw_reuse_delay: not before; 1000 before 6.13 */
	int8_t tcp_timestamps; /* net.ipv4.tcp_timestamps; without them never; 0, 1, 2 */
};

BERTH_PUBLIC void berth_snapshot_policy(
	const struct berth_snapshot *snapshot, struct berth_policy *ret_policy);

/* ---- The port report ---------------------------------------------------------------------------
 */

/* What is so on this machine, for one transport of a port. */
enum berth_use {
	BERTH_USE_UNKNOWN, /* could not be found out, or not completely */
	BERTH_USE_FREE, /* no socket has this local port */
	BERTH_USE_LISTENING, /* a TCP or SCTP listener, or a UDP socket that takes from anybody */
	BERTH_USE_BOUND, /* bound, not listening */
	BERTH_USE_CONNECTED, /* only connections use it as their local port */
	BERTH_USE_CLOSING, /* only what is left of connections (TIME_WAIT and the like) */
};

/* "unknown", "free", "listening", "bound", "connected", "closing". */
BERTH_PUBLIC const char *berth_use_name(enum berth_use use);

/* Would a plain server (wildcard address, no socket options) get the port now? */
enum berth_bindable {
	BERTH_BIND_UNKNOWN,
	BERTH_BIND_YES,
	BERTH_BIND_NO
};

/* "unknown", "yes", "no". */
BERTH_PUBLIC const char *berth_bindable_name(enum berth_bindable bindable);

struct berth_verdict {
	const char *summary; /* one or two plain sentences */
	const char *advice; /* is this a wise number for a service here, one sentence */
	bool wise;
	bool held; /* some socket has it as its local port */
	enum berth_use use[2]; /* for BERTH_TCP and BERTH_UDP */
	enum berth_bindable
		bindable[2]; /* for BERTH_TCP and BERTH_UDP, by a process like this one */
	const char *bind_why[2]; /* why not, or why it is not known; NULL otherwise */
};

struct berth_report {
	uint16_t port;
	berth_protos protos; /* what was asked for; all when nothing was said */
	struct berth_range_info range;
	const char *registry_date; /* of the copy in use, YYYY-MM-DD */
	enum berth_state state[BERTH_TRANSPORTS];
	const struct berth_record *records; /* that cover this port, narrowest first */
	size_t n_records;
	const struct berth_claim *claims; /* exact first, pools last */
	size_t n_claims;
	struct berth_de_facto de_facto;
	const struct berth_socket *const *sockets; /* with this local port */
	size_t n_sockets;
	unsigned gaps; /* of the snapshot; sockets are unknown without one */
	bool has_sockets;
	struct berth_policy policy;
	bool ephemeral; /* this port is in the kernel's ephemeral range */
	bool reserved; /* and kept out of it */
	bool privileged; /* binding needs CAP_NET_BIND_SERVICE */
	struct berth_verdict verdict;
	berth_states unasked; /* see berth_snapshot_unasked() */
	const struct berth_netns *netns; /* which one all of the above is about; NULL: our own */
	/* Others that hold the port too, which is no conflict and touches no verdict. */
	enum berth_netns_ask netns_ask; /* where they were looked for */
	const struct berth_netns_use *other_netns;
	size_t n_other_netns;
	size_t n_netns_seen; /* other namespaces that were looked into */
	size_t n_netns_unseen; /* and those that were found and could not be, or not wholly */
	const struct berth_redirect *const *redirects; /* that catch this port */
	size_t n_redirects;
	const char *redirects_unknown; /* why there may be others; NULL otherwise */
	struct berth_listen_losses listen_losses; /* of the snapshot */
	const char *split; /* NULL, or one sentence: unrelated processes answer on 127.0.0.1 and ::1
			    */
};

/*
 * Makes the report of one port: number, protocols (0: all), from a snapshot that covers it (NULL:
 * the report says nothing of sockets). `part` narrows sockets to an address when it has one; may be
 * NULL.
 */
BERTH_PUBLIC int berth_report(const struct berth *berth, struct berth_snapshot *snapshot,
	uint16_t port, const struct berth_query_part *part, struct berth_report **ret_report);
BERTH_PUBLIC void berth_report_free(struct berth_report *report);

/* ---- Why a bind fails ------------------------------------------------------------------------ */

/* A bind that somebody has in mind. */
struct berth_bind {
	size_t size; /* sizeof(struct berth_bind) */
	enum berth_proto proto; /* BERTH_TCP, BERTH_UDP, BERTH_UDPLITE, BERTH_SCTP or BERTH_DCCP */
	uint16_t port; /* not 0 */
	uint8_t family; /* 4, 6; 0: the wildcard of both, an IPv6 socket that takes IPv4 too */
	uint8_t address[16]; /* zeros: the wildcard */
	const char *interface; /* SO_BINDTODEVICE, and the scope of the address; NULL: none */
	bool v6only; /* IPV6_V6ONLY */
	bool reuseaddr; /* SO_REUSEADDR */
	bool reuseport; /* SO_REUSEPORT */
	bool freebind; /* IP_FREEBIND or IP_TRANSPARENT */
	bool listen; /* and listen(2) after it */
	bool has_uid; /* whose process it is; else that of `pid`, else ours */
	uint32_t uid;
	uint32_t pid; /* by this process: its user, capabilities and network namespace; 0: by one
			 like ours */
	const char *netns; /* as berth_ask.netns; NULL: that of `pid`, or ours */
	int8_t may_bind_low; /* it has CAP_NET_BIND_SERVICE: 1, it has not: -1; 0: as user and
				process tell */
};

enum berth_bind_cause {
	BERTH_BIND_LISTENER, /* a socket listens there */
	BERTH_BIND_BOUND, /* one is bound there; for UDP that is what a server is */
	BERTH_BIND_CONNECTION, /* a connection has it as its local port */
	BERTH_BIND_CLOSING, /* one that is being closed */
	BERTH_BIND_TIME_WAIT, /* what is left of one */
	BERTH_BIND_PRIVILEGE, /* a low port, without CAP_NET_BIND_SERVICE */
	BERTH_BIND_ADDRESS, /* not an address of this machine */
	BERTH_BIND_INVALID, /* the kernel does not take such an address for such a socket */
	BERTH_BIND_NO_LISTEN, /* this protocol has no listening */
};

/* "listener", "bound", "connection", "closing", "time-wait", "privilege", "address", "invalid",
 * "no-listen". */
BERTH_PUBLIC const char *berth_bind_cause_name(enum berth_bind_cause cause);

struct berth_bind_reason {
	enum berth_bind_cause kind;
	bool certain; /* false: an option of the socket decides that could not be read */
	const char *text; /* one sentence without a full stop */
	const struct berth_socket *socket; /* the one in the way; NULL: none is */
};

/* Who would have to change something. */
enum berth_cure_where {
	BERTH_CURE_SERVER, /* what is bound, or how */
	BERTH_CURE_HOST, /* this machine */
	BERTH_CURE_WAIT, /* time */
};

/* "server", "host", "wait". */
BERTH_PUBLIC const char *berth_cure_where_name(enum berth_cure_where where);

struct berth_cure {
	enum berth_cure_where where;
	const char *text; /* one sentence without a full stop */
	const char *command; /* that does it; NULL: none does */
	double seconds; /* how long to wait; negative: not known, or nothing to wait for */
};

struct berth_why {
	struct berth_bind request; /* texts may be gone: only numbers are to be read */
	const char *place; /* "0.0.0.0:8080/tcp" */
	enum berth_bindable verdict; /* would it succeed? */
	int errnum; /* positive; 0: it would succeed, or it is not known */
	const char *errno_name; /* "EADDRINUSE"; NULL */
	const char *summary; /* one or two sentences */
	const struct berth_bind_reason *causes; /* those that are certain first */
	size_t n_causes;
	const struct berth_cure *cures; /* the best first */
	size_t n_cures;
	const char *const *cannot_exclude; /* what could refuse it and cannot be seen from here */
	size_t n_cannot_exclude;
	const char *const *notes; /* what is no conflict, though it looks like one */
	size_t n_notes;
	bool tried; /* see berth_why_try() */
	int tried_errnum; /* 0: it succeeded */
	unsigned gaps; /* of the snapshot */
	double time_s; /* when it was taken, seconds since 1970 */
	bool has_past; /* see berth_why_past() */
	const struct berth_event *past; /* binds to this port that failed, the newest last */
	size_t n_past;
	const char *past_why_not; /* why none can be told of; NULL when it can */
};

/*
 * Adds what berthd wrote down of binds to this port that have failed: the latest few. `folder` as
 * in berth_history_ask. 0, or as berth_history(), and then past_why_not says why.
 */
BERTH_PUBLIC int berth_why_past(
	const struct berth *berth, const char *folder, struct berth_why *why);

/*
 * Would this bind succeed now, and if not, what is in the way? The kernel's own rules
 * (inet_csk_get_port, udp_lib_get_port, __inet_bind, __inet6_bind; Linux 6.18) over a snapshot;
 * nothing is bound. -EINVAL: no such bind; -ENODEV: there is no such interface; -ESRCH: no such
 * process; others as berth_snapshot(). berth_error() has a sentence.
 */
BERTH_PUBLIC int berth_why(
	const struct berth *berth, const struct berth_bind *bind, struct berth_why **ret_why);

/*
 * The same about another bind to the same port, over the sockets that `before` has seen, without
 * asking the kernel for them again; `before` must outlive the answer. It is about the network
 * namespace of `before`, whatever bind->netns says. -EINVAL also: another port, protocol or pid.
 */
BERTH_PUBLIC int berth_why_again(
	const struct berth_why *before, const struct berth_bind *bind, struct berth_why **ret_why);

/*
 * Asks the kernel too: a child process takes the user and the network namespace, binds, and closes
 * at once; it listens for a moment only when bind.listen says so. Sets why->tried. 1: verdict and
 * kernel agree, or the verdict was unknown; 0: they do not, which is a bug, or the machine changed
 * in between. -EPERM: we may not take that user or namespace; -EOPNOTSUPP: a recording, or bind.pid
 * with capabilities that are not ours.
 */
BERTH_PUBLIC int berth_why_try(
	const struct berth *berth, const struct berth_bind *bind, struct berth_why *why);
BERTH_PUBLIC void berth_why_free(struct berth_why *why);

/* ---- Who answers ----------------------------------------------------------------------------- */

/* How a packet comes to the socket that answers it. */
enum berth_via {
	BERTH_VIA_NOTHING, /* nobody answers, or it is not known who */
	BERTH_VIA_ADDRESS, /* bound to this very address */
	BERTH_VIA_WILDCARD, /* bound to all addresses of the family */
	BERTH_VIA_DUAL_STACK, /* an IPv6 socket that takes IPv4 too */
	BERTH_VIA_REDIRECT, /* a rule of the firewall sends it to another port or address first */
};

/* "nothing", "direct", "wildcard", "dual-stack", "redirect". */
BERTH_PUBLIC const char *berth_via_name(enum berth_via via);

/* What becomes of a packet to one address. */
enum berth_answer {
	BERTH_ANSWER_SOCKET, /* a socket gets it: answered_by */
	BERTH_ANSWER_REFUSED, /* nobody: "connection refused", for UDP ICMP's "port unreachable" */
	BERTH_ANSWER_NO_ADDRESS, /* this machine does not have the loopback address: nobody */
	BERTH_ANSWER_ELSEWHERE, /* another machine's address, or redirected to one: out of sight */
	BERTH_ANSWER_UNKNOWN, /* whether the address is ours, or its sockets, could not be read */
};

/* "socket", "refused", "no-address", "elsewhere", "unknown". */
BERTH_PUBLIC const char *berth_answer_name(enum berth_answer answer);

/* One address of the host that was asked for. */
struct berth_destination {
	uint8_t family; /* 4 or 6 */
	uint8_t address[16];
	const char *address_text; /* without brackets and port */
	uint16_t port;
	enum berth_proto proto;
	enum berth_answer answer;
	enum berth_via via;
	/* Who gets a new connection or datagram of a sender on this machine. More than one: a
	 * group whose member is chosen for each connection, or, if not `certain`, all that it can
	 * be. */
	const struct berth_socket *const *answered_by;
	size_t n_answered_by;
	uint32_t group_size; /* how many share the place; 1: alone; 0: nobody answers */
	bool certain; /* false: SO_REUSEPORT or SO_REUSEADDR, which the kernel does not tell,
			 decides; of n_answered_by UDP sockets the newest, or any */
	const char *redirect; /* the rule, NULL unless via is BERTH_VIA_REDIRECT */
	const char *text; /* who answers or why nobody does, without the address; one phrase */
};

enum berth_flag_kind {
	BERTH_FLAG_SPLIT, /* unrelated processes answer at two addresses of one host */
	BERTH_FLAG_SHARED_GROUP, /* unrelated processes share a place, and with it the connections
				  */
	BERTH_FLAG_INTERFACE, /* a socket waits there, but is bound to another interface */
	BERTH_FLAG_BACKLOG_FULL, /* the one who answers does not: connections wait or are lost */
	BERTH_FLAG_OUTSIDE, /* what comes from outside is redirected, and may go elsewhere */
};

/* "split", "shared-group", "interface", "backlog-full", "outside". */
BERTH_PUBLIC const char *berth_flag_kind_name(enum berth_flag_kind kind);

struct berth_flag {
	enum berth_flag_kind kind;
	const char *text; /* one sentence without a full stop */
};

struct berth_answers {
	const char *host; /* as it was asked for; "localhost" when none was named */
	uint16_t port;
	const struct berth_destination *destinations;
	size_t n_destinations;
	const struct berth_flag *flags;
	size_t n_flags;
	unsigned gaps; /* of the snapshot that this rests on */
	double time_s; /* when it was taken, seconds since 1970 */
	bool answered; /* somebody answers wherever this machine can be asked */
};

/*
 * Who would get a new connection or datagram: `text` is HOST:PORT, optionally with /tcp (the
 * default), /udp or /udplite; HOST is a name, an address (IPv6 in brackets), or nothing for
 * localhost, which stands for 127.0.0.1 and ::1. Other names are resolved (getaddrinfo(3); not in a
 * recording), and each address is judged for itself by the kernel's own rules, as of Linux 6.18.
 *
 * Two sockets are of unrelated processes when they have no process in common, none of their
 * processes descends from one of the other's (the first process of all is nobody's ancestor here),
 * and none are two children of one parent that runs the same program as they do. A socket whose
 * owners are not known is unrelated to one of another user only.
 *
 * -EINVAL, -ERANGE: not understood; -ENOENT: the name has no address; -EAGAIN: the name could not
 * be resolved now; others as berth_snapshot(). berth_error() has a sentence.
 */
BERTH_PUBLIC int berth_answers(
	const struct berth *berth, const char *text, struct berth_answers **ret_answers);
BERTH_PUBLIC void berth_answers_free(struct berth_answers *answers);

/* ---- Waiting -------------------------------------------------------------------------------- */

struct berth_wait_ask {
	size_t size; /* sizeof(struct berth_wait_ask) */
	/* Every port of every part, at most 4,096; a part that names no protocol is about TCP. An
	 * address narrows it to sockets that are bound to it or to all addresses. */
	const struct berth_query *query;
	bool free; /* wait until nobody listens there or is bound to it; else until somebody listens
		    */
	/* Only what this owner holds counts: the name of a process or its program, a pid, a unit,
	 * the name or id of a container. NULL: anybody's. */
	const char *owner;
	int64_t timeout_ms; /* negative: for ever; 0: look once */
};

struct berth_waited_port {
	uint16_t port;
	enum berth_proto proto;
	bool done;
	const char *text; /* what is there in the end, one phrase: "node (pid 42, alice) listens" */
	const struct berth_socket *const *sockets; /* what is there in the end; connections left out
						    */
	size_t n_sockets;
};

struct berth_waited {
	bool done; /* all ports at the same time */
	bool free; /* which was waited for */
	double waited_ms;
	uint32_t looks; /* how often the kernel was asked */
	const struct berth_waited_port *ports;
	size_t n_ports;
	unsigned gaps; /* of the last look */
};

/*
 * Waits until each port listens, or is free. UDP has no listening: an unconnected socket that is
 * bound is all that can be known. Where a helper of a container engine has the port (docker-proxy,
 * rootlessport, …), which accepts before the server in the container is there, it waits for the
 * server, provided that it may look into the container's network; the text says when not. A socket
 * that systemd holds for a service counts at once, since a connection is what starts the service.
 *
 * The kernel is asked every millisecond at first, later every 20; where a port is to become free,
 * it also tells of TCP sockets that end. 0, also when the time was over; -EINVAL, -E2BIG: the
 * question; others as berth_snapshot(). A recording is looked at once.
 */
BERTH_PUBLIC int berth_wait(const struct berth *berth, const struct berth_wait_ask *ask,
	struct berth_waited **ret_waited);
BERTH_PUBLIC void berth_waited_free(struct berth_waited *waited);

/* ---- Ending who listens ---------------------------------------------------------------------- */

/* What is to be done about one owner. */
enum berth_end_kind {
	BERTH_END_SIGNAL, /* a signal to its process */
	BERTH_END_COMMAND, /* a unit or container runs it, which another program stops */
	BERTH_END_REFUSED, /* nothing, and `why` says why */
};

enum berth_end_outcome {
	BERTH_END_PLANNED, /* not done: a dry run, a command that was not to be run, or refused */
	BERTH_END_DONE, /* the signal was sent, the command ended well */
	BERTH_END_GONE, /* it had ended, or had the socket no more, before it was signalled */
	BERTH_END_DENIED, /* it may not be signalled */
	BERTH_END_FAILED, /* the command ended badly, or could not be started */
};

/* "signal", "command", "refused"; "planned", "done", "gone", "denied", "failed". */
BERTH_PUBLIC const char *berth_end_kind_name(enum berth_end_kind kind);
BERTH_PUBLIC const char *berth_end_outcome_name(enum berth_end_outcome outcome);

struct berth_end_step {
	enum berth_end_kind kind;
	enum berth_end_outcome outcome;
	const struct berth_socket *socket; /* that is listened on */
	const struct berth_process *process; /* NULL when no process is known to have it */
	bool later; /* an ancestor that has the socket too is signalled first: mostly the master of
		       workers, which ends them itself */
	int signal; /* the last one that was sent, or would be; 0: none */
	const char *const *command; /* words, NULL-terminated; NULL unless it is a command */
	bool by_hand; /* a command that is only told, never run */
	const char *why; /* why this and not a signal, or why nothing; NULL: nothing to say */
	const char *text; /* what was done, or would be, one phrase */
};

struct berth_end_ask {
	size_t size; /* sizeof(struct berth_end_ask) */
	const struct berth_query *query; /* a part that names no protocol is about TCP */
	int signal; /* 0: SIGTERM */
	int64_t grace_ms; /* how long to wait until the sockets are gone */
	bool force; /* SIGKILL after that time; and ancestors of this process may be signalled */
	bool dry_run; /* look and check all the same, and do nothing */
	bool run_commands; /* run commands of units and containers */
	bool processes; /* signal processes also where a unit or container runs them */
};

struct berth_ended {
	bool listened; /* somebody did */
	bool ended; /* all steps were done and the sockets are gone; in a dry run: could be */
	bool dry_run;
	const struct berth_end_step *steps;
	size_t n_steps;
	double waited_ms; /* for the sockets to go */
	const char *text; /* who has a port in the end, one phrase; NULL: nobody */
	unsigned gaps; /* of the first look */
};

/*
 * Ends who listens on the ports: the owners of TCP listeners and of unconnected UDP sockets, never
 * those of connections. With an address, only sockets that are bound to it count; where there are
 * none, those that are bound to all addresses.
 *
 * Right before a signal it is checked that the process is the one that was seen, by a pidfd, its
 * start time, and that it still has this very socket; so no other process can be hit, also where
 * pids are used again quickly (Linux 5.3; older kernels: nothing is signalled). The first process
 * and this one are never signalled. A dry run does all of it with signal 0.
 *
 * Signals that end programs are waited for, until the sockets are gone or grace_ms are over. 0,
 * also when nothing could be ended; -EINVAL: the question; -EROFS: a recording, of which there can
 * only be a dry run; others as berth_snapshot().
 */
BERTH_PUBLIC int berth_end(
	const struct berth *berth, const struct berth_end_ask *ask, struct berth_ended **ret_ended);
BERTH_PUBLIC void berth_ended_free(struct berth_ended *ended);

/* ---- Leases ---------------------------------------------------------------------------------- */

enum berth_lease_kind {
	BERTH_LEASE_HELD, /* as long as a process holds it: berth_hold() */
	BERTH_LEASE_PROCESS, /* until its process ends */
	BERTH_LEASE_TIMED, /* until its time is over */
	BERTH_LEASE_PRINTED, /* given out by berth_free_ports(), for some minutes */
	BERTH_LEASE_KINDS,
};

enum berth_lease_state {
	BERTH_LEASE_ACTIVE,
	BERTH_LEASE_OVER, /* nobody has cleared it away yet */
	BERTH_LEASE_UNSURE, /* its process is in another PID namespace: it counts until its time is
			       over */
};

/* "held", "process", "timed", "printed"; "active", "over", "unsure". */
BERTH_PUBLIC const char *berth_lease_kind_name(enum berth_lease_kind kind);
BERTH_PUBLIC const char *berth_lease_state_name(enum berth_lease_state state);

struct berth_lease {
	uint16_t port;
	const char *name; /* UTF-8, chosen by its user */
	enum berth_lease_kind kind;
	enum berth_lease_state state;
	uint32_t uid; /* whose it is, as the kernel says of the file */
	uint32_t pid; /* of its holder; 0: it has none */
	uint64_t project; /* stands for the folder it was made for; 0: for none */
	uint64_t netns; /* cookie of its network namespace */
	bool here; /* that is ours */
	double made_s; /* seconds since 1970 */
	double left_s; /* until its time is over; negative: no such time */
};

struct berth_leases {
	const struct berth_lease *leases; /* by port */
	size_t n_leases;
	bool shared; /* those of all users; false: of this one only, others are not covered */
	uint32_t damaged; /* files that are no leases, or not whole */
};

/* All leases, also those that are over. -ENOENT: there is no ledger; others as open(2). */
BERTH_PUBLIC int berth_leases(const struct berth *berth, struct berth_leases **ret_leases);
BERTH_PUBLIC void berth_leases_free(struct berth_leases *leases);

/* The number that stands for a folder in berth_lease.project: a hash of its absolute path. */
BERTH_PUBLIC uint64_t berth_project_number(const char *folder);

struct berth_lease_ask {
	size_t size; /* sizeof(struct berth_lease_ask) */
	const char *name; /* 1 to 127 bytes of UTF-8, no control characters, no slash */
	const char *folder; /* of the project; NULL: of none */
	uint16_t port; /* just this one; 0: any, the same as last time where possible */
	struct berth_port_range range; /* from which it is chosen; 0-0: see berth_free_ports() */
	uint32_t pid; /* it ends with this process; 0: with none */
	int64_t ttl_ms; /* and when this time is over; 0: not by time */
};

/*
 * Leases a TCP and UDP port of this network namespace to a name: nobody else can lease, hold or be
 * given it until the lease ends. Nothing is bound. A name of a project has one lease: asked again,
 * it is renewed. 0: *ret_port; 1: the same, it had one already. -EINVAL: no such name, or neither a
 * process nor a time ends it; -ESRCH: no such process; -EADDRINUSE: the port is taken, or all are;
 * -EDQUOT: this user has 256 leases; -ENOENT, -EPERM, -ENOSPC, …: there is no ledger, or it cannot
 * be written; -EROFS: a recording.
 */
BERTH_PUBLIC int berth_lease(
	const struct berth *berth, const struct berth_lease_ask *ask, uint16_t *ret_port);

/*
 * Ends a lease of this user in this network namespace: that of a name in a project (folder NULL: in
 * none), or, when the name is NULL, that of a port. 0; -ENOENT: there is none; -EPERM: it is
 * another user's; -EBUSY: a process holds it, and it ends with that.
 */
BERTH_PUBLIC int berth_release(
	const struct berth *berth, const char *name, const char *folder, uint16_t port);

struct berth_free_ask {
	size_t size; /* sizeof(struct berth_free_ask) */
	uint32_t count; /* how many; 0: one; at most 128 */
	bool consecutive; /* next to each other */
	struct berth_port_range range; /* 0-0: wherever */
	berth_protos protos; /* free in each of them; TCP and UDP alone; 0: both */
	const char *name; /* whom they are for, to be listed; NULL: nobody said */
	bool no_keep; /* write nothing down: others may be given them too; needs no ledger */
};

struct berth_free_port {
	uint16_t port;
	const char *text; /* why this one, one phrase */
};

struct berth_free {
	const struct berth_free_port *ports; /* ascending when consecutive */
	size_t n_ports;
	double kept_s; /* for so long nobody else is given them; 0: they are not kept */
	bool shared; /* of all users; false: leases of others are not covered */
};

/*
 * Ports that are free now and likely to stay so: not lent by the kernel to clients as long as there
 * are others, neither assigned by IANA nor claimed by name, nor reserved, nor leased, nor refused
 * by browsers; and free in both families at all addresses, which the kernel is asked by binding
 * them without options. Nobody else is given them for the next minutes. -EADDRINUSE: there are not
 * so many; -EINVAL; others as berth_lease().
 */
BERTH_PUBLIC int berth_free_ports(
	const struct berth *berth, const struct berth_free_ask *ask, struct berth_free **ret_free);
BERTH_PUBLIC void berth_free_free(struct berth_free *found);

/* ---- Holding a port ---------------------------------------------------------------------------
 */

struct berth_hold_ask {
	size_t size; /* sizeof(struct berth_hold_ask) */
	uint16_t port; /* 0: one that nobody has, and that is likely to stay so */
	const char *name; /* as in berth_lease_ask; the same name is given the same port where
			     possible; NULL: any */
	bool listen; /* for a server that takes a socket: bound and listening; else bound only */
	uint8_t family; /* to listen at: 4, 6, or 0 for all addresses */
	uint8_t address[16];
	const char *folder; /* of the project that the name belongs to; NULL: of none */
	struct berth_port_range range; /* from which it is chosen; 0-0: see berth_free_ports() */
};

struct berth_hold {
	uint16_t port;
	int fd; /* the socket, closed on exec; -1 after berth_hold_open() */
};

/*
 * Holds a TCP port of this network namespace until berth_hold_end() or the end of this process,
 * however it ends. Nobody else can hold it meanwhile by this function, of whatever user, and the
 * kernel gives it to no client. A server can bind it beside the socket provided that it sets
 * SO_REUSEADDR or, as the same user, SO_REUSEPORT, as nearly all do; for one that sets neither call
 * berth_hold_open() first.
 *
 * A port that is chosen is outside of the kernel's ephemeral range as long as there is one, neither
 * assigned by IANA nor claimed by name. -EADDRINUSE: it is taken, or all are; -EACCES: it needs
 * CAP_NET_BIND_SERVICE; -EROFS: a recording; -ENOSYS: no backend.
 */
BERTH_PUBLIC int berth_hold(
	const struct berth *berth, const struct berth_hold_ask *ask, struct berth_hold **ret_hold);

/* Closes the socket, so that any server can bind the port. Others still cannot hold it. */
BERTH_PUBLIC void berth_hold_open(struct berth_hold *hold);
BERTH_PUBLIC void berth_hold_end(struct berth_hold *hold);

/* ---- Projects: what files say of ports ---------------------------------------------------------
 */

enum berth_wish_kind {
	BERTH_WISH_MANIFEST, /* berth.toml */
	BERTH_WISH_COMPOSE, /* a compose file */
	BERTH_WISH_SOCKET_UNIT, /* a .socket or .service unit of systemd */
	BERTH_WISH_SERVICE_UNIT,
	BERTH_WISH_ENV, /* NAME=value, as in .env */
	BERTH_WISH_LIST, /* a list of ports */
};

/* "berth.toml", "compose", "socket-unit", "service-unit", "env", "list". */
BERTH_PUBLIC const char *berth_wish_kind_name(enum berth_wish_kind kind);

/* One port, or one range of ports, that a file asks for. */
struct berth_wish {
	enum berth_wish_kind kind;
	const char *file;
	uint32_t line; /* from 1 */
	const char *name; /* of the service, lease or variable; NULL in a list */
	const char *text; /* as it stands there */
	uint16_t first; /* 0: whoever starts it chooses */
	uint16_t last;
	bool any; /* one port of the range suffices */
	bool sure; /* false: a guess from the name of a variable or option */
	enum berth_proto proto;
	uint8_t family; /* 4, 6; 0: all addresses */
	uint8_t address[16];
	const char *problem; /* why it is not understood; NULL */
	/* The rest is for berth.toml alone. */
	struct berth_port_range range; /* from which a port is chosen; 0-0: not said */
	const char *const *command; /* one text for the shell, or the words of a command */
	size_t n_command;
	bool command_is_shell;
	const char *const *env; /* variables that get the port */
	size_t n_env;
};

struct berth_project {
	const struct berth_wish *wishes; /* in the order of files and lines */
	size_t n_wishes;
	struct berth_port_range range; /* from which ports are chosen; 0-0: not said */
};

/*
 * Reads files of a project; what each is, its name tells: *.toml (berth.toml), *.yml and *.yaml
 * (compose), *.socket, *.service, .env* and *.env; anything else, and "-", which stands for
 * standard input, is a list of ports. `settings`, "NAME=value" and a NULL behind the last (may be
 * NULL), fill in ${NAME} in compose files, before the .env file beside each of them does. -ENOENT,
 * -EACCES, …: a file cannot be read; -EFBIG: larger than 1 MiB; -EBADMSG: not what its name says,
 * or a list with a word that is no port; -E2BIG: more than 4,096 wishes. berth_error() has file and
 * line.
 */
BERTH_PUBLIC int berth_project_read(const char *const *paths, size_t n_paths,
	const char *const *settings, struct berth_project **ret_project);
BERTH_PUBLIC void berth_project_free(struct berth_project *project);

/* ---- Pre-flight: would the ports of a project be had?
 * --------------------------------------------
 */

enum berth_check_kind {
	BERTH_CHECK_BIND, /* what berth_why() says of its bind */
	BERTH_CHECK_TWICE, /* two of the files' wishes are in each other's way */
	BERTH_CHECK_LEASED, /* somebody else has a lease of it */
	BERTH_CHECK_EPHEMERAL, /* the kernel may lend it to a client before the server is there */
	BERTH_CHECK_BROWSER, /* browsers refuse to connect to it (Fetch standard, "bad port") */
	BERTH_CHECK_UNREAD, /* what the file says was not understood */
};

enum berth_check_level {
	BERTH_CHECK_FAILS, /* it would fail */
	BERTH_CHECK_UNKNOWN, /* whether it would could not be found out */
	BERTH_CHECK_WARNS, /* it may fail, or would if a guess is right */
	BERTH_CHECK_NOTES, /* worth knowing */
	BERTH_CHECK_LEVELS,
};

/* "bind", "twice", "leased", "ephemeral", "browser", "unread"; "fails", "unknown", "warning",
 * "note". */
BERTH_PUBLIC const char *berth_check_kind_name(enum berth_check_kind kind);
BERTH_PUBLIC const char *berth_check_level_name(enum berth_check_level level);

/* Texts are without a full stop, and any bytes where they name processes. */
struct berth_check_finding {
	enum berth_check_kind kind;
	enum berth_check_level level;
	const struct berth_wish *wish; /* which one it is about */
	uint16_t first; /* of its ports; 0: it names none */
	uint16_t last;
	const char *text; /* one sentence */
	const char *errno_name; /* of the bind, "EADDRINUSE"; NULL: it would not fail */
	const char *cure; /* one sentence; NULL */
	const char *command; /* that does it; NULL */
	const struct berth_wish *other; /* the one in the way; NULL: it is not a wish */
};

struct berth_check_ask {
	size_t size; /* sizeof(struct berth_check_ask) */
	const char *const *paths; /* files as berth_project_read() takes them, and its settings */
	size_t n_paths;
	const char *const *settings;
	const char *ports; /* more ports, as a list has them: "3000 8080/udp"; NULL */
	const char *folder; /* of the project, whose own leases are not in the way; NULL: of none */
};

struct berth_check {
	const struct berth_project
		*project; /* what the files ask for; ports come last, of file "" */
	const struct berth_check_finding *findings; /* in the order of wishes */
	size_t n_findings;
	size_t counts[BERTH_CHECK_LEVELS]; /* of findings, by level */
	bool has_leases; /* the ledger could be read; else nobody's leases are known */
	unsigned gaps; /* of the snapshots */
	double time_s; /* when it was done, seconds since 1970 */
};

/*
 * Says before anything starts which ports that files ask for would not be had, and why. Each bind
 * is judged by berth_why(): with SO_REUSEADDR and listen(2) for TCP, as nearly all servers do, and
 * without where that differs. What is only a guess (berth_wish.sure) is a warning at most. Nothing
 * is bound. -EINVAL: neither files nor ports; others as berth_project_read() and berth_snapshot().
 * berth_error() has file and line.
 */
BERTH_PUBLIC int berth_check(const struct berth *berth, const struct berth_check_ask *ask,
	struct berth_check **ret_check);
BERTH_PUBLIC void berth_check_free(struct berth_check *check);

/* ---- Findings ---------------------------------------------------------------------------------
 */

enum berth_finding_kind {
	BERTH_FINDING_EPHEMERAL_PORT, /* a listener's port is one that connect() may take */
	BERTH_FINDING_BACKLOG_FULL, /* connections to a listener wait or are lost now */
	BERTH_FINDING_BACKLOG_OVERFLOWS, /* and were lost since this namespace was made */
	BERTH_FINDING_CLOSE_WAIT, /* a program does not close what its peers closed */
	BERTH_FINDING_SHARED_PLACE, /* unrelated processes share an address and port */
	BERTH_FINDING_SPLIT, /* unrelated processes answer on 127.0.0.1 and ::1 */
	BERTH_FINDING_CONFIGURED_PORT, /* a file names a port for a server that connect() may take
					*/
	BERTH_FINDING_EXHAUSTION, /* few ports are left for connections to a destination */
	BERTH_FINDING_EXPOSED, /* what usually stays on loopback listens at all addresses */
	BERTH_FINDING_ODD_OWNER, /* a program is on a port that custom gives to another service */
	BERTH_FINDING_MALWARE_PORT, /* a server is on a port that is known for malware alone */
	BERTH_FINDINGS,
};

/* "ephemeral-port", "backlog-full", "backlog-overflows", "close-wait", "shared-place", "split",
 * "configured-port", "exhaustion", "exposed", "odd-owner", "malware-port": these stay, so that
 * scripts may name them. "?" for anything else. */
BERTH_PUBLIC const char *berth_finding_id(enum berth_finding_kind kind);

/* A set of kinds: bit n stands for enum berth_finding_kind n. */
typedef uint32_t berth_findings;
#define BERTH_FINDING_BIT(kind) (UINT32_C(1) << (kind))

enum berth_finding_level {
	BERTH_LEVEL_NOTE, /* worth knowing */
	BERTH_LEVEL_ODDITY, /* unusual, which need not be wrong */
	BERTH_LEVEL_WARNING, /* something fails, or is likely to */
};

/* "note", "oddity", "warning". */
BERTH_PUBLIC const char *berth_finding_level_name(enum berth_finding_level level);

/* Texts are sentences without a full stop, and any bytes where they name processes. */
struct berth_finding {
	enum berth_finding_kind kind;
	enum berth_finding_level level;
	const struct berth_socket *socket; /* NULL: it is about the host */
	const struct berth_socket *other; /* the second of two; NULL: there is none */
	const char *evidence; /* what was seen */
	const char *consequence; /* what comes of it */
	const char *cure; /* what to do */
	const char *command; /* the same as a command line; NULL: there is none */
	bool has_probability;
	double probability; /* that the port is taken at the next restart */
	const char *assumptions; /* on which the probability rests; NULL without one */
	uint16_t port; /* which it is about, also without a socket; 0: about none */
	enum berth_proto proto; /* of that */
};

struct berth_doctor_ask {
	size_t size; /* sizeof(struct berth_doctor_ask) */
	berth_findings only; /* 0: all */
	double restart_gap_s; /* how long a server is away when it restarts; 0: one second */
};

struct berth_doctor {
	const struct berth_finding *findings; /* warnings first */
	size_t n_findings;
	unsigned gaps; /* of the snapshot that this rests on */
	double time_s; /* when it was taken, seconds since 1970 */
	double restart_gap_s;
};

/*
 * Looks through this network namespace for what is wrong or odd with its ports. `ask` may be NULL.
 * -EINVAL: a gap below 0 or of more than a day; others as berth_snapshot().
 */
BERTH_PUBLIC int berth_doctor(const struct berth *berth, const struct berth_doctor_ask *ask,
	struct berth_doctor **ret_doctor);
BERTH_PUBLIC void berth_doctor_free(struct berth_doctor *doctor);

/* ---- The ports that the kernel lends ------------------------------------------------------------
 */

/* All TCP or UDP sockets of one state that have a port of the range. */
struct berth_ephemeral_state {
	enum berth_proto proto;
	uint8_t state; /* enum berth_socket_state */
	uint32_t sockets;
	uint32_t ports; /* different ones */
};

/* Outgoing TCP connections that differ in their local port alone, and so compete for it. */
struct berth_ephemeral_destination {
	uint8_t family; /* 4 or 6 */
	uint8_t local[16];
	uint8_t peer[16];
	uint16_t peer_port;
	const char *local_text;
	const char *peer_text;
	uint32_t connections; /* of any state, from ports of the range */
	uint32_t time_wait; /* of these */
	uint32_t reusable; /* of these: connect() takes the port again now */
	uint32_t left; /* how many more connect() get a port before EADDRNOTAVAIL */
	uint32_t left_preferred; /* of these: found without a search through all the others */
};

/* Who has outgoing connections from ports of the range. */
struct berth_ephemeral_user {
	const struct berth_process *process; /* NULL: no process, or not known */
	enum berth_reason reason; /* why not */
	uint32_t connections;
	uint32_t destinations;
};

/* A 64th of all ports. */
enum {
	BERTH_EPHEMERAL_BINS = 64
};
struct berth_ephemeral_bin {
	uint16_t first;
	uint16_t last;
	uint32_t lent; /* in the kernel's range, and not reserved */
	uint32_t reserved; /* in the list, inside of the range or outside */
	uint32_t in_use; /* some TCP or UDP socket has it as its local port */
};

/* One network namespace. */
struct berth_ephemeral_space {
	const struct berth_netns *netns; /* NULL: our own */
	const struct berth_policy *policy; /* NULL: not known, and then nothing of the rest is */
	struct berth_port_range range;
	uint32_t ports; /* in it */
	uint32_t reserved; /* of these */
	uint32_t bound; /* neither reserved, but chosen by a bind(): connect() passes over them */
	bool bound_exact; /* told by the kernel's own table; false: seen by listeners and sockets
			     that are bound only, so that connections whose port a bind() chose
			     count as if connect() had */
	const char *bound_why_not; /* NULL when exact */
	uint32_t odd_one_out; /* 1: the range has an odd number of ports, of which a connect() or
				 bind() tries all but one, a different one each time; else 0 */
	uint32_t left; /* for a destination that has no connections yet */
	uint32_t left_preferred; /* of these: with the parity of the range's first port, which
				    connect() takes first */
	uint32_t left_bind; /* for bind() to port 0 of TCP at all addresses, which takes the other
			       parity first */
	uint32_t left_udp; /* for UDP, whose ports are not shared among destinations */
	uint32_t tcp_ports; /* of the range, that TCP sockets have */
	uint32_t udp_ports;
	const struct berth_ephemeral_state *states; /* most sockets first */
	size_t n_states;
	const struct berth_ephemeral_destination *destinations; /* the nearest to its end first */
	size_t n_destinations;
	const struct berth_ephemeral_user *users; /* most connections first */
	size_t n_users;
	const struct berth_socket *const *ranged; /* that have a range of their own, as far as it
						     could be read; see berth_socket.range_first */
	size_t n_ranged;
	uint32_t time_wait; /* outgoing connections of the range in TIME_WAIT */
	double time_wait_ends_per_s; /* in the next ten seconds */
	double sustained_per_s; /* connections to one destination that can be opened and closed
				   from here for ever, when no port is taken from TIME_WAIT */
	uint32_t dynamic_lent; /* ports of IANA's dynamic range in the kernel's hands */
	uint32_t assigned_lent; /* ports of the range that IANA assigned to somebody for TCP */
	struct berth_port_range quiet[2]; /* what of the dynamic range the kernel does not lend */
	size_t n_quiet;
	struct berth_ephemeral_bin bins[BERTH_EPHEMERAL_BINS];
};

struct berth_ephemeral {
	const struct berth_ephemeral_space *spaces; /* our own first */
	size_t n_spaces;
	unsigned gaps; /* of the snapshot that this rests on */
	double time_s; /* when it was taken, seconds since 1970 */
};

struct berth_ephemeral_ask {
	size_t size; /* sizeof(struct berth_ephemeral_ask) */
	enum berth_netns_ask netns_ask; /* as berth_ask; not BERTH_ASK_NAMED */
	const char *netns;
};

/*
 * The ports from which the kernel serves connect() and bind() to port 0: who uses them, and how
 * many are left to whom. `ask` may be NULL. The rules: __inet_hash_connect and
 * __inet_check_established (net/ipv4/inet_hashtables.c), tcp_twsk_unique (net/ipv4/tcp_ipv4.c),
 * inet_csk_find_open_port (net/ipv4/inet_connection_sock.c), udp_lib_get_port (net/ipv4/udp.c),
 * Linux 6.18. They are about sockets without IP_LOCAL_PORT_RANGE. -EINVAL: the question; others as
 * berth_snapshot().
 */
BERTH_PUBLIC int berth_ephemeral(const struct berth *berth, const struct berth_ephemeral_ask *ask,
	struct berth_ephemeral **ret_ephemeral);
BERTH_PUBLIC void berth_ephemeral_free(struct berth_ephemeral *ephemeral);

/* ---- Reserving ports ---------------------------------------------------------------------------
 */

/* Whether a reservation is to outlast the next boot. */
enum berth_persist {
	BERTH_PERSIST_USUAL, /* in the network namespace of the first process, which boot configures
			      */
	BERTH_PERSIST_YES,
	BERTH_PERSIST_NO,
};

struct berth_reserve_ask {
	size_t size; /* sizeof(struct berth_reserve_ask) */
	const struct berth_port_range *ports; /* 1 to 65535, in any order */
	size_t n_ports;
	bool all; /* berth_unreserve() alone, without ports: whatever berth reserved */
	bool dry_run; /* only look; needs no privilege */
	enum berth_persist persist;
};

/* What was done, or in a dry run would be. Lists are in order and do not overlap. */
struct berth_reserved {
	bool dry_run;
	bool reserve; /* false: it was berth_unreserve() */
	const struct berth_port_range *changed; /* that the kernel's list has gained, or lost */
	size_t n_changed;
	const struct berth_port_range *already; /* to reserve, and were reserved before */
	size_t n_already;
	const struct berth_port_range *foreign; /* not to be reserved any more, yet not by berth,
						   and so they still are */
	size_t n_foreign;
	const struct berth_port_range *absent; /* not to be reserved any more, and were not */
	size_t n_absent;
	const struct berth_port_range *before; /* all that the kernel had reserved */
	size_t n_before;
	const struct berth_port_range *after;
	size_t n_after;
	bool file_written; /* the file for the next boot was changed, or removed */
	const char *file; /* its path */
	const struct berth_port_range *in_file; /* that it has of berth's afterwards; none: there is
						   no file */
	size_t n_in_file;
	const char *file_why_not; /* why a reservation ends with this boot, or may; NULL */
	bool has_ephemeral; /* the range from which the kernel chooses is known */
	struct berth_port_range ephemeral;
};

/*
 * Keeps ports out of the kernel's own choice in this network namespace, for all protocols and
 * addresses: net.ipv4.ip_local_reserved_ports. connect() and bind() to port 0 will not get them; a
 * program that asks for one by its number still does. What was reserved before stays so. What berth
 * added is written down in /run/berth, and for the next boot in a file of /etc/sysctl.d, before the
 * kernel is told.
 *
 * 0, also when nothing was left to do; -EACCES: needs root or CAP_NET_ADMIN; -EROFS: /proc/sys is
 * read-only, or this is a recording; -EBUSY: another berth has kept us waiting for five seconds;
 * -EINVAL: the ports; -EBADMSG: a file of berth's is not as berth wrote it; -EPERM: others can
 * write to its folder; -ENOSYS: no such thing here. On failure nothing was changed, or
 * berth_error() says what was.
 */
BERTH_PUBLIC int berth_reserve(const struct berth *berth, const struct berth_reserve_ask *ask,
	struct berth_reserved **ret_reserved);

/*
 * Takes back what berth_reserve() added, and nothing else; ports that others reserved stay so, and
 * are told. The kernel's list can only be written whole: what somebody who is not berth adds in the
 * microseconds between reading and writing is lost. As above.
 */
BERTH_PUBLIC int berth_unreserve(const struct berth *berth, const struct berth_reserve_ask *ask,
	struct berth_reserved **ret_reserved);
BERTH_PUBLIC void berth_reserved_free(struct berth_reserved *reserved);

/* ---- What happens to sockets, and what happened -----------------------------------------------
 */

/* A process in short, as it was at the time; NULL is what was not known. */
struct berth_actor {
	uint32_t pid; /* 0: no process is known */
	uint64_t start_ticks; /* since boot, as berth_process.start_ticks; 0: not known */
	bool has_uid;
	uint32_t uid;
	const char *user;
	const char *name; /* any bytes, as berth_process.name */
	const char *exe;
	const char *unit; /* of the system's manager, else of a user's */
	const char *container; /* its name, else its id */
};

enum berth_event_kind {
	BERTH_EVENT_FOUND, /* it listens or is bound, and did before the watch began */
	BERTH_EVENT_OPENED, /* it listens, or is bound and does not */
	BERTH_EVENT_CLOSED,
	BERTH_EVENT_REFUSED, /* a bind(2) or listen(2) failed */
	BERTH_EVENT_MISSED, /* `count` sockets were opened and closed unseen; 0: some */
};

/* "found", "opened", "closed", "refused", "missed". */
BERTH_PUBLIC const char *berth_event_kind_name(enum berth_event_kind kind);

/* Something that happened to a socket that waits for anybody. */
struct berth_event {
	enum berth_event_kind kind;
	double time_s;
	double since_s; /* it happened between this and time_s; equal: just then; 0: not known */
	enum berth_proto proto; /* not of BERTH_EVENT_MISSED with port 0 */
	uint8_t family; /* 4 or 6 */
	uint8_t address[16];
	const char *address_text;
	uint16_t port;
	uint32_t ifindex;
	uint64_t cookie; /* 0: not known */
	bool listening; /* false: bound only; REFUSED: whether listen(2) was refused */
	struct berth_actor actor; /* REFUSED: the loser */
	double opened_s; /* CLOSED: since when it was open; 0: not known */
	/* Of BERTH_EVENT_REFUSED alone: judged by the kernel's rules from what was there right
	 * behind it (berth_why()), since the kernel tells nobody but the caller. */
	int errnum; /* positive; 0: nothing was in the way any more, or it cannot be known */
	const char *errno_name; /* NULL when 0 */
	bool has_cause;
	enum berth_bind_cause cause; /* the first that is certain */
	const char *cause_text; /* all that is in the way, one sentence without a full stop */
	struct berth_actor holder; /* pid 0: none is known, or none is to blame */
	uint64_t count; /* of BERTH_EVENT_MISSED */
	const char *text; /* all of it in one phrase, without the time */
};

/* How it is learnt what happens. */
enum berth_watch_way {
	BERTH_WATCH_BPF, /* the kernel tells everything, at once */
	BERTH_WATCH_BPF_LISTEN, /* of listeners everything; of others they are asked for */
	BERTH_WATCH_ENDINGS, /* sockets are asked for; the kernel tells which have ended */
	BERTH_WATCH_POLL, /* sockets are asked for, and nothing else is known */
};

/* "bpf", "bpf-listen", "endings", "poll". */
BERTH_PUBLIC const char *berth_watch_way_name(enum berth_watch_way way);

struct berth_watch_ask {
	size_t size; /* sizeof(struct berth_watch_ask) */
	bool no_bpf; /* do not try it */
};

struct berth_watch;

/*
 * Watches the sockets of this network namespace that listen, or are bound and have no peer. The
 * first berth_watch_next() tells those that are there. `ask` may be NULL. -EROFS: a recording;
 * -ENOSYS: no backend; others as berth_snapshot().
 */
BERTH_PUBLIC int berth_watch_open(const struct berth *berth, const struct berth_watch_ask *ask,
	struct berth_watch **ret_watch);

BERTH_PUBLIC enum berth_watch_way berth_watch_way(const struct berth_watch *watch);
/* Why it is not BPF, one sentence without a full stop; NULL when it is. */
BERTH_PUBLIC const char *berth_watch_why_not(const struct berth_watch *watch);

/* A descriptor that is readable when berth_watch_next() has something to do: for a loop of one's
 * own. It belongs to the watch. */
BERTH_PUBLIC int berth_watch_fd(const struct berth_watch *watch);

/*
 * Waits until something happens, or the time is over: 0 looks once, negative is for ever. The
 * events are in the order in which it was clear what they are, and belong to the watch until the
 * next call. Their number; -EINTR: a signal.
 */
BERTH_PUBLIC int berth_watch_next(
	struct berth_watch *watch, int64_t timeout_ms, const struct berth_event **ret_events);
/* Lets the next berth_watch_next() tell once more what is there. */
BERTH_PUBLIC void berth_watch_again(struct berth_watch *watch);
BERTH_PUBLIC void berth_watch_close(struct berth_watch *watch);

/* Which machine this is, and which of its network namespaces. */
struct berth_here {
	uint64_t netns; /* the inode of the namespace; 0: not known */
	char boot[40]; /* the kernel's boot_id, another one after each start */
};

/* A negative errno: not known, as of a recording, or without a backend. */
BERTH_PUBLIC int berth_here(const struct berth *berth, struct berth_here *ret_here);

/* Where berthd keeps its history. */
#define BERTH_HISTORY_FOLDER "/var/lib/berth"

/* A socket from when it was first seen to when it was last seen. */
struct berth_span {
	enum berth_proto proto;
	uint8_t family; /* 4 or 6 */
	uint8_t address[16];
	const char *address_text;
	uint16_t port;
	uint32_t ifindex;
	uint64_t cookie;
	bool listening; /* false: it was bound only */
	struct berth_actor actor; /* who opened it, or had it when it was first seen */
	double first_s;
	bool first_exact; /* it was opened then; false: it was there already */
	double last_s; /* also of one that is open: when that was last known */
	bool last_exact; /* it was closed then; false: it was gone when somebody looked again */
	bool open; /* it was, when berthd last wrote */
};

/* A time in which nobody watched. */
struct berth_unwatched {
	double from_s;
	double until_s;
};

struct berth_history_ask {
	size_t size; /* sizeof(struct berth_history_ask) */
	const char *folder; /* NULL: BERTH_HISTORY_FOLDER */
	const struct berth_query *query; /* only these ports, and what was missed anywhere;
					    NULL: all */
	const char *name; /* only what this process, program, unit, container or user had; NULL */
	double since_s; /* only what was still there, or happened, then or later; 0: all */
	double until_s; /* and then or before; 0: all */
	bool refusals_only; /* no spans, nothing that was missed */
	size_t most; /* of spans and of events, the newest; 0: all */
};

/* Newest last. */
struct berth_history {
	const struct berth_span *spans; /* by when they were first seen */
	size_t n_spans;
	const struct berth_event *events; /* REFUSED and MISSED: the others are ends of spans */
	size_t n_events;
	const struct berth_unwatched *unwatched; /* within what was asked for */
	size_t n_unwatched;
	double first_s; /* since when there is a history; 0: there is none yet */
	double last_s; /* when berthd last wrote that it lives */
	enum berth_watch_way way; /* of the latest berthd */
	bool cut; /* there was more than `most` */
};

/*
 * What berthd wrote down of this network namespace; berthd need not run. -ENOENT: there is no
 * history in the folder, or it is about a recording; -EACCES: it may not be read; -EBADMSG: it is
 * damaged, or of a newer berth; -EOPNOTSUPP: not in this build. berth_error() has a sentence.
 */
BERTH_PUBLIC int berth_history(const struct berth *berth, const struct berth_history_ask *ask,
	struct berth_history **ret_history);
BERTH_PUBLIC void berth_history_free(struct berth_history *history);

/* ---- JSON: the same everywhere, see docs/schema
 * -------------------------------------------------- */

/* Takes `len` bytes; returns 0, or a negative errno that ends the writing and is handed on. */
typedef int berth_write(void *context, const char *bytes, size_t len);

/* One JSON object each, without a line feed behind it. */
BERTH_PUBLIC int berth_report_json(
	const struct berth_report *report, berth_write *write, void *context);
BERTH_PUBLIC int berth_socket_json(
	const struct berth_socket *socket, berth_write *write, void *context);
/* null when they are not known */
BERTH_PUBLIC int berth_listen_losses_json(
	const struct berth_listen_losses *losses, berth_write *write, void *context);
BERTH_PUBLIC int berth_answers_json(
	const struct berth_answers *answers, berth_write *write, void *context);
BERTH_PUBLIC int berth_ended_json(
	const struct berth_ended *ended, berth_write *write, void *context);
BERTH_PUBLIC int berth_leases_json(
	const struct berth_leases *leases, berth_write *write, void *context);
BERTH_PUBLIC int berth_free_json(const struct berth_free *found, berth_write *write, void *context);
/* What berth_lease() gave; `renewed`: it returned 1. */
BERTH_PUBLIC int berth_leased_json(
	const char *name, uint16_t port, bool renewed, berth_write *write, void *context);
BERTH_PUBLIC int berth_waited_json(
	const struct berth_waited *waited, berth_write *write, void *context);
BERTH_PUBLIC int berth_doctor_json(
	const struct berth_doctor *doctor, berth_write *write, void *context);
BERTH_PUBLIC int berth_ephemeral_json(
	const struct berth_ephemeral *ephemeral, berth_write *write, void *context);
BERTH_PUBLIC int berth_reserved_json(
	const struct berth_reserved *reserved, berth_write *write, void *context);
BERTH_PUBLIC int berth_event_json(
	const struct berth_event *event, berth_write *write, void *context);
BERTH_PUBLIC int berth_span_json(const struct berth_span *span, berth_write *write, void *context);
BERTH_PUBLIC int berth_history_json(
	const struct berth_history *history, berth_write *write, void *context);
BERTH_PUBLIC int berth_why_json(const struct berth_why *why, berth_write *write, void *context);
BERTH_PUBLIC int berth_record_json(
	const struct berth_record *record, berth_write *write, void *context);
BERTH_PUBLIC int berth_check_json(
	const struct berth_check *check, berth_write *write, void *context);
BERTH_PUBLIC int berth_claim_json(
	const struct berth_claim *claim, berth_write *write, void *context);
BERTH_PUBLIC int berth_netns_json(
	const struct berth_netns *netns, berth_write *write, void *context);

/* ---- Care for untrusted text
 * ---------------------------------------------------------------------- */

/* A copy that no terminal can act on; free() it. NULL when there is no memory. */
BERTH_PUBLIC char *berth_safe_text(const char *text);

/* ---- Care for the registry
 * -------------------------------------------------------------------------- */

struct berth_registry_info {
	const char *date; /* newest date in it, or the <updated> of the XML form */
	const char *origin; /* "built-in", or the path of the imported copy */
	uint32_t records;
	uint32_t names; /* records with a name */
	uint32_t without_port;
	uint32_t ports[BERTH_TRANSPORTS][4]; /* how many ports are in each enum berth_state */
};

BERTH_PUBLIC void berth_registry_info(
	const struct berth *berth, struct berth_registry_info *ret_info);

enum berth_change {
	BERTH_ADDED,
	BERTH_REMOVED,
	BERTH_CHANGED
};

/* One difference; before or after is NULL for added or removed records. */
typedef int berth_change_seen(void *context, enum berth_change change,
	const struct berth_record *before, const struct berth_record *after);

/*
 * Compares two copies as IANA publishes them (CSV or XML), or an image that import made. Calls
 * `seen` for each difference in the order of ports; a non-zero answer ends it and is handed on.
 * Returns how many. -EBADMSG: one of them cannot be read as a registry; berth_error() has file and
 * line.
 */
BERTH_PUBLIC int berth_registry_diff(
	const char *old_path, const char *new_path, berth_change_seen *seen, void *context);

/*
 * Checks `path` whole (CSV or XML), then replaces the image at `image_path` by it and tells what
 * changed against the copy that `berth` uses. A refused file leaves everything as it was.
 * Returns how many records changed. -EBADMSG: refused; berth_error() has the line and what is
 * wrong. -EEXIST: what is at `image_path` is no image, and so not berth's to replace.
 */
BERTH_PUBLIC int berth_registry_import(const struct berth *berth, const char *path,
	const char *image_path, berth_change_seen *seen, void *context);

/* ---- What stays in the kernel -------------------------------------------------------------------
 */

/*
 * Pins a BPF program that finds the owners of all sockets, so that later questions need not load
 * it, and hooks that note the owner of a socket when it listens or is bound. They stay until
 * berth_disable() or the next start of the machine. `mode`: permissions of the pins; whoever may
 * read them sees all owners, without any capability. What is there already is replaced. 0; 1: but
 * for the hooks, berth_error() says why; -EPERM: needs CAP_BPF and CAP_PERFMON; -ENODEV: no BPF
 * file system is mounted; -EOPNOTSUPP, -ENOSYS: not in this build; berth_error() has a sentence.
 */
BERTH_PUBLIC int berth_enable(unsigned mode);

/* Takes back what berth_enable() did, and nothing else. -ENOENT: nothing is enabled. */
BERTH_PUBLIC int berth_disable(void);

/* ---- Recordings
 * ------------------------------------------------------------------------------------ */

/*
 * Writes what the kernel answers now into the new folder `path`: everything that a snapshot with
 * owners and a report read. With `scrub`, host names, user names, addresses (but for loopback and
 * wildcard), command arguments and environment are replaced, the same value by the same substitute.
 * -EEXIST: the folder is there and not empty.
 */
BERTH_PUBLIC int berth_record(const struct berth *berth, const char *path, bool scrub);

#ifdef __cplusplus
}
#endif

#endif
