// SPDX-License-Identifier: MIT
/*
 * Asks netlink for each protocol and family; where netlink is refused, /proc/net.
 *
 * The policy, all of it: an answer that was interrupted (NLM_F_DUMP_INTR) or overrun (ENOBUFS) is
 * asked for again, up to three times; rather than for ever, we then work with what came, and a gap
 * says so. A cut or malformed answer would be so again: its sound rows are kept, with a gap. A
 * protocol that this kernel does not have is no gap.
 *
 * A question about one port asks for its listeners first: they stand in a small table of their own
 * (10 us), while each of the others, connections, bound sockets and MPTCP, is a walk through a
 * table as large as the machine's memory (1 ms and more, even when it is empty). Where a listener
 * answers the question, the others are walked only when the kernel's counters say that there is
 * something in them; what was left out is told.
 */
#include "sockets/linux/tables.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdalign.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "sockets/linux/counters.h"
#include "sockets/linux/diag.h"
#include "sockets/linux/procnet.h"
#include "sockets/linux/storage.h"

enum {
	RETRIES = 3,
	LARGEST_TABLE = 512 << 20,
	LARGEST_COUNTERS = 65536,
};

struct table {
	enum berth_proto proto;
	uint8_t family; /* 4, 6; 0: both with one question */
};

struct gathering {
	const struct sockets_system *system;
	struct rows *rows;
	bool again;
	berth_states states; /* to ask for now */
	berth_protos empty; /* no need to ask for these */
	bool refused; /* netlink itself: nothing more is asked of it */
	int error; /* the last refusal */
	unsigned gaps;
	unsigned seen; /* tables that were read */
};

/*
 * The states that a table can show. Stream sockets that are closed are in none, yet to ask for them
 * makes the kernel walk all connections (inet_diag_dump_icsk, mptcp_diag_dump: any state but
 * LISTEN), 1 to 3 ms; nor has MPTCP sockets that are bound only, since TCP shows their first
 * subflow.
 */
static berth_states states_of(enum berth_proto proto, berth_states states)
{
	const berth_states closed = BERTH_STATE_BIT(BERTH_CLOSE);
	const berth_states bound = BERTH_STATE_BIT(BERTH_BOUND);

	if (proto == BERTH_TCP)
		return states & ~closed;
	return proto == BERTH_MPTCP ? states & ~(closed | bound) : states;
}

/* The notes are not asked for any more: they take CAP_BPF, whoever may read the map. */
static void drop_notes(struct rows *rows)
{
	if (rows->notes_fd)
		close(rows->notes_fd);
	rows->notes_fd = 0;
}

/* Asks once. 0 or what stopped it; the answer tells the rest. */
static int ask(struct gathering *gathering, const struct table *table, struct diag_answer *answer)
{
	const struct rows_question *question = gathering->rows->question;
	alignas(uint32_t) unsigned char request[DIAG_REQUEST_MAX];
	char name[32];

	size_t len = diag_request(&(struct diag_question){.proto = table->proto,
					  .family = table->family,
					  .states = states_of(table->proto, gathering->states),
					  .port = question->one_port,
					  .details = question->details,
					  .notes = gathering->rows->notes_fd},
		request);
	(void)snprintf(name, sizeof(name), "%s%s%s.bin", rows_proto_name(table->proto),
		table->family == 4           ? "4"
			: table->family == 6 ? "6"
					     : "",
		gathering->again ? ".again" : "");
	*answer = (struct diag_answer){.proto = table->proto,
		.details = question->details,
		.seen = rows_add,
		.noted = gathering->rows->notes_fd > 0 ? rows_note : NULL,
		.context = gathering->rows};
	return system_ask(
		gathering->system, NETLINK_SOCK_DIAG, name, request, len, diag_decode, answer);
}

static bool is_absent(int error)
{
	return error == -ENOENT || error == -EPROTONOSUPPORT || error == -EAFNOSUPPORT ||
		error == -EOPNOTSUPP;
}

/*
 * One table through netlink. 0: read, as far as the gaps tell; else why not, and *ret_answered: it
 * was the kernel that said so, in an answer.
 */
static int read_netlink(struct gathering *gathering, const struct table *table, bool *ret_answered)
{
	size_t before = gathering->rows->count;
	struct diag_answer answer;
	int r = 0;

	for (int attempt = 0; attempt <= RETRIES; attempt++) {
		rows_cut(gathering->rows, before);
		r = ask(gathering, table, &answer);
		if (answer.error == -EPERM && gathering->rows->notes_fd) {
			drop_notes(gathering->rows);
			continue;
		}
		if (r != -ENOBUFS && !answer.interrupted)
			break;
	}
	if (r && r != -ENOBUFS && r != -ENOSPC && r != -ENODATA) {
		/* -ENOENT: just this answer is not in the recording. */
		gathering->refused = r != -ENOMEM && r != -ENOENT;
		return r;
	}
	if (answer.error && gathering->rows->count == before) {
		*ret_answered = true;
		return answer.error;
	}
	if (answer.interrupted)
		gathering->gaps |= BERTH_GAP_INTERRUPTED;
	if (r || answer.malformed || !answer.done || answer.error)
		gathering->gaps |= BERTH_GAP_TRUNCATED;
	return 0;
}

/* One table of /proc/net. 0; -ENOENT: there is none; another negative errno: refused. */
static int read_procnet(struct gathering *gathering, enum berth_proto proto, uint8_t family)
{
	const char *path = procnet_path(proto, family);
	const struct procnet_table table = {.proto = proto,
		.family = family,
		.clock_ticks = system_clock_ticks(gathering->system)};
	struct buffer text = {0};
	bool malformed = false;

	if (!path)
		return -EOPNOTSUPP;
	int r = system_file(gathering->system, path, LARGEST_TABLE, &text);
	if (r == -EFBIG)
		malformed = true;
	if ((!r || r == -EFBIG) && text.data)
		r = procnet_decode(
			text.data, text.len, &table, rows_add, gathering->rows, &malformed);
	if (malformed)
		gathering->gaps |= BERTH_GAP_TRUNCATED;
	buffer_free(&text);
	return r;
}

/* What is left when netlink does not answer for a table. */
static int fall_back(struct gathering *gathering, const struct table *table, int refusal)
{
	int r = 0;

	for (uint8_t family = 4; family <= 6; family += 2) {
		if (table->family && table->family != family)
			continue;
		int one = read_procnet(gathering, table->proto, family);
		if (one == -ENOMEM)
			return one;
		if (!one) {
			gathering->seen++;
			gathering->gaps |= BERTH_GAP_FALLBACK;
			if (table->proto == BERTH_TCP)
				gathering->gaps |= BERTH_GAP_BOUND;
		}
		/* Without IPv6 there is no /proc/net/tcp6. */
		if (one && !(one == -ENOENT && family == 6))
			r = one;
	}
	if (r) {
		gathering->gaps |= BERTH_GAP_REFUSED;
		gathering->error = refusal;
	}
	return 0;
}

static int read_table(struct gathering *gathering, const struct table *table)
{
	bool answered = false;
	int r = gathering->refused ? gathering->error : read_netlink(gathering, table, &answered);

	if (!r)
		gathering->seen++;
	if (!r || r == -ENOMEM)
		return r;
	gathering->error = r;
	/* There are no such sockets. TCP and UDP are everywhere, so for them it is the kernel's
	 * diagnosis module that is missing. */
	if (answered && is_absent(r) && table->proto != BERTH_TCP && table->proto != BERTH_UDP)
		return 0;
	return fall_back(gathering, table, r);
}

static bool is_wanted(const struct gathering *gathering, enum berth_proto proto)
{
	return gathering->rows->question->protos & ~gathering->empty & BERTH_PROTO_BIT(proto);
}

/*
 * Bound-only TCP sockets are shown since Linux 6.8 (inet_diag_dump_icsk); an older kernel ignores
 * the state bit and says nothing. There is no way to ask whether it can but its version.
 */
static int check_release(struct gathering *gathering)
{
	struct buffer release = {0};

	int r = system_release(gathering->system, &release);
	if (r || !tables_release_is(buffer_string(&release), release.len, 6, 8))
		gathering->gaps |= BERTH_GAP_BOUND;
	buffer_free(&release);
	return r == -ENOMEM ? r : 0;
}

bool tables_release_is(const char *release, size_t len, unsigned major, unsigned minor)
{
	uint64_t numbers[2] = {0, 0};

	for (size_t i = 0; i < 2; i++) {
		size_t digits = 0;

		while (digits < len && release[digits] >= '0' && release[digits] <= '9')
			digits++;
		if (text_number(release, digits, UINT32_MAX, &numbers[i]))
			return false;
		digits += digits < len;
		release += digits;
		len -= digits;
	}
	return numbers[0] > major || (numbers[0] == major && numbers[1] >= minor);
}

static int read_tables(struct gathering *gathering, const struct table *tables, size_t n_tables)
{
	uint8_t family = gathering->rows->question->family;
	int r = 0;

	for (size_t i = 0; !r && i < n_tables; i++) {
		const struct table *table = tables + i;

		if (is_wanted(gathering, table->proto) &&
			states_of(table->proto, gathering->states) &&
			(!family || !table->family || family == table->family))
			r = read_table(gathering, table);
	}
	return r;
}

/* Everything but TCP's own and MPTCP's: these are cheap to ask. */
static int gather_others(struct gathering *gathering)
{
	static const struct table tables[] = {
		{BERTH_UDP, 4},
		{BERTH_UDP, 6},
		{BERTH_SCTP, 4},
		{BERTH_SCTP, 6},
		{BERTH_DCCP, 4},
		{BERTH_DCCP, 6},
		{BERTH_UDPLITE, 4},
		{BERTH_UDPLITE, 6},
	};

	return read_tables(gathering, tables, sizeof(tables) / sizeof(*tables));
}

static int gather_tcp(struct gathering *gathering, berth_states states)
{
	const struct table table = {BERTH_TCP, 0};
	berth_states all = gathering->states;

	gathering->states = states;
	int r = states ? read_tables(gathering, &table, 1) : 0;
	gathering->states = all;
	if (!r && is_wanted(gathering, BERTH_TCP) && states & BERTH_STATE_BIT(BERTH_BOUND))
		r = check_release(gathering);
	return r;
}

static int gather_mptcp(struct gathering *gathering)
{
	static const struct table tables[] = {{BERTH_MPTCP, 4}, {BERTH_MPTCP, 6}};

	return read_tables(gathering, tables, 2);
}

/*
 * The states of TCP that are worth a walk although a listener has the port. Two counters of this
 * network namespace tell of connections: CurrEstab of /proc/net/snmp (established and half closed
 * ones) and tw of /proc/net/sockstat. Bound-only sockets and connections that are being opened or
 * closed are not counted by anybody.
 */
static berth_states worth_a_walk(const struct gathering *gathering)
{
	const berth_states here = BERTH_STATE_BIT(BERTH_LISTEN) | BERTH_STATE_BIT(BERTH_BOUND);
	struct buffer text = {0};
	uint64_t established = 0;
	uint64_t waiting = 0;
	int r = system_file(gathering->system, "/proc/net/snmp", LARGEST_COUNTERS, &text);

	r = r ? r : counters_established(buffer_string(&text), text.len, &established);
	buffer_clear(&text);
	if (!r)
		r = system_file(gathering->system, "/proc/net/sockstat", LARGEST_COUNTERS, &text);
	r = r ? r : counters_time_wait(buffer_string(&text), text.len, &waiting);
	buffer_free(&text);
	return r || established || waiting ? gathering->states & ~here : 0;
}

/*
 * Protocols of which this network namespace has no socket in a table, by the kernel's own list
 * (/proc/net/protocols). One that is not in it is not there, and asking for it would have the
 * kernel look for a module. Of the others the sockets are counted where they are hashed
 * (sock_prot_inuse_add): MPTCP's since 6.3 (c558246ee73e), DCCP's without TIME_WAIT.
 */
static int find_empty(const struct gathering *gathering, berth_protos *ret_empty)
{
	static const struct {
		const char *name; /* with v6 behind it for IPv6 */
		enum berth_proto proto;
	} names[] = {
		{"UDP", BERTH_UDP},
		{"UDP-Lite", BERTH_UDPLITE},
		{"UDPLITE", BERTH_UDPLITE}, /* IPv6's */
		{"SCTP", BERTH_SCTP},
		{"DCCP", BERTH_DCCP},
		{"MPTCP", BERTH_MPTCP},
	};
	berth_protos uncounted = BERTH_PROTO_BIT(BERTH_DCCP) | BERTH_PROTO_BIT(BERTH_MPTCP);
	berth_protos empty = BERTH_PROTO_BIT(BERTH_PROTOS) - 1;
	struct buffer text = {0};
	uint64_t sockets = 0;
	int r = system_release(gathering->system, &text);

	if (!r && tables_release_is(buffer_string(&text), text.len, 6, 4))
		uncounted &= ~BERTH_PROTO_BIT(BERTH_MPTCP);
	buffer_clear(&text);
	empty &= ~BERTH_PROTO_BIT(BERTH_TCP);
	r = system_file(gathering->system, "/proc/net/protocols", LARGEST_COUNTERS, &text);
	for (size_t i = 0; !r && i < sizeof(names) / sizeof(*names); i++) {
		berth_protos bit = BERTH_PROTO_BIT(names[i].proto);

		r = counters_protocol(buffer_string(&text), text.len, names[i].name, &sockets);
		if (!r && (sockets || uncounted & bit))
			empty &= ~bit;
		r = r == -ENOENT ? 0 : r;
	}
	buffer_free(&text);
	*ret_empty = r ? 0 : empty;
	return r == -ENOMEM ? r : 0;
}

/*
 * One port, listeners first. Every MPTCP socket with the port has a subflow with it in TCP's
 * tables, so without a row of TCP there is none of MPTCP.
 */
static int gather_port(struct gathering *gathering)
{
	const berth_states listen = BERTH_STATE_BIT(BERTH_LISTEN);
	const berth_states all = gathering->states;
	size_t before = gathering->rows->count;

	int r = gather_tcp(gathering, listen);
	bool listened = gathering->rows->count > before;
	berth_states others = listened ? worth_a_walk(gathering) : all & ~listen;
	if (gathering->gaps & BERTH_GAP_FALLBACK)
		return r; /* these tables have all states in one */
	if (!r)
		r = find_empty(gathering, &gathering->empty);
	if (!r)
		r = gather_tcp(gathering, others);
	if (!r && gathering->rows->count > before)
		r = gather_mptcp(gathering);
	if (!r && is_wanted(gathering, BERTH_TCP))
		gathering->rows->unasked = all & ~listen & ~others;
	return r;
}

/* Whether what is told first may decide what is asked next: a recording holds the tables whole, and
 * the counters are those of our own namespace. */
static bool may_ask_in_turn(const struct gathering *gathering)
{
	return !gathering->again && !gathering->system->replay && !gathering->system->tee &&
		!gathering->system->netns;
}

/* Everything, but for protocols that are known to be empty. */
static int gather_list(struct gathering *gathering)
{
	int r = may_ask_in_turn(gathering) ? find_empty(gathering, &gathering->empty) : 0;

	r = r ? r : gather_tcp(gathering, gathering->states);
	return r ? r : gather_mptcp(gathering);
}

int tables_gather(const struct sockets_system *system, struct rows *rows, bool again,
	unsigned *gaps, struct buffer *ret_problem)
{
	struct gathering gathering = {
		.system = system, .rows = rows, .again = again, .states = rows->question->states};
	int r = 0;

	/* For one port only: the owners of many are quicker told by the iterator (storage.h). */
	if (rows->question->one_port && may_ask_in_turn(&gathering))
		rows->notes_fd = storage_notes();
	if (rows->question->listener_suffices && is_wanted(&gathering, BERTH_TCP) &&
		may_ask_in_turn(&gathering))
		r = gather_port(&gathering);
	else
		r = gather_list(&gathering);
	r = r ? r : gather_others(&gathering);
	drop_notes(rows);
	if (r)
		return r;
	*gaps |= gathering.gaps;
	if (!gathering.seen && gathering.gaps & BERTH_GAP_REFUSED) {
		buffer_format(ret_problem, "the kernel did not tell its sockets: %s",
			strerror(-gathering.error));
		return gathering.error;
	}
	return 0;
}
