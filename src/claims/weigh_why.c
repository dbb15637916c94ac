// SPDX-License-Identifier: MIT
/*
 * Says in one sentence why a port is owned, contested or nobody's. Never says more than the claims
 * do: a pool claim is told as what it is, a claim on many ports that says nothing of this one.
 */
#include "claims/weigh.h"

#include "base/text.h"

enum {
	SHOWN = 3 /* names in a row before it is "and N others" */
};

/* Names that are told one after the other: at most SHOWN, none twice. */
struct names {
	const char *shown[SHOWN];
	size_t count; /* also of those that are not shown */
};

static void names_add(struct names *names, const char *name)
{
	size_t shown = names->count < SHOWN ? names->count : SHOWN;

	for (size_t i = 0; i < shown; i++) {
		if (!strcmp(names->shown[i], name))
			return;
	}
	if (shown < SHOWN)
		names->shown[shown] = name;
	names->count++;
}

/* 16384 as "16,384". */
static void number(struct buffer *out, size_t value)
{
	if (value >= 1000) {
		number(out, value / 1000);
		buffer_format(out, ",%03zu", value % 1000);
	} else {
		buffer_uint(out, value);
	}
}

static void counted(struct buffer *out, size_t count, const char *one, const char *many)
{
	number(out, count);
	buffer_char(out, ' ');
	buffer_text(out, count == 1 ? one : many);
}

/* "A", "A and B", "A, B and C", "A, B, C and 4 others". */
static void names_write(struct buffer *out, const struct names *names)
{
	size_t shown = names->count < SHOWN ? names->count : SHOWN;
	size_t hidden = names->count - shown;

	for (size_t i = 0; i < shown; i++) {
		if (i)
			buffer_text(out, i + 1 == shown && !hidden ? " and " : ", ");
		buffer_text(out, names->shown[i]);
	}
	if (hidden) {
		buffer_text(out, " and ");
		counted(out, hidden, "other", "others");
	}
}

static struct names registry_names(const struct weigh_verdict *verdict)
{
	struct names names = {.count = 0};

	for (size_t i = 0; i < verdict->n_records; i++) {
		if (backing_counts(&verdict->records[i]))
			names_add(&names, verdict->records[i].name);
	}
	return names;
}

/* "; the registry assigns it to hbci and remoteware-cl", when it does. */
static void add_registry(struct buffer *out, const struct weigh_verdict *verdict)
{
	const struct names names = registry_names(verdict);

	if (!names.count)
		return;
	buffer_text(out, "; the registry assigns it to ");
	names_write(out, &names);
}

static void write_owned(struct buffer *out, const struct weigh_verdict *verdict)
{
	const struct berth_candidate *owner = verdict->candidates;

	buffer_text(out, owner->name);
	buffer_text(out, ": ");
	counted(out, owner->sources, "independent source", "independent sources");
	if (!owner->registry) {
		add_registry(out, verdict);
		return;
	}
	buffer_text(out, " and");
	if (*owner->registered)
		buffer_format(out, ", since %s,", owner->registered);
	buffer_text(out, " the registry");
}

static void write_contested(struct buffer *out, const struct weigh_verdict *verdict)
{
	struct names names = {.count = 0};

	for (size_t i = 0; i < verdict->n_near; i++)
		names_add(&names, verdict->candidates[i].name);
	buffer_text(out, "Contested between ");
	names_write(out, &names);
	add_registry(out, verdict);
}

/* What is on nobody's side, counted: pools, and histories of malware. */
struct tally {
	const struct berth_claim *lead; /* the pool that is told by name */
	size_t n_pools;
	size_t n_malware;
};

static bool is_pool(const struct berth_claim *claim)
{
	return claim->scope == BERTH_POOL && claim->kind != BERTH_MALWARE_HISTORY;
}

/* The pool to tell by name: what vendors say before what systems do, then the narrowest. */
static bool leads(const struct berth_claim *claim, const struct berth_claim *other)
{
	if (claim->kind != other->kind)
		return claim->kind < other->kind;
	if (claim->ports_claimed != other->ports_claimed)
		return claim->ports_claimed < other->ports_claimed;
	return strcmp(claim->claimant, other->claimant) < 0;
}

static struct tally tally_of(const struct weigh_verdict *verdict)
{
	struct tally tally = {0};

	for (size_t i = 0; i < verdict->n_list; i++) {
		const struct berth_claim *claim = &verdict->list[i];

		tally.n_malware += claim->kind == BERTH_MALWARE_HISTORY;
		if (!is_pool(claim))
			continue;
		tally.n_pools++;
		if (!tally.lead || leads(claim, tally.lead))
			tally.lead = claim;
	}
	return tally;
}

/* Of the same claimant and width as the lead: told together with it. */
static bool goes_with(const struct berth_claim *claim, const struct berth_claim *lead)
{
	return claim->kind == lead->kind && claim->ports_claimed == lead->ports_claimed &&
		!strcmp(claim->claimant, lead->claimant);
}

static void write_other_pools(
	struct buffer *out, const struct weigh_verdict *verdict, const struct tally *tally)
{
	uint32_t least = UINT32_MAX;
	uint32_t most = 0;
	size_t count = 0;

	for (size_t i = 0; i < verdict->n_list; i++) {
		const struct berth_claim *claim = &verdict->list[i];

		if (!is_pool(claim) || goes_with(claim, tally->lead))
			continue;
		count++;
		least = claim->ports_claimed < least ? claim->ports_claimed : least;
		most = claim->ports_claimed > most ? claim->ports_claimed : most;
	}
	if (!count)
		return;
	buffer_text(out, ", like ");
	counted(out, count, "other on ", "others on ");
	number(out, least);
	if (least != most) {
		buffer_text(out, " to ");
		number(out, most);
	}
	buffer_text(out, " ports");
}

/*
 * "Apple's Xsan file system access is a pool claim on 16,384 ports, like 17 others on 1,001 to
 * 64,512 ports; none of them says anything about this one".
 */
static void write_pools(
	struct buffer *out, const struct weigh_verdict *verdict, const struct tally *tally)
{
	const struct berth_claim *lead = tally->lead;
	struct names names = {.count = 0};

	for (size_t i = 0; i < verdict->n_list; i++) {
		if (is_pool(&verdict->list[i]) && goes_with(&verdict->list[i], lead))
			names_add(&names, verdict->list[i].name);
	}
	if (*lead->claimant && !text_starts_fold(lead->name, lead->claimant))
		buffer_format(out, "%s's ", lead->claimant);
	names_write(out, &names);
	buffer_text(out, names.count == 1 ? " is a pool claim on " : " are pool claims on ");
	counted(out, lead->ports_claimed, "port", "ports");
	write_other_pools(out, verdict, tally);
	buffer_text(out,
		tally->n_pools == 1 ? ", which says nothing about this one"
				    : "; none of them says anything about this one");
}

/* The heaviest candidate that somebody claims, or NULL. */
static const struct berth_candidate *best_claimed(const struct weigh_verdict *verdict)
{
	for (size_t i = 0; i < verdict->n_candidates; i++) {
		if (verdict->candidates[i].sources)
			return &verdict->candidates[i];
	}
	return NULL;
}

static void write_weak(struct buffer *out, const struct weigh_verdict *verdict)
{
	const struct berth_candidate *best = best_claimed(verdict);

	if (best) {
		buffer_text(out, "only weak evidence names it, for ");
		buffer_text(out, best->name);
		buffer_text(out, " (");
		counted(out, best->sources, "source)", "sources)");
		add_registry(out, verdict);
	} else {
		const struct names names = registry_names(verdict);

		buffer_text(out, "the registry assigns it to ");
		names_write(out, &names);
		buffer_text(out, ", but no source says that it is used so");
	}
}

static void write_nobody(struct buffer *out, const struct weigh_verdict *verdict)
{
	const struct tally tally = tally_of(verdict);
	const char *next = "Nobody: ";

	if (verdict->n_candidates) {
		buffer_text(out, next);
		write_weak(out, verdict);
		next = "; ";
	}
	if (tally.n_malware) {
		buffer_text(out, next);
		counted(out, tally.n_malware, "history of malware names it",
			"histories of malware name it");
		buffer_text(out, ", which makes no owner");
		next = "; ";
	}
	if (tally.n_pools) {
		buffer_text(out, next);
		write_pools(out, verdict, &tally);
	}
	if (!verdict->n_candidates && !tally.n_malware && !tally.n_pools)
		buffer_text(out, "Nobody: no claim and no registration names this port");
}

void weigh_why(const struct weigh_verdict *verdict, struct buffer *out)
{
	switch (verdict->state) {
	case BERTH_OWNED:
		write_owned(out, verdict);
		break;
	case BERTH_CONTESTED:
		write_contested(out, verdict);
		break;
	case BERTH_NOBODY:
		write_nobody(out, verdict);
		break;
	}
}
