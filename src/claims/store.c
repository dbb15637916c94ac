// SPDX-License-Identifier: MIT
/* Keeps claims that come one by one and puts them in order. */
#include "claims/store.h"

#include <errno.h>
#include <stdlib.h>

#include "base/sort.h"

struct claims *store_new(void)
{
	struct claims *store = calloc(1, sizeof(*store));

	if (!store)
		return NULL;
	buffer_char(&store->own_texts, '\0'); /* offset 0 is the empty text */
	if (store->own_texts.error) {
		free(store);
		return NULL;
	}
	return store;
}

static int grow(struct claims *store)
{
	enum {
		FIRST_SIZE = 64
	};
	size_t size = store->size ? store->size * 2 : FIRST_SIZE;
	struct store_row *rows = realloc(store->own_rows, size * sizeof(*rows));

	if (!rows)
		return -ENOMEM;
	store->own_rows = rows;
	store->size = size;
	return 0;
}

static uint32_t add_text(struct claims *store, struct slice text)
{
	size_t at = store->own_texts.len;

	if (!text.len)
		return 0;
	buffer_bytes(&store->own_texts, text.text, text.len);
	buffer_char(&store->own_texts, '\0');
	if (store->own_texts.len > UINT32_MAX && !store->own_texts.error)
		store->own_texts.error = -ENOMEM;
	return (uint32_t)at;
}

int store_add(struct claims *store, const struct store_claim *claim)
{
	if (store->n_rows == STORE_CLAIMS)
		return -ENOSPC;
	if (store->n_rows == store->size && grow(store))
		return -ENOMEM;
	store->own_rows[store->n_rows] = (struct store_row){
		.service = add_text(store, claim->service),
		.name = add_text(store, claim->name),
		.claimant = add_text(store, claim->claimant),
		.source = add_text(store, claim->source),
		.source_url = add_text(store, claim->source_url),
		.source_date = add_text(store, claim->source_date),
		.note = add_text(store, claim->note),
		.origin = add_text(store, claim->origin),
		.family = add_text(store, claim->family),
		.list = add_text(store, claim->list),
		.first = claim->first,
		.last = claim->last,
		.kind = (uint8_t)claim->kind,
		.scope = (uint8_t)claim->scope,
		.protos = (uint16_t)claim->protos,
	};
	if (store->own_texts.error)
		return -ENOMEM;
	store->n_rows++;
	store->rows = store->own_rows;
	store->texts = store->own_texts.data;
	return 0;
}

void store_truncate(struct claims *store, size_t n_rows)
{
	if (n_rows < store->n_rows)
		store->n_rows = n_rows;
	store->own_texts.error = 0;
}

static int compare(const void *a, const void *b)
{
	const struct store_row *x = a;
	const struct store_row *y = b;
	int x_width = x->last - x->first;
	int y_width = y->last - y->first;

	if (x->scope != y->scope)
		return x->scope - y->scope;
	if (x_width != y_width)
		return x_width - y_width;
	if (x->first != y->first)
		return x->first - y->first;
	/* Texts are appended in the order of rows, so this keeps the order of the files. */
	return (x->service > y->service) - (x->service < y->service);
}

int store_finish(struct claims *store)
{
	struct spans_interval *intervals = calloc(store->n_rows + 1, sizeof(*intervals));
	struct spans spans;
	int r = -ENOMEM;

	if (!intervals)
		goto out;
	if (store->n_rows)
		sort_array(store->own_rows, store->n_rows, sizeof(*store->own_rows), compare);
	for (size_t i = 0; i < store->n_rows; i++) {
		const struct store_row *row = &store->own_rows[i];

		intervals[i] = (struct spans_interval){row->first, row->last, (uint16_t)i};
	}
	r = spans_build(intervals, store->n_rows, &spans);
	if (r)
		goto out;
	spans_free(&store->spans);
	store->spans = spans;
out:
	free(intervals);
	return r;
}

void store_free(struct claims *store)
{
	if (!store)
		return;
	spans_free(&store->spans);
	buffer_free(&store->own_texts);
	free(store->own_rows);
	free(store);
}
