// SPDX-License-Identifier: MIT
/*
 * Understands those extensions of x_tables that decide on ports; all others make a flow
 * conditional. Structures are read by offset from copies, since a rule's bytes may be cut anywhere.
 */
#include "sockets/linux/extensions.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/xt_TPROXY.h>
#include <linux/netfilter/xt_addrtype.h>
#include <linux/netfilter/xt_multiport.h>
#include <linux/netfilter/xt_tcpudp.h>
#include <stddef.h>
#include <string.h>

/* Copies the front of an info. False: it is too short. */
static bool take(const struct extensions_use *use, void *ret, size_t len)
{
	if (use->len < len)
		return false;
	memcpy(ret, use->info, len);
	return true;
}

static bool any_port(const uint16_t range[2])
{
	return !range[0] && range[1] == UINT16_MAX;
}

static bool only_ports(struct flow *flow, const uint16_t range[2], bool invert)
{
	if (!invert && any_port(range))
		return true;
	return invert ? flow_without_port(flow, range[0], range[1])
		      : flow_only_port(flow, range[0], range[1]);
}

static bool match_tcp(struct flow *flow, const struct extensions_use *use)
{
	struct xt_tcp info;

	if (!take(use, &info, sizeof(info))) {
		flow_doubt(flow, "tcp");
		return true;
	}
	if (flow->proto != BERTH_TCP)
		return false;
	if (!any_port(info.spts) || info.invflags & XT_TCP_INV_SRCPT)
		flow_condition(flow, "from port%s %u-%u",
			info.invflags & XT_TCP_INV_SRCPT ? " other than" : "", info.spts[0],
			info.spts[1]);
	if (info.option)
		flow_doubt(flow, "tcp option");
	/* Of a first packet SYN is set and ACK, RST and FIN are not: linux/tcp.h, bits 1, 4, 2, 0.
	 */
	const uint8_t syn = 0x02;
	bool flags = (syn & info.flg_mask) == info.flg_cmp;
	if (info.flg_mask && flags == ((info.invflags & XT_TCP_INV_FLAGS) != 0))
		return false;
	return only_ports(flow, info.dpts, info.invflags & XT_TCP_INV_DSTPT);
}

static bool match_udp(struct flow *flow, const struct extensions_use *use)
{
	struct xt_udp info;

	if (!take(use, &info, sizeof(info))) {
		flow_doubt(flow, "udp");
		return true;
	}
	if (flow->proto != BERTH_UDP && flow->proto != BERTH_UDPLITE)
		return false;
	if (!any_port(info.spts) || info.invflags & XT_UDP_INV_SRCPT)
		flow_condition(flow, "from port%s %u-%u",
			info.invflags & XT_UDP_INV_SRCPT ? " other than" : "", info.spts[0],
			info.spts[1]);
	return only_ports(flow, info.dpts, info.invflags & XT_UDP_INV_DSTPT);
}

/* linux/netfilter/xt_multiport.h: a list of ports, in which a flag begins a range. */
static bool match_multiport(struct flow *flow, const struct extensions_use *use)
{
	struct xt_multiport_v1 info;
	struct flow_ports ports = {0};
	bool fits = true;

	if (use->revision != 1 || !take(use, &info, sizeof(info)) || info.count > XT_MULTI_PORTS ||
		info.flags != XT_MULTIPORT_DESTINATION) {
		flow_doubt(flow, "multiport");
		return true;
	}
	for (unsigned i = 0; i < info.count; i++) {
		bool range = info.pflags[i] && i + 1U < info.count;
		uint16_t first = info.ports[i];
		uint16_t last = info.ports[i + range];

		i += range;
		fits = fits && (first > last || flow_ports_add(&ports, first, last));
	}
	if (!fits)
		flow_doubt(flow, "multiport");
	if (!fits)
		return true;
	return info.invert ? flow_without_ports(flow, &ports) : flow_only_ports(flow, &ports);
}

/* "--dst-type LOCAL": what is for this machine, which is what we ask about. */
static bool match_addrtype(struct flow *flow, const struct extensions_use *use)
{
	struct xt_addrtype_info_v1 info;

	if (use->revision != 1 || !take(use, &info, sizeof(info)) || info.source) {
		flow_doubt(flow, "addrtype");
		return true;
	}
	bool inverted = info.flags & XT_ADDRTYPE_INVERT_DEST;
	if (info.dest == XT_ADDRTYPE_LOCAL)
		return !inverted;
	if (info.dest)
		flow_doubt(flow, "addrtype");
	return true;
}

bool extensions_match(struct flow *flow, const struct extensions_use *use)
{
	static const struct {
		const char *name;
		bool (*match)(struct flow *flow, const struct extensions_use *use);
	} matches[] = {
		{"addrtype", match_addrtype},
		{"multiport", match_multiport},
		{"tcp", match_tcp},
		{"udp", match_udp},
	};

	for (size_t i = 0; i < sizeof(matches) / sizeof(*matches); i++) {
		if (!strcmp(use->name, matches[i].name))
			return matches[i].match(flow, use);
	}
	if (strcmp(use->name, "comment") != 0)
		flow_doubt(flow, strcmp(use->name, "statistic") ? "%s" : "by chance", use->name);
	return true;
}

/* ---- Targets -------------------------------------------------------------------------------- */

/* What the three structures of nf_nat.h say alike. */
struct range {
	uint32_t flags;
	const unsigned char *first; /* addresses */
	const unsigned char *last;
	size_t len;
	uint16_t first_port; /* network byte order */
	uint16_t last_port;
};

static void set_range(const struct range *range, struct redirects_target *ret)
{
	if (range->flags & NF_NAT_RANGE_MAP_IPS) {
		ret->has_address = true;
		memcpy(ret->address, range->first, range->len);
		ret->has_last = memcmp(range->first, range->last, range->len) != 0;
		memcpy(ret->last, range->last, range->len);
	}
	if (range->flags & NF_NAT_RANGE_PROTO_SPECIFIED) {
		ret->first_port = ntohs(range->first_port);
		ret->last_port = ntohs(range->last_port);
	}
}

/* Revision 0 of IPv4 targets (struct nf_nat_ipv4_multi_range_compat). */
static bool read_old_range(const struct extensions_use *use, struct redirects_target *ret)
{
	struct nf_nat_ipv4_multi_range_compat info;

	if (!take(use, &info, sizeof(info)) || info.rangesize != 1)
		return false;
	set_range(&(struct range){.flags = info.range[0].flags,
			  .first = (const unsigned char *)&info.range[0].min_ip,
			  .last = (const unsigned char *)&info.range[0].max_ip,
			  .len = 4,
			  .first_port = info.range[0].min.all,
			  .last_port = info.range[0].max.all},
		ret);
	return true;
}

/* struct nf_nat_range, with which struct nf_nat_range2 begins. */
static bool read_range(
	const struct flow *flow, const struct extensions_use *use, struct redirects_target *ret)
{
	struct nf_nat_range info;

	if (!take(use, &info, sizeof(info)))
		return false;
	set_range(&(struct range){.flags = info.flags,
			  .first = (const unsigned char *)&info.min_addr,
			  .last = (const unsigned char *)&info.max_addr,
			  .len = flow->family == 4 ? 4 : 16,
			  .first_port = info.min_proto.all,
			  .last_port = info.max_proto.all},
		ret);
	return true;
}

static bool target_nat(
	const struct flow *flow, const struct extensions_use *use, struct redirects_target *ret)
{
	bool old = flow->family == 4 && !use->revision;

	ret->action = !strcmp(use->name, "REDIRECT") ? BERTH_ACTION_REDIRECT : BERTH_ACTION_DNAT;
	return old ? read_old_range(use, ret) : read_range(flow, use, ret);
}

static bool target_tproxy(
	const struct flow *flow, const struct extensions_use *use, struct redirects_target *ret)
{
	static const uint8_t wildcard[16];
	struct xt_tproxy_target_info old;
	struct xt_tproxy_target_info_v1 info;
	size_t len = flow->family == 4 ? 4 : 16;

	ret->action = BERTH_ACTION_TPROXY;
	if (!use->revision && take(use, &old, sizeof(old))) {
		memcpy(ret->address, &old.laddr, sizeof(old.laddr));
		ret->first_port = ret->last_port = ntohs(old.lport);
	} else if (take(use, &info, offsetof(struct xt_tproxy_target_info_v1, lport) + 2)) {
		memcpy(ret->address, &info.laddr, len);
		ret->first_port = ret->last_port = ntohs(info.lport);
	} else {
		return false;
	}
	ret->has_address = memcmp(ret->address, wildcard, len) != 0;
	return true;
}

enum extensions_verdict extensions_target(const struct flow *flow, const struct extensions_use *use,
	struct redirects_target *ret_target)
{
	static const char *const last[] = {
		"ACCEPT", "DROP", "MASQUERADE", "NFQUEUE", "QUEUE", "REJECT", "SNAT", "SYNPROXY"};
	bool read = false;

	if (!strcmp(use->name, "REDIRECT") || !strcmp(use->name, "DNAT"))
		read = target_nat(flow, use, ret_target);
	else if (!strcmp(use->name, "TPROXY"))
		read = target_tproxy(flow, use, ret_target);
	if (read)
		return EXTENSIONS_CATCH;
	for (size_t i = 0; i < sizeof(last) / sizeof(*last); i++) {
		if (!strcmp(use->name, last[i]))
			return EXTENSIONS_STOP;
	}
	return EXTENSIONS_CONTINUE;
}
