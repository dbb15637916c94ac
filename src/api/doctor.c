// SPDX-License-Identifier: MIT
/* The findings: a snapshot of everything, what the binding room finds in it, and words for that. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "api/answer_words.h"
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
		"close-wait", "shared-place", "split"};

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
	buffer_format(&words->assumptions,
		"%.2f outgoing connections a second, as many as ended here lately, each at any of "
		"the ports that connect() takes first and that are left for its destination; they "
		"last longer than the server is away, %g s, and it leaves none on its port",
		fact->opens_per_s, doctor->restart_gap_s);
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

static int examine(struct doctor_box *box, const struct berth *berth)
{
	const struct berth_ask wanted = {.size = sizeof(wanted),
		.owners = true,
		.thorough = true, /* of parents: which program they run */
		.details = true};
	struct berth_policy policy;
	struct findings_ask ask = {.policy = &policy, .restart_gap_s = box->doctor.restart_gap_s};

	int r = berth_snapshot(berth, &wanted, &box->snapshot);
	if (r < 0)
		return r;
	berth_snapshot_policy(box->snapshot, &policy);
	berth_snapshot_listen_losses(box->snapshot, &ask.losses);
	ask.n_sockets = berth_snapshot_sockets(box->snapshot, &ask.sockets);
	r = findings_judge(&ask, add, box);
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
