/* SPDX-License-Identifier: MIT */
/* SQLite in the terms of this house: negative errnos, and what went wrong as a sentence. */
#ifndef BERTH_HISTORY_SQL_H
#define BERTH_HISTORY_SQL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sqlite3.h>

#include "base/arena.h"

/*
 * -ENOSPC: the disk is full; -EROFS, -EACCES: it may not be written, or read; -EBADMSG: damaged;
 * -EBUSY: somebody else writes; -ENOMEM; -ENOENT; -EIO: the rest. 0 for SQLITE_OK, SQLITE_ROW and
 * SQLITE_DONE.
 */
int sql_errno(sqlite3 *db, int code);

/* Runs statements that have no answer. 0 or as sql_errno(). */
int sql_run(sqlite3 *db, const char *statements);

int sql_prepare(sqlite3 *db, const char *text, sqlite3_stmt **ret_statement);

/* Binds; the first parameter is 1. Errors show when the statement is run. */
void sql_bind(sqlite3_stmt *statement, int at, int64_t value);
void sql_bind_text(sqlite3_stmt *statement, int at, const char *text); /* NULL: null */
void sql_bind_bytes(sqlite3_stmt *statement, int at, const void *bytes, size_t len);
void sql_bind_null(sqlite3_stmt *statement, int at);

/* Runs it and makes it ready for the next time. 0 or as sql_errno(). */
int sql_step(sqlite3_stmt *statement);

/* The same; *ret_value is the first column of the first row, and left alone when there is none. */
int sql_number(sqlite3_stmt *statement, int64_t *ret_value);

/* The number that a question without parameters has for an answer. */
int sql_ask(sqlite3 *db, const char *text, int64_t *ret_value);

/* A text of a row, copied; NULL when it is null. False: no memory. */
bool sql_text(sqlite3_stmt *statement, int column, struct arena *arena, const char **ret_text);

#endif
