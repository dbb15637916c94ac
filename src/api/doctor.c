// SPDX-License-Identifier: MIT
/* The findings: a snapshot of everything, what the binding room finds in it, and words for that. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "api/answer_words.h"
#include "api/doctor_files.h"
#include "api/handle.h"
#include "base/arena.h"
#include "binding/findings.h"

static const double usual_gap_s = 1;
static const double longest_gap_s = 86400;

struct doctor_box {
	struct berth_doctor doctor; /* first: it is what is handed out */
	struct berth_snapshot *snapshot;
	struct berth_finding *findings;
	size_t size;
	berth_findings only;
	struct arena arena;
};

const char *berth_finding_id(enum berth_finding_kind kind)
{
	static const char *const ids[] = {"ephemeral-port", "backlog-full", "backlog-overflows",
		"close-wait", "shared-place", "split", "configured-port", "exhaustion", "exposed",
		"odd-owner", "malware-port"};

	return (size_t)kind < BERTH_FINDINGS ? ids[kind] : "?";
}

const char *berth_finding_level_name(enum berth_finding_level level)
{
	static const char *const names[] = {"note", "oddity", "warning"};

	return (size_t)level < sizeof(names) / sizeof(*names) ? names[level] : "?";
}

/* ---- Words ----------------------------------------------------------------------------------- */

/* What is put together of one finding. */
struct words {
	struct buffer evidence;
	struct buffer consequence;
	struct buffer cure;
	struct buffer command;
	struct buffer assumptions;
};

static void put_holder_at(struct buffer *out, const struct berth_socket *socket)
{
	answer_words_holder(out, socket);
	buffer_format(out, " at %s ", berth_proto_name(socket->proto));
	answer_words_place(out, socket->family, socket->local_text, socket->local_port);
}

static void put_chance(
	struct buffer *out, const struct findings_fact *fact, const struct berth_doctor *doctor)
{
	buffer_format(out,
		"%.2f outgoing connections a second, as many as ended here lately, each at any of "
		"the ports that connect() takes first and that are left for its destination; they "
		"last longer than the server is away, %g s, and it leaves none on its port",
		fact->opens_per_s, doctor->restart_gap_s);
}

static void put_ephemeral(
	struct words *words, const struct findings_fact *fact, const struct berth_doctor *doctor)
{
	unsigned port = fact->socket->local_port;

	put_holder_at(&words->evidence, fact->socket);
	buffer_text(&words->evidence,
		" listens on a port that the kernel also gives to outgoing connections");
	buffer_text(&words->consequence,
		"while the server restarts a connection may take the port, and the server then "
		"fails with EADDRINUSE, for 60 seconds or longer");
	buffer_format(&words->cure,
		"if the server needs this number, keep the kernel from choosing it; if it took any "
		"free port (bind to port 0), there is nothing to do");
	buffer_format(&words->command, "berth reserve %u", port);
	put_chance(&words->assumptions, fact, doctor);
}

static void put_backlog(struct words *words, const struct findings_fact *fact)
{
	put_holder_at(&words->evidence, fact->socket);
	buffer_format(&words->evidence,
		" has a full backlog: %" PRIu32 " wait, its limit is %" PRIu32,
		fact->socket->receive_queue, fact->socket->send_queue);
	buffer_text(&words->consequence, "new connections wait, or are lost");
	buffer_text(&words->cure,
		"find out why the server does not accept; if it only has bursts, let it call "
		"listen() with more and raise net.core.somaxconn");
}

static void put_overflows(struct words *words, const struct findings_fact *fact)
{
	buffer_format(&words->evidence,
		"%zu connections found a backlog full (ListenOverflows of /proc/net/netstat) since "
		"this network namespace was made",
		fact->count);
	buffer_text(&words->consequence, "clients waited for a second or more, or gave up");
	buffer_text(&words->cure, "see whether the number grows; berth ls -v shows all backlogs");
}

static void put_close_wait(struct words *words, const struct findings_fact *fact)
{
	answer_words_holder(&words->evidence, fact->socket);
	buffer_format(&words->evidence,
		" has %zu connections in CLOSE_WAIT: the other side closed them, the program did "
		"not",
		fact->count);
	buffer_text(&words->consequence,
		"they stay until the program closes them or ends, and use up its descriptors");
	buffer_text(&words->cure,
		"the program forgets to close; restart it, and tell its authors if it goes on");
}

static void put_shared(struct words *words, const struct findings_fact *fact)
{
	put_holder_at(&words->evidence, fact->socket);
	buffer_text(&words->evidence, " shares the place with ");
	answer_words_holder(&words->evidence, fact->other);
	buffer_text(&words->evidence, ", which has nothing to do with it");
	buffer_text(&words->consequence,
		fact->socket->proto == BERTH_TCP ? "each gets a part of the connections"
						 : "one of them gets what is meant for the other");
	buffer_text(&words->cure, "give one of them another port");
}

static void put_split(struct words *words, const struct findings_fact *fact)
{
	put_holder_at(&words->evidence, fact->socket);
	buffer_text(&words->evidence, " answers on 127.0.0.1, ");
	put_holder_at(&words->evidence, fact->other);
	buffer_text(&words->evidence, " on ::1");
	buffer_text(&words->consequence,
		"a client of \"localhost\" gets the one whose address it tries first");
	buffer_text(&words->cure, "give one of them another port, or let one serve both addresses");
}

static void put_configured(
	struct words *words, const struct findings_fact *fact, const struct berth_doctor *doctor)
{
	const struct findings_configured *configured = fact->configured;
	bool single = configured->first == configured->last;

	buffer_format(&words->evidence, "%s%s", configured->text,
		single ? ": the kernel also gives this port to outgoing connections"
		       : ": the kernel also gives ports of this range to outgoing connections");
	buffer_text(&words->consequence,
		"a server that starts may find its port taken by a connection, and fails with "
		"EADDRINUSE");
	buffer_text(&words->cure,
		single ? "keep the kernel from choosing it"
		       : "move the range out of net.ipv4.ip_local_port_range, or keep the kernel "
			 "from choosing from it");
	if (single)
		buffer_format(&words->command, "berth reserve %u", (unsigned)configured->first);
	else
		buffer_format(&words->command, "berth reserve %u-%u", (unsigned)configured->first,
			(unsigned)configured->last);
	if (fact->has_probability)
		put_chance(&words->assumptions, fact, doctor);
}

static void put_exhaustion(struct words *words, const struct findings_fact *fact)
{
	const struct berth_ephemeral_destination *destination = fact->destination;

	buffer_format(&words->evidence, "%" PRIu32 " connections lead from %s to ",
		destination->connections, destination->local_text);
	answer_words_place(&words->evidence, destination->family, destination->peer_text,
		destination->peer_port);
	buffer_format(&words->evidence,
		", %" PRIu32 " of them closed already; %" PRIu32 " more are possible",
		destination->time_wait, destination->left);
	buffer_text(&words->consequence,
		"then connect() to it fails with EADDRNOTAVAIL, until some have ended");
	buffer_text(&words->cure,
		"let the program keep its connections open and use them again; more addresses, at "
		"either end, and a wider net.ipv4.ip_local_port_range help too");
	buffer_text(&words->command, "berth ephemeral");
}

static void put_exposed(struct words *words, const struct findings_fact *fact)
{
	const struct berth_socket *socket = fact->socket;

	put_holder_at(&words->evidence, socket);
	buffer_format(&words->evidence,
		" listens at all addresses; this is %s%s, which stays on "
		"loopback unless it is told otherwise (%s)",
		socket->n_owners ? "" : "the port of ", fact->custom->what, fact->custom->loopback);
	if (!socket->n_owners && socket->reason_text)
		buffer_format(
			&words->evidence, "; who it is cannot be seen: %s", socket->reason_text);
	buffer_text(&words->consequence,
		"who can reach this machine can connect, unless a firewall or the program itself "
		"refuses");
	buffer_text(&words->cure,
		"if nobody else needs it, let it listen at 127.0.0.1 or ::1; else see that it asks "
		"who comes");
}

static void put_odd_owner(struct words *words, const struct findings_fact *fact)
{
	put_holder_at(&words->evidence, fact->socket);
	buffer_format(&words->evidence,
		" is on the port that custom gives to %s, and is none of "
		"the programs that are known to serve that",
		fact->custom->what);
	buffer_text(&words->consequence,
		"who looks for that service finds this one; it need not be wrong");
	buffer_text(&words->cure, "see whether it is meant to be there");
	buffer_format(&words->command, "berth %u", (unsigned)fact->socket->local_port);
}

static void put_malware(struct words *words, const struct findings_fact *fact)
{
	put_holder_at(&words->evidence, fact->socket);
	buffer_format(&words->evidence,
		" is on a port of which lists know nothing else than that "
		"malware has used it: %s",
		fact->malware);
	buffer_text(&words->consequence,
		"nothing by itself: a number proves nothing, and lists and scanners will name it");
	buffer_text(&words->cure,
		"see whether you know the program; if you do, another port spares you the "
		"questions");
	buffer_format(&words->command, "berth -v %u", (unsigned)fact->socket->local_port);
}

static void put_words(
	struct words *words, const struct findings_fact *fact, const struct berth_doctor *doctor)
{
	switch (fact->kind) {
	case BERTH_FINDING_EPHEMERAL_PORT:
		put_ephemeral(words, fact, doctor);
		return;
	case BERTH_FINDING_BACKLOG_FULL:
		put_backlog(words, fact);
		return;
	case BERTH_FINDING_BACKLOG_OVERFLOWS:
		put_overflows(words, fact);
		return;
	case BERTH_FINDING_CLOSE_WAIT:
		put_close_wait(words, fact);
		return;
	case BERTH_FINDING_SHARED_PLACE:
		put_shared(words, fact);
		return;
	case BERTH_FINDING_SPLIT:
		put_split(words, fact);
		return;
	case BERTH_FINDING_CONFIGURED_PORT:
		put_configured(words, fact, doctor);
		return;
	case BERTH_FINDING_EXHAUSTION:
		put_exhaustion(words, fact);
		return;
	case BERTH_FINDING_EXPOSED:
		put_exposed(words, fact);
		return;
	case BERTH_FINDING_ODD_OWNER:
		put_odd_owner(words, fact);
		return;
	case BERTH_FINDING_MALWARE_PORT:
		put_malware(words, fact);
		return;
	case BERTH_FINDINGS:
		return;
	}
}

/* ---- The list -------------------------------------------------------------------------------- */

/* Takes the text, and frees the buffer; NULL for an empty one. */
static const char *keep(struct doctor_box *box, struct buffer *text, int *error)
{
	const char *copy =
		text->len && !text->error ? arena_text(&box->arena, text->data, text->len) : NULL;

	if (text->error || (text->len && !copy))
		*error = -ENOMEM;
	buffer_free(text);
	return copy;
}

static void put_port(struct berth_finding *finding, const struct findings_fact *fact)
{
	const struct findings_configured *configured = fact->configured;

	if (fact->socket) {
		finding->port = fact->socket->local_port;
		finding->proto = fact->socket->proto;
	} else if (configured && configured->first == configured->last) {
		finding->port = configured->first;
		finding->proto = configured->proto;
	}
}

/* A findings_seen. */
static int add(void *context, const struct findings_fact *fact)
{
	struct doctor_box *box = context;
	struct berth_doctor *doctor = &box->doctor;
	struct words words = {0};
	int r = 0;

	if (!(box->only & BERTH_FINDING_BIT(fact->kind)))
		return 0;
	if (doctor->n_findings == box->size) {
		size_t size = box->size ? 2 * box->size : 16;
		struct berth_finding *more = realloc(box->findings, size * sizeof(*more));

		if (!more)
			return -ENOMEM;
		box->findings = more;
		box->size = size;
	}
	put_words(&words, fact, doctor);
	box->findings[doctor->n_findings++] = (struct berth_finding){.kind = fact->kind,
		.level = fact->level,
		.socket = fact->socket,
		.other = fact->other,
		.evidence = keep(box, &words.evidence, &r),
		.consequence = keep(box, &words.consequence, &r),
		.cure = keep(box, &words.cure, &r),
		.command = keep(box, &words.command, &r),
		.has_probability = fact->has_probability,
		.probability = fact->probability,
		.assumptions = keep(box, &words.assumptions, &r)};
	put_port(&box->findings[doctor->n_findings - 1], fact);
	return r;
}

/* Warnings first, then by kind, likelihood and place; sockets stand in the order of ports. */
static int compare(const void *left, const void *right)
{
	const struct berth_finding *a = left;
	const struct berth_finding *b = right;

	if (a->level != b->level)
		return a->level > b->level ? -1 : 1;
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (isless(a->probability, b->probability) || isgreater(a->probability, b->probability))
		return a->probability > b->probability ? -1 : 1;
	return (a->socket > b->socket) - (a->socket < b->socket);
}

/* ---- What is known besides sockets ----------------------------------------------------------- */

static const char *malware_of(const struct berth_report *report)
{
	for (size_t i = 0; i < report->n_claims; i++) {
		if (report->claims[i].kind == BERTH_MALWARE_HISTORY)
			return report->claims[i].name;
	}
	return NULL;
}

struct custom_context {
	const struct berth *berth;
	struct doctor_box *box;
	uint32_t asked; /* the last question, 0: none: a port is asked about several times */
	struct findings_claims claims;
};

static const char *keep_word(struct doctor_box *box, const char *word)
{
	return word ? arena_text(&box->arena, word, strlen(word)) : NULL;
}

/* As findings_ask.claims. What cannot be found out is not known. */
static void ask_claims(
	void *context, enum berth_proto proto, uint16_t port, struct findings_claims *ret_claims)
{
	struct custom_context *custom = context;
	const struct berth_query_part part = {
		.first = port, .last = port, .protos = BERTH_PROTO_BIT(proto)};
	const uint32_t question = (uint32_t)proto << 16 | port;
	struct berth_report *report = NULL;

	if (custom->asked != question && !berth_report(custom->berth, NULL, port, &part, &report)) {
		const struct berth_de_facto *de_facto = &report->de_facto;

		custom->asked = question;
		custom->claims =
			(struct findings_claims){.owner = keep_word(custom->box, de_facto->service),
				.malware = de_facto->state == BERTH_NOBODY
					? keep_word(custom->box, malware_of(report))
					: NULL};
		berth_report_free(report);
	}
	if (custom->asked == question)
		*ret_claims = custom->claims;
}

static void add_destinations(const struct berth_ephemeral *ephemeral, struct findings_ask *ask)
{
	if (!ephemeral || !ephemeral->n_spaces)
		return;
	ask->destinations = ephemeral->spaces[0].destinations;
	ask->n_destinations = ephemeral->spaces[0].n_destinations;
}

static int examine(struct doctor_box *box, const struct berth *berth)
{
	const struct berth_ask wanted = {.size = sizeof(wanted),
		.owners = true,
		.thorough = true, /* of parents: which program they run */
		.details = true};
	struct doctor_files files = {.arena = &box->arena};
	struct custom_context custom = {.berth = berth, .box = box};
	struct berth_ephemeral *ephemeral = NULL;
	struct berth_policy policy;
	struct findings_ask ask = {.policy = &policy,
		.restart_gap_s = box->doctor.restart_gap_s,
		.claims = ask_claims,
		.context = &custom};

	int r = berth_snapshot(berth, &wanted, &box->snapshot);
	if (r < 0)
		return r;
	berth_snapshot_policy(box->snapshot, &policy);
	berth_snapshot_listen_losses(box->snapshot, &ask.losses);
	ask.n_sockets = berth_snapshot_sockets(box->snapshot, &ask.sockets);
	/* A recording has no files of its host. */
	r = berth->replay ? 0 : doctor_files_read(&files, ask.sockets, ask.n_sockets);
	ask.configured = files.all;
	ask.n_configured = files.n;
	if (!r && !berth_ephemeral(berth, NULL, &ephemeral))
		add_destinations(ephemeral, &ask);
	if (!r)
		r = findings_judge(&ask, add, box);
	berth_ephemeral_free(ephemeral);
	if (r < 0)
		return handle_fail(r, "out of memory");
	if (box->findings)
		qsort(box->findings, box->doctor.n_findings, sizeof(*box->findings), compare);
	box->doctor.findings = box->findings;
	box->doctor.gaps = berth_snapshot_gaps(box->snapshot);
	box->doctor.time_s = berth_snapshot_time_s(box->snapshot);
	return 0;
}

int berth_doctor(const struct berth *berth, const struct berth_doctor_ask *ask,
	struct berth_doctor **ret_doctor)
{
	struct berth_doctor_ask wanted = {0};

	if (ask && (ask->size < sizeof(ask->size) || ask->size > sizeof(wanted)))
		return handle_fail(-EINVAL, "berth_doctor_ask.size is %zu, at most %zu is known",
			ask->size, sizeof(wanted));
	if (ask)
		memcpy(&wanted, ask, ask->size);
	if (!(wanted.restart_gap_s >= 0 && wanted.restart_gap_s <= longest_gap_s))
		return handle_fail(
			-EINVAL, "a restart takes between 0 and %g seconds", longest_gap_s);
	struct doctor_box *box = calloc(1, sizeof(*box));
	if (!box)
		return handle_fail(-ENOMEM, "out of memory");
	box->only = wanted.only ? wanted.only : UINT32_MAX;
	box->doctor.restart_gap_s = wanted.restart_gap_s > 0 ? wanted.restart_gap_s : usual_gap_s;
	int r = examine(box, berth);
	if (r < 0)
		berth_doctor_free(&box->doctor);
	else
		*ret_doctor = &box->doctor;
	return r;
}

void berth_doctor_free(struct berth_doctor *doctor)
{
	struct doctor_box *box = (struct doctor_box *)doctor;

	if (!box)
		return;
	berth_snapshot_free(box->snapshot);
	free(box->findings);
	arena_free(&box->arena);
	free(box);
}
