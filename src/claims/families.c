// SPDX-License-Identifier: MIT
/* Binary search in the tables of families and lists. */
#include "claims/families.h"

#include <stdlib.h>

#include "base/text.h"

bool families_is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (unsigned char)c >= 0x80;
}

bool families_fold(struct slice name, char ret_folded[FAMILIES_FOLD])
{
	size_t len = 0;

	for (size_t i = 0; i < name.len; i++) {
		char c = text_lower(name.text[i]);

		if (!families_is_letter(c))
			continue;
		if (len == FAMILIES_FOLD - 1) {
			len = 0;
			break;
		}
		ret_folded[len++] = c;
	}
	ret_folded[len] = '\0';
	return len > 0;
}

/* The member with this name and port, or NULL. */
static const struct families_member *find(
	const struct families *families, const char *folded, int32_t port)
{
	size_t low = 0;
	size_t high = families->n_members;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct families_member *member = &families->members[middle];
		int order = strcmp(families->texts + member->folded, folded);

		if (!order)
			order = (member->port > port) - (member->port < port);
		if (!order)
			return member;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

const struct families_family *families_of(
	const struct families *families, struct slice service, uint16_t port)
{
	char folded[FAMILIES_FOLD];

	if (!families_fold(service, folded))
		return NULL;
	const struct families_member *member = find(families, folded, port);
	if (!member)
		member = find(families, folded, FAMILIES_ANY_PORT);
	return member ? &families->families[member->family] : NULL;
}

const struct families_family *families_named(const struct families *families, struct slice key)
{
	char folded[FAMILIES_FOLD];

	if (!families_fold(key, folded))
		return NULL;
	const struct families_member *member = find(families, folded, FAMILIES_ANY_PORT);
	if (!member)
		return NULL;
	const struct families_family *family = &families->families[member->family];
	return slice_is(key, families->texts + family->key) ? family : NULL;
}

static bool starts(struct slice text, const char *prefix)
{
	size_t len = strlen(prefix);

	return text.len >= len && !memcmp(text.text, prefix, len);
}

struct slice families_list_of(const struct families *families, struct slice source)
{
	const struct families_list *longest = NULL;

	/* A prefix of the source sorts before it, and a longer one behind a shorter one. */
	for (size_t i = 0; i < families->n_lists; i++) {
		if (starts(source, families->texts + families->lists[i].prefix))
			longest = &families->lists[i];
	}
	if (longest)
		return slice_of(families->texts + longest->list);
	for (size_t i = 0; i < source.len; i++) {
		if (source.text[i] == ',' || source.text[i] == ':')
			return (struct slice){source.text, i};
	}
	return source;
}
