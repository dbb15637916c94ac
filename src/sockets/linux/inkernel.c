// SPDX-License-Identifier: MIT
/*
 * Where servers and clients inside the kernel have sockets, from their files in /proc and /sys. A
 * file that is not there is a part of the kernel that is not there; nothing is loaded or mounted.
 */
#include "sockets/linux/inkernel.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/text.h"

enum {
	LARGEST_FILE = 1 << 20,
	LONGEST_NUMBER = 64,
	WORDS_MOST = 8,
	NFS_PORT = 2049,
	RDS_TCP_PORT = 16385, /* net/rds/tcp.h */
};

static const berth_protos tcp = BERTH_PROTO_BIT(BERTH_TCP);
static const berth_protos udp = BERTH_PROTO_BIT(BERTH_UDP);
static const berth_protos sctp = BERTH_PROTO_BIT(BERTH_SCTP);

static int without_answer(int error)
{
	return error == -ENOMEM ? error : 0;
}

/* ---- Text
 * ---------------------------------------------------------------------------------------- */

struct word {
	const char *text;
	size_t len;
};

static bool word_is(const struct word *word, const char *text)
{
	return word->len == strlen(text) && !memcmp(word->text, text, word->len);
}

/* Takes the next line apart at its spaces. False: there are no more lines. */
static bool next_line(
	const char **text, const char *end, struct word words[WORDS_MOST], size_t *ret_count)
{
	const char *at = NULL;
	size_t len = 0;

	if (!text_next_line(text, end, &at, &len))
		return false;
	const char *stop = at + len;
	*ret_count = 0;
	while (at < stop && *ret_count < WORDS_MOST) {
		const char *start = at;

		while (at < stop && *at != ' ' && *at != '\t')
			at++;
		if (at > start)
			words[(*ret_count)++] = (struct word){start, (size_t)(at - start)};
		at += at < stop;
	}
	return true;
}

static uint16_t port_of(const struct word *word)
{
	uint64_t number = 0;

	return text_number(word->text, word->len, UINT16_MAX, &number) ? 0 : (uint16_t)number;
}

/* A file that is one word, as those of sysctl and configfs are. False: it cannot be read. */
static bool read_word(const struct sockets_system *system, const char *path, struct buffer *ret)
{
	buffer_clear(ret);
	if (system_file(system, path, LONGEST_NUMBER, ret) || !ret->data)
		return false;
	const char *word = ret->data;
	size_t len = text_trim(&word, ret->len);
	memmove(ret->data, word, len);
	ret->data[len] = '\0';
	ret->len = len;
	return true;
}

static uint16_t read_port(const struct sockets_system *system, const char *path)
{
	struct buffer text = {0};
	uint16_t port = 0;

	if (read_word(system, path, &text))
		port = port_of(&(struct word){text.data, text.len});
	buffer_free(&text);
	return port;
}

/* Decodes a file. 1: it could not be read; 0; -ENOMEM. */
static int decode_file(const struct sockets_system *system, const char *path,
	inkernel_decode *decode, struct makers_facts *facts)
{
	struct buffer text = {0};
	int r = system_file(system, path, LARGEST_FILE, &text);

	if (!r)
		r = text.data ? decode(facts, text.data, text.len) : 0;
	else if (r != -ENOMEM)
		r = 1;
	buffer_free(&text);
	return r;
}

static int ask_file(const struct sockets_system *system, const char *path, inkernel_decode *decode,
	struct makers_facts *facts)
{
	int r = decode_file(system, path, decode, facts);

	return r < 0 ? r : 0;
}

static void set_address(struct makers_fact *fact, uint8_t family, const uint8_t *address)
{
	static const uint8_t wildcard[16];
	size_t len = family == 4 ? 4 : 16;

	fact->family = family;
	fact->has_address = memcmp(address, wildcard, len) != 0;
	memcpy(fact->address, address, len);
}

bool inkernel_place(const char *text, size_t len, struct makers_fact *ret_fact)
{
	const char *colon = memrchr(text, ':', len);
	char copy[INET6_ADDRSTRLEN];
	uint8_t address[16];

	if (!colon)
		return false;
	size_t address_len = (size_t)(colon - text);
	bool six = address_len >= 2 && *text == '[' && colon[-1] == ']';
	text += six;
	address_len -= six ? 2 : 0;
	if (address_len >= sizeof(copy))
		return false;
	memcpy(copy, text, address_len);
	copy[address_len] = '\0';
	const char *port = colon + 1;
	size_t port_len = len - address_len - (six ? 3 : 1);
	ret_fact->port = port_of(&(struct word){port, port_len});
	if (!ret_fact->port || inet_pton(six ? AF_INET6 : AF_INET, copy, address) != 1)
		return false;
	set_address(ret_fact, six ? 6 : 4, address);
	return true;
}

/* ---- NFS
 * ----------------------------------------------------------------------------------------- */

static berth_protos transport_of(const struct word *word)
{
	return word_is(word, "tcp") ? tcp : word_is(word, "udp") ? udp : 0;
}

/* "tcp 2049", before 2.6.33 "ipv4 tcp 0.0.0.0 2049" (fs/nfsd/nfsctl.c write_ports). */
int inkernel_nfsd_ports(struct makers_facts *facts, const char *text, size_t len)
{
	struct word words[WORDS_MOST];
	const char *end = text + len;
	size_t count = 0;
	int r = 0;

	while (!r && next_line(&text, end, words, &count)) {
		struct makers_fact fact = {.maker = "nfsd"};

		for (size_t i = 0; i < count; i++)
			fact.protos |= transport_of(words + i);
		fact.port = count ? port_of(words + count - 1) : 0;
		if (fact.protos && fact.port)
			r = makers_say(facts, &fact, NULL);
	}
	return r;
}

/* The line "th N …": how many threads the server has, 0 when it does not run (net/sunrpc/stats.c).
 */
int inkernel_nfsd_threads(struct makers_facts *facts, const char *text, size_t len)
{
	const struct makers_fact fact = {.protos = tcp | udp, .port = NFS_PORT, .maker = "nfsd"};
	struct word words[WORDS_MOST];
	const char *end = text + len;
	size_t count = 0;

	while (next_line(&text, end, words, &count)) {
		if (count >= 2 && word_is(words, "th") && port_of(words + 1))
			return makers_say(facts, &fact, NULL);
	}
	return 0;
}

int inkernel_ask_nfsd(const struct sockets_system *system, struct makers_facts *facts)
{
	int r = decode_file(system, "/proc/fs/nfsd/portlist", inkernel_nfsd_ports, facts);

	/* Only root may read that; this, everybody. */
	return r > 0 ? ask_file(system, "/proc/net/rpc/nfsd", inkernel_nfsd_threads, facts) : r;
}

/* Ports that were chosen for the lock manager; those that it chose itself are told nowhere. */
int inkernel_ask_lockd(const struct sockets_system *system, struct makers_facts *facts)
{
	const struct makers_fact over_tcp = {.protos = tcp,
		.port = read_port(system, "/proc/sys/fs/nfs/nlm_tcpport"),
		.maker = "lockd"};
	const struct makers_fact over_udp = {.protos = udp,
		.port = read_port(system, "/proc/sys/fs/nfs/nlm_udpport"),
		.maker = "lockd"};
	int r = over_tcp.port ? makers_say(facts, &over_tcp, NULL) : 0;

	if (!r && over_udp.port)
		r = makers_say(facts, &over_udp, NULL);
	return r;
}

static bool hex_bytes(const struct word *word, uint8_t *ret_bytes, size_t count)
{
	if (word->len != count * 2)
		return false;
	for (size_t i = 0; i < count; i++) {
		char digits[3] = {word->text[i * 2], word->text[i * 2 + 1], '\0'};
		char *end = digits;
		unsigned long value = strtoul(digits, &end, 16);

		if (end != digits + 2)
			return false;
		ret_bytes[i] = (uint8_t)value;
	}
	return true;
}

/* "v4 c0000201  801   1 server": address and port in hex (fs/nfs/client.c nfs_server_list_show). */
int inkernel_nfs_servers(struct makers_facts *facts, const char *text, size_t len)
{
	struct word words[WORDS_MOST];
	const char *end = text + len;
	size_t count = 0;
	int r = 0;

	while (!r && next_line(&text, end, words, &count)) {
		struct makers_fact fact = {.protos = tcp | udp, .peer = true, .maker = "nfs"};
		uint8_t address[16];
		char port[8] = "";

		if (count < 5 || words[2].len >= sizeof(port))
			continue;
		memcpy(port, words[2].text, words[2].len);
		fact.port = (uint16_t)strtoul(port, NULL, 16);
		bool four = hex_bytes(words + 1, address, 4);
		if (!fact.port || (!four && !hex_bytes(words + 1, address, 16)))
			continue;
		set_address(&fact, four ? 4 : 6, address);
		r = makers_say(facts, &fact, "for server %.*s", (int)words[4].len, words[4].text);
	}
	return r;
}

int inkernel_ask_nfs(const struct sockets_system *system, struct makers_facts *facts)
{
	return ask_file(system, "/proc/fs/nfsfs/servers", inkernel_nfs_servers, facts);
}

/* ---- SMB
 * ----------------------------------------------------------------------------------------- */

/* "2 running 445 0": version, state, port, last heard (fs/smb/server/server.c stats_show). */
int inkernel_ksmbd_stats(struct makers_facts *facts, const char *text, size_t len)
{
	struct word words[WORDS_MOST];
	struct makers_fact fact = {.protos = tcp, .maker = "ksmbd"};
	const char *end = text + len;
	size_t count = 0;

	if (next_line(&text, end, words, &count) && count >= 3 && word_is(words + 1, "running"))
		fact.port = port_of(words + 2);
	return fact.port ? makers_say(facts, &fact, NULL) : 0;
}

int inkernel_ask_ksmbd(const struct sockets_system *system, struct makers_facts *facts)
{
	return ask_file(system, "/sys/class/ksmbd-control/stats", inkernel_ksmbd_stats, facts);
}

/* ---- RxRPC, RDS, DLM
 * ------------------------------------------------------------------------------ */

/* "UDP   0.0.0.0:7001    2   1" (net/rxrpc/proc.c rxrpc_local_seq_show, since 5.19). */
int inkernel_rxrpc_locals(struct makers_facts *facts, const char *text, size_t len)
{
	struct word words[WORDS_MOST];
	const char *end = text + len;
	size_t count = 0;
	int r = 0;

	while (!r && next_line(&text, end, words, &count)) {
		struct makers_fact fact = {.protos = udp, .maker = "rxrpc"};

		if (count >= 2 && word_is(words, "UDP") &&
			inkernel_place(words[1].text, words[1].len, &fact))
			r = makers_say(facts, &fact, NULL);
	}
	return r;
}

int inkernel_ask_rxrpc(const struct sockets_system *system, struct makers_facts *facts)
{
	return ask_file(system, "/proc/net/rxrpc/locals", inkernel_rxrpc_locals, facts);
}

static int any_entry(void *context, const char *name)
{
	(void)context, (void)name;
	return 1;
}

/* Over TCP it listens in every network namespace from when it is loaded (rds_tcp_init_net). */
int inkernel_ask_rds(const struct sockets_system *system, struct makers_facts *facts)
{
	const struct makers_fact fact = {.protos = tcp, .port = RDS_TCP_PORT, .maker = "rds"};

	if (system_folder(system, "/proc/sys/net/rds/tcp", any_entry, NULL) <= 0)
		return 0;
	return makers_say(facts, &fact, NULL);
}

int inkernel_ask_dlm(const struct sockets_system *system, struct makers_facts *facts)
{
	const struct makers_fact fact = {.protos = tcp | sctp,
		.port = read_port(system, "/sys/kernel/config/dlm/cluster/tcp_port"),
		.maker = "dlm"};

	return fact.port ? makers_say(facts, &fact, NULL) : 0;
}

/* ---- Folders of configfs
 * --------------------------------------------------------------------------- */

/* A walk down folders: each level handles an entry, and goes one deeper. */
struct walk {
	const struct sockets_system *system;
	struct makers_facts *facts;
	struct buffer path; /* of the folder that is being read */
	const char *name; /* of the target, at the levels below it */
};

typedef int walk_entry(struct walk *walk, const char *name);

struct walk_step {
	struct walk *walk;
	walk_entry *entry;
};

static int take_step(void *context, const char *name)
{
	const struct walk_step *step = context;

	return step->entry(step->walk, name);
}

/* Calls `entry` for what is in the folder `below` of the present one. 0; -ENOMEM. */
static int walk_down(struct walk *walk, const char *below, walk_entry *entry)
{
	struct walk_step step = {.walk = walk, .entry = entry};
	size_t before = walk->path.len;

	buffer_format(&walk->path, "/%s", below);
	int r = walk->path.error;
	if (!r)
		r = without_answer(system_folder(walk->system, walk->path.data, take_step, &step));
	if (walk->path.data && before < walk->path.len) {
		walk->path.len = before;
		walk->path.data[before] = '\0';
	}
	return r;
}

static int walk_from(const struct sockets_system *system, struct makers_facts *facts,
	const char *folder, walk_entry *entry)
{
	struct walk walk = {.system = system, .facts = facts};
	int r = walk_down(&walk, folder + 1, entry); /* which puts the slash in front */

	buffer_free(&walk.path);
	return r;
}

/* The word in a file of a folder of the present one. */
static bool word_below(struct walk *walk, const char *folder, const char *file, struct buffer *ret)
{
	struct buffer path = {0};

	buffer_format(&path, "%s/%s/%s", buffer_string(&walk->path), folder, file);
	bool read = !path.error && read_word(walk->system, path.data, ret);
	buffer_free(&path);
	return read;
}

/* ---- iSCSI: …/iscsi/NAME/tpgt_N/np/ADDRESS:PORT (drivers/target/iscsi)
 * ------------------------------ */

static int see_portal(struct walk *walk, const char *name)
{
	struct makers_fact fact = {.protos = tcp | sctp, .maker = "iscsi"};

	if (!inkernel_place(name, strlen(name), &fact))
		return 0;
	return makers_say(walk->facts, &fact, "%s", walk->name);
}

static int see_portals(struct walk *walk, const char *name)
{
	return strcmp(name, "np") == 0 ? walk_down(walk, name, see_portal) : 0;
}

static int see_group(struct walk *walk, const char *name)
{
	return strncmp(name, "tpgt_", 5) == 0 ? walk_down(walk, name, see_portals) : 0;
}

static int see_target(struct walk *walk, const char *name)
{
	walk->name = name;
	return walk_down(walk, name, see_group);
}

int inkernel_ask_iscsi(const struct sockets_system *system, struct makers_facts *facts)
{
	return walk_from(system, facts, "/sys/kernel/config/target/iscsi", see_target);
}

/* ---- NVMe over TCP: …/nvmet/ports/N/addr_… (drivers/nvme/target/configfs.c)
 * -------------------------- */

static int see_nvme_port(struct walk *walk, const char *name)
{
	struct makers_fact fact = {.protos = tcp, .maker = "nvmet"};
	struct buffer word = {0};

	if (word_below(walk, name, "addr_trtype", &word) && !strcmp(word.data, "tcp") &&
		word_below(walk, name, "addr_trsvcid", &word))
		fact.port = port_of(&(struct word){word.data, word.len});
	buffer_free(&word);
	return fact.port ? makers_say(walk->facts, &fact, "port %s", name) : 0;
}

int inkernel_ask_nvmet(const struct sockets_system *system, struct makers_facts *facts)
{
	return walk_from(system, facts, "/sys/kernel/config/nvmet/ports", see_nvme_port);
}

/* ---- OCFS2: …/cluster/NAME/node/NODE/{local,ipv4_port} (fs/ocfs2/cluster/nodemanager.c)
 * -------------- */

static int see_node(struct walk *walk, const char *name)
{
	struct makers_fact fact = {.protos = tcp, .maker = "o2net"};
	struct buffer word = {0};

	if (word_below(walk, name, "local", &word) && !strcmp(word.data, "1") &&
		word_below(walk, name, "ipv4_port", &word))
		fact.port = port_of(&(struct word){word.data, word.len});
	buffer_free(&word);
	return fact.port ? makers_say(walk->facts, &fact, "node %s", name) : 0;
}

static int see_nodes(struct walk *walk, const char *name)
{
	return strcmp(name, "node") == 0 ? walk_down(walk, name, see_node) : 0;
}

static int see_cluster(struct walk *walk, const char *name)
{
	return walk_down(walk, name, see_nodes);
}

int inkernel_ask_o2net(const struct sockets_system *system, struct makers_facts *facts)
{
	return walk_from(system, facts, "/sys/kernel/config/cluster", see_cluster);
}
