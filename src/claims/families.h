/* SPDX-License-Identifier: MIT */
/*
 * What is one thing under several names: services that are no rivals (a family: PostgreSQL and what
 * speaks its protocol), and sources that are not independent (one list: all that firewalld ships).
 */
#ifndef BERTH_CLAIMS_FAMILIES_H
#define BERTH_CLAIMS_FAMILIES_H

#include <stdbool.h>
#include <stdint.h>

#include "claims/slice.h"

enum {
	FAMILIES_FOLD = 64, /* room for a folded name */
	FAMILIES_ANY_PORT = -1
};

/* All tables are offsets into `texts`, so that they can be compiled in without relocations. */
struct families_member {
	uint32_t folded; /* see families_fold */
	int32_t port; /* only where it is claimed from this port on, or FAMILIES_ANY_PORT */
	uint32_t family; /* index */
};

struct families_family {
	uint32_t key; /* "postgresql" */
	uint32_t name; /* "PostgreSQL" */
};

struct families_list {
	uint32_t prefix; /* of the sources that rest on it */
	uint32_t list;
};

struct families {
	const struct families_member *members; /* by folded name, then port */
	size_t n_members;
	const struct families_family *families;
	size_t n_families;
	const struct families_list *lists; /* by prefix */
	size_t n_lists;
	const char *texts;
};

/* What is kept of a folded name: ASCII letters (in lower case) and digits, and other scripts. */
bool families_is_letter(char c);

/*
 * The name without case and punctuation: "PostgreSQL server" and "postgresql-server" give the same.
 * False, and an empty text, when nothing is left or it does not fit.
 */
bool families_fold(struct slice name, char ret_folded[FAMILIES_FOLD]);

/* The family of a service that is claimed from `port` on, or NULL when it has none. */
const struct families_family *families_of(
	const struct families *families, struct slice service, uint16_t port);

/* The family with this key, or NULL. */
const struct families_family *families_named(const struct families *families, struct slice key);

/*
 * The list that a source rests on: the longest prefix in the table decides; else all before the
 * first comma or colon, so that several pages or files of one publisher are one list.
 */
struct slice families_list_of(const struct families *families, struct slice source);

#endif
