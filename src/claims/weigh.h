/* SPDX-License-Identifier: MIT */
/* What weigh.c, backing.c and why.c hand each other while a port is weighed. */
#ifndef BERTH_CLAIMS_WEIGH_H
#define BERTH_CLAIMS_WEIGH_H

#include <berth.h>

#include "base/buffer.h"
#include "claims/families.h"
#include "claims/slice.h"

/* One claim that says something for its service. */
struct weigh_vote {
	char key[FAMILIES_FOLD]; /* the family or service, folded */
	struct slice list;
	const struct berth_claim *claim;
	double weight;
	bool names_port; /* a pool does not */
};

struct weigh_candidate {
	struct berth_candidate public;
	const char *key; /* as in the votes */
	const struct weigh_vote *votes; /* NULL: only the registry names it */
	size_t n_votes;
};

struct weigh_verdict {
	const struct berth_claim *list;
	size_t n_list;
	const struct berth_record *records;
	size_t n_records;
	const struct berth_candidate *candidates; /* heaviest first */
	size_t n_candidates;
	enum berth_ownership state;
	size_t n_near; /* when contested: how many at the front are near each other */
};

/* Does this record count: a name that is assigned here? */
bool backing_counts(const struct berth_record *record);

/* The family or the name of a record, folded, as candidates have it. */
bool backing_key(const struct berth_record *record, uint16_t port, char ret_key[FAMILIES_FOLD]);

/*
 * The candidate that a record of the registry means, or NULL: the same family or service, a claim's
 * name, or one that the description has in it as whole words.
 */
struct weigh_candidate *backing_find(const struct berth_record *record, const char *key,
	struct weigh_candidate *candidates, size_t n_candidates);

/* Appends the sentence that explains a verdict. */
void weigh_why(const struct weigh_verdict *verdict, struct buffer *out);

#endif
