// SPDX-License-Identifier: MIT
/*
 * Who owns a port by custom: the rule of docs/claims.md, in the order in which it is told there.
 * Claims become votes; the votes for one service or family, one for each independent list, make a
 * candidate; the registry stands behind candidates or adds its own; then the heaviest is compared
 * with the others. Which candidate a record means is decided in backing.c, what is said about the
 * outcome in why.c.
 */
#include "claims/weigh.h"

#include <errno.h>
#include <stdlib.h>

#include "base/text.h"
#include "claims/claims.h"
#include "claims/claims_data.h"

/* What a claim weighs by its kind. All but the shares of pools are exact in binary. */
static const double kind_weight[] = {
	[BERTH_VENDOR_DOC] = 1.0, /* the maker says so */
	[BERTH_SOFTWARE_DEFAULT] = 1.0, /* the program does so */
	[BERTH_DISTRO_SERVICES] = 0.75, /* a distribution expects it */
	[BERTH_HOST_SERVICES] = 0.75, /* the administrator of this host expects it */
	[BERTH_COMMUNITY_LIST] = 0.5, /* somebody noted it */
	[BERTH_OS_POLICY] = 0, /* says where clients are put, not who serves */
	[BERTH_MALWARE_HISTORY] = 0, /* says what once abused it, not who lives there */
};

static const double registry_weight = 0.5;
static const double away_from_base = 0.5; /* a range-base claim, for ports behind its first */
static const double further_source = 0.5; /* each independent source after the heaviest */
static const double least_to_own = 0.75; /* a candidate below this neither owns nor contests */
static const double well_ahead = 2; /* times the second: owned */

struct weighing {
	uint16_t port;
	struct weigh_vote *votes; /* by key, then list, heaviest first */
	size_t n_votes;
	struct weigh_candidate *candidates;
	size_t n_candidates;
	char (*record_keys)[FAMILIES_FOLD];
};

static const char *family_key(const struct berth_claim *claim)
{
	if (claim->family)
		return claim->family;
	const struct families_family *family =
		families_of(&claims_data_families, slice_of(claim->service), claim->first);
	return family ? claims_data_families.texts + family->key : claim->service;
}

static struct slice list_key(const struct berth_claim *claim)
{
	return claim->list ? slice_of(claim->list)
			   : families_list_of(&claims_data_families, slice_of(claim->source));
}

static double weight_of(const struct berth_claim *claim, uint16_t port)
{
	double weight = kind_weight[claim->kind];

	switch (claim->scope) {
	case BERTH_EXACT:
		break;
	case BERTH_RANGE_BASE:
		if (port != claim->first)
			weight *= away_from_base;
		break;
	case BERTH_POOL:
		weight /= claim->last - claim->first + 1;
		break;
	}
	return weight;
}

static int compare_votes(const void *a, const void *b)
{
	const struct weigh_vote *x = a;
	const struct weigh_vote *y = b;
	int order = strcmp(x->key, y->key);

	if (!order)
		order = slice_compare(x->list, y->list);
	if (!order)
		order = y->names_port - x->names_port;
	if (!order)
		order = (x->weight < y->weight) - (x->weight > y->weight);
	/* Claims come in an order that is kept. */
	return order ? order : (x->claim > y->claim) - (x->claim < y->claim);
}

static void collect_votes(struct weighing *weighing, const struct berth_claim *list, size_t n_list)
{
	for (size_t i = 0; i < n_list; i++) {
		struct weigh_vote *vote = &weighing->votes[weighing->n_votes];

		vote->weight = weight_of(&list[i], weighing->port);
		if (vote->weight <= 0 || !families_fold(slice_of(family_key(&list[i])), vote->key))
			continue;
		vote->list = list_key(&list[i]);
		vote->claim = &list[i];
		vote->names_port = list[i].scope != BERTH_POOL;
		weighing->n_votes++;
	}
	qsort(weighing->votes, weighing->n_votes, sizeof(*weighing->votes), compare_votes);
}

/*
 * Makes a candidate of the votes with one key. Of those that rest on one list only the first, the
 * heaviest, counts. Nothing comes of pools alone.
 */
static void add_candidate(struct weighing *weighing, const struct weigh_vote *votes, size_t count)
{
	const struct weigh_vote *best = NULL;
	uint32_t sources = 0;
	double sum = 0;

	for (size_t i = 0; i < count; i++) {
		if (i && !slice_compare(votes[i].list, votes[i - 1].list))
			continue;
		sum += votes[i].weight;
		sources += votes[i].names_port;
		if (votes[i].names_port && (!best || votes[i].weight > best->weight))
			best = &votes[i];
	}
	if (!best)
		return;
	const char *key = family_key(best->claim);
	const struct families_family *family = families_named(&claims_data_families, slice_of(key));
	weighing->candidates[weighing->n_candidates++] = (struct weigh_candidate){
		.public =
			{
				.service = key,
				.name = family ? claims_data_families.texts + family->name
					       : best->claim->name,
				.weight = best->weight + (sum - best->weight) * further_source,
				.sources = sources,
				.registered = "",
			},
		.key = votes->key,
		.votes = votes,
		.n_votes = count,
	};
}

static void collect_candidates(struct weighing *weighing)
{
	for (size_t i = 0, same; i < weighing->n_votes; i += same) {
		const struct weigh_vote *first = &weighing->votes[i];

		same = 1;
		while (i + same < weighing->n_votes && !strcmp(first->key, first[same].key))
			same++;
		add_candidate(weighing, first, same);
	}
}

/* The name of a service that only the registry knows: its description when that is a short one. */
static int name_of_record(
	const struct berth_record *record, struct arena *arena, const char **ret_name)
{
	enum {
		LONGEST = 60
	};
	size_t len = strcspn(record->description, "\r\n");

	*ret_name = record->name;
	if (!len || len > LONGEST)
		return 0;
	*ret_name = arena_text(arena, record->description, len);
	return *ret_name ? 0 : -ENOMEM;
}

static void note_date(struct berth_candidate *candidate, const char *registered)
{
	if (*registered &&
		(!*candidate->registered || strcmp(registered, candidate->registered) < 0))
		candidate->registered = registered;
}

/* Puts the registry behind a candidate, once, or adds one that has nothing else. */
static int add_record(struct weighing *weighing, const struct berth_record *record, const char *key,
	struct arena *arena)
{
	struct weigh_candidate *candidate =
		backing_find(record, key, weighing->candidates, weighing->n_candidates);

	if (!candidate) {
		const struct families_family *family =
			families_of(&claims_data_families, slice_of(record->name), weighing->port);

		candidate = &weighing->candidates[weighing->n_candidates];
		*candidate = (struct weigh_candidate){
			.public = {.service = record->name, .registered = ""}, .key = key};
		if (family) {
			candidate->public.service = claims_data_families.texts + family->key;
			candidate->public.name = claims_data_families.texts + family->name;
		} else if (name_of_record(record, arena, &candidate->public.name)) {
			return -ENOMEM;
		}
		weighing->n_candidates++;
	}
	if (!candidate->public.registry)
		candidate->public.weight += registry_weight;
	candidate->public.registry = true;
	note_date(&candidate->public, record->registered);
	return 0;
}

static int collect_records(struct weighing *weighing, const struct berth_record *records,
	size_t n_records, struct arena *arena)
{
	int r = 0;

	for (size_t i = 0; !r && i < n_records; i++) {
		char *key = weighing->record_keys[i];

		if (backing_counts(&records[i]) && backing_key(&records[i], weighing->port, key))
			r = add_record(weighing, &records[i], key, arena);
	}
	return r;
}

static int compare_candidates(const void *a, const void *b)
{
	const struct berth_candidate *x = a;
	const struct berth_candidate *y = b;
	int order = (x->weight < y->weight) - (x->weight > y->weight);

	if (!order)
		order = text_compare_fold(x->name, y->name);
	return order ? order : strcmp(x->service, y->service);
}

static int hand_over(
	const struct weighing *weighing, struct arena *arena, struct weigh_verdict *verdict)
{
	size_t count = weighing->n_candidates;
	struct berth_candidate *candidates = arena_array(arena, count, sizeof(*candidates));

	if (!candidates)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		candidates[i] = weighing->candidates[i].public;
	qsort(candidates, count, sizeof(*candidates), compare_candidates);
	verdict->candidates = candidates;
	verdict->n_candidates = count;
	return 0;
}

/* Is any claim more than a pool? In most of the dynamic range none is, and all this is saved. */
static bool names_port(const struct berth_claim *list, size_t n_list)
{
	for (size_t i = 0; i < n_list; i++) {
		if (list[i].scope != BERTH_POOL && kind_weight[list[i].kind] > 0)
			return true;
	}
	return false;
}

static int weigh_all(uint16_t port, struct arena *arena, struct weigh_verdict *verdict)
{
	const size_t n_list = names_port(verdict->list, verdict->n_list) ? verdict->n_list : 0;
	const size_t most = n_list + verdict->n_records;
	struct weighing weighing = {
		.port = port,
		.votes = calloc(n_list + 1, sizeof(*weighing.votes)),
		.candidates = calloc(most + 1, sizeof(*weighing.candidates)),
		.record_keys = calloc(verdict->n_records + 1, sizeof(*weighing.record_keys)),
	};
	int r = -ENOMEM;

	if (!weighing.votes || !weighing.candidates || !weighing.record_keys)
		goto out;
	collect_votes(&weighing, verdict->list, n_list);
	collect_candidates(&weighing);
	r = collect_records(&weighing, verdict->records, verdict->n_records, arena);
	if (!r && weighing.n_candidates)
		r = hand_over(&weighing, arena, verdict);
out:
	free(weighing.record_keys);
	free(weighing.candidates);
	free(weighing.votes);
	return r;
}

static void judge(struct weigh_verdict *verdict)
{
	const struct berth_candidate *best = verdict->candidates;

	verdict->state = BERTH_NOBODY;
	if (!verdict->n_candidates || best->weight < least_to_own)
		return;
	verdict->n_near = 1;
	while (verdict->n_near < verdict->n_candidates &&
		verdict->candidates[verdict->n_near].weight * well_ahead > best->weight)
		verdict->n_near++;
	verdict->state = verdict->n_near > 1 ? BERTH_CONTESTED : BERTH_OWNED;
}

int claims_weigh(uint16_t port, const struct berth_claim *list, size_t n_list,
	const struct berth_record *records, size_t n_records, struct arena *arena,
	struct berth_de_facto *ret_de_facto)
{
	struct weigh_verdict verdict = {
		.list = list, .n_list = n_list, .records = records, .n_records = n_records};
	struct buffer why = {0};
	int r = 0;

	if (n_records || names_port(list, n_list))
		r = weigh_all(port, arena, &verdict);
	if (r)
		return r;
	judge(&verdict);
	weigh_why(&verdict, &why);
	const char *sentence = why.error ? NULL : arena_text(arena, why.data, why.len);
	buffer_free(&why);
	if (!sentence)
		return -ENOMEM;
	*ret_de_facto = (struct berth_de_facto){
		.state = verdict.state,
		.service = verdict.state == BERTH_OWNED ? verdict.candidates->service : NULL,
		.why = sentence,
		.candidates = verdict.candidates,
		.n_candidates = verdict.n_candidates,
	};
	return 0;
}
