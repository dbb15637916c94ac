// SPDX-License-Identifier: MIT
/*
 * Finding by words in registry and claims: exact names first, then prefixes, substrings, and close
 * misspellings of names.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/handle.h"
#include "base/text.h"

struct berth_find {
	struct berth_found *found;
	size_t count;
	size_t size;
};

enum {
	NO_MATCH = BERTH_MATCH_NEAR + 1
};

/* How many edits still count as a misspelling: none in short words, where everything is near. */
static unsigned tolerance(const char *word)
{
	size_t len = strlen(word);

	if (len < 4)
		return 0;
	return len < 8 ? 1 : 2;
}

static bool is_word_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		(unsigned char)c >= 0x80;
}

/* Does a word of `text` begin with `word`? */
static bool word_starts(const char *text, const char *word)
{
	const char *at = text;

	while ((at = text_find_fold(at, word))) {
		if (at == text || !is_word_byte(at[-1]))
			return true;
		at++;
	}
	return false;
}

/* How well one word fits an entry: enum berth_match, or NO_MATCH. */
static int match_word(const char *word, const char *name, const char *description)
{
	unsigned edits = tolerance(word);

	if (!text_compare_fold(name, word))
		return BERTH_MATCH_EXACT;
	if (text_starts_fold(name, word))
		return BERTH_MATCH_PREFIX;
	if (word_starts(name, word) || word_starts(description, word) ||
		text_find_fold(name, word) || text_find_fold(description, word))
		return BERTH_MATCH_SUBSTRING;
	if (edits && *name && text_distance(name, word, edits) <= edits)
		return BERTH_MATCH_NEAR;
	return NO_MATCH;
}

/* All words must fit; the entry is as good as its worst word. */
static int match_words(const char *const *words, const char *name, const char *description)
{
	int worst = words[0] ? BERTH_MATCH_EXACT : NO_MATCH;

	for (size_t i = 0; words[i] && worst < NO_MATCH; i++) {
		int match = match_word(words[i], name, description);

		worst = match > worst ? match : worst;
	}
	return worst;
}

static struct berth_found *add_found(struct berth_find *find, int match)
{
	if (find->count == find->size) {
		size_t size = find->size ? find->size * 2 : 64;
		struct berth_found *more = realloc(find->found, size * sizeof(*more));

		if (!more)
			return NULL;
		find->found = more;
		find->size = size;
	}
	struct berth_found *found = &find->found[find->count++];
	*found = (struct berth_found){.match = (enum berth_match)match};
	return found;
}

static int search_registry(
	struct berth_find *find, const struct registry *registry, const char *const *words)
{
	for (size_t id = 0; id < registry_count(registry); id++) {
		struct berth_record record;

		registry_record(registry, (uint16_t)id, &record);
		/* "Unassigned" and "Reserved" rows say nothing that a search is for. */
		int match = record.state == BERTH_ASSIGNED
			? match_words(words, record.name, record.description)
			: NO_MATCH;
		if (match == NO_MATCH)
			continue;
		struct berth_found *found = add_found(find, match);
		if (!found)
			return -ENOMEM;
		found->record = record;
	}
	return 0;
}

static int search_claims(
	struct berth_find *find, const struct claims *claims, const char *const *words)
{
	for (size_t id = 0; id < claims_count(claims); id++) {
		struct berth_claim claim;

		claims_get(claims, (uint16_t)id, &claim);
		int match = match_words(words, claim.service, claim.name);
		int by_name = match_words(words, claim.name, claim.claimant);
		match = by_name < match ? by_name : match;
		if (match == NO_MATCH)
			continue;
		struct berth_found *found = add_found(find, match);
		if (!found)
			return -ENOMEM;
		found->is_claim = true;
		found->claim = claim;
	}
	return 0;
}

static uint16_t found_port(const struct berth_found *found)
{
	return found->is_claim ? found->claim.first : found->record.first;
}

static const char *found_name(const struct berth_found *found)
{
	return found->is_claim ? found->claim.service : found->record.name;
}

/* Better match, law before custom, names with a port before those without, name, port, transport.
 */
static int compare_found(const void *a, const void *b)
{
	const struct berth_found *x = a;
	const struct berth_found *y = b;

	if (x->match != y->match)
		return x->match < y->match ? -1 : 1;
	if (x->is_claim != y->is_claim)
		return x->is_claim ? 1 : -1;
	if (!x->is_claim && x->record.has_port != y->record.has_port)
		return x->record.has_port ? -1 : 1;
	int order = text_compare_fold(found_name(x), found_name(y));
	if (order)
		return order;
	if (found_port(x) != found_port(y))
		return found_port(x) < found_port(y) ? -1 : 1;
	berth_protos x_protos = x->is_claim ? x->claim.protos : x->record.protos;
	berth_protos y_protos = y->is_claim ? y->claim.protos : y->record.protos;
	return (x_protos > y_protos) - (x_protos < y_protos);
}

int berth_find(const struct berth *berth, const char *const *words, struct berth_find **ret_find)
{
	struct berth_find *find = calloc(1, sizeof(*find));

	if (!find)
		return handle_fail(-ENOMEM, "out of memory");
	const struct claims *local = NULL;
	int r = local_all(berth->local, &local);
	if (!r)
		r = search_registry(find, berth->registry, words);
	if (!r)
		r = search_claims(find, local, words);
	if (!r)
		r = search_claims(find, berth->claims, words);
	if (r < 0) {
		berth_find_free(find);
		return handle_fail(r, "out of memory");
	}
	if (find->count)
		qsort(find->found, find->count, sizeof(*find->found), compare_found);
	*ret_find = find;
	return (int)find->count;
}

const struct berth_found *berth_find_get(const struct berth_find *find, size_t index)
{
	return index < find->count ? &find->found[index] : NULL;
}

void berth_find_free(struct berth_find *find)
{
	if (!find)
		return;
	free(find->found);
	free(find);
}
