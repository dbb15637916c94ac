// SPDX-License-Identifier: MIT
/*
 * Which of the services that are claimed for a port the registry means by a record. Names differ in
 * case, punctuation and habit ("ms-sql-s", "Microsoft-SQL-Server"), so families, names and
 * descriptions are compared, from the surest to the least sure.
 */
#include "claims/weigh.h"

#include "base/text.h"
#include "claims/claims_data.h"

enum {
	WORDS = 256, /* of a description; what is behind is not looked at */
	SHORTEST = 4, /* letters of a name that is looked for in a description */
};

bool backing_counts(const struct berth_record *record)
{
	return record->state == BERTH_ASSIGNED && *record->name;
}

bool backing_key(const struct berth_record *record, uint16_t port, char ret_key[FAMILIES_FOLD])
{
	const struct slice name = slice_of(record->name);
	const struct families_family *family = families_of(&claims_data_families, name, port);

	return families_fold(
		family ? slice_of(claims_data_families.texts + family->key) : name, ret_key);
}

/* The text as " words in lower case with one space around each "; how many letters are in it. */
static size_t words_of(const char *text, char ret_words[WORDS])
{
	size_t letters = 0;
	size_t len = 0;

	ret_words[len++] = ' ';
	for (; *text && len < WORDS - 2; text++) {
		char c = text_lower(*text);

		if (families_is_letter(c)) {
			ret_words[len++] = c;
			letters++;
		} else if (ret_words[len - 1] != ' ') {
			ret_words[len++] = ' ';
		}
	}
	if (ret_words[len - 1] != ' ')
		ret_words[len++] = ' ';
	ret_words[len] = '\0';
	return letters;
}

/*
 * Is the name in a description? A name of one word must be at the front, for behind it are words
 * like HTTP and SNMP that say how a service is reached ("Radan HTTP").
 */
static bool is_in_words(const char *words, const char *name)
{
	char sought[WORDS];

	if (words_of(name, sought) < SHORTEST)
		return false;
	const char *found = strstr(words, sought);
	return found && (found == words || strchr(sought + 1, ' ')[1]);
}

/* A claim calls its service what the record is called. */
static bool shares_name(const struct weigh_candidate *candidate, const char *folded)
{
	char name[FAMILIES_FOLD];

	for (size_t i = 0; i < candidate->n_votes; i++) {
		const struct berth_claim *claim = candidate->votes[i].claim;

		if (families_fold(slice_of(claim->service), name) && !strcmp(name, folded))
			return true;
		if (families_fold(slice_of(claim->name), name) && !strcmp(name, folded))
			return true;
	}
	return false;
}

static bool is_described(const struct weigh_candidate *candidate, const char *words)
{
	if (is_in_words(words, candidate->public.service) ||
		is_in_words(words, candidate->public.name))
		return true;
	for (size_t i = 0; i < candidate->n_votes; i++) {
		if (is_in_words(words, candidate->votes[i].claim->service) ||
			is_in_words(words, candidate->votes[i].claim->name))
			return true;
	}
	return false;
}

struct weigh_candidate *backing_find(const struct berth_record *record, const char *key,
	struct weigh_candidate *candidates, size_t n_candidates)
{
	char folded[FAMILIES_FOLD];
	char words[WORDS];

	for (size_t i = 0; i < n_candidates; i++) {
		if (!strcmp(candidates[i].key, key))
			return &candidates[i];
	}
	if (families_fold(slice_of(record->name), folded)) {
		for (size_t i = 0; i < n_candidates; i++) {
			if (shares_name(&candidates[i], folded))
				return &candidates[i];
		}
	}
	if (words_of(record->description, words) < SHORTEST)
		return NULL;
	for (size_t i = 0; i < n_candidates; i++) {
		if (is_described(&candidates[i], words))
			return &candidates[i];
	}
	return NULL;
}
