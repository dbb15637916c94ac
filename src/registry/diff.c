// SPDX-License-Identifier: MIT
/*
 * What changed between two copies. Both are sorted by the same key and walked together. A key can
 * stand for several records (rdp is there twice, without port or transport): those that are equal
 * in everything are paired first, what is left in the order of their texts.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "registry/registry.h"
#include "registry/table.h"

struct side {
	const struct registry *registry;
	const struct table_record *record;
};

struct walk {
	berth_change_seen *seen;
	void *context;
	int count;
};

static int compare_numbers(unsigned a, unsigned b)
{
	return (a > b) - (a < b);
}

static int compare_text(const struct side *a, const struct side *b, enum table_text text)
{
	return strcmp(
		table_text(a->registry, a->record, text), table_text(b->registry, b->record, text));
}

/* What makes records the same record: ports, name, transport. Those without a port come last. */
static int compare_keys(const struct side *a, const struct side *b)
{
	int r = compare_numbers(!a->record->has_port, !b->record->has_port);

	if (!r)
		r = compare_numbers(a->record->first, b->record->first);
	if (!r)
		r = compare_text(a, b, TABLE_NAME);
	if (!r)
		r = compare_numbers(a->record->last, b->record->last);
	if (!r)
		r = compare_numbers(a->record->protos, b->record->protos);
	return r;
}

static int compare_all(const void *a, const void *b)
{
	int r = compare_keys(a, b);

	for (enum table_text text = TABLE_DESCRIPTION; !r && text < TABLE_TEXTS; text++)
		r = compare_text(a, b, text);
	return r;
}

static struct side *sorted(const struct registry *registry)
{
	struct side *sides = calloc(registry->n_records + 1, sizeof(*sides));

	for (size_t i = 0; sides && i < registry->n_records; i++)
		sides[i] = (struct side){registry, &registry->records[i]};
	if (sides)
		qsort(sides, registry->n_records, sizeof(*sides), compare_all);
	return sides;
}

/* Either side may be NULL. */
static int tell(struct walk *walk, const struct side *before, const struct side *after)
{
	struct berth_record old;
	struct berth_record new;
	enum berth_change change = !before ? BERTH_ADDED : !after ? BERTH_REMOVED : BERTH_CHANGED;

	if (before)
		registry_record(before->registry,
			(uint16_t)(before->record - before->registry->records), &old);
	if (after)
		registry_record(after->registry,
			(uint16_t)(after->record - after->registry->records), &new);
	walk->count++;
	return walk->seen(walk->context, change, before ? &old : NULL, after ? &new : NULL);
}

/* How many sides from `at` on, of `n`, have the key of `key`. */
static size_t run_of(const struct side *at, size_t n, const struct side *key)
{
	size_t run = 0;

	while (run < n && compare_keys(&at[run], key) == 0)
		run++;
	return run;
}

/* Takes what is equal in everything out of both runs, which keep their order. */
static void drop_equal(struct side *old, size_t *n_old, struct side *new, size_t *n_new)
{
	size_t i = 0;
	size_t j = 0;
	size_t old_left = 0;
	size_t new_left = 0;

	while (i < *n_old && j < *n_new) {
		int order = compare_all(&old[i], &new[j]);

		if (order < 0) {
			old[old_left++] = old[i++];
		} else if (order > 0) {
			new[new_left++] = new[j++];
		} else {
			i++;
			j++;
		}
	}
	while (i < *n_old)
		old[old_left++] = old[i++];
	while (j < *n_new)
		new[new_left++] = new[j++];
	*n_old = old_left;
	*n_new = new_left;
}

/* Records of one key, from both copies; either may have none. */
static int tell_key(
	struct walk *walk, struct side *old, size_t n_old, struct side *new, size_t n_new)
{
	int r = 0;

	drop_equal(old, &n_old, new, &n_new);
	for (size_t i = 0; !r && (i < n_old || i < n_new); i++)
		r = tell(walk, i < n_old ? &old[i] : NULL, i < n_new ? &new[i] : NULL);
	return r;
}

int registry_diff(const struct registry *before, const struct registry *after,
	berth_change_seen *seen, void *context)
{
	struct walk walk = {seen, context, 0};
	struct side *old = sorted(before);
	struct side *new = sorted(after);
	size_t i = 0;
	size_t j = 0;
	int r = old && new ? 0 : -ENOMEM;

	while (!r && (i < before->n_records || j < after->n_records)) {
		const struct side *key = &old[i];

		if (i == before->n_records ||
			(j < after->n_records && compare_keys(&new[j], key) < 0))
			key = &new[j];
		size_t n_old = run_of(&old[i], before->n_records - i, key);
		size_t n_new = run_of(&new[j], after->n_records - j, key);
		i += n_old;
		j += n_new;
		r = tell_key(&walk, &old[i - n_old], n_old, &new[j - n_new], n_new);
	}
	free(new);
	free(old);
	return r ? r : walk.count;
}
