// SPDX-License-Identifier: MIT
/* Writes the history; see chronicle.h and schema.h. */
#include "history/chronicle.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "history/schema.h"
#include "history/sql.h"

enum {
	CHECK_BYTES_MOST = 32 << 20, /* a file that is larger is not read whole at every start */
	BUSY_MS = 200,
	PRUNE_PART = 10, /* this part of all rows at a time, when the file is too large */
	PRUNE_ROUNDS = 20,
};

enum statement {
	FIND_OPEN,
	ADOPT,
	LEAVE,
	OPEN,
	CLOSE,
	HAPPEN,
	ADD_ACTOR,
	FIND_ACTOR,
	LIVED,
	END_RUN,
	SETTLE,
	STATEMENTS,
};

static const char *const statements[] = {
	[FIND_OPEN] = "SELECT id FROM spans WHERE cookie = ?1 AND last IS NULL AND port = ?2",
	[ADOPT] = "UPDATE spans SET run = ?1, listening = max(listening, ?2) WHERE id = ?3",
	/* The end of a socket was not seen, and its cookie is used anew. */
	[LEAVE] = "UPDATE spans SET last = (SELECT last FROM runs WHERE id = run)"
		  " WHERE cookie = ?1 AND last IS NULL",
	[OPEN] = "INSERT INTO spans(run, cookie, port, proto, family, address, ifindex, listening,"
		 " actor, pid, start, first, exact)"
		 " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
	[CLOSE] =
		"UPDATE spans SET last = ?1, exact = exact | ?2 WHERE cookie = ?3 AND last IS NULL",
	[HAPPEN] = "INSERT INTO happenings(run, cookie, port, proto, family, address, ifindex,"
		   " listening, actor, pid, start, time, since, kind, errnum, cause, cause_text,"
		   " holder, holder_pid, holder_start, count) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7,"
		   " ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21)",
	[ADD_ACTOR] = "INSERT OR IGNORE INTO actors(name, exe, uid, user, unit, container)"
		      " VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
	[FIND_ACTOR] =
		"SELECT id FROM actors WHERE name = ?1 AND exe = ?2 AND uid = ?3 AND user = ?4"
		" AND unit = ?5 AND container = ?6",
	[LIVED] = "UPDATE runs SET last = max(last, ?1) WHERE id = ?2",
	[END_RUN] = "UPDATE runs SET last = max(last, ?1), ended = 1 WHERE id = ?2",
	[SETTLE] = "UPDATE spans SET last = max(first, (SELECT last FROM runs WHERE id = run))"
		   " WHERE last IS NULL AND run <> ?1",
};

struct chronicle {
	sqlite3 *db;
	int lock; /* held as long as this writes, -1: not yet */
	int64_t run;
	struct chronicle_limits limits;
	sqlite3_stmt *statements[STATEMENTS];
};

static int64_t ms_of(double time_s)
{
	const double ms = 1000;

	return (int64_t)llround(time_s * ms);
}

const char *chronicle_error(const struct chronicle *chronicle)
{
	return sqlite3_errmsg(chronicle->db);
}

/* ---- Opening --------------------------------------------------------------------------------- */

static int make_path(const char *folder, const char *name, char ret_path[PATH_MAX])
{
	int len = snprintf(ret_path, PATH_MAX, "%s/%s", folder, name);

	return len < 0 || len >= PATH_MAX ? -ENAMETOOLONG : 0;
}

static int take_lock(struct chronicle *chronicle, const char *folder)
{
	char path[PATH_MAX];
	int r = make_path(folder, "berthd.lock", path);

	if (r)
		return r;
	chronicle->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (chronicle->lock < 0)
		return -errno;
	return flock(chronicle->lock, LOCK_EX | LOCK_NB) < 0
		? (errno == EWOULDBLOCK ? -EBUSY : -errno)
		: 0;
}

/* The file is made by us, so that its permissions are ours; SQLite gives its companions the same.
 */
static int make_file(const char *path, bool readable)
{
	const mode_t mode = readable ? 0644 : 0600;
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, mode);

	if (fd < 0)
		return -errno;
	int r = fchmod(fd, mode) < 0 && errno != EPERM && errno != EROFS ? -errno : 0;
	close(fd);
	return r;
}

static int check_version(sqlite3 *db, int64_t *ret_version)
{
	int64_t application = 0;
	int r = sql_ask(db, "PRAGMA application_id", &application);

	if (!r)
		r = sql_ask(db, "PRAGMA user_version", ret_version);
	if (!r && *ret_version > SCHEMA_VERSION)
		return -EPROTO;
	if (!r && *ret_version && application != SCHEMA_APPLICATION)
		return -EBADMSG;
	return r;
}

static int check_file(sqlite3 *db)
{
	sqlite3_stmt *statement = NULL;
	int64_t pages = 0;
	int64_t page = 0;
	int r = sql_ask(db, "PRAGMA page_count", &pages);

	if (!r)
		r = sql_ask(db, "PRAGMA page_size", &page);
	if (r || pages * page > CHECK_BYTES_MOST)
		return r;
	r = sql_prepare(db, "PRAGMA quick_check(1)", &statement);
	if (!r) {
		int code = sqlite3_step(statement);
		const unsigned char *text =
			code == SQLITE_ROW ? sqlite3_column_text(statement, 0) : NULL;

		r = sql_errno(db, code);
		if (!r && (!text || strcmp((const char *)text, "ok") != 0))
			r = -EBADMSG;
	}
	(void)sqlite3_finalize(statement);
	return r;
}

static int make_tables(sqlite3 *db)
{
	char version[96];

	(void)snprintf(version, sizeof(version),
		"PRAGMA application_id=%d; PRAGMA user_version=%d;", SCHEMA_APPLICATION,
		SCHEMA_VERSION);
	int r = sql_run(db, "BEGIN IMMEDIATE");
	if (!r)
		r = sql_run(db, schema_tables);
	if (!r)
		r = sql_run(db, version);
	if (!r)
		r = sql_run(db, "COMMIT");
	return r;
}

static int prepare(struct chronicle *chronicle)
{
	int r = 0;

	for (size_t i = 0; !r && i < STATEMENTS; i++)
		r = sql_prepare(chronicle->db, statements[i], &chronicle->statements[i]);
	return r;
}

static int open_file(struct chronicle *chronicle, const char *path)
{
	int64_t version = 0;
	int code = sqlite3_open_v2(path, &chronicle->db,
		SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
	int r = sql_errno(chronicle->db, code);

	if (r)
		return r;
	(void)sqlite3_busy_timeout(chronicle->db, BUSY_MS);
	(void)sqlite3_extended_result_codes(chronicle->db, 1);
	r = check_version(chronicle->db, &version);
	/* Before there are tables; later it has no effect. Half a mebibyte of pages is kept. */
	if (!r)
		r = sql_run(chronicle->db,
			"PRAGMA auto_vacuum=INCREMENTAL; PRAGMA journal_mode=WAL;"
			"PRAGMA synchronous=NORMAL; PRAGMA cache_size=-512;"
			"PRAGMA temp_store=MEMORY; PRAGMA journal_size_limit=4194304;"
			"PRAGMA trusted_schema=OFF");
	if (!r && version)
		r = check_file(chronicle->db);
	if (!r && !version)
		r = make_tables(chronicle->db);
	return r ? r : prepare(chronicle);
}

static void close_file(struct chronicle *chronicle)
{
	for (size_t i = 0; i < STATEMENTS; i++) {
		(void)sqlite3_finalize(chronicle->statements[i]);
		chronicle->statements[i] = NULL;
	}
	(void)sqlite3_close(chronicle->db);
	chronicle->db = NULL;
}

/* What another run of the machine, or another network namespace, left open is over. */
static int begin_run(struct chronicle *chronicle, const struct chronicle_ask *ask)
{
	sqlite3_stmt *leave = NULL;
	sqlite3_stmt *add = NULL;
	int r = sql_prepare(chronicle->db,
		"UPDATE spans SET last = max(first, (SELECT last FROM runs WHERE id = run))"
		" WHERE last IS NULL AND run IN"
		" (SELECT id FROM runs WHERE boot <> ?1 OR netns <> ?2)",
		&leave);

	if (!r)
		r = sql_prepare(chronicle->db,
			"INSERT INTO runs(boot, netns, way, first, last)"
			" VALUES(?1, ?2, ?3, ?4, ?4)",
			&add);
	if (!r) {
		sql_bind_text(leave, 1, ask->boot);
		sql_bind(leave, 2, (int64_t)ask->netns);
		sql_bind_text(add, 1, ask->boot);
		sql_bind(add, 2, (int64_t)ask->netns);
		sql_bind(add, 3, ask->way);
		sql_bind(add, 4, ms_of(ask->now_s));
		r = sql_run(chronicle->db, "BEGIN IMMEDIATE");
	}
	if (!r)
		r = sql_step(leave);
	if (!r)
		r = sql_step(add);
	chronicle->run = sqlite3_last_insert_rowid(chronicle->db);
	(void)sqlite3_finalize(leave);
	(void)sqlite3_finalize(add);
	if (!r)
		r = sql_run(chronicle->db, "COMMIT");
	return r;
}

/* Nothing is deleted: somebody may want to look at it. */
static int set_aside(const char *path, double now_s, struct buffer *ret_problem)
{
	static const char *const companions[] = {"", "-wal", "-shm"};
	char from[PATH_MAX + 8];
	char to[PATH_MAX + 48];
	int r = 0;

	for (size_t i = 0; i < sizeof(companions) / sizeof(*companions); i++) {
		(void)snprintf(from, sizeof(from), "%s%s", path, companions[i]);
		(void)snprintf(to, sizeof(to), "%s.damaged-%.0f%s", path, now_s, companions[i]);
		if (rename(from, to) < 0 && errno != ENOENT && !r)
			r = -errno;
	}
	buffer_format(ret_problem,
		r ? "%s is damaged and cannot be set aside"
		  : "%s was damaged; it is set aside as %s.damaged-%.0f, and a new one is begun",
		path, path, now_s);
	return r;
}

static const char *explain(const struct chronicle *chronicle, int error)
{
	if (error == -EBUSY && !chronicle->db)
		return "another berthd writes this history";
	if (error == -EPROTO)
		return "it is of a newer version of berth";
	return chronicle->db && error != -EBADMSG ? sqlite3_errmsg(chronicle->db)
						  : strerror(-error);
}

static int open_chronicle(
	struct chronicle *chronicle, const struct chronicle_ask *ask, struct buffer *ret_problem)
{
	char path[PATH_MAX];
	bool fresh = false;
	int r = make_path(ask->folder, CHRONICLE_FILE, path);

	if (!r)
		r = file_make_folder(ask->folder, ask->readable ? 0755 : 0700);
	if (!r)
		r = take_lock(chronicle, ask->folder);
	if (!r)
		r = make_file(path, ask->readable);
	if (!r)
		r = open_file(chronicle, path);
	if (r == -EBADMSG) {
		close_file(chronicle);
		r = set_aside(path, ask->now_s, ret_problem);
		if (r)
			return r;
		fresh = true;
		r = make_file(path, ask->readable);
		if (!r)
			r = open_file(chronicle, path);
	}
	if (!r)
		r = begin_run(chronicle, ask);
	if (r && !fresh)
		buffer_format(ret_problem, "%s: %s", ask->folder, explain(chronicle, r));
	return r ? r : fresh;
}

int chronicle_open(const struct chronicle_ask *ask, struct chronicle **ret_chronicle,
	struct buffer *ret_problem)
{
	struct chronicle *chronicle = calloc(1, sizeof(*chronicle));

	if (!chronicle)
		return -ENOMEM;
	chronicle->lock = -1;
	chronicle->limits = ask->limits;
	int r = open_chronicle(chronicle, ask, ret_problem);
	if (r < 0)
		chronicle_close(chronicle, 0);
	else
		*ret_chronicle = chronicle;
	return r;
}

/* ---- Writing --------------------------------------------------------------------------------- */

int chronicle_begin(struct chronicle *chronicle)
{
	return sql_run(chronicle->db, "BEGIN IMMEDIATE");
}

void chronicle_undo(struct chronicle *chronicle)
{
	if (!sqlite3_get_autocommit(chronicle->db))
		(void)sql_run(chronicle->db, "ROLLBACK");
}

int chronicle_commit(struct chronicle *chronicle, double now_s)
{
	sqlite3_stmt *lived = chronicle->statements[LIVED];

	sql_bind(lived, 1, ms_of(now_s));
	sql_bind(lived, 2, chronicle->run);
	int r = sql_step(lived);
	if (!r)
		r = sql_run(chronicle->db, "COMMIT");
	if (r)
		chronicle_undo(chronicle);
	return r;
}

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

static void bind_actor(sqlite3_stmt *statement, const struct berth_actor *actor)
{
	sql_bind_text(statement, 1, or_empty(actor->name));
	sql_bind_text(statement, 2, or_empty(actor->exe));
	sql_bind(statement, 3, actor->has_uid ? (int64_t)actor->uid : -1);
	sql_bind_text(statement, 4, or_empty(actor->user));
	sql_bind_text(statement, 5, or_empty(actor->unit));
	sql_bind_text(statement, 6, or_empty(actor->container));
}

static bool is_known(const struct berth_actor *actor)
{
	return actor->pid || actor->name || actor->has_uid;
}

/* The number of an actor, which is added when it is new; 0: not known. */
static int actor_id(struct chronicle *chronicle, const struct berth_actor *actor, int64_t *ret_id)
{
	sqlite3_stmt *find = chronicle->statements[FIND_ACTOR];
	sqlite3_stmt *add = chronicle->statements[ADD_ACTOR];
	int64_t id = 0;
	int r = 0;

	if (!is_known(actor))
		return 0;
	bind_actor(find, actor);
	r = sql_number(find, &id);
	if (!r && !id) {
		bind_actor(add, actor);
		r = sql_step(add);
		id = sqlite3_last_insert_rowid(chronicle->db);
	}
	*ret_id = id;
	return r;
}

static void bind_id(sqlite3_stmt *statement, int at, int64_t id)
{
	if (id)
		sql_bind(statement, at, id);
	else
		sql_bind_null(statement, at);
}

static void bind_address(sqlite3_stmt *statement, int at, const struct berth_event *event)
{
	static const uint8_t wildcard[16];
	size_t len = event->family == 4 ? 4 : sizeof(event->address);

	if (memcmp(event->address, wildcard, len) == 0)
		sql_bind_null(statement, at);
	else
		sql_bind_bytes(statement, at, event->address, len);
}

/* Parameters 1 to 11 are alike for spans and happenings. */
static int bind_socket(
	struct chronicle *chronicle, sqlite3_stmt *statement, const struct berth_event *event)
{
	int64_t actor = 0;
	int r = actor_id(chronicle, &event->actor, &actor);

	sql_bind(statement, 1, chronicle->run);
	sql_bind(statement, 2, (int64_t)event->cookie);
	sql_bind(statement, 3, event->port);
	sql_bind(statement, 4, event->proto);
	sql_bind(statement, 5, event->family);
	bind_address(statement, 6, event);
	bind_id(statement, 7, event->ifindex);
	sql_bind(statement, 8, event->listening);
	bind_id(statement, 9, actor);
	bind_id(statement, 10, event->actor.pid);
	bind_id(statement, 11, (int64_t)event->actor.start_ticks);
	return r;
}

static int open_span(struct chronicle *chronicle, const struct berth_event *event)
{
	sqlite3_stmt *find = chronicle->statements[FIND_OPEN];
	sqlite3_stmt *adopt = chronicle->statements[ADOPT];
	sqlite3_stmt *leave = chronicle->statements[LEAVE];
	sqlite3_stmt *add = chronicle->statements[OPEN];
	int64_t id = 0;

	sql_bind(find, 1, (int64_t)event->cookie);
	sql_bind(find, 2, event->port);
	int r = sql_number(find, &id);
	if (!r && id) {
		sql_bind(adopt, 1, chronicle->run);
		sql_bind(adopt, 2, event->listening);
		sql_bind(adopt, 3, id);
		return sql_step(adopt);
	}
	sql_bind(leave, 1, (int64_t)event->cookie);
	if (!r)
		r = sql_step(leave);
	if (!r)
		r = bind_socket(chronicle, add, event);
	sql_bind(add, 12, ms_of(event->time_s));
	sql_bind(add, 13, event->kind == BERTH_EVENT_OPENED && event->since_s == event->time_s);
	return r ? r : sql_step(add);
}

static int close_span(struct chronicle *chronicle, const struct berth_event *event)
{
	sqlite3_stmt *statement = chronicle->statements[CLOSE];
	bool exact = event->since_s == event->time_s;

	/* When it was last seen, if nobody knows when it was closed. */
	sql_bind(
		statement, 1, ms_of(exact || event->since_s <= 0 ? event->time_s : event->since_s));
	sql_bind(statement, 2, exact ? 2 : 0);
	sql_bind(statement, 3, (int64_t)event->cookie);
	return sql_step(statement);
}

static int happen(struct chronicle *chronicle, const struct berth_event *event)
{
	sqlite3_stmt *statement = chronicle->statements[HAPPEN];
	int64_t holder = 0;
	int r = bind_socket(chronicle, statement, event);

	if (!r)
		r = actor_id(chronicle, &event->holder, &holder);
	sql_bind(statement, 12, ms_of(event->time_s));
	sql_bind(statement, 13, ms_of(event->since_s));
	sql_bind(statement, 14, event->kind);
	bind_id(statement, 15, event->errnum);
	if (event->has_cause)
		sql_bind(statement, 16, event->cause);
	else
		sql_bind_null(statement, 16);
	sql_bind_text(statement, 17, event->cause_text);
	bind_id(statement, 18, holder);
	bind_id(statement, 19, event->holder.pid);
	bind_id(statement, 20, (int64_t)event->holder.start_ticks);
	bind_id(statement, 21, (int64_t)event->count);
	return r ? r : sql_step(statement);
}

int chronicle_event(struct chronicle *chronicle, const struct berth_event *event)
{
	switch (event->kind) {
	case BERTH_EVENT_FOUND:
	case BERTH_EVENT_OPENED:
		return open_span(chronicle, event);
	case BERTH_EVENT_CLOSED:
		return close_span(chronicle, event);
	case BERTH_EVENT_REFUSED:
	case BERTH_EVENT_MISSED:
		return happen(chronicle, event);
	}
	return 0;
}

int chronicle_settle(struct chronicle *chronicle)
{
	sqlite3_stmt *statement = chronicle->statements[SETTLE];

	sql_bind(statement, 1, chronicle->run);
	return sql_step(statement);
}

/* ---- Forgetting ------------------------------------------------------------------------------ */

static int used_bytes(struct chronicle *chronicle, int64_t *ret_bytes)
{
	int64_t pages = 0;
	int64_t unused = 0;
	int64_t page = 0;
	int r = sql_ask(chronicle->db, "PRAGMA page_count", &pages);

	if (!r)
		r = sql_ask(chronicle->db, "PRAGMA freelist_count", &unused);
	if (!r)
		r = sql_ask(chronicle->db, "PRAGMA page_size", &page);
	*ret_bytes = (pages - unused) * page;
	return r;
}

/* Of spans those that ended before, of happenings those of before. */
static int forget_before(struct chronicle *chronicle, int64_t time_ms)
{
	char text[512];

	(void)snprintf(text, sizeof(text),
		"BEGIN IMMEDIATE;"
		"DELETE FROM spans WHERE last < %lld;"
		"DELETE FROM happenings WHERE time < %lld;"
		"DELETE FROM runs WHERE last < %lld AND id <> %lld"
		" AND id NOT IN (SELECT run FROM spans);"
		"DELETE FROM actors WHERE id NOT IN (SELECT actor FROM spans WHERE actor NOT NULL)"
		" AND id NOT IN (SELECT actor FROM happenings WHERE actor NOT NULL)"
		" AND id NOT IN (SELECT holder FROM happenings WHERE holder NOT NULL);"
		"COMMIT",
		(long long)time_ms, (long long)time_ms, (long long)time_ms,
		(long long)chronicle->run);
	int r = sql_run(chronicle->db, text);
	if (r)
		chronicle_undo(chronicle);
	return r;
}

/* Until when the oldest part of the rows lasts; 0: nothing is left that may be forgotten. */
static int oldest_part(struct chronicle *chronicle, int64_t *ret_time_ms)
{
	char text[320];
	int64_t rows = 0;
	int r = sql_ask(chronicle->db,
		"SELECT (SELECT count(*) FROM spans WHERE last NOT NULL)"
		" + (SELECT count(*) FROM happenings)",
		&rows);

	*ret_time_ms = 0;
	if (r || !rows)
		return r;
	(void)snprintf(text, sizeof(text),
		"SELECT t FROM (SELECT last AS t FROM spans WHERE last NOT NULL"
		" UNION ALL SELECT time FROM happenings) ORDER BY t LIMIT 1 OFFSET %lld",
		(long long)(rows / PRUNE_PART));
	return sql_ask(chronicle->db, text, ret_time_ms);
}

int chronicle_prune(struct chronicle *chronicle, double now_s)
{
	int64_t old = 0;
	int64_t bytes = 0;
	int64_t time_ms = ms_of(now_s - chronicle->limits.age_s);
	char text[96];

	(void)snprintf(text, sizeof(text), "SELECT count(*) FROM spans WHERE last < %lld",
		(long long)time_ms);
	int r = chronicle->limits.age_s > 0 ? sql_ask(chronicle->db, text, &old) : 0;
	if (!r && old)
		r = forget_before(chronicle, time_ms);
	if (!r)
		r = used_bytes(chronicle, &bytes);
	for (int i = 0; !r && chronicle->limits.bytes && i < PRUNE_ROUNDS &&
		(uint64_t)bytes > chronicle->limits.bytes;
		i++) {
		r = oldest_part(chronicle, &time_ms);
		if (r || !time_ms)
			break;
		r = forget_before(chronicle, time_ms + 1);
		if (!r)
			r = used_bytes(chronicle, &bytes);
	}
	return r ? r : sql_run(chronicle->db, "PRAGMA incremental_vacuum");
}

void chronicle_close(struct chronicle *chronicle, double now_s)
{
	if (!chronicle)
		return;
	if (now_s > 0 && chronicle->db) {
		sqlite3_stmt *end = chronicle->statements[END_RUN];

		sql_bind(end, 1, ms_of(now_s));
		sql_bind(end, 2, chronicle->run);
		(void)sql_step(end);
	}
	close_file(chronicle);
	if (chronicle->lock >= 0)
		close(chronicle->lock);
	free(chronicle);
}
