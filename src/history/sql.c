// SPDX-License-Identifier: MIT
/* See sql.h; https://www.sqlite.org/rescode.html for the codes. */
#include "history/sql.h"

#include <errno.h>
#include <string.h>

static int errno_of(int code, int system)
{
	switch (code) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return 0;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_READONLY:
		return -EROFS;
	case SQLITE_PERM:
	case SQLITE_AUTH:
		return -EACCES;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_SCHEMA:
	case SQLITE_ERROR: /* a table or column that is not there */
		return -EBADMSG;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_CANTOPEN:
		return system ? -system : -ENOENT;
	case SQLITE_IOERR:
		return system == ENOSPC || system == EDQUOT || system == EROFS ? -system : -EIO;
	default:
		return -EIO;
	}
}

int sql_errno(sqlite3 *db, int code)
{
	const int primary = 0xff;

	return errno_of(code & primary, db ? sqlite3_system_errno(db) : 0);
}

int sql_run(sqlite3 *db, const char *statements)
{
	return sql_errno(db, sqlite3_exec(db, statements, NULL, NULL, NULL));
}

int sql_prepare(sqlite3 *db, const char *text, sqlite3_stmt **ret_statement)
{
	return sql_errno(db, sqlite3_prepare_v2(db, text, -1, ret_statement, NULL));
}

void sql_bind(sqlite3_stmt *statement, int at, int64_t value)
{
	(void)sqlite3_bind_int64(statement, at, value);
}

void sql_bind_text(sqlite3_stmt *statement, int at, const char *text)
{
	(void)sqlite3_bind_text(statement, at, text, -1, SQLITE_TRANSIENT);
}

void sql_bind_bytes(sqlite3_stmt *statement, int at, const void *bytes, size_t len)
{
	(void)sqlite3_bind_blob(statement, at, bytes, (int)len, SQLITE_TRANSIENT);
}

void sql_bind_null(sqlite3_stmt *statement, int at)
{
	(void)sqlite3_bind_null(statement, at);
}

int sql_number(sqlite3_stmt *statement, int64_t *ret_value)
{
	int code = sqlite3_step(statement);
	int r = sql_errno(sqlite3_db_handle(statement), code);

	if (code == SQLITE_ROW)
		*ret_value = sqlite3_column_int64(statement, 0);
	(void)sqlite3_reset(statement);
	return r;
}

int sql_step(sqlite3_stmt *statement)
{
	int64_t nothing = 0;

	return sql_number(statement, &nothing);
}

int sql_ask(sqlite3 *db, const char *text, int64_t *ret_value)
{
	sqlite3_stmt *statement = NULL;
	int r = sql_prepare(db, text, &statement);

	if (!r)
		r = sql_number(statement, ret_value);
	(void)sqlite3_finalize(statement);
	return r;
}

bool sql_text(sqlite3_stmt *statement, int column, struct arena *arena, const char **ret_text)
{
	const unsigned char *text = sqlite3_column_text(statement, column);

	*ret_text = NULL;
	if (!text)
		return true;
	*ret_text = arena_text(
		arena, (const char *)text, (size_t)sqlite3_column_bytes(statement, column));
	return *ret_text != NULL;
}
