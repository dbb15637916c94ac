/* SPDX-License-Identifier: MIT */
/*
 * A reader of TOML 1.0 (https://toml.io/en/v1.0.0), as far as berth.toml needs it: comments,
 * [tables], keys, strings on one line, whole decimal numbers, booleans and arrays of strings. The
 * rest of the language (dotted keys, inline tables, dates, floats, strings over several lines) is
 * refused by name, never misread.
 *
 * It is our own because Debian has no TOML library for C, and the one for C++ would make every
 * program that uses libberth link the C++ library.
 */
#ifndef BERTH_PROJECT_TOML_H
#define BERTH_PROJECT_TOML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

enum toml_type {
	TOML_TEXT,
	TOML_NUMBER,
	TOML_BOOLEAN,
	TOML_TEXTS
};

struct toml_value {
	enum toml_type type;
	const char *text; /* without a NUL in it */
	int64_t number;
	bool yes;
	const char *const *texts;
	size_t n_texts;
};

/* One "key = value". `table` is "" before the first [table]. */
struct toml_entry {
	unsigned line; /* from 1 */
	const char *table;
	const char *key;
	struct toml_value value;
};

struct toml {
	const struct toml_entry *entries; /* in the order of the file; texts are UTF-8 */
	size_t n_entries;
	const char *const *tables; /* in the order of the file, those without entries among them */
	const unsigned *table_lines;
	size_t n_tables;
};

/* Where and why a file is refused; a constant text. */
struct toml_problem {
	unsigned line;
	const char *what;
};

/*
 * Reads a whole file. 0; -EBADMSG: refused, *ret_problem says why; -ENOMEM. What it hands out is in
 * the arena.
 */
int toml_read(struct arena *arena, const char *text, size_t len, struct toml *ret_toml,
	struct toml_problem *ret_problem);

#endif
