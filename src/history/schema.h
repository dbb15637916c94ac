/* SPDX-License-Identifier: MIT */
/*
 * The tables of the history. Times are milliseconds since 1970. A later version of this file raises
 * SCHEMA_VERSION and brings older files up in chronicle.c; a file of a newer version is left alone.
 *
 * A span without `last` is open. `exact`: bit 0, it was opened at `first`; bit 1, it was closed at
 * `last`. An address that is all zeros is null. A cookie is unique as long as the machine runs, so
 * (boot, netns, cookie) names a socket for ever; that nothing is open twice is an index.
 */
#ifndef BERTH_HISTORY_SCHEMA_H
#define BERTH_HISTORY_SCHEMA_H

#define SCHEMA_VERSION 1
#define SCHEMA_APPLICATION 0x62727468 /* "brth", for file(1) */

static const char schema_tables[] =
	"CREATE TABLE runs(id INTEGER PRIMARY KEY, boot TEXT NOT NULL, netns INTEGER NOT NULL,"
	" way INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,"
	" ended INTEGER NOT NULL DEFAULT 0);"
	"CREATE TABLE actors(id INTEGER PRIMARY KEY, name TEXT NOT NULL, exe TEXT NOT NULL,"
	" uid INTEGER NOT NULL, user TEXT NOT NULL, unit TEXT NOT NULL, container TEXT NOT NULL,"
	" UNIQUE(name, exe, uid, user, unit, container));"
	"CREATE TABLE spans(id INTEGER PRIMARY KEY, run INTEGER NOT NULL, cookie INTEGER NOT NULL,"
	" port INTEGER NOT NULL, proto INTEGER NOT NULL, family INTEGER NOT NULL, address BLOB,"
	" ifindex INTEGER, listening INTEGER NOT NULL, actor INTEGER, pid INTEGER, start INTEGER,"
	" first INTEGER NOT NULL, last INTEGER, exact INTEGER NOT NULL);"
	"CREATE UNIQUE INDEX spans_open ON spans(cookie) WHERE last IS NULL;"
	"CREATE INDEX spans_port ON spans(port, first);"
	"CREATE INDEX spans_last ON spans(last);"
	"CREATE TABLE happenings(id INTEGER PRIMARY KEY, run INTEGER NOT NULL,"
	" kind INTEGER NOT NULL, time INTEGER NOT NULL, since INTEGER NOT NULL, cookie INTEGER,"
	" port INTEGER NOT NULL, proto INTEGER NOT NULL, family INTEGER NOT NULL, address BLOB,"
	" ifindex INTEGER, listening INTEGER NOT NULL, actor INTEGER, pid INTEGER, start INTEGER,"
	" errnum INTEGER, cause INTEGER, cause_text TEXT, holder INTEGER, holder_pid INTEGER,"
	" holder_start INTEGER, count INTEGER);"
	"CREATE INDEX happenings_port ON happenings(port, time);"
	"CREATE INDEX happenings_time ON happenings(time);";

#endif
