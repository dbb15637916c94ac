// SPDX-License-Identifier: MIT
/*
 * Asks for tables by getsockopt(2) on a raw socket (CAP_NET_ADMIN), but only for those that are
 * there
 * (/proc/net/ip_tables_names), since asking for another makes it; then follows connections from the
 * entry points of prerouting and output. Matches and targets are in extensions.c.
 */
#include "sockets/linux/xtables.h"

/* First: the headers of the kernel leave to it what both define. */
#include <netinet/in.h>

#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/x_tables.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/text.h"
#include "sockets/linux/extensions.h"

enum {
	LARGEST_NAMES = 4096,
	LARGEST_TABLE = 64 << 20,
	TRIES = 3, /* the table may change between its size and its contents */
	STEPS_MOST = 2000000,
	DEEPEST = 32,
};

/* ---- Asking ---------------------------------------------------------------------------------- */

struct question {
	uint8_t family;
	const char *table;
};

/* The questions have the same numbers and forms in both families. */
_Static_assert(sizeof(struct ipt_getinfo) == sizeof(struct ip6t_getinfo) &&
		sizeof(struct ipt_get_entries) == sizeof(struct ip6t_get_entries),
	"both families are asked alike");

static int read_table(int fd, const struct question *question, struct buffer *ret)
{
	struct ipt_getinfo info = {0};
	socklen_t len = sizeof(info);
	int level = question->family == 4 ? IPPROTO_IP : IPPROTO_IPV6;

	(void)snprintf(info.name, sizeof(info.name), "%s", question->table);
	if (getsockopt(fd, level, IPT_SO_GET_INFO, &info, &len) < 0)
		return -errno;
	if (info.size > LARGEST_TABLE)
		return -EFBIG;
	len = (socklen_t)(sizeof(struct ipt_get_entries) + info.size);
	struct ipt_get_entries *entries = calloc(1, len);
	if (!entries)
		return -ENOMEM;
	(void)snprintf(entries->name, sizeof(entries->name), "%s", question->table);
	entries->size = info.size;
	int r = getsockopt(fd, level, IPT_SO_GET_ENTRIES, entries, &len) < 0 ? -errno : 0;
	if (!r) {
		buffer_bytes(ret, &info, sizeof(info));
		buffer_bytes(ret, entries->entrytable, info.size);
		r = ret->error;
	}
	free(entries);
	return r;
}

/* A system_fetch. */
static int fetch(void *context, struct buffer *ret)
{
	const struct question *question = context;
	int fd = socket(
		question->family == 4 ? AF_INET : AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	int r = -EAGAIN;

	if (fd < 0)
		return -errno;
	for (int i = 0; i < TRIES && r == -EAGAIN; i++)
		r = read_table(fd, question, ret);
	close(fd);
	return r;
}

static int ask_table(const struct sockets_system *system, const struct question *question,
	const struct flow_ports *wanted, struct redirects *redirects)
{
	struct question copy = *question;
	struct buffer table = {0};
	char name[32];

	(void)snprintf(name, sizeof(name), "xtables%u-%s.bin", question->family, question->table);
	int r = system_call(system, name, fetch, &copy, &table);
	if (!r && table.data &&
		xtables_decode(question->family, table.data, table.len, wanted, redirects))
		redirects->cut = true;
	if (r == -EPERM || r == -EACCES)
		redirects->denied = true;
	buffer_free(&table);
	return r == -ENOMEM ? r : redirects->error;
}

/* Whether a line of the list is the table's name. */
static bool has_line(const struct buffer *names, const char *name)
{
	const char *rest = names->data;
	const char *end = names->data ? names->data + names->len : NULL;
	const char *line = NULL;
	size_t len = 0;

	while (text_next_line(&rest, end, &line, &len)) {
		if (len == strlen(name) && !memcmp(line, name, len))
			return true;
	}
	return false;
}

int xtables_gather(const struct sockets_system *system, const struct flow_ports *wanted,
	struct redirects *redirects)
{
	static const struct {
		uint8_t family;
		const char *names;
	} lists[] = {{4, "/proc/net/ip_tables_names"}, {6, "/proc/net/ip6_tables_names"}};
	static const char *const tables[] = {"mangle", "nat"};
	int r = 0;

	for (size_t i = 0; i < 2 && !r; i++) {
		struct buffer names = {0};
		int read = system_file(system, lists[i].names, LARGEST_NAMES, &names);

		if (read == -EACCES || read == -EPERM)
			redirects->denied = true;
		for (size_t j = 0; j < 2 && !read && !r; j++) {
			if (has_line(&names, tables[j]))
				r = ask_table(system,
					&(struct question){lists[i].family, tables[j]}, wanted,
					redirects);
		}
		buffer_free(&names);
	}
	return r;
}

/* ---- Decoding -------------------------------------------------------------------------------- */

/* What an entry says, of either family. */
struct entry {
	uint8_t source[16], source_mask[16];
	uint8_t address[16], mask[16];
	char in[IFNAMSIZ], out[IFNAMSIZ];
	uint8_t in_mask[IFNAMSIZ], out_mask[IFNAMSIZ];
	uint16_t proto; /* 0: any */
	bool goes; /* instead of jumping */
	uint8_t inverted;
	size_t elements; /* where the matches begin */
	size_t target;
	size_t next;
};

struct table {
	uint8_t family;
	const unsigned char *bytes;
	size_t len;
	struct redirects *redirects;
	const char *name;
	unsigned left; /* steps that may still be made */
};

_Static_assert(IPT_INV_VIA_IN == IP6T_INV_VIA_IN && IPT_INV_VIA_OUT == IP6T_INV_VIA_OUT &&
		IPT_INV_SRCIP == IP6T_INV_SRCIP && IPT_INV_DSTIP == IP6T_INV_DSTIP &&
		IPT_INV_PROTO == IP6T_INV_PROTO,
	"both families have the same flags");

static bool check(const struct table *table, size_t at, size_t size, struct entry *entry)
{
	entry->elements = at + size;
	entry->target += at;
	entry->next += at;
	return entry->target >= entry->elements && entry->next >= entry->target &&
		entry->next - entry->target >= sizeof(struct xt_entry_target) &&
		entry->next <= table->len;
}

static bool read_entry4(const struct table *table, size_t at, struct entry *entry)
{
	struct ipt_entry from;

	if (table->len < sizeof(from) || at > table->len - sizeof(from))
		return false;
	memcpy(&from, table->bytes + at, sizeof(from));
	*entry = (struct entry){.proto = from.ip.proto,
		.goes = from.ip.flags & IPT_F_GOTO,
		.inverted = from.ip.invflags,
		.target = from.target_offset,
		.next = from.next_offset};
	memcpy(entry->source, &from.ip.src, 4);
	memcpy(entry->source_mask, &from.ip.smsk, 4);
	memcpy(entry->address, &from.ip.dst, 4);
	memcpy(entry->mask, &from.ip.dmsk, 4);
	memcpy(entry->in, from.ip.iniface, IFNAMSIZ);
	memcpy(entry->out, from.ip.outiface, IFNAMSIZ);
	memcpy(entry->in_mask, from.ip.iniface_mask, IFNAMSIZ);
	memcpy(entry->out_mask, from.ip.outiface_mask, IFNAMSIZ);
	return check(table, at, sizeof(from), entry);
}

static bool read_entry6(const struct table *table, size_t at, struct entry *entry)
{
	struct ip6t_entry from;

	if (table->len < sizeof(from) || at > table->len - sizeof(from))
		return false;
	memcpy(&from, table->bytes + at, sizeof(from));
	*entry = (struct entry){
		.proto = from.ipv6.flags & IP6T_F_PROTO ? from.ipv6.proto : (uint16_t)0,
		.goes = from.ipv6.flags & IP6T_F_GOTO,
		.inverted = from.ipv6.invflags,
		.target = from.target_offset,
		.next = from.next_offset};
	memcpy(entry->source, &from.ipv6.src, 16);
	memcpy(entry->source_mask, &from.ipv6.smsk, 16);
	memcpy(entry->address, &from.ipv6.dst, 16);
	memcpy(entry->mask, &from.ipv6.dmsk, 16);
	memcpy(entry->in, from.ipv6.iniface, IFNAMSIZ);
	memcpy(entry->out, from.ipv6.outiface, IFNAMSIZ);
	memcpy(entry->in_mask, from.ipv6.iniface_mask, IFNAMSIZ);
	memcpy(entry->out_mask, from.ipv6.outiface_mask, IFNAMSIZ);
	return check(table, at, sizeof(from), entry);
}

static bool read_entry(const struct table *table, size_t at, struct entry *entry)
{
	return table->family == 4 ? read_entry4(table, at, entry) : read_entry6(table, at, entry);
}

/* The length of a mask that is ones, then zeros; false: it is another one. */
static bool prefix_of(const uint8_t *mask, size_t len, unsigned *ret_bits)
{
	unsigned bits = 0;
	bool ended = false;

	for (size_t i = 0; i < len * 8; i++) {
		bool set = mask[i / 8] >> (7 - i % 8) & 1;

		if (set && ended)
			return false;
		ended = ended || !set;
		bits += set;
	}
	*ret_bits = bits;
	return true;
}

static void match_interface(
	struct flow *flow, const char *word, const char *name, const uint8_t *mask, bool inverted)
{
	char text[IFNAMSIZ + 1] = "";
	size_t len = strnlen(name, IFNAMSIZ);
	/* The mask of a whole name covers its NUL, too (xtables_parse_interface). */
	bool front = len < IFNAMSIZ && !mask[len];

	if (!mask[0])
		return;
	memcpy(text, name, len);
	flow_condition(flow, "%s%s %s%s", word, inverted ? " not" : "", text, front ? "*" : "");
}

static bool match_address(struct flow *flow, const struct entry *entry)
{
	static const uint8_t nothing[16];
	size_t len = flow->family == 4 ? 4 : 16;
	unsigned bits = 0;
	char text[64];

	if (memcmp(entry->source_mask, nothing, len) != 0)
		flow_doubt(flow, "saddr");
	if (!memcmp(entry->mask, nothing, len))
		return true;
	if (!prefix_of(entry->mask, len, &bits)) {
		flow_doubt(flow, "daddr");
		return true;
	}
	if (!(entry->inverted & IPT_INV_DSTIP))
		return flow_only_address(flow, entry->address, bits);
	flow_write_address(text, sizeof(text), flow->family, entry->address, bits);
	flow_condition(flow, "daddr not %s", text);
	return true;
}

static bool match_header(struct flow *flow, const struct entry *entry)
{
	bool other = entry->proto && entry->proto != flow_number(flow->proto);

	if (entry->proto && other != ((entry->inverted & XT_INV_PROTO) != 0))
		return false;
	if (entry->inverted & IPT_INV_FRAG)
		flow_doubt(flow, "fragment");
	match_interface(
		flow, "iifname", entry->in, entry->in_mask, entry->inverted & IPT_INV_VIA_IN);
	match_interface(
		flow, "oifname", entry->out, entry->out_mask, entry->inverted & IPT_INV_VIA_OUT);
	return match_address(flow, entry);
}

struct extension {
	char name[XT_EXTENSION_MAXNAMELEN + 1];
	struct extensions_use use;
};

/* struct xt_entry_match and xt_entry_target begin alike. Returns its size; 0: it is not sound. */
static size_t read_extension(
	const struct table *table, size_t at, size_t end, struct extension *ret)
{
	struct xt_entry_match header;

	if (end - at < sizeof(header))
		return 0;
	memcpy(&header, table->bytes + at, sizeof(header));
	if (header.u.user.match_size < sizeof(header) || header.u.user.match_size > end - at)
		return 0;
	*ret = (struct extension){.use = {.name = ret->name,
					  .revision = header.u.user.revision,
					  .info = table->bytes + at + sizeof(header),
					  .len = header.u.user.match_size - sizeof(header)}};
	memcpy(ret->name, header.u.user.name, XT_EXTENSION_MAXNAMELEN);
	return header.u.user.match_size;
}

static bool match_all(const struct table *table, const struct entry *entry, struct flow *flow)
{
	struct extension extension;

	if (!match_header(flow, entry))
		return false;
	for (size_t at = entry->elements; at < entry->target;) {
		size_t size = read_extension(table, at, entry->target, &extension);

		if (!size) {
			flow_doubt(flow, "a match");
			return true;
		}
		if (!extensions_match(flow, &extension.use))
			return false;
		at += size;
	}
	return true;
}

static void walk(struct table *table, size_t at, const char *chain, const struct flow *incoming,
	unsigned depth, struct flow_ports *gone);

static void add_ports(struct flow_ports *to, const struct flow_ports *ports)
{
	for (size_t i = 0; i < ports->count; i++)
		(void)flow_ports_add(to, ports->all[i].first, ports->all[i].last);
}

/* A user's chain begins behind an entry whose target is called ERROR and holds its name. */
static void name_chain(const struct table *table, size_t at, char ret_name[XT_FUNCTION_MAXNAMELEN])
{
	struct xt_error_target target;

	ret_name[0] = '\0';
	if (at < XT_ALIGN(sizeof(target)) || at > table->len)
		return;
	memcpy(&target, table->bytes + at - XT_ALIGN(sizeof(target)), sizeof(target));
	if (strncmp(target.target.u.user.name, XT_ERROR_TARGET, XT_EXTENSION_MAXNAMELEN) != 0)
		return;
	memcpy(ret_name, target.errorname, XT_FUNCTION_MAXNAMELEN);
	ret_name[XT_FUNCTION_MAXNAMELEN - 1] = '\0';
}

/* One rule, on what is left of a flow. */
struct rule {
	struct table *table;
	const struct entry *entry;
	const char *chain;
	uint64_t number;
	unsigned depth;
	struct flow flow; /* what it matches */
	bool exact; /* by its ports alone */
	struct flow_ports *done; /* does not go on in this chain */
	struct flow_ports *gone; /* does not go on at all */
};

static void finish(const struct rule *rule)
{
	if (rule->exact) {
		add_ports(rule->done, &rule->flow.ports);
		add_ports(rule->gone, &rule->flow.ports);
	}
}

static void jump(const struct rule *rule, size_t to)
{
	char name[XT_FUNCTION_MAXNAMELEN];
	struct flow_ports gone = {0};

	if (redirects_enough(rule->table->redirects, &rule->flow))
		return;
	name_chain(rule->table, to, name);
	if (rule->depth < DEEPEST)
		walk(rule->table, to, name, &rule->flow, rule->depth + 1, &gone);
	else
		rule->table->redirects->cut = true;
	if (rule->exact) {
		add_ports(rule->done, rule->entry->goes ? &rule->flow.ports : &gone);
		add_ports(rule->gone, &gone);
	}
}

/* The nameless target: a verdict, or the offset of a chain (net/ipv4/netfilter/ip_tables.c). */
static void standard(const struct rule *rule, const struct extensions_use *use)
{
	int verdict = 0;

	if (use->len < sizeof(verdict))
		return;
	memcpy(&verdict, use->info, sizeof(verdict));
	if (verdict >= 0) {
		/* The next rule as a target is a rule without one. */
		if ((size_t)verdict != rule->entry->next)
			jump(rule, (size_t)verdict);
	} else if (verdict == XT_RETURN) {
		if (rule->exact)
			add_ports(rule->done, &rule->flow.ports);
	} else {
		finish(rule);
	}
}

static void apply(const struct rule *rule, const struct extensions_use *use)
{
	struct redirects_target target = {.kind = BERTH_REDIRECT_IPTABLES,
		.table = rule->table->name,
		.chain = rule->chain,
		.handle = rule->number};

	if (!*use->name) {
		standard(rule, use);
		return;
	}
	switch (extensions_target(&rule->flow, use, &target)) {
	case EXTENSIONS_CONTINUE:
		return;
	case EXTENSIONS_CATCH:
		redirects_add(rule->table->redirects, &rule->flow, &target);
		break;
	case EXTENSIONS_STOP:
		break;
	}
	finish(rule);
}

/* From one entry to the end of its chain, which is a rule that matches everything and returns or
 * has the policy's verdict, or the name of the next chain. */
static void walk(struct table *table, size_t at, const char *chain, const struct flow *incoming,
	unsigned depth, struct flow_ports *gone)
{
	struct flow flow = *incoming;
	struct entry entry;

	for (uint64_t number = 1; flow.ports.count && read_entry(table, at, &entry); number++) {
		struct flow_ports done = {0};
		struct extension extension;
		struct rule rule = {.table = table,
			.entry = &entry,
			.chain = chain,
			.number = number,
			.depth = depth,
			.flow = flow,
			.done = &done,
			.gone = gone};

		if (!table->left || table->redirects->error) {
			table->redirects->cut = true;
			return;
		}
		table->left--;
		size_t size = read_extension(table, entry.target, entry.next, &extension);
		if (!size || !strcmp(extension.name, XT_ERROR_TARGET))
			return;
		if (match_all(table, &entry, &rule.flow)) {
			rule.exact = rule.flow.narrowings == flow.narrowings;
			apply(&rule, &extension.use);
		}
		(void)flow_without_ports(&flow, &done);
		at = entry.next;
	}
}

int xtables_decode(uint8_t family, const void *bytes, size_t len, const struct flow_ports *wanted,
	struct redirects *redirects)
{
	static const struct {
		unsigned number;
		const char *name;
		const char *chain;
	} hooks[] = {{NF_INET_PRE_ROUTING, "prerouting", "PREROUTING"},
		{NF_INET_LOCAL_OUT, "output", "OUTPUT"}};
	static const enum berth_proto protos[] = {BERTH_TCP, BERTH_UDP, BERTH_SCTP};
	struct ipt_getinfo info;

	if (len < sizeof(info))
		return -EBADMSG;
	memcpy(&info, bytes, sizeof(info));
	info.name[sizeof(info.name) - 1] = '\0';
	struct table table = {.family = family,
		.bytes = (const unsigned char *)bytes + sizeof(info),
		.len = len - sizeof(info),
		.redirects = redirects,
		.name = info.name,
		.left = STEPS_MOST};
	for (size_t h = 0; h < sizeof(hooks) / sizeof(*hooks); h++) {
		if (!(info.valid_hooks >> hooks[h].number & 1))
			continue;
		for (size_t p = 0; p < sizeof(protos) / sizeof(*protos); p++) {
			struct flow_ports gone = {0};

			walk(&table, info.hook_entry[hooks[h].number], hooks[h].chain,
				&(struct flow){.family = family,
					.proto = protos[p],
					.hook = hooks[h].name,
					.ports = *wanted},
				0, &gone);
		}
	}
	return 0;
}
