// SPDX-License-Identifier: MIT
/*
 * The words for the numbers in berth.h: the same in JSON, on the card and in the manual.
 */
#include <berth.h>

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/text.h"

#define NAME_OF(table, value)                                                                      \
	((size_t)(value) < sizeof(table) / sizeof(*(table)) && (table)[value] ? (table)[value]     \
									      : "?")

const char *berth_proto_name(enum berth_proto proto)
{
	static const char *const names[] = {
		[BERTH_TCP] = "tcp",
		[BERTH_UDP] = "udp",
		[BERTH_SCTP] = "sctp",
		[BERTH_DCCP] = "dccp",
		[BERTH_UDPLITE] = "udplite",
		[BERTH_MPTCP] = "mptcp",
	};
	return NAME_OF(names, proto);
}

const char *berth_engine_name(enum berth_engine engine)
{
	static const char *const names[] = {
		[BERTH_NO_ENGINE] = "none",
		[BERTH_SOME_ENGINE] = "unknown",
		[BERTH_DOCKER] = "docker",
		[BERTH_PODMAN] = "podman",
		[BERTH_CONTAINERD] = "containerd",
		[BERTH_CRIO] = "cri-o",
		[BERTH_RUNC] = "runc",
		[BERTH_CRUN] = "crun",
		[BERTH_LXC] = "lxc",
		[BERTH_LXD] = "lxd",
		[BERTH_INCUS] = "incus",
		[BERTH_NSPAWN] = "systemd-nspawn",
		[BERTH_LIBVIRT] = "libvirt",
	};
	return NAME_OF(names, engine);
}

const char *berth_state_name(enum berth_state state)
{
	static const char *const names[] = {
		[BERTH_UNASSIGNED] = "unassigned",
		[BERTH_RESERVED] = "reserved",
		[BERTH_ASSIGNED] = "assigned",
		[BERTH_UNASSIGNABLE] = "unassignable",
	};
	return NAME_OF(names, state);
}

const char *berth_claim_kind_name(enum berth_claim_kind kind)
{
	static const char *const names[] = {
		[BERTH_VENDOR_DOC] = "vendor-doc",
		[BERTH_SOFTWARE_DEFAULT] = "software-default",
		[BERTH_DISTRO_SERVICES] = "distro-services",
		[BERTH_COMMUNITY_LIST] = "community-list",
		[BERTH_OS_POLICY] = "os-policy",
		[BERTH_MALWARE_HISTORY] = "malware-history",
		[BERTH_HOST_SERVICES] = "host-services",
	};
	return NAME_OF(names, kind);
}

const char *berth_claim_scope_name(enum berth_claim_scope scope)
{
	static const char *const names[] = {
		[BERTH_EXACT] = "exact",
		[BERTH_RANGE_BASE] = "range-base",
		[BERTH_POOL] = "pool",
	};
	return NAME_OF(names, scope);
}

const char *berth_ownership_name(enum berth_ownership ownership)
{
	static const char *const names[] = {
		[BERTH_NOBODY] = "nobody",
		[BERTH_CONTESTED] = "contested",
		[BERTH_OWNED] = "owned",
	};
	return NAME_OF(names, ownership);
}

const char *berth_match_name(enum berth_match match)
{
	static const char *const names[] = {
		[BERTH_MATCH_EXACT] = "exact",
		[BERTH_MATCH_PREFIX] = "prefix",
		[BERTH_MATCH_SUBSTRING] = "substring",
		[BERTH_MATCH_NEAR] = "near",
	};
	return NAME_OF(names, match);
}

const char *berth_socket_state_name(enum berth_proto proto, unsigned state)
{
	static const char *const names[] = {
		[BERTH_ESTABLISHED] = "ESTABLISHED",
		[BERTH_SYN_SENT] = "SYN_SENT",
		[BERTH_SYN_RECV] = "SYN_RECV",
		[BERTH_FIN_WAIT1] = "FIN_WAIT1",
		[BERTH_FIN_WAIT2] = "FIN_WAIT2",
		[BERTH_TIME_WAIT] = "TIME_WAIT",
		[BERTH_CLOSE] = "CLOSE",
		[BERTH_CLOSE_WAIT] = "CLOSE_WAIT",
		[BERTH_LAST_ACK] = "LAST_ACK",
		[BERTH_LISTEN] = "LISTEN",
		[BERTH_CLOSING] = "CLOSING",
		[BERTH_NEW_SYN_RECV] = "SYN_RECV",
		[BERTH_BOUND] = "BOUND",
	};
	bool datagram = proto == BERTH_UDP || proto == BERTH_UDPLITE;

	/* The kernel has no states for UDP and borrows TCP's numbers; "CLOSE" would mislead. */
	if (datagram && state == BERTH_CLOSE)
		return "UNCONN";
	return NAME_OF(names, state);
}

const char *berth_reason_name(enum berth_reason reason)
{
	static const char *const names[] = {
		[BERTH_KNOWN] = "known",
		[BERTH_NOT_ASKED] = "not-asked",
		[BERTH_NEEDS_CAPABILITY] = "needs-capability",
		[BERTH_KERNEL_SOCKET] = "kernel-socket",
		[BERTH_CLOSING_SOCKET] = "closing",
		[BERTH_PROCESS_ENDED] = "process-ended",
		[BERTH_OTHER_PID_NAMESPACE] = "other-pid-namespace",
		[BERTH_UNSUPPORTED] = "unsupported",
	};
	return NAME_OF(names, reason);
}

const char *berth_use_name(enum berth_use use)
{
	static const char *const names[] = {
		[BERTH_USE_UNKNOWN] = "unknown",
		[BERTH_USE_FREE] = "free",
		[BERTH_USE_LISTENING] = "listening",
		[BERTH_USE_BOUND] = "bound",
		[BERTH_USE_CONNECTED] = "connected",
		[BERTH_USE_CLOSING] = "closing",
	};
	return NAME_OF(names, use);
}

const char *berth_bindable_name(enum berth_bindable bindable)
{
	static const char *const names[] = {
		[BERTH_BIND_UNKNOWN] = "unknown",
		[BERTH_BIND_YES] = "yes",
		[BERTH_BIND_NO] = "no",
	};
	return NAME_OF(names, bindable);
}

const char *berth_rung_name(enum berth_rung rung)
{
	static const char *const names[] = {
		[BERTH_RUNG_STORAGE] = "storage",
		[BERTH_RUNG_CGROUP] = "cgroup",
		[BERTH_RUNG_ITERATOR] = "iterator",
		[BERTH_RUNG_LOADED] = "loaded",
		[BERTH_RUNG_PROC] = "proc",
	};
	return NAME_OF(names, rung);
}

const char *berth_netns_kind_name(enum berth_netns_kind kind)
{
	static const char *const names[] = {
		[BERTH_NETNS_NAMED] = "named",
		[BERTH_NETNS_ENGINE] = "engine",
		[BERTH_NETNS_PROCESS] = "process",
		[BERTH_NETNS_MOUNT] = "mount",
		[BERTH_NETNS_DESCRIPTOR] = "descriptor",
	};
	return NAME_OF(names, kind);
}

const char *berth_socket_option_name(enum berth_socket_option option)
{
	switch (option) {
	case BERTH_OPTION_RECVERR:
		return "recverr";
	case BERTH_OPTION_FREEBIND:
		return "freebind";
	case BERTH_OPTION_HDRINCL:
		return "hdrincl";
	case BERTH_OPTION_MULTICAST_LOOP:
		return "multicast-loop";
	case BERTH_OPTION_TRANSPARENT:
		return "transparent";
	case BERTH_OPTION_MULTICAST_ALL:
		return "multicast-all";
	case BERTH_OPTION_NODEFRAG:
		return "nodefrag";
	case BERTH_OPTION_BIND_ADDRESS_NO_PORT:
		return "bind-address-no-port";
	case BERTH_OPTION_RECVERR_RFC4884:
		return "recverr-rfc4884";
	case BERTH_OPTION_DEFER_CONNECT:
		return "defer-connect";
	}
	return "?";
}

const char *berth_via_name(enum berth_via via)
{
	static const char *const names[] = {
		[BERTH_VIA_NOTHING] = "nothing",
		[BERTH_VIA_ADDRESS] = "direct",
		[BERTH_VIA_WILDCARD] = "wildcard",
		[BERTH_VIA_DUAL_STACK] = "dual-stack",
		[BERTH_VIA_REDIRECT] = "redirect",
	};
	return NAME_OF(names, via);
}

const char *berth_answer_name(enum berth_answer answer)
{
	static const char *const names[] = {
		[BERTH_ANSWER_SOCKET] = "socket",
		[BERTH_ANSWER_REFUSED] = "refused",
		[BERTH_ANSWER_NO_ADDRESS] = "no-address",
		[BERTH_ANSWER_ELSEWHERE] = "elsewhere",
		[BERTH_ANSWER_UNKNOWN] = "unknown",
	};
	return NAME_OF(names, answer);
}

const char *berth_flag_kind_name(enum berth_flag_kind kind)
{
	static const char *const names[] = {
		[BERTH_FLAG_SPLIT] = "split",
		[BERTH_FLAG_SHARED_GROUP] = "shared-group",
		[BERTH_FLAG_INTERFACE] = "interface",
		[BERTH_FLAG_BACKLOG_FULL] = "backlog-full",
		[BERTH_FLAG_OUTSIDE] = "outside",
	};
	return NAME_OF(names, kind);
}

const char *berth_gap_text(enum berth_gap gap)
{
	switch (gap) {
	case BERTH_GAP_INTERRUPTED:
		return "the kernel's tables changed while they were read: rows may be missing or "
		       "double";
	case BERTH_GAP_TRUNCATED:
		return "an answer of the kernel was cut short or malformed: rows may be missing";
	case BERTH_GAP_REFUSED:
		return "the kernel refused a question: rows may be missing";
	case BERTH_GAP_BOUND:
		return "this kernel (before 6.8) shows nobody the TCP sockets that are bound but "
		       "not "
		       "listening";
	case BERTH_GAP_FALLBACK:
		return "read from /proc/net, since netlink was refused: less is known of each "
		       "socket";
	case BERTH_GAP_UNSUPPORTED:
		return "berth cannot ask this system about sockets";
	case BERTH_GAP_NETNS:
		return "some network namespaces could not be found or looked into";
	}
	return "?";
}

const char *berth_redirect_kind_name(enum berth_redirect_kind kind)
{
	switch (kind) {
	case BERTH_REDIRECT_NFT:
		return "nft";
	case BERTH_REDIRECT_IPTABLES:
		return "iptables";
	case BERTH_REDIRECT_IPVS:
		return "ipvs";
	case BERTH_REDIRECT_SK_LOOKUP:
		return "sk-lookup";
	}
	return "?";
}

const char *berth_redirect_action_name(enum berth_redirect_action action)
{
	switch (action) {
	case BERTH_ACTION_REDIRECT:
		return "redirect";
	case BERTH_ACTION_DNAT:
		return "dnat";
	case BERTH_ACTION_TPROXY:
		return "tproxy";
	case BERTH_ACTION_BALANCE:
		return "balance";
	case BERTH_ACTION_STEER:
		return "steer";
	}
	return "?";
}

struct berth_range_info berth_range_of(uint16_t port)
{
	static const struct berth_range_info ranges[] = {
		{BERTH_RANGE_SYSTEM, "system", 0, 1023},
		{BERTH_RANGE_USER, "user", 1024, 49151},
		{BERTH_RANGE_DYNAMIC, "dynamic", 49152, 65535},
	};

	return ranges[(port > ranges[0].last) + (port > ranges[1].last)];
}

char *berth_safe_text(const char *text)
{
	struct buffer out = {0};

	text_escape_terminal(&out, text, strlen(text));
	if (!out.data)
		buffer_text(&out, "");
	if (out.error) {
		buffer_free(&out);
		return NULL;
	}
	return out.data;
}
