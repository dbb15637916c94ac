// SPDX-License-Identifier: MIT
/*
 * Reads the history, whether or not berthd runs, and writes nothing. What is in the file is not
 * believed further than it is checked: numbers out of range make it a damaged one.
 */
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "history/chronicle.h"
#include "history/schema.h"
#include "history/sql.h"

enum {
	BUSY_MS = 2000,
};

/* A run that has not ended is taken to live as long as this after it wrote that it does, which it
 * does every minute; milliseconds. */
#define LIVES "150000"

/* The public part is first, so that the two can be told from each other's address. */
struct reading {
	struct berth_history history;
	struct berth_span *spans; /* the same, for those who add texts */
	struct berth_event *events;
	struct arena arena;
	sqlite3 *db;
	const struct berth_history_ask *ask;
	uint64_t netns;
	struct buffer where; /* conditions that spans and happenings share */
};

static const double ms_per_s = 1000;

static int64_t ms_of(double time_s)
{
	return (int64_t)llround(time_s * ms_per_s);
}

static double s_of(int64_t time_ms)
{
	return (double)time_ms / ms_per_s;
}

/* ---- Opening --------------------------------------------------------------------------------- */

/* "%", "?" and "#" mean something in the name of a file that is a URI. */
static void put_uri(struct buffer *uri, const char *path, const char *options)
{
	buffer_text(uri, "file:");
	for (; *path; path++) {
		if (*path == '%' || *path == '?' || *path == '#')
			buffer_format(uri, "%%%02x", (unsigned char)*path);
		else
			buffer_char(uri, *path);
	}
	buffer_text(uri, options);
}

static int try_open(struct reading *reading, const char *path, const char *options)
{
	struct buffer uri = {0};
	int64_t version = 0;

	put_uri(&uri, path, options);
	int r = uri.error;
	(void)sqlite3_close(reading->db);
	reading->db = NULL;
	if (!r)
		r = sql_errno(NULL,
			sqlite3_open_v2(uri.data, &reading->db,
				SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX,
				NULL));
	buffer_free(&uri);
	if (r)
		return r;
	(void)sqlite3_busy_timeout(reading->db, BUSY_MS);
	r = sql_ask(reading->db, "PRAGMA user_version", &version);
	if (!r && version > SCHEMA_VERSION)
		r = -EPROTO;
	if (!r && !version) /* berthd makes the tables right behind the file */
		r = -ENODATA;
	return r;
}

/*
 * A reader takes part in the WAL's locking, which needs its companion files. Where they are not
 * there, nobody writes, and who may not make them can read the file as one that does not change.
 */
static int open_file(struct reading *reading, const char *folder, struct buffer *ret_problem)
{
	char path[PATH_MAX];
	char wal[PATH_MAX + 8];
	int len = snprintf(path, sizeof(path), "%s/%s", folder, CHRONICLE_FILE);

	if (len < 0 || (size_t)len >= sizeof(path))
		return -ENAMETOOLONG;
	(void)snprintf(wal, sizeof(wal), "%s-wal", path);
	if (access(path, R_OK) < 0) {
		int r = -errno;

		if (r == -ENOENT)
			buffer_format(ret_problem,
				"there is no history in %s: berthd writes it, see berthd(8)",
				folder);
		else
			buffer_format(ret_problem, "%s: %s", path, strerror(-r));
		return r;
	}
	int r = try_open(reading, path, "?mode=ro");
	if (r && r != -EBADMSG && r != -EPROTO && access(wal, F_OK) < 0)
		r = try_open(reading, path, "?mode=ro&immutable=1");
	return r;
}

/* ---- Conditions ------------------------------------------------------------------------------ */

static const char name_condition[] =
	" AND (a.name = ?1 OR a.unit = ?1 OR a.unit = ?1 || '.service' OR a.container = ?1"
	" OR a.user = ?1 OR a.exe = ?1 OR a.exe LIKE '%/' || ?1"
	" OR CAST(s.pid AS TEXT) = ?1";

static void put_conditions(struct reading *reading)
{
	const struct berth_query *query = reading->ask->query;
	struct buffer *where = &reading->where;

	if (reading->netns)
		buffer_format(where, " AND r.netns = %lld", (long long)reading->netns);
	for (size_t i = 0; query && i < query->n_parts; i++) {
		const struct berth_query_part *part = query->parts + i;

		buffer_format(where, "%s(s.port BETWEEN %u AND %u", i ? " OR " : " AND (",
			(unsigned)part->first, (unsigned)part->last);
		if (part->protos)
			buffer_format(where, " AND (1 << s.proto) & %u", (unsigned)part->protos);
		buffer_text(where, ")");
	}
	/* What was missed anywhere may have been there. */
	if (query && query->n_parts)
		buffer_text(where, " OR s.port = 0)");
}

static int prepare(struct reading *reading, const char *front, const char *holder,
	const char *until, sqlite3_stmt **ret_statement)
{
	struct buffer text = {0};

	buffer_text(&text, front);
	buffer_text(&text, buffer_string(&reading->where));
	if (reading->ask->name) {
		buffer_text(&text, name_condition);
		buffer_text(&text, holder);
		buffer_text(&text, ")");
	}
	buffer_text(&text, until);
	int r = text.error ? text.error : sql_prepare(reading->db, text.data, ret_statement);
	if (!r) {
		const struct berth_history_ask *ask = reading->ask;

		sql_bind_text(*ret_statement, 1, ask->name);
		sql_bind(*ret_statement, 2, ms_of(ask->since_s));
		sql_bind(*ret_statement, 3, ask->until_s > 0 ? ms_of(ask->until_s) : INT64_MAX);
		sql_bind(*ret_statement, 4, ask->most ? (int64_t)ask->most + 1 : -1);
	}
	buffer_free(&text);
	return r;
}

/* ---- Rows ------------------------------------------------------------------------------------ */

/* A growing array in the arena. */
static void *next(struct arena *arena, void **all, size_t *count, size_t *size, size_t each)
{
	if (*count == *size) {
		size_t larger = *size ? *size * 2 : 64;
		void *moved = arena_array(arena, larger, each);

		if (!moved)
			return NULL;
		if (*count)
			memcpy(moved, *all, *count * each);
		*all = moved;
		*size = larger;
	}
	return (char *)*all + (*count)++ * each;
}

struct place {
	enum berth_proto proto;
	uint8_t family;
	uint8_t address[16];
	uint16_t port;
	uint32_t ifindex;
	uint64_t cookie;
	bool listening;
};

/* Columns from `at`: port, proto, family, address, ifindex, cookie, listening. */
static bool read_place(sqlite3_stmt *row, int at, struct place *ret_place)
{
	int64_t port = sqlite3_column_int64(row, at);
	int64_t proto = sqlite3_column_int64(row, at + 1);
	int64_t family = sqlite3_column_int64(row, at + 2);
	const void *address = sqlite3_column_blob(row, at + 3);
	size_t len = (size_t)sqlite3_column_bytes(row, at + 3);

	if (port < 0 || port > UINT16_MAX || proto < 0 || proto >= BERTH_PROTOS ||
		(family && family != 4 && family != 6) ||
		(address && len != (family == 4 ? 4U : 16U)))
		return false;
	*ret_place = (struct place){.proto = (enum berth_proto)proto,
		.family = (uint8_t)family,
		.port = (uint16_t)port,
		.ifindex = (uint32_t)sqlite3_column_int64(row, at + 4),
		.cookie = (uint64_t)sqlite3_column_int64(row, at + 5),
		.listening = sqlite3_column_int(row, at + 6) != 0};
	if (address)
		memcpy(ret_place->address, address, len);
	return true;
}

/* Columns from `at`: pid, start, name, exe, uid, user, unit, container. */
static int read_actor(struct reading *reading, sqlite3_stmt *row, int at, struct berth_actor *ret)
{
	const char **const texts[] = {
		&ret->name, &ret->exe, NULL, &ret->user, &ret->unit, &ret->container};

	ret->pid = (uint32_t)sqlite3_column_int64(row, at);
	ret->start_ticks = (uint64_t)sqlite3_column_int64(row, at + 1);
	ret->has_uid = sqlite3_column_type(row, at + 4) != SQLITE_NULL &&
		sqlite3_column_int64(row, at + 4) >= 0;
	ret->uid = ret->has_uid ? (uint32_t)sqlite3_column_int64(row, at + 4) : 0;
	for (int i = 0; i < (int)(sizeof(texts) / sizeof(*texts)); i++) {
		if (!texts[i])
			continue;
		if (!sql_text(row, at + 2 + i, &reading->arena, texts[i]))
			return -ENOMEM;
		if (*texts[i] && !**texts[i]) /* not known */
			*texts[i] = NULL;
	}
	return 0;
}

#define PLACE "s.port, s.proto, s.family, s.address, s.ifindex, s.cookie, s.listening"
#define ACTOR "s.pid, s.start, a.name, a.exe, a.uid, a.user, a.unit, a.container"

enum {
	PLACE_COLUMNS = 7,
	ACTOR_COLUMNS = 8,
};

static int read_span(struct reading *reading, sqlite3_stmt *row, struct berth_span *ret)
{
	const int times = PLACE_COLUMNS + ACTOR_COLUMNS;
	struct place place;
	int64_t exact = sqlite3_column_int64(row, times + 2);

	if (!read_place(row, 0, &place))
		return -EBADMSG;
	*ret = (struct berth_span){.proto = place.proto,
		.family = place.family,
		.port = place.port,
		.ifindex = place.ifindex,
		.cookie = place.cookie,
		.listening = place.listening,
		.first_s = s_of(sqlite3_column_int64(row, times)),
		.open = sqlite3_column_type(row, times + 1) == SQLITE_NULL,
		.first_exact = exact & 1,
		.last_exact = exact & 2};
	memcpy(ret->address, place.address, sizeof(ret->address));
	ret->last_s = s_of(sqlite3_column_int64(row, ret->open ? times + 3 : times + 1));
	if (ret->last_s < ret->first_s) /* written in the transaction that opened it */
		ret->last_s = ret->first_s;
	return read_actor(reading, row, PLACE_COLUMNS, &ret->actor);
}

static int read_spans(struct reading *reading)
{
	struct berth_span *spans = NULL;
	sqlite3_stmt *rows = NULL;
	size_t count = 0;
	size_t size = 0;
	int code = SQLITE_DONE;
	/* The newest are asked for, so that `most` cuts the oldest off. */
	int r = prepare(reading,
		"SELECT " PLACE ", " ACTOR ", s.first, s.last, s.exact, r.last"
		" FROM spans s JOIN runs r ON r.id = s.run LEFT JOIN actors a ON a.id = s.actor"
		" WHERE (s.last >= ?2 OR (s.last IS NULL AND r.last + (1 - r.ended) * " LIVES
		" >= ?2)) AND s.first <= ?3",
		"", " ORDER BY s.first DESC, s.id DESC LIMIT ?4", &rows);

	while (!r && (code = sqlite3_step(rows)) == SQLITE_ROW) {
		struct berth_span *span =
			next(&reading->arena, (void **)&spans, &count, &size, sizeof(*spans));

		r = span ? read_span(reading, rows, span) : -ENOMEM;
	}
	if (!r)
		r = sql_errno(reading->db, code);
	(void)sqlite3_finalize(rows);
	if (r)
		return r;
	if (reading->ask->most && count > reading->ask->most) {
		reading->history.cut = true;
		count = reading->ask->most;
	}
	for (size_t i = 0; i < count / 2; i++) {
		struct berth_span other = spans[i];

		spans[i] = spans[count - 1 - i];
		spans[count - 1 - i] = other;
	}
	reading->history.spans = reading->spans = spans;
	reading->history.n_spans = count;
	return 0;
}

static int read_happening(struct reading *reading, sqlite3_stmt *row, struct berth_event *ret)
{
	const int rest = PLACE_COLUMNS + ACTOR_COLUMNS;
	const int holder = rest + 7;
	struct place place;
	int64_t kind = sqlite3_column_int64(row, rest);
	int64_t cause = sqlite3_column_int64(row, rest + 4);
	int64_t errnum = sqlite3_column_int64(row, rest + 3);

	if (!read_place(row, 0, &place) || cause < 0 || cause > BERTH_BIND_NO_LISTEN ||
		errnum < 0 || errnum > INT16_MAX ||
		(kind != BERTH_EVENT_REFUSED && kind != BERTH_EVENT_MISSED))
		return -EBADMSG;
	*ret = (struct berth_event){.kind = (enum berth_event_kind)kind,
		.time_s = s_of(sqlite3_column_int64(row, rest + 1)),
		.since_s = s_of(sqlite3_column_int64(row, rest + 2)),
		.proto = place.proto,
		.family = place.family,
		.port = place.port,
		.ifindex = place.ifindex,
		.cookie = place.cookie,
		.listening = place.listening,
		.errnum = (int)errnum,
		.has_cause = sqlite3_column_type(row, rest + 4) != SQLITE_NULL,
		.cause = (enum berth_bind_cause)cause,
		.count = (uint64_t)sqlite3_column_int64(row, rest + 6)};
	memcpy(ret->address, place.address, sizeof(ret->address));
	if (!sql_text(row, rest + 5, &reading->arena, &ret->cause_text))
		return -ENOMEM;
	int r = read_actor(reading, row, PLACE_COLUMNS, &ret->actor);
	return r ? r : read_actor(reading, row, holder, &ret->holder);
}

static int read_happenings(struct reading *reading)
{
	struct berth_event *events = NULL;
	sqlite3_stmt *rows = NULL;
	size_t count = 0;
	size_t size = 0;
	int code = SQLITE_DONE;
	int r = prepare(reading,
		"SELECT " PLACE ", " ACTOR ", s.kind, s.time, s.since, s.errnum, s.cause,"
		" s.cause_text, s.count, s.holder_pid, s.holder_start, h.name, h.exe, h.uid,"
		" h.user, h.unit, h.container"
		" FROM happenings s JOIN runs r ON r.id = s.run"
		" LEFT JOIN actors a ON a.id = s.actor LEFT JOIN actors h ON h.id = s.holder"
		" WHERE s.time >= ?2 AND s.time <= ?3 AND s.kind IN (?5, ?6)",
		" OR h.name = ?1 OR h.unit = ?1 OR h.unit = ?1 || '.service' OR h.container = ?1"
		" OR h.user = ?1",
		" ORDER BY s.time DESC, s.id DESC LIMIT ?4", &rows);

	if (!r) {
		sql_bind(rows, 5, BERTH_EVENT_REFUSED);
		sql_bind(rows, 6,
			reading->ask->refusals_only ? BERTH_EVENT_REFUSED : BERTH_EVENT_MISSED);
	}
	while (!r && (code = sqlite3_step(rows)) == SQLITE_ROW) {
		struct berth_event *event =
			next(&reading->arena, (void **)&events, &count, &size, sizeof(*events));

		r = event ? read_happening(reading, rows, event) : -ENOMEM;
	}
	if (!r)
		r = sql_errno(reading->db, code);
	(void)sqlite3_finalize(rows);
	if (r)
		return r;
	if (reading->ask->most && count > reading->ask->most) {
		reading->history.cut = true;
		count = reading->ask->most;
	}
	for (size_t i = 0; i < count / 2; i++) {
		struct berth_event other = events[i];

		events[i] = events[count - 1 - i];
		events[count - 1 - i] = other;
	}
	reading->history.events = reading->events = events;
	reading->history.n_events = count;
	return 0;
}

/* ---- Runs ------------------------------------------------------------------------------------ */

struct runs {
	struct berth_unwatched *unwatched;
	size_t count;
	size_t size;
};

/* A time between two runs, as far as it lies in what was asked for. */
static int add_unwatched(struct reading *reading, struct runs *runs, double from_s, double until_s)
{
	const struct berth_history_ask *ask = reading->ask;

	if (ask->since_s > from_s)
		from_s = ask->since_s;
	if (ask->until_s > 0 && ask->until_s < until_s)
		until_s = ask->until_s;
	if (from_s > until_s)
		return 0;
	struct berth_unwatched *unwatched = next(&reading->arena, (void **)&runs->unwatched,
		&runs->count, &runs->size, sizeof(*unwatched));
	if (!unwatched)
		return -ENOMEM;
	*unwatched = (struct berth_unwatched){.from_s = from_s, .until_s = until_s};
	return 0;
}

static int read_runs(struct reading *reading)
{
	struct berth_history *history = &reading->history;
	struct runs runs = {0};
	sqlite3_stmt *rows = NULL;
	int code = SQLITE_DONE;
	int r = sql_prepare(reading->db,
		"SELECT first, last, way FROM runs WHERE netns = ?1 OR ?1 = 0 ORDER BY id", &rows);

	if (!r)
		sql_bind(rows, 1, (int64_t)reading->netns);
	while (!r && (code = sqlite3_step(rows)) == SQLITE_ROW) {
		double first_s = s_of(sqlite3_column_int64(rows, 0));
		double last_s = s_of(sqlite3_column_int64(rows, 1));
		int way = sqlite3_column_int(rows, 2);

		if (way < BERTH_WATCH_BPF || way > BERTH_WATCH_POLL) {
			r = -EBADMSG;
			break;
		}
		if (history->first_s <= 0)
			history->first_s = first_s;
		else if (first_s > history->last_s)
			r = add_unwatched(reading, &runs, history->last_s, first_s);
		history->last_s = last_s > history->last_s ? last_s : history->last_s;
		history->way = (enum berth_watch_way)way;
	}
	if (!r)
		r = sql_errno(reading->db, code);
	(void)sqlite3_finalize(rows);
	history->unwatched = runs.unwatched;
	history->n_unwatched = runs.count;
	return r;
}

static int read_all(struct reading *reading)
{
	/* One picture of one moment. */
	int r = sql_run(reading->db, "BEGIN");

	put_conditions(reading);
	if (!r)
		r = reading->where.error;
	if (!r)
		r = read_runs(reading);
	if (!r && !reading->ask->refusals_only)
		r = read_spans(reading);
	if (!r)
		r = read_happenings(reading);
	return r;
}

int chronicle_read(const struct berth_history_ask *ask, uint64_t netns,
	struct berth_history **ret_history, struct buffer *ret_problem)
{
	struct reading *reading = calloc(1, sizeof(*reading));
	const char *folder = ask->folder ? ask->folder : BERTH_HISTORY_FOLDER;

	if (!reading)
		return -ENOMEM;
	reading->ask = ask;
	reading->netns = netns;
	int r = open_file(reading, folder, ret_problem);
	if (r == -ENODATA) /* an empty history is one */
		r = 0;
	else if (!r)
		r = read_all(reading);
	if (r && !ret_problem->len)
		buffer_format(ret_problem, "%s/%s: %s", folder, CHRONICLE_FILE,
			r == -EPROTO ? "it is of a newer version of berth"
				: r == -EBADMSG
				? "it is damaged; berthd sets it aside when it starts"
				: strerror(-r));
	(void)sqlite3_close(reading->db);
	reading->db = NULL;
	buffer_free(&reading->where);
	if (r)
		chronicle_read_free(&reading->history);
	else
		*ret_history = &reading->history;
	return r == -EPROTO ? -EBADMSG : r;
}

struct arena *chronicle_read_parts(struct berth_history *history, struct berth_span **ret_spans,
	struct berth_event **ret_events)
{
	struct reading *reading = (struct reading *)history;

	*ret_spans = reading->spans;
	*ret_events = reading->events;
	return &reading->arena;
}

void chronicle_read_free(struct berth_history *history)
{
	struct reading *reading = (struct reading *)history;

	if (!reading)
		return;
	arena_free(&reading->arena);
	free(reading);
}
