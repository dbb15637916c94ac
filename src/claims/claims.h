/* SPDX-License-Identifier: MIT */
/*
 * What others say about ports: vendors, software defaults, distributions, lists, operating systems,
 * histories of malware, sites and users. One row, one source. And how a de facto owner is weighed
 * from them (weigh.c; the rule is written down in docs/claims.md). Says nothing about this machine.
 */
#ifndef BERTH_CLAIMS_CLAIMS_H
#define BERTH_CLAIMS_CLAIMS_H

#include <berth.h>

#include "base/arena.h"

struct claims;

/* The claims that were compiled in from data/claims. Never NULL, never freed. */
const struct claims *claims_builtin(void);

/* Takes one complaint: "file:line: what is wrong with it". */
typedef void claims_warn(void *context, const char *text);

/*
 * Reads one TSV file of claims (columns: data/claims/README.md) and adds its good rows to *claims,
 * which is made when it is NULL. Bad rows are told to `warn`, the others count. 0; -ENOMEM.
 */
int claims_add_tsv(struct claims **claims, const char *name, const char *bytes, size_t len,
	claims_warn *warn, void *context);

/* Is this service, port and transport already what the registry says? */
typedef bool claims_known(
	void *context, const char *service, uint16_t port, enum berth_proto transport);

/*
 * Reads a services(5) file and adds the entries that `known` does not know, as BERTH_HOST_SERVICES.
 * Aliases count as names of their own for `known`. 0; -ENOMEM.
 */
int claims_add_services(struct claims **claims, const char *name, const char *bytes, size_t len,
	claims_known *known, void *known_context, claims_warn *warn, void *warn_context);

/* Not for the built-in ones. NULL is fine. */
void claims_free(struct claims *claims);

/* Makes ports findable after the last claims_add_…; claims_at needs it. 0; -ENOMEM. */
int claims_finish(struct claims *claims);

/* Ids of all claims that cover the port, exact first, pools last, narrow before wide. NULL has
 * none. */
size_t claims_at(const struct claims *claims, uint16_t port, const uint16_t **ret_ids);

/* How many there are; ids are below it. NULL has none. */
size_t claims_count(const struct claims *claims);

/* Fills in a claim; an id that does not exist gives an empty one. Texts belong to the claims. */
void claims_get(const struct claims *claims, uint16_t id, struct berth_claim *ret_claim);

/*
 * Weighs who owns a port by custom. `list` are the claims that cover it, `records` what the
 * registry assigns there (both already narrowed to the protocols asked for). A claim whose `family`
 * or `list` is NULL is looked up by its service and source. Candidates and sentences come from
 * `arena`; names in them may belong to the claims and records. 0; -ENOMEM.
 */
int claims_weigh(uint16_t port, const struct berth_claim *list, size_t n_list,
	const struct berth_record *records, size_t n_records, struct arena *arena,
	struct berth_de_facto *ret_de_facto);

#endif
