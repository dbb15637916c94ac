// SPDX-License-Identifier: MIT
/*
 * Gathers redirects from all sources, makes one of those that differ in protocol or family only,
 * and puts into words what each does. How each source is asked, and what its answers mean, is in
 * nft.c, xtables.c, ipvs.c and sklookup.c.
 */
#include "sockets/linux/redirects.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "sockets/linux/ipvs.h"
#include "sockets/linux/nft.h"
#include "sockets/linux/rows.h"
#include "sockets/linux/sklookup.h"
#include "sockets/linux/xtables.h"

enum {
	TARGET_PORTS_MOST = 64, /* of a range of targets, whose sockets are looked at */
	LONGEST_TARGET = 160,
};

static const char not_visible[] = "redirect rules not visible: needs CAP_NET_ADMIN";
static const char not_recorded[] = "redirect rules are not in this recording";
static const char not_elsewhere[] =
	"of redirect rules for addresses of other machines, only the first 64 are followed";
static const char not_all[] = "more redirect rules than could be followed";

static const uint8_t wildcard[16];

static unsigned all_bits(uint8_t family)
{
	return family == 4 ? 32 : 128;
}

/* ---- Keeping --------------------------------------------------------------------------------- */

static const char *keep(struct redirects *redirects, const char *text)
{
	const char *copy = text ? arena_text(redirects->arena, text, strlen(text)) : NULL;

	if (text && !copy)
		redirects->error = -ENOMEM;
	return copy;
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

/* Alike but for protocol and family. */
static bool is_like(const struct berth_redirect *a, const struct berth_redirect *b)
{
	if (a->handle != b->handle || a->first != b->first || a->last != b->last ||
		a->kind != b->kind || a->action != b->action || a->hook != b->hook ||
		a->conditional != b->conditional || a->to_first != b->to_first ||
		a->to_last != b->to_last || a->has_address != b->has_address ||
		a->has_target != b->has_target)
		return false;
	bool addresses = a->has_address || a->has_target;
	if (a->family != b->family &&
		(addresses || (a->family && b->family && a->protos != b->protos)))
		return false;
	return !memcmp(a->address, b->address, sizeof(a->address)) &&
		a->address_bits == b->address_bits &&
		!memcmp(a->target, b->target, sizeof(a->target)) && same_text(a->table, b->table) &&
		same_text(a->chain, b->chain) && same_text(a->conditions, b->conditions) &&
		same_text(a->target_text, b->target_text);
}

static bool merge(struct redirects *redirects, const struct berth_redirect *redirect)
{
	for (size_t i = redirects->count; i-- > 0;) {
		struct berth_redirect *known = redirects->all + i;

		if (!is_like(known, redirect))
			continue;
		known->protos |= redirect->protos;
		if (known->family != redirect->family)
			known->family = 0;
		return true;
	}
	return false;
}

/* Copies the texts of one that is new. */
static void append(struct redirects *redirects, const struct berth_redirect *redirect)
{
	if (redirects->count == REDIRECTS_MOST) {
		redirects->cut = true;
		return;
	}
	if (redirects->count == redirects->size) {
		size_t size = redirects->size ? redirects->size * 2 : 8;
		struct berth_redirect *all = reallocarray(redirects->all, size, sizeof(*all));

		if (!all) {
			redirects->error = -ENOMEM;
			return;
		}
		redirects->all = all;
		redirects->size = size;
	}
	struct berth_redirect *copy = redirects->all + redirects->count;
	*copy = *redirect;
	copy->table = keep(redirects, redirect->table);
	copy->chain = keep(redirects, redirect->chain);
	copy->conditions = keep(redirects, redirect->conditions);
	copy->target_text = keep(redirects, redirect->target_text);
	redirects->count += !redirects->error;
}

/* "127.0.0.1:8080", "[::1]:8080-8090", ":8080" */
static void write_target(const struct flow *flow, const struct redirects_target *target,
	uint16_t first, uint16_t last, char *ret_text, size_t size)
{
	struct buffer text = {0};
	char address[64];

	if (target->has_address) {
		bool six = flow->family == 6;

		flow_write_address(address, sizeof(address), flow->family, target->address,
			all_bits(flow->family));
		buffer_format(&text, six ? "[%s]" : "%s", address);
		if (target->has_last) {
			flow_write_address(address, sizeof(address), flow->family, target->last,
				all_bits(flow->family));
			buffer_format(&text, six ? "-[%s]" : "-%s", address);
		}
	}
	if (first)
		buffer_format(&text, ":%u", first);
	if (first && last != first)
		buffer_format(&text, "-%u", last);
	(void)snprintf(ret_text, size, "%s", target->text ? target->text : buffer_string(&text));
	buffer_free(&text);
}

static void add_range(struct redirects *redirects, const struct flow *flow,
	const struct redirects_target *target, const struct berth_port_range *range)
{
	/* A port that stays as it is, is named where there is just one. */
	uint16_t first = target->first_port ? target->first_port : range->first;
	uint16_t last = target->first_port ? target->last_port : range->last;
	char text[LONGEST_TARGET];
	struct berth_redirect redirect = {
		.kind = target->kind,
		.action = target->action,
		.family = flow->family,
		.protos = BERTH_PROTO_BIT(flow->proto),
		.first = range->first,
		.last = range->last,
		.has_address = flow->has_address,
		.address_bits = flow->address_bits,
		.hook = flow->hook,
		.conditions = *flow->conditions ? flow->conditions : NULL,
		.conditional = flow->conditional,
		.has_target = target->has_address && !target->has_last,
		.to_first = target->text ? 0 : first,
		.to_last = target->text ? 0
			: last < first  ? first
					: last,
		.table = target->table,
		.chain = target->chain,
		.handle = target->handle,
	};

	write_target(flow, target, redirect.to_first, redirect.to_last, text, sizeof(text));
	redirect.target_text = text;
	if (flow->has_address)
		memcpy(redirect.address, flow->address, sizeof(redirect.address));
	if (redirect.has_target)
		memcpy(redirect.target, target->address, sizeof(redirect.target));
	if (!merge(redirects, &redirect))
		append(redirects, &redirect);
}

static bool is_elsewhere(struct redirects *redirects, const struct flow *flow)
{
	if (!flow->has_address)
		return false;
	if (redirects->system && addresses_ask(redirects->system, &redirects->addresses))
		redirects->error = -ENOMEM;
	return !addresses_have(
		&redirects->addresses, flow->family, flow->address, flow->address_bits);
}

bool redirects_enough(struct redirects *redirects, const struct flow *flow)
{
	if (redirects->n_elsewhere < REDIRECTS_ELSEWHERE_MOST || !is_elsewhere(redirects, flow))
		return false;
	redirects->elsewhere_cut = true;
	return true;
}

void redirects_add(
	struct redirects *redirects, const struct flow *flow, const struct redirects_target *target)
{
	if (redirects_enough(redirects, flow))
		return;
	redirects->n_elsewhere += is_elsewhere(redirects, flow);
	for (size_t i = 0; i < flow->ports.count && !redirects->error; i++)
		add_range(redirects, flow, target, flow->ports.all + i);
}

void redirects_free(struct redirects *redirects)
{
	free(redirects->all);
	addresses_free(&redirects->addresses);
	redirects->all = NULL;
	redirects->count = redirects->size = 0;
}

/* ---- Putting into words -----------------------------------------------------------------------
 */

static const char *action_words(enum berth_redirect_action action)
{
	switch (action) {
	case BERTH_ACTION_REDIRECT:
		return "redirect to";
	case BERTH_ACTION_DNAT:
		return "dnat to";
	case BERTH_ACTION_TPROXY:
		return "tproxy to";
	case BERTH_ACTION_BALANCE:
		return "balance over";
	case BERTH_ACTION_STEER:
		return "steer to";
	}
	return "";
}

/* "ip daddr 192.0.2.1 tcp dport 80 redirect to :8080 (iifname eth0)" */
static void write_rule(struct buffer *out, const struct berth_redirect *redirect)
{
	const char *comma = "";

	if (redirect->address_text)
		buffer_format(out, "daddr %s ", redirect->address_text);
	for (unsigned proto = 0; proto < BERTH_PROTOS; proto++) {
		if (!(redirect->protos & BERTH_PROTO_BIT(proto)))
			continue;
		buffer_format(out, "%s%s", comma, rows_proto_name((enum berth_proto)proto));
		comma = ",";
	}
	buffer_format(out, " dport %u", redirect->first);
	if (redirect->last != redirect->first)
		buffer_format(out, "-%u", redirect->last);
	buffer_format(out, " %s %s", action_words(redirect->action), redirect->target_text);
	if (redirect->conditions)
		buffer_format(out, " (%s)", redirect->conditions);
}

static bool may_take_from(const struct berth_redirect *earlier, const struct berth_redirect *later)
{
	return earlier->hook == later->hook && earlier->protos & later->protos &&
		(!earlier->family || !later->family || earlier->family == later->family) &&
		earlier->first <= later->last && earlier->last >= later->first &&
		(!earlier->has_address || !later->has_address ||
			!strcmp(earlier->address_text, later->address_text));
}

/* Behind a rule that may catch, by chance or by what is not understood, nothing is certain. */
static void doubt_later_ones(struct redirects *redirects)
{
	for (size_t i = 0; i < redirects->count; i++) {
		const struct berth_redirect *earlier = redirects->all + i;

		for (size_t j = i + 1; earlier->conditional && j < redirects->count; j++) {
			struct berth_redirect *later = redirects->all + j;

			if (later->conditional || !may_take_from(earlier, later))
				continue;
			later->conditional = true;
			if (!later->conditions)
				later->conditions = "unless an earlier rule does";
		}
	}
}

static void place(struct redirects *redirects, struct berth_redirect *redirect)
{
	const struct addresses_answer *addresses = &redirects->addresses;
	char text[64];

	if (redirect->has_address) {
		flow_write_address(text, sizeof(text), redirect->family, redirect->address,
			redirect->address_bits);
		redirect->address_text = keep(redirects, text);
		redirect->elsewhere = !addresses_have(
			addresses, redirect->family, redirect->address, redirect->address_bits);
	}
	redirect->here = redirect->action == BERTH_ACTION_REDIRECT ||
		redirect->action == BERTH_ACTION_TPROXY ||
		(redirect->action == BERTH_ACTION_DNAT && redirect->to_first &&
			(!redirect->has_target ||
				addresses_have(addresses, redirect->family, redirect->target,
					all_bits(redirect->family))));
}

static void describe(struct redirects *redirects, struct berth_redirect *redirect)
{
	struct buffer rule = {0};

	write_rule(&rule, redirect);
	redirect->rule = keep(redirects, buffer_string(&rule));
	if (rule.error)
		redirects->error = rule.error;
	buffer_free(&rule);
}

static int finish(struct redirects *redirects)
{
	bool any = false;

	for (size_t i = 0; i < redirects->count; i++)
		any = any || redirects->all[i].has_address || redirects->all[i].has_target;
	if (any && redirects->system && addresses_ask(redirects->system, &redirects->addresses))
		return -ENOMEM;
	for (size_t i = 0; i < redirects->count; i++)
		place(redirects, redirects->all + i);
	if (!redirects->error)
		doubt_later_ones(redirects);
	for (size_t i = 0; i < redirects->count; i++)
		describe(redirects, redirects->all + i);
	return redirects->error;
}

/* ---- Asking ---------------------------------------------------------------------------------- */

static void wanted_ports(const struct rows_question *question, struct flow_ports *ret)
{
	*ret = (struct flow_ports){0};
	if (question->any_port || question->one_port) {
		uint16_t port = question->one_port;

		(void)flow_ports_add(ret, port ? port : 1, port ? port : UINT16_MAX);
		return;
	}
	for (uint32_t port = 1; port < ROWS_PORTS; port++) {
		uint32_t first = port;

		while (port < ROWS_PORTS && question->ports[port / 8] >> (port % 8) & 1)
			port++;
		if (port == first)
			continue;
		if (!flow_ports_add(ret, (uint16_t)first, (uint16_t)(port - 1))) {
			*ret = (struct flow_ports){.count = 1, .all = {{1, UINT16_MAX}}};
			return;
		}
	}
}

/* What was caught of ports that nobody asked for. */
static void leave_out(const struct rows_question *question, struct redirects *redirects)
{
	size_t kept = 0;

	for (size_t i = 0; i < redirects->count; i++) {
		const struct berth_redirect *redirect = redirects->all + i;
		bool wanted = question->any_port;

		for (uint32_t port = redirect->first; !wanted && port <= redirect->last; port++)
			wanted = question->ports[port / 8] >> (port % 8) & 1;
		if (wanted)
			redirects->all[kept++] = *redirect;
	}
	redirects->count = kept;
}

/*
 * A question to nf_tables has the kernel load its module when it is not there
 * (nfnetlink_rcv_msg()), which a look must not do. A module that is loaded, or that is built in and
 * has parameters, is a folder in /sys/module; nf_tables has none, so a kernel that has netfilter
 * built in is known by nf_conntrack, without which there is no NAT.
 */
static bool has_nft(const struct sockets_system *system)
{
	return system_exists(system, "/sys/module/nf_tables") ||
		(system_exists(system, "/sys/module/nf_conntrack") &&
			!system_exists(system, "/sys/module/nf_conntrack/initstate"));
}

static int ask_all(const struct sockets_system *system, const struct flow_ports *ports,
	struct redirects *redirects)
{
	int r = has_nft(system) ? nft_gather(system, ports, redirects) : 0;

	if (r == -EPERM || r == -EACCES)
		redirects->denied = true;
	else if (r == -ENOENT) /* what a kernel never says to this */
		redirects->missing = true;
	if (r != -ENOMEM)
		r = xtables_gather(system, ports, redirects);
	if (!r)
		r = ipvs_gather(system, ports, redirects);
	if (!r)
		r = sklookup_gather(system, ports, redirects);
	return r ? r : redirects->error;
}

int redirects_gather(
	struct redirects *redirects, const struct rows_question *question, const char **ret_unknown)
{
	struct flow_ports ports;

	wanted_ports(question, &ports);
	int r = ports.count ? ask_all(redirects->system, &ports, redirects) : 0;
	if (r)
		return r;
	leave_out(question, redirects);
	r = finish(redirects);
	if (!r)
		*ret_unknown = redirects->denied   ? not_visible
			: redirects->missing       ? not_recorded
			: redirects->cut           ? not_all
			: redirects->elsewhere_cut ? not_elsewhere
						   : NULL;
	return r;
}

/* ---- Who gets it ----------------------------------------------------------------------------- */

bool redirects_want(const struct redirects *redirects, const struct rows_question *asked,
	struct rows_question *more)
{
	size_t count = 0;

	for (size_t i = 0; i < redirects->count && !asked->any_port; i++) {
		const struct berth_redirect *redirect = redirects->all + i;
		uint32_t last = redirect->to_last;

		if (!redirect->here || !redirect->to_first)
			continue;
		if (last - redirect->to_first >= TARGET_PORTS_MOST)
			last = redirect->to_first + TARGET_PORTS_MOST - 1U;
		for (uint32_t port = redirect->to_first; port <= last; port++) {
			uint8_t bit = (uint8_t)(1U << (port % 8));

			if ((asked->ports[port / 8] | more->ports[port / 8]) & bit)
				continue;
			more->ports[port / 8] |= bit;
			/* A single one is filtered by the kernel. */
			more->one_port = count++ ? 0 : (uint16_t)port;
		}
	}
	return count > 0;
}

static bool is_loopback(const struct berth_socket *socket)
{
	static const uint8_t loopback6[16] = {[15] = 1};

	return socket->family == 4 ? socket->local[0] == 127
				   : !memcmp(socket->local, loopback6, sizeof(loopback6));
}

/*
 * REDIRECT sends to the address of the interface by which a packet came, or for this machine's own
 * to loopback (nf_nat_redirect.c).
 */
static bool takes_address(const struct berth_redirect *redirect, const struct berth_socket *socket)
{
	if (!memcmp(socket->local, wildcard, sizeof(wildcard)))
		return true;
	if (redirect->has_target)
		return socket->family == redirect->family &&
			!memcmp(socket->local, redirect->target, sizeof(redirect->target));
	return redirect->action != BERTH_ACTION_REDIRECT ||
		is_loopback(socket) == !strcmp(redirect->hook, "output");
}

static bool gets(const struct berth_redirect *redirect, const struct berth_socket *socket)
{
	bool server = socket->proto == BERTH_TCP || socket->proto == BERTH_SCTP
		? socket->state == BERTH_LISTEN
		: socket->state == BERTH_CLOSE && !socket->peer_port;

	if (!server || !(redirect->protos & BERTH_PROTO_BIT(socket->proto)) ||
		socket->local_port < redirect->to_first || socket->local_port > redirect->to_last)
		return false;
	/* An IPv6 socket may take IPv4 too. */
	if (redirect->family && socket->family != redirect->family &&
		(redirect->family == 6 || socket->v6only == 1))
		return false;
	return takes_address(redirect, socket);
}

int redirects_join(
	struct redirects *redirects, const struct berth_socket *sockets, size_t n_sockets)
{
	for (size_t i = 0; i < redirects->count; i++) {
		struct berth_redirect *redirect = redirects->all + i;
		size_t count = 0;

		for (size_t j = 0; redirect->here && j < n_sockets; j++)
			count += gets(redirect, sockets + j);
		if (!count)
			continue;
		const struct berth_socket **found =
			arena_array(redirects->arena, count, sizeof(struct berth_socket *));
		if (!found)
			return -ENOMEM;
		redirect->sockets = found;
		for (size_t j = 0; j < n_sockets; j++) {
			if (gets(redirect, sockets + j))
				found[redirect->n_sockets++] = sockets + j;
		}
	}
	return 0;
}
