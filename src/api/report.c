// SPDX-License-Identifier: MIT
/*
 * The port report: the one place where registry, claims, sockets and policy are laid side by side,
 * and kept apart.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/answer_split.h"
#include "api/endpoint.h"
#include "api/handle.h"
#include "api/machine.h"
#include "api/report_netns.h"
#include "api/summary.h"
#include "binding/binding.h"

/* The public part is first, so that the two can be told from each other's address. */
struct report_box {
	struct berth_report report;
	struct arena arena;
};

void berth_lookup(const struct berth *berth, uint16_t port, struct berth_lookup *ret_lookup)
{
	ret_lookup->range = berth_range_of(port);
	for (unsigned t = 0; t < BERTH_TRANSPORTS; t++)
		ret_lookup->state[t] = registry_state(berth->registry, port, (enum berth_proto)t);
	ret_lookup->n_records = registry_at(berth->registry, port, &ret_lookup->records);
	ret_lookup->n_claims = claims_at(berth->claims, port, &ret_lookup->claims);
}

void berth_record_get(const struct berth *berth, uint16_t id, struct berth_record *ret_record)
{
	registry_record(berth->registry, id, ret_record);
}

void berth_claim_get(const struct berth *berth, uint16_t id, struct berth_claim *ret_claim)
{
	claims_get(berth->claims, id, ret_claim);
}

/*
 * The registry and the claims know transports. MPTCP runs on TCP's ports (RFC 8684 section 2), and
 * UDP-Lite uses the numbers that IANA assigned for UDP (RFC 3828 section 6).
 */
static berth_protos transports_of(berth_protos protos)
{
	berth_protos transports = protos & (BERTH_PROTO_BIT(BERTH_TRANSPORTS) - 1);

	if (protos & BERTH_PROTO_BIT(BERTH_MPTCP))
		transports |= BERTH_PROTO_BIT(BERTH_TCP);
	if (protos & BERTH_PROTO_BIT(BERTH_UDPLITE))
		transports |= BERTH_PROTO_BIT(BERTH_UDP);
	return transports;
}

static int add_records(const struct berth *berth, struct report_box *box, berth_protos transports)
{
	const uint16_t *ids;
	size_t count = registry_at(berth->registry, box->report.port, &ids);
	struct berth_record *records = arena_array(&box->arena, count, sizeof(*records));
	size_t kept = 0;

	if (!records)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		registry_record(berth->registry, ids[i], &records[kept]);
		kept += (records[kept].protos & transports) != 0;
	}
	box->report.records = records;
	box->report.n_records = kept;
	return 0;
}

/* Exact before range-base before pool, narrow before wide: the order that claims_at gives. */
static bool claim_goes_first(const struct berth_claim *a, const struct berth_claim *b)
{
	return a->scope != b->scope ? a->scope < b->scope : a->ports_claimed <= b->ports_claimed;
}

struct claim_list {
	const struct claims *claims;
	const uint16_t *ids;
	size_t left;
	struct berth_claim next;
};

static void next_claim(struct claim_list *list)
{
	if (list->left)
		claims_get(list->claims, *list->ids, &list->next);
}

static void start_list(struct claim_list *list, const struct claims *claims, uint16_t port)
{
	list->claims = claims;
	list->left = claims_at(claims, port, &list->ids);
	next_claim(list);
}

static struct berth_claim take_claim(struct claim_list *list)
{
	struct berth_claim taken = list->next;

	list->ids++;
	list->left--;
	next_claim(list);
	return taken;
}

/* Merges the claims of this site and host with the built-in ones; both are in order. */
static int add_claims(const struct berth *berth, struct report_box *box, berth_protos transports)
{
	const struct claims *here = NULL;
	struct claim_list local;
	struct claim_list built_in;
	size_t kept = 0;

	int r = local_at(berth->local, box->report.port, &here);
	if (r)
		return r;
	start_list(&local, here, box->report.port);
	start_list(&built_in, berth->claims, box->report.port);
	struct berth_claim *claims =
		arena_array(&box->arena, local.left + built_in.left, sizeof(*claims));
	if (!claims)
		return -ENOMEM;
	while (local.left || built_in.left) {
		bool from_local = !built_in.left ||
			(local.left && claim_goes_first(&local.next, &built_in.next));

		claims[kept] = take_claim(from_local ? &local : &built_in);
		kept += (claims[kept].protos & transports) != 0;
	}
	box->report.claims = claims;
	box->report.n_claims = kept;
	return 0;
}

static int add_sockets(const struct berth_snapshot *snapshot, const struct berth_query_part *part,
	struct report_box *box)
{
	const struct berth_socket *rows;
	size_t count = machine_at_port(snapshot, box->report.port, &rows);
	const struct berth_socket **sockets = arena_array(&box->arena, count, sizeof(void *));
	size_t kept = 0;

	if (!sockets)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		if (report_netns_is_subject(snapshot->inner, &rows[i]) &&
			box->report.protos & BERTH_PROTO_BIT(rows[i].proto) &&
			endpoint_covers(part, &rows[i]))
			sockets[kept++] = &rows[i];
	}
	box->report.sockets = sockets;
	box->report.n_sockets = kept;
	box->report.has_sockets = true;
	box->report.gaps = snapshot->inner->gaps;
	box->report.unasked = snapshot->inner->unasked;
	return 0;
}

/* Is a redirect about the address that was asked for? */
static bool covers_target(
	const struct berth_redirect *redirect, const struct berth_query_part *part)
{
	if (!part || !part->family)
		return true;
	if (redirect->family && redirect->family != part->family)
		return false;
	if (!redirect->has_address)
		return true;
	unsigned bits = redirect->address_bits;
	unsigned rest = bits % 8;
	if (memcmp(redirect->address, part->address, bits / 8) != 0)
		return false;
	return !rest || !((redirect->address[bits / 8] ^ part->address[bits / 8]) >> (8 - rest));
}

/* Those that catch the port: first what is for this machine, then what passes through. */
static int add_redirects(const struct berth_snapshot *snapshot, const struct berth_query_part *part,
	struct report_box *box)
{
	const struct sockets_snapshot *inner = snapshot->inner;
	struct berth_report *report = &box->report;
	const struct berth_redirect **found =
		arena_array(&box->arena, inner->n_redirects, sizeof(void *));

	if (!found)
		return -ENOMEM;
	for (int elsewhere = 0; elsewhere <= 1; elsewhere++) {
		for (size_t i = 0; i < inner->n_redirects; i++) {
			const struct berth_redirect *redirect = inner->redirects + i;

			if (redirect->elsewhere == elsewhere && redirect->first <= report->port &&
				redirect->last >= report->port &&
				redirect->protos & report->protos && covers_target(redirect, part))
				found[report->n_redirects++] = redirect;
		}
	}
	report->redirects = found;
	report->redirects_unknown = inner->redirects_unknown;
	return 0;
}

static void judge(struct berth_report *report)
{
	struct berth_verdict *verdict = &report->verdict;
	unsigned gaps = report->has_sockets ? report->gaps : BERTH_GAP_UNSUPPORTED;

	report->ephemeral = binding_is_ephemeral(&report->policy, report->port);
	report->reserved = binding_is_reserved(&report->policy, report->port);
	report->privileged = binding_is_privileged(&report->policy, report->port);
	verdict->held = report->n_sockets > 0;
	for (unsigned t = BERTH_TCP; t <= BERTH_UDP; t++) {
		verdict->use[t] =
			binding_use(report->sockets, report->n_sockets, (enum berth_proto)t, gaps);
		verdict->bindable[t] =
			binding_plain(&report->policy, report->sockets, report->n_sockets,
				(enum berth_proto)t, report->port, gaps, &verdict->bind_why[t]);
	}
}

static int fill_in(const struct berth *berth, const struct berth_snapshot *snapshot,
	const struct berth_query_part *part, struct report_box *box)
{
	struct berth_report *report = &box->report;
	berth_protos transports = transports_of(report->protos);
	int r = add_records(berth, box, transports);

	for (unsigned t = 0; t < BERTH_TRANSPORTS; t++)
		report->state[t] =
			registry_state(berth->registry, report->port, (enum berth_proto)t);
	report->range = berth_range_of(report->port);
	report->registry_date = registry_date(berth->registry);
	if (!r)
		r = add_claims(berth, box, transports);
	if (!r)
		r = claims_weigh(report->port, report->claims, report->n_claims, report->records,
			report->n_records, &box->arena, &report->de_facto);
	report->policy.may_bind_low = -1;
	if (!r && snapshot) {
		report->policy = snapshot->inner->policy;
		report->listen_losses = snapshot->inner->listen_losses;
		r = add_sockets(snapshot, part, box);
		r = r ? r : add_redirects(snapshot, part, box);
	}
	if (!r && snapshot)
		r = report_netns_add(snapshot, &box->arena, report);
	if (r < 0)
		return r;
	judge(report);
	if (!part || !part->family) /* else half of its sockets are not here */
		r = answer_split(report, &box->arena, &report->split);
	if (r < 0)
		return r;
	return summary_write(report, &box->arena);
}

int berth_report(const struct berth *berth, struct berth_snapshot *snapshot, uint16_t port,
	const struct berth_query_part *part, struct berth_report **ret_report)
{
	struct report_box *box = calloc(1, sizeof(*box));

	if (!box)
		return handle_fail(-ENOMEM, "out of memory");
	box->report.port = port;
	box->report.protos =
		part && part->protos ? part->protos : BERTH_PROTO_BIT(BERTH_PROTOS) - 1;
	int r = fill_in(berth, snapshot, part, box);
	if (r < 0) {
		berth_report_free(&box->report);
		return handle_fail(r, "%s", strerror(-r));
	}
	*ret_report = &box->report;
	return 0;
}

void berth_report_free(struct berth_report *report)
{
	struct report_box *box = (struct report_box *)report;

	if (!box)
		return;
	arena_free(&box->arena);
	free(box);
}
