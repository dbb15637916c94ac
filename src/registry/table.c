// SPDX-License-Identifier: MIT
/*
 * From rows to the table: checks each row, puts the narrow records first, pools their texts, lays
 * the ports out, and decides once for every port and transport which state it has.
 */
#include "registry/table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "registry/registry.h"

enum {
	/* Port 80 has 7. A file that stacks thousands of ranges is an attack: the sets of the ports
	 * would grow with their square. */
	MOST_AT_ONE_PORT = 256,
};

/* A row with what its cells say; sorted into the order of ids. */
struct draft {
	const struct row *row;
	struct checks_row is;
};

static unsigned width(const struct checks_row *row)
{
	return row->has_port ? 1U + row->last - row->first : SPANS_NUMBERS + 1U;
}

static int compare_drafts(const void *a, const void *b)
{
	const struct draft *x = a;
	const struct draft *y = b;
	unsigned x_width = width(&x->is);
	unsigned y_width = width(&y->is);

	if (x_width != y_width)
		return x_width < y_width ? -1 : 1;
	return (x->row > y->row) - (x->row < y->row);
}

/* Refuses a file with too many records for one port. */
static int check_crowding(const struct source *source, const struct draft *drafts, size_t count)
{
	int *change = calloc(SPANS_NUMBERS + 1, sizeof(*change)); /* records that start less end */
	int covering = 0;
	int r = change ? 0 : -ENOMEM;

	for (size_t i = 0; !r && i < count; i++) {
		if (drafts[i].is.has_port) {
			change[drafts[i].is.first]++;
			change[drafts[i].is.last + 1]--;
		}
	}
	for (unsigned port = 0; !r && port < SPANS_NUMBERS; port++) {
		covering += change[port];
		if (covering > MOST_AT_ONE_PORT)
			r = source_refuse(source, source_lines(source),
				"more than %d records for port %u", MOST_AT_ONE_PORT, port);
	}
	free(change);
	return r;
}

static int check_all(const struct source *source, const struct rows *rows,
	const struct checks_least *least, struct draft *drafts)
{
	struct checks_least seen = {.records = rows->n_rows};

	if (rows->n_rows >= UINT16_MAX)
		return source_refuse(source, rows->row[UINT16_MAX - 1].line,
			"more records than berth can number (%d)", UINT16_MAX - 1);
	if (rows->updated && !checks_date(rows->updated))
		return source_refuse_text(source, 1, "updated on no date", rows->updated);
	for (size_t i = 0; i < rows->n_rows; i++) {
		int r = checks_row(source, &rows->row[i], &drafts[i].is);

		if (r)
			return r;
		drafts[i].row = &rows->row[i];
		seen.assigned += drafts[i].is.has_port && drafts[i].is.state == BERTH_ASSIGNED;
	}
	int r = checks_whole(source, least, &seen);
	return r ? r : check_crowding(source, drafts, rows->n_rows);
}

static int fill_record(struct pool *pool, const struct draft *draft, struct table_record *record)
{
	static const enum column columns[TABLE_TEXTS] = {
		[TABLE_NAME] = COLUMN_NAME,
		[TABLE_DESCRIPTION] = COLUMN_DESCRIPTION,
		[TABLE_ASSIGNEE] = COLUMN_ASSIGNEE,
		[TABLE_CONTACT] = COLUMN_CONTACT,
		[TABLE_REGISTERED] = COLUMN_REGISTERED,
		[TABLE_MODIFIED] = COLUMN_MODIFIED,
		[TABLE_REFERENCE] = COLUMN_REFERENCE,
		[TABLE_SERVICE_CODE] = COLUMN_SERVICE_CODE,
		[TABLE_UNAUTHORIZED] = COLUMN_UNAUTHORIZED,
		[TABLE_NOTES] = COLUMN_NOTES,
	};

	*record = (struct table_record){
		.first = draft->is.first,
		.last = draft->is.last,
		.protos = (uint8_t)draft->is.protos,
		.state = (uint8_t)draft->is.state,
		.has_port = draft->is.has_port,
		.any_transport = draft->is.any_transport,
	};
	for (size_t i = 0; i < TABLE_TEXTS; i++) {
		int r = pool_add(pool, draft->row->text[columns[i]], &record->text[i]);

		if (r)
			return r;
	}
	return 0;
}

/* Dates of either form compare as text: a year and a month come before any day in them. */
static const char *newest_date(const struct rows *rows)
{
	const char *newest = "";

	if (rows->updated)
		return rows->updated;
	for (size_t i = 0; i < rows->n_rows; i++) {
		for (enum column c = COLUMN_REGISTERED; c <= COLUMN_MODIFIED; c++) {
			if (strcmp(rows->row[i].text[c], newest) > 0)
				newest = rows->row[i].text[c];
		}
	}
	return newest;
}

static int build_records(
	struct registry *registry, const struct rows *rows, const struct draft *drafts)
{
	struct table_record *records = calloc(rows->n_rows + 1, sizeof(*records));
	struct pool pool = {0};
	int r = pool_begin(&pool, rows->n_rows * TABLE_TEXTS + 1);

	registry->owned.records = records;
	if (!r && !records)
		r = -ENOMEM;
	for (size_t i = 0; !r && i < rows->n_rows; i++)
		r = fill_record(&pool, &drafts[i], &records[i]);
	if (!r)
		r = pool_add(&pool, newest_date(rows), &registry->facts.date);
	registry->records = records;
	registry->n_records = rows->n_rows;
	registry->pool = pool.text.data;
	registry->pool_len = pool.text.len;
	registry->owned.pool = pool.text;
	pool.text = (struct buffer){0};
	pool_free(&pool);
	return r;
}

static int build_ports(struct registry *registry)
{
	struct spans_interval *intervals = NULL;
	size_t n = 0;

	while (n < registry->n_records && registry->records[n].has_port)
		n++;
	registry->n_ported = n;
	intervals = calloc(n + 1, sizeof(*intervals));
	if (!intervals)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		intervals[i] = (struct spans_interval){
			registry->records[i].first, registry->records[i].last, (uint16_t)i};
	int r = spans_build(intervals, n, &registry->ports);
	free(intervals);
	return r;
}

/* The rule of registry.h for one transport: the narrowest record decides, among those as narrow
 * assigned before reserved before unassigned, which is the order of the enum. */
static unsigned judge(const struct registry *registry, uint16_t port, unsigned transport)
{
	const uint16_t *ids;
	size_t n_ids = spans_at(&registry->ports, port, &ids);
	unsigned state = BERTH_UNASSIGNED;
	int decided = -1;

	for (size_t i = 0; i < n_ids; i++) {
		const struct table_record *record = &registry->records[ids[i]];
		int reach = record->last - record->first;

		if (!(record->protos & 1U << transport))
			continue;
		if (decided >= 0 && reach > decided)
			break;
		decided = reach;
		if (record->state > state)
			state = record->state;
	}
	return state;
}

static int build_states(struct registry *registry)
{
	uint8_t *states = calloc(SPANS_NUMBERS, 1);

	if (!states)
		return -ENOMEM;
	registry->owned.states = states;
	registry->states = states;
	for (unsigned port = 0; port < SPANS_NUMBERS; port++) {
		for (unsigned transport = 0; transport < BERTH_TRANSPORTS; transport++) {
			unsigned state = port >= CHECKS_DYNAMIC_FIRST
				? BERTH_UNASSIGNABLE
				: judge(registry, (uint16_t)port, transport);

			states[port] = (uint8_t)(states[port] | state << transport * 2);
			registry->facts.ports[transport][state]++;
		}
	}
	return 0;
}

static void count_records(struct registry *registry)
{
	for (size_t i = 0; i < registry->n_records; i++)
		registry->facts.names += registry->records[i].text[TABLE_NAME] != 0;
	registry->facts.without_port = (uint32_t)(registry->n_records - registry->n_ported);
}

int table_build(const struct source *source, const struct rows *rows,
	const struct checks_least *least, struct registry **ret_registry)
{
	struct registry *registry = calloc(1, sizeof(*registry));
	struct draft *drafts = calloc(rows->n_rows + 1, sizeof(*drafts));
	int r = registry && drafts ? check_all(source, rows, least, drafts) : -ENOMEM;

	if (r)
		goto out;
	qsort(drafts, rows->n_rows, sizeof(*drafts), compare_drafts);
	r = build_records(registry, rows, drafts);
	if (!r)
		r = build_ports(registry);
	if (!r)
		r = build_states(registry);
	if (r)
		goto out;
	count_records(registry);
	*ret_registry = registry;
	registry = NULL;
out:
	free(drafts);
	registry_free(registry);
	return r;
}
