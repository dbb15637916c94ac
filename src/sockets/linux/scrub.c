// SPDX-License-Identifier: MIT
/*
 * Scrubs a recording in memory: what no rule below knows is dropped; what one knows is cut down to
 * what berth reads; and of that, names, addresses and arguments are replaced, the same value by the
 * same substitute. Two passes: the first collects values, so that the second can number them and no
 * substitute is by chance somebody's address.
 */
#include "sockets/linux/scrub.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "sockets/linux/addresses.h"
#include "sockets/linux/cgroup_path.h"
#include "sockets/linux/diag.h"
#include "sockets/linux/netns_text.h"
#include "sockets/linux/netstat.h"
#include "sockets/linux/process.h"
#include "sockets/linux/procnet.h"

enum {
	SHORTEST_WORD = 3, /* a name of two letters stands in half of all words by chance */
	LARGEST_NAME = 4096,
};

/* A growing set of fixed-size values; sorted and unique once it is settled. */
struct set {
	void *all;
	size_t count;
	size_t size;
};

struct address {
	uint8_t family;
	uint8_t bytes[16];
};

struct word {
	const char *text;
	size_t len;
	const char *substitute;
};

struct scrub {
	struct record *record;
	bool collecting;
	int error; /* of callbacks that cannot fail */
	struct set addresses; /* struct address */
	struct set users; /* const char *, as the next four */
	struct set interfaces;
	struct set arguments;
	struct set programs; /* outside the system's folders */
	struct set places; /* names and mount points of network namespaces */
	struct set cgroups; /* names that are neither units nor words of engines */
	struct set words; /* struct word: what is replaced wherever it stands, longest first */
};

static int set_add(struct set *set, const void *value, size_t value_size)
{
	if (set->count == set->size) {
		size_t size = set->size ? set->size * 2 : 64;
		void *all = reallocarray(set->all, size, value_size);

		if (!all)
			return -ENOMEM;
		set->all = all;
		set->size = size;
	}
	memcpy((char *)set->all + set->count * value_size, value, value_size);
	set->count++;
	return 0;
}

typedef int compare_values(const void *left, const void *right);

static void set_settle(struct set *set, size_t value_size, compare_values *compare)
{
	char *all = set->all;
	size_t kept = 0;

	if (!set->count)
		return;
	qsort(all, set->count, value_size, compare);
	for (size_t i = 1; i < set->count; i++) {
		if (compare(all + kept * value_size, all + i * value_size) != 0)
			memmove(all + ++kept * value_size, all + i * value_size, value_size);
	}
	set->count = kept + 1;
}

/* The number of a value, from 1 up; 0: it is not in the set. */
static size_t set_number(
	const struct set *set, const void *value, size_t value_size, compare_values *compare)
{
	if (!set->count)
		return 0;
	const char *found = bsearch(value, set->all, set->count, value_size, compare);
	return found ? (size_t)(found - (const char *)set->all) / value_size + 1 : 0;
}

static int compare_texts(const void *left, const void *right)
{
	return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static int compare_addresses(const void *left, const void *right)
{
	const struct address *a = left;
	const struct address *b = right;

	return a->family != b->family ? (a->family < b->family ? -1 : 1)
				      : memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

static int compare_words(const void *left, const void *right)
{
	const struct word *a = left;
	const struct word *b = right;

	if (a->len != b->len)
		return a->len > b->len ? -1 : 1;
	return strcmp(a->text, b->text);
}

static int add_text(struct set *set, const char *text)
{
	return set_add(set, &text, sizeof(text));
}

static size_t text_number_in(const struct set *set, const char *text)
{
	return set_number(set, &text, sizeof(text), compare_texts);
}

/* ---- Addresses ------------------------------------------------------------------------------ */

/* ::ffff:192.0.2.1 is scrubbed as 192.0.2.1. */
static bool is_mapped(uint8_t family, const uint8_t address[16])
{
	static const uint8_t front[12] = {[10] = 0xff, [11] = 0xff};

	return family == 6 && !memcmp(address, front, sizeof(front));
}

/* Loopback and wildcard say nothing of anybody. */
static bool is_kept(const struct address *address)
{
	static const uint8_t nothing[16];
	static const uint8_t loopback[16] = {[15] = 1};

	if (!memcmp(address->bytes, nothing, sizeof(nothing)))
		return true;
	if (address->family == 4)
		return address->bytes[0] == 127;
	return !memcmp(address->bytes, loopback, sizeof(loopback));
}

static void put_number(uint8_t bytes[4], uint32_t number)
{
	uint32_t network = htonl(number);

	memcpy(bytes, &network, sizeof(network));
}

/*
 * 198.18.0.0/15 is for benchmarks (RFC 2544), 240.0.0.0/4 for nobody (RFC 1112), 239.0.0.0/8 for
 * groups of one's own (RFC 2365), 2001:db8::/32 for documents (RFC 3849). Link-local addresses and
 * groups stay such.
 */
static void number_address(const struct address *address, uint32_t number, struct address *ret)
{
	const uint8_t *old = address->bytes;

	*ret = (struct address){.family = address->family};
	if (address->family == 4) {
		uint32_t first = number < 0x1ffff ? 0xc6120000 : 0xf0000000;

		put_number(
			ret->bytes, (old[0] & 0xf0) == 0xe0 ? 0xef000000 + number : first + number);
		return;
	}
	if (old[0] == 0xff) {
		put_number(ret->bytes, 0xff0e0db8);
	} else if (old[0] == 0xfe && (old[1] & 0xc0) == 0x80) {
		put_number(ret->bytes, 0xfe800000);
	} else {
		put_number(ret->bytes, 0x20010db8);
	}
	put_number(ret->bytes + 12, number);
}

/* The substitute for a collected address. Numbers whose address is somebody's are passed over. */
static void substitute_address(
	const struct scrub *scrub, const struct address *old, struct address *ret)
{
	const struct set *known = &scrub->addresses;
	size_t number = set_number(known, old, sizeof(*old), compare_addresses);

	/* As many steps as there are addresses pass over all of them; the stride keeps the
	 * substitutes of different addresses apart. */
	do {
		number_address(old, (uint32_t)number, ret);
		number += known->count;
	} while (set_number(known, ret, sizeof(*ret), compare_addresses));
}

/* A diag_address and procnet_address. */
static void see_address(void *context, uint8_t family, uint8_t bytes[16])
{
	struct scrub *scrub = context;
	bool mapped = is_mapped(family, bytes);
	uint8_t *part = mapped ? bytes + 12 : bytes;
	struct address address = {.family = mapped ? 4 : family};
	size_t len = address.family == 4 ? 4 : 16;

	memcpy(address.bytes, part, len);
	if (is_kept(&address))
		return;
	if (scrub->collecting) {
		int r = set_add(&scrub->addresses, &address, sizeof(address));

		scrub->error = scrub->error ? scrub->error : r;
	} else {
		struct address other;

		substitute_address(scrub, &address, &other);
		memcpy(part, other.bytes, len);
	}
}

/* ---- Text ----------------------------------------------------------------------------------- */

static const struct word *word_at(const struct scrub *scrub, const char *text, size_t len)
{
	const struct word *words = scrub->words.all;

	for (size_t i = 0; i < scrub->words.count; i++) {
		if (words[i].len <= len && !memcmp(words[i].text, text, words[i].len))
			return words + i;
	}
	return NULL;
}

/* How many bytes of the text are an address that must go; 0: none. */
static size_t address_at(const char *text, size_t len)
{
	char copy[INET6_ADDRSTRLEN];
	struct address address = {.family = 4};
	size_t run = 0;

	while (run < len && strchr("0123456789abcdefABCDEF:.", text[run]) && text[run])
		run++;
	if (run < 3 || run >= sizeof(copy))
		return 0;
	memcpy(copy, text, run);
	copy[run] = '\0';
	if (inet_pton(AF_INET, copy, address.bytes) == 1)
		return is_kept(&address) ? 0 : run;
	address.family = 6;
	if (inet_pton(AF_INET6, copy, address.bytes) == 1)
		return is_kept(&address) ? 0 : run;
	return 0;
}

/* Appends the text with private words and addresses replaced. */
static void put_clean(const struct scrub *scrub, struct buffer *out, const char *text, size_t len)
{
	for (size_t at = 0; at < len;) {
		const struct word *word = word_at(scrub, text + at, len - at);
		size_t address = word ? 0 : address_at(text + at, len - at);

		if (word) {
			buffer_text(out, word->substitute);
			at += word->len;
		} else if (address) {
			buffer_text(out, "address");
			at += address;
		} else {
			buffer_char(out, text[at++]);
		}
	}
}

/* Makes the buffer the contents of the entry, and frees it. */
static int replace(struct scrub *scrub, struct record_entry *entry, struct buffer *contents)
{
	int r = contents->error;

	if (!r) {
		entry->len = contents->len;
		entry->bytes =
			arena_text(&scrub->record->arena, buffer_string(contents), contents->len);
		r = entry->bytes ? 0 : -ENOMEM;
	}
	buffer_free(contents);
	return r;
}

static bool is_system_path(const char *path)
{
	static const char *const folders[] = {"/usr/", "/bin/", "/sbin/", "/lib/", "/lib64/"};
	static const char local[] = "/usr/local/";

	if (!strncmp(path, local, sizeof(local) - 1))
		return false;
	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++) {
		if (!strncmp(path, folders[i], strlen(folders[i])))
			return true;
	}
	return false;
}

/* ---- One rule for each kind of file ---------------------------------------------------------- */

typedef int scrub_rule(struct scrub *scrub, struct record_entry *entry);

/* Numbers, and what the kernel calls its own things. */
static int keep(struct scrub *scrub, struct record_entry *entry)
{
	(void)scrub, (void)entry;
	return 0;
}

static int scrub_netlink(struct scrub *scrub, struct record_entry *entry)
{
	entry->len = diag_rewrite(entry->bytes, entry->len, see_address, scrub);
	return scrub->error;
}

static int scrub_addresses(struct scrub *scrub, struct record_entry *entry)
{
	entry->len = addresses_rewrite(entry->bytes, entry->len, see_address, scrub);
	return scrub->error;
}

/* Leaves the two counters that are read. */
static int scrub_netstat(struct scrub *scrub, struct record_entry *entry)
{
	static const char group[] = "TcpExt";
	static const char *const names[] = {"ListenOverflows", "ListenDrops"};
	struct buffer out = {0};
	uint64_t values[2] = {0, 0};

	if (scrub->collecting)
		return 0;
	for (size_t i = 0; i < 2; i++) {
		if (netstat_counter(entry->bytes, entry->len, group, names[i], &values[i])) {
			entry->dropped = true;
			return 0;
		}
	}
	buffer_format(&out, "%s: %s %s\n%s: %llu %llu\n", group, names[0], names[1], group,
		(unsigned long long)values[0], (unsigned long long)values[1]);
	return replace(scrub, entry, &out);
}

static int scrub_table(struct scrub *scrub, struct record_entry *entry)
{
	const char *last = entry->path + strlen(entry->path) - 1;

	procnet_rewrite(entry->bytes, entry->len, *last == '6' ? 6 : 4, see_address, scrub);
	return scrub->error;
}

static int scrub_boot(struct scrub *scrub, struct record_entry *entry)
{
	struct buffer out = {0};
	uint64_t boot_s = 0;

	if (scrub->collecting)
		return 0;
	if (!process_parse_boot_time(entry->bytes, entry->len, &boot_s))
		buffer_format(&out, "btime %llu\n", (unsigned long long)boot_s);
	return replace(scrub, entry, &out);
}

/* Leaves the name, the parent and the start; other fields tell addresses in memory. */
static int scrub_stat(struct scrub *scrub, struct record_entry *entry)
{
	struct process_stat stat;
	struct buffer out = {0};

	if (scrub->collecting)
		return 0;
	if (process_parse_stat(entry->bytes, entry->len, &stat)) {
		entry->dropped = true;
		return 0;
	}
	const char *pid = entry->path + strlen("proc/");
	buffer_bytes(&out, pid, strcspn(pid, "/"));
	buffer_text(&out, " (");
	put_clean(scrub, &out, stat.name, strlen(stat.name));
	buffer_format(&out, ") S %u", stat.parent);
	for (int field = 5; field < 22; field++) /* numbers as in proc(5) */
		buffer_text(&out, " 0");
	buffer_format(&out, " %llu\n", (unsigned long long)stat.start_ticks);
	return replace(scrub, entry, &out);
}

static int scrub_status(struct scrub *scrub, struct record_entry *entry)
{
	struct process_status status;
	struct buffer out = {0};

	if (scrub->collecting)
		return 0;
	process_parse_status(entry->bytes, entry->len, &status);
	if (status.has_uid)
		buffer_format(&out, "Uid:\t%u\t%u\t%u\t%u\n", status.uid, status.uid, status.uid,
			status.uid);
	if (status.has_capabilities)
		buffer_format(&out, "CapEff:\t%016llx\n", (unsigned long long)status.capabilities);
	return replace(scrub, entry, &out);
}

/*
 * Of the first argument stays the name of the program: behind it, and behind the first character
 * that is no part of a usual name, setproctitle(3) writes whatever it likes ("sshd: alice@pts/0").
 */
static void put_program(const struct scrub *scrub, struct buffer *out, const char *argument)
{
	static const char usual[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "_.+-";
	size_t path_len = strcspn(argument, " ");
	const char *slash = memrchr(argument, '/', path_len);
	const char *name = slash ? slash + 1 : argument;

	put_clean(scrub, out, name, strspn(name, usual));
}

static int scrub_arguments(struct scrub *scrub, struct record_entry *entry)
{
	struct buffer out = {0};
	const char *end = entry->bytes + entry->len;
	int r = 0;

	for (const char *at = entry->bytes; !r && at < end; at += strlen(at) + 1) {
		bool first = at == entry->bytes;

		if (scrub->collecting) {
			r = first ? 0 : add_text(&scrub->arguments, at);
			continue;
		}
		if (first)
			put_program(scrub, &out, at);
		else if (*at) /* a title leaves empty ones behind it, which tell nothing */
			buffer_format(&out, "arg%zu", text_number_in(&scrub->arguments, at));
		buffer_char(&out, '\0');
	}
	return scrub->collecting ? r : replace(scrub, entry, &out);
}

static int scrub_exe(struct scrub *scrub, struct record_entry *entry)
{
	struct buffer out = {0};
	bool deleted = false;
	size_t len = process_parse_exe(entry->bytes, &deleted);
	bool system_path = is_system_path(entry->bytes);

	if (scrub->collecting)
		return system_path ? 0 : add_text(&scrub->programs, entry->bytes);
	if (system_path)
		put_clean(scrub, &out, entry->bytes, len);
	else
		buffer_format(&out, "/scrubbed/program%zu",
			text_number_in(&scrub->programs, entry->bytes));
	if (deleted)
		buffer_text(&out, " (deleted)");
	return replace(scrub, entry, &out);
}

struct mounts {
	struct scrub *scrub;
	struct buffer out;
};

/* The mount point of a network namespace says what it is for. */
static int see_mount(void *context, uint64_t inode, const char *path)
{
	struct mounts *mounts = context;
	struct scrub *scrub = mounts->scrub;

	if (scrub->collecting) {
		const char *copy = arena_text(&scrub->record->arena, path, strlen(path));

		return copy ? add_text(&scrub->places, copy) : -ENOMEM;
	}
	buffer_format(&mounts->out, "1 1 0:4 net:[%llu] /scrubbed/netns%zu rw - nsfs nsfs rw\n",
		(unsigned long long)inode, text_number_in(&scrub->places, path));
	return 0;
}

/*
 * Leaves just the mounts of proc itself, and of them whether they hide processes, and those of
 * network namespaces.
 */
static int scrub_mounts(struct scrub *scrub, struct record_entry *entry)
{
	struct mounts mounts = {.scrub = scrub};
	struct buffer out = {0};
	const char *rest = entry->bytes;
	const char *line = NULL;
	size_t len = 0;

	int r = netns_text_mounts(entry->bytes, entry->len, see_mount, &mounts);
	if (r || scrub->collecting) {
		buffer_free(&mounts.out);
		return r;
	}
	while (text_next_line(&rest, entry->bytes + entry->len, &line, &len)) {
		const char *options = memmem(line, len, " - proc ", 8);
		size_t left = options ? len - (size_t)(options - line) : 0;

		if (options && memmem(line, (size_t)(options - line), " /proc ", 7)) {
			const char *hidepid = memmem(options, left, "hidepid=", 8);

			buffer_text(&out, "1 1 0:1 / /proc rw - proc proc rw");
			if (hidepid && !strncmp(hidepid, "hidepid=0", 9))
				hidepid = NULL;
			buffer_text(&out, hidepid ? ",hidepid=invisible\n" : "\n");
		}
	}
	buffer_bytes(&out, buffer_string(&mounts.out), mounts.out.len);
	out.error = out.error ? out.error : mounts.out.error;
	buffer_free(&mounts.out);
	return replace(scrub, entry, &out);
}

/* A name in /run/netns, which is the name of the file. */
static int scrub_netns_name(struct scrub *scrub, struct record_entry *entry)
{
	const char *name = strrchr(entry->path, '/') + 1;
	struct buffer out = {0};

	if (scrub->collecting)
		return add_text(&scrub->places, name);
	buffer_bytes(&out, entry->path, (size_t)(name - entry->path));
	buffer_format(&out, "netns%zu", text_number_in(&scrub->places, name));
	entry->path =
		out.error ? NULL : arena_text(&scrub->record->arena, buffer_string(&out), out.len);
	buffer_free(&out);
	return entry->path ? 0 : -ENOMEM;
}

/* "6.8.0-45-alices-build": the numbers in front. */
static int scrub_release(struct scrub *scrub, struct record_entry *entry)
{
	struct buffer out = {0};

	if (scrub->collecting)
		return 0;
	buffer_bytes(&out, entry->bytes, strspn(entry->bytes, "0123456789."));
	buffer_char(&out, '\n');
	return replace(scrub, entry, &out);
}

static int scrub_descriptor(struct scrub *scrub, struct record_entry *entry)
{
	struct system_netns netns;

	(void)scrub;

	entry->dropped =
		!process_parse_socket(entry->bytes) && system_netns_parse(entry->bytes, &netns);
	return 0;
}

/* Names of cgroups that service managers and engines give to all of theirs. */
static bool is_common(const char *name)
{
	static const char *const words[] = {"besteffort", "burstable", "cgroup", "conmon",
		"container", "default", "docker", "fs", "guaranteed", "k8s.io", "kubepods",
		"libpod_parent", "lxc", "lxc.monitor", "lxc.payload", "moby", "ns", "payload",
		"supervisor", "sys", "unified"};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (!strcmp(name, words[i]))
			return true;
	}
	return false;
}

/*
 * One name of a path. Units stay but for private words in them, as names of processes do; ids are
 * numbers; what is left, and names of machines and LXC's containers, somebody chose.
 */
static int put_cgroup(struct scrub *scrub, struct buffer *out, const char *name)
{
	static const char *const fronts[] = {"lxc.payload.", "lxc.monitor.", "machine-"};
	struct cgroup_path path;
	size_t front = 0;

	for (size_t i = 0; !front && i < sizeof(fronts) / sizeof(*fronts); i++) {
		if (!strncmp(name, fronts[i], strlen(fronts[i])))
			front = strlen(fronts[i]);
	}
	cgroup_path_parse(name, strlen(name), &path);
	bool named = path.engine == BERTH_NSPAWN || path.engine == BERTH_LIBVIRT ||
		path.engine == BERTH_LXC;
	if (!named &&
		(path.container.len || path.unit.len || path.slice.len || path.pod.len ||
			is_common(name) || !strncmp(name, "pod", 3))) {
		put_clean(scrub, out, name, strlen(name));
		return 0;
	}
	if (scrub->collecting)
		return add_text(&scrub->cgroups, name);
	buffer_format(out, "%.*scgroup%zu%s", (int)front, name,
		text_number_in(&scrub->cgroups, name),
		!strncmp(name, "machine-", 8)           ? ".scope"
			: !strncmp(name, "systemd-", 8) ? ".service"
							: "");
	return 0;
}

static int put_cgroups(struct scrub *scrub, struct buffer *out, const char *path, size_t len)
{
	char *copy = arena_text(&scrub->record->arena, path, len);
	char *rest = copy;
	int r = copy ? 0 : -ENOMEM;

	for (char *name = strsep(&rest, "/"); !r && name; name = strsep(&rest, "/")) {
		if (name != copy)
			buffer_char(out, '/');
		if (*name)
			r = put_cgroup(scrub, out, name);
	}
	return r;
}

/* Of all hierarchies the one that is read. */
static int scrub_cgroup(struct scrub *scrub, struct record_entry *entry)
{
	struct buffer out = {0};
	struct cgroup_path path;
	int r = 0;

	buffer_text(&out, "0::");
	if (cgroup_path_choose(entry->bytes, entry->len, &path))
		r = put_cgroups(scrub, &out, path.path.text, path.path.len);
	buffer_char(&out, '\n');
	if (!r && !scrub->collecting)
		return replace(scrub, entry, &out);
	buffer_free(&out);
	return r;
}

/* The folder of a cgroup, by the number that sockets carry. */
static int scrub_cgroup_link(struct scrub *scrub, struct record_entry *entry)
{
	struct buffer out = {0};
	int r = put_cgroups(scrub, &out, entry->bytes, entry->len);

	if (!r && !scrub->collecting)
		return replace(scrub, entry, &out);
	buffer_free(&out);
	return r;
}

static int scrub_name(struct scrub *scrub, struct record_entry *entry)
{
	bool user = entry->kind == SYSTEM_USER;
	struct set *names = user ? &scrub->users : &scrub->interfaces;
	struct buffer out = {0};

	/* These two are called so everywhere. */
	if (user ? !entry->number : !strcmp(entry->bytes, "lo"))
		return 0;
	if (scrub->collecting)
		return add_text(names, entry->bytes);
	buffer_format(&out, user ? "user%zu" : "if%zu", text_number_in(names, entry->bytes));
	return replace(scrub, entry, &out);
}

static scrub_rule *rule_of(const struct record_entry *entry)
{
	static const struct {
		const char *pattern;
		scrub_rule *rule;
	} rules[] = {
		{"netlink/*", scrub_netlink},
		{"netlink/route/addresses.bin", scrub_addresses},
		{"cgroup/*", scrub_cgroup_link},
		{"proc/*/cgroup", scrub_cgroup},
		{"proc/stat", scrub_boot},
		{"proc/*/stat", scrub_stat},
		{"proc/*/status", scrub_status},
		{"proc/*/cmdline", scrub_arguments},
		{"proc/*/exe", scrub_exe},
		{"proc/*/fd/*", scrub_descriptor},
		{"proc/*/task/*/fd/*", scrub_descriptor},
		{"proc/net/netstat", scrub_netstat},
		{"proc/net/*", scrub_table},
		{"proc/self/ns/pid", keep},
		{"proc/*/ns/net", keep},
		{"proc/*/task/*/ns/net", keep},
		{"proc/*/ns/mnt", keep},
		{"proc/*/mountinfo", scrub_mounts},
		{"proc/sys/kernel/osrelease", scrub_release},
		{"call/buckets.bin", keep},
		{"proc/sys/net/ipv4/ip_*", keep},
		{"proc/sys/net/ipv4/tcp_t*", keep},
		{"run/netns/*", scrub_netns_name},
		{"run/docker/netns/*", scrub_netns_name},
		{"netns/*/netlink/*", scrub_netlink},
		{"netns/*/proc/net/*", scrub_table},
		{"netns/*/proc/sys/net/ipv4/ip_*", keep},
		{"netns/*/proc/sys/net/ipv4/tcp_t*", keep},
		{"netns/*/cookie", keep},
		{"netns/*/table", keep},
	};

	if (entry->kind == SYSTEM_USER || entry->kind == SYSTEM_INTERFACE)
		return scrub_name;
	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++) {
		if (!fnmatch(rules[i].pattern, entry->path, FNM_PATHNAME))
			return rules[i].rule;
	}
	return NULL;
}

static int pass(struct scrub *scrub, bool collecting)
{
	int r = 0;

	scrub->collecting = collecting;
	for (size_t i = 0; !r && i < scrub->record->count; i++) {
		struct record_entry *entry = scrub->record->entries + i;
		scrub_rule *rule = rule_of(entry);

		/* A refusal is a path and an error: nothing private. */
		if (entry->error || entry->dropped)
			continue;
		if (rule)
			r = rule(scrub, entry);
		else
			entry->dropped = true;
	}
	return r;
}

/* ---- Words ---------------------------------------------------------------------------------- */

/*
 * Many users are called like the program that they run: postgres, redis. A name that is part of a
 * path in the system's folders is a word of software, and stays one in names of processes.
 */
static bool is_software(const struct scrub *scrub, const char *word)
{
	for (size_t i = 0; i < scrub->record->count; i++) {
		const struct record_entry *entry = scrub->record->entries + i;

		if (entry->kind == SYSTEM_LINK && !entry->error && is_system_path(entry->bytes) &&
			strstr(entry->bytes, word))
			return true;
	}
	return false;
}

static int add_word(struct scrub *scrub, const char *text, const char *substitute)
{
	const struct word word = {.text = text, .len = strlen(text), .substitute = substitute};

	if (word.len < SHORTEST_WORD)
		return 0;
	return set_add(&scrub->words, &word, sizeof(word));
}

/* Names of users and interfaces, with the substitutes that they have everywhere. */
static int add_names(struct scrub *scrub, const struct set *names, const char *prefix)
{
	const char *const *all = names->all;
	struct buffer made = {0};
	int r = 0;

	for (size_t i = 0; !r && i < names->count; i++) {
		if (is_software(scrub, all[i]))
			continue;
		buffer_clear(&made);
		buffer_format(&made, "%s%zu", prefix, i + 1);
		const char *substitute =
			arena_text(&scrub->record->arena, buffer_string(&made), made.len);
		r = substitute ? add_word(scrub, all[i], substitute) : -ENOMEM;
	}
	buffer_free(&made);
	return r;
}

static int add_host(struct scrub *scrub, const struct sockets_system *system)
{
	struct arena *arena = &scrub->record->arena;
	struct buffer text = {0};
	int r = 0;

	if (!system_file(system, "/proc/sys/kernel/hostname", LARGEST_NAME, &text) && text.data) {
		const char *name = text.data;
		size_t len = text_trim(&name, text.len);
		const char *whole = arena_text(arena, name, len);
		const char *label = whole ? arena_text(arena, whole, strcspn(whole, ".")) : NULL;

		r = label ? add_word(scrub, whole, "host") : -ENOMEM;
		r = r ? r : add_word(scrub, label, "host");
	}
	buffer_free(&text);
	return r;
}

static int settle(struct scrub *scrub, const struct sockets_system *system)
{
	set_settle(&scrub->addresses, sizeof(struct address), compare_addresses);
	set_settle(&scrub->users, sizeof(char *), compare_texts);
	set_settle(&scrub->interfaces, sizeof(char *), compare_texts);
	set_settle(&scrub->arguments, sizeof(char *), compare_texts);
	set_settle(&scrub->programs, sizeof(char *), compare_texts);
	set_settle(&scrub->places, sizeof(char *), compare_texts);
	set_settle(&scrub->cgroups, sizeof(char *), compare_texts);
	int r = add_names(scrub, &scrub->users, "user");
	if (!r)
		r = add_names(scrub, &scrub->interfaces, "if");
	if (!r)
		r = add_host(scrub, system);
	set_settle(&scrub->words, sizeof(struct word), compare_words);
	return r;
}

int scrub_record(const struct sockets_system *system, struct record *record)
{
	struct scrub scrub = {.record = record};

	int r = pass(&scrub, true);
	if (!r)
		r = settle(&scrub, system);
	if (!r)
		r = pass(&scrub, false);
	free(scrub.addresses.all);
	free(scrub.users.all);
	free(scrub.interfaces.all);
	free(scrub.arguments.all);
	free(scrub.programs.all);
	free(scrub.places.all);
	free(scrub.cgroups.all);
	free(scrub.words.all);
	return r;
}
