// SPDX-License-Identifier: MIT
/*
 * Asks netlink for each protocol and family; where netlink is refused, /proc/net.
 *
 * The policy, all of it: an answer that was interrupted (NLM_F_DUMP_INTR) or overrun (ENOBUFS) is
 * asked for again, up to three times; rather than for ever, we then work with what came, and a gap
 * says so. A cut or malformed answer would be so again: its sound rows are kept, with a gap. A
 * protocol that this kernel does not have is no gap.
 */
#include "sockets/linux/tables.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdalign.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "sockets/linux/diag.h"
#include "sockets/linux/procnet.h"

enum {
	RETRIES = 3,
	LARGEST_TABLE = 512 << 20,
	LARGEST_RELEASE = 256,
};

struct table {
	enum berth_proto proto;
	uint8_t family; /* 4, 6; 0: both with one question */
};

struct gathering {
	const struct sockets_system *system;
	struct rows *rows;
	bool again;
	bool refused; /* netlink itself: nothing more is asked of it */
	int error; /* the last refusal */
	unsigned gaps;
	unsigned seen; /* tables that were read */
};

static const char *name_of(enum berth_proto proto)
{
	static const char *const names[BERTH_PROTOS] = {
		[BERTH_TCP] = "tcp",
		[BERTH_UDP] = "udp",
		[BERTH_SCTP] = "sctp",
		[BERTH_DCCP] = "dccp",
		[BERTH_UDPLITE] = "udplite",
		[BERTH_MPTCP] = "mptcp",
	};

	return names[proto];
}

/* Asks once. 0 or what stopped it; the answer tells the rest. */
static int ask(struct gathering *gathering, const struct table *table, struct diag_answer *answer)
{
	const struct rows_question *question = gathering->rows->question;
	alignas(uint32_t) unsigned char request[DIAG_REQUEST_MAX];
	char name[32];

	size_t len = diag_request(&(struct diag_question){.proto = table->proto,
					  .family = table->family,
					  .states = question->states,
					  .port = question->one_port,
					  .details = question->details},
		request);
	(void)snprintf(name, sizeof(name), "%s%s%s.bin", name_of(table->proto),
		table->family == 4           ? "4"
			: table->family == 6 ? "6"
					     : "",
		gathering->again ? ".again" : "");
	*answer = (struct diag_answer){.proto = table->proto,
		.details = question->details,
		.seen = rows_add,
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

/*
 * Bound-only TCP sockets are shown since Linux 6.8 (inet_diag_dump_icsk); an older kernel ignores
 * the state bit and says nothing. There is no way to ask whether it can but its version.
 */
static int check_release(struct gathering *gathering)
{
	struct buffer release = {0};

	int r = system_file(
		gathering->system, "/proc/sys/kernel/osrelease", LARGEST_RELEASE, &release);
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

int tables_gather(const struct sockets_system *system, struct rows *rows, bool again,
	unsigned *gaps, struct buffer *ret_problem)
{
	static const struct table tables[] = {
		{BERTH_TCP, 0},
		{BERTH_UDP, 4},
		{BERTH_UDP, 6},
		{BERTH_SCTP, 4},
		{BERTH_SCTP, 6},
		{BERTH_DCCP, 4},
		{BERTH_DCCP, 6},
		{BERTH_UDPLITE, 4},
		{BERTH_UDPLITE, 6},
		{BERTH_MPTCP, 4},
		{BERTH_MPTCP, 6},
	};
	const struct rows_question *question = rows->question;
	struct gathering gathering = {.system = system, .rows = rows, .again = again};
	const berth_states bound = BERTH_STATE_BIT(BERTH_BOUND);
	int r = 0;

	for (size_t i = 0; !r && i < sizeof(tables) / sizeof(*tables); i++) {
		const struct table *table = tables + i;

		if (!(question->protos & BERTH_PROTO_BIT(table->proto)) ||
			(question->family && table->family && question->family != table->family))
			continue;
		r = read_table(&gathering, table);
	}
	if (!r && question->protos & BERTH_PROTO_BIT(BERTH_TCP) && question->states & bound)
		r = check_release(&gathering);
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
