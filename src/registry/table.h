/* SPDX-License-Identifier: MIT */
/*
 * The registry as arrays without a single pointer in them: what is compiled in, written to an image
 * and looked up is the same. Made from rows that passed the checks.
 */
#ifndef BERTH_REGISTRY_TABLE_H
#define BERTH_REGISTRY_TABLE_H

#include <berth.h>

#include "base/spans.h"
#include "registry/checks.h"
#include "registry/pool.h"

enum table_text {
	TABLE_NAME,
	TABLE_DESCRIPTION,
	TABLE_ASSIGNEE,
	TABLE_CONTACT,
	TABLE_REGISTERED,
	TABLE_MODIFIED,
	TABLE_REFERENCE,
	TABLE_SERVICE_CODE,
	TABLE_UNAUTHORIZED,
	TABLE_NOTES,
	TABLE_TEXTS,
};

struct table_record {
	uint16_t first;
	uint16_t last;
	uint8_t protos;
	uint8_t state; /* enum berth_state */
	uint8_t has_port;
	uint8_t any_transport;
	uint32_t text[TABLE_TEXTS]; /* where each starts in the pool */
};

/* What registry_info tells, counted once. */
struct table_facts {
	uint32_t date; /* where it starts in the pool */
	uint32_t names;
	uint32_t without_port;
	uint32_t ports[BERTH_TRANSPORTS][4]; /* by enum berth_state */
};

struct registry {
	/* Those with ports come first, narrow before wide: so the ids in a set of `ports`, which
	 * ascend, come narrowest first. Else in the order of the file. */
	const struct table_record *records;
	size_t n_records;
	size_t n_ported;
	const char *pool;
	size_t pool_len;
	struct spans ports;
	const uint8_t *states; /* SPANS_NUMBERS; two bits a transport, enum berth_state */
	struct table_facts facts;

	/* What registry_free() gives back, beside `ports`; nothing in the compiled-in one. */
	struct {
		struct table_record *records;
		struct buffer pool;
		uint8_t *states;
		struct buffer image;
	} owned;
};

/* The compiled-in copy, made by tools/compile-registry.c. */
extern const struct registry table_builtin;

static inline enum berth_state table_state(
	const struct registry *registry, uint16_t port, unsigned transport)
{
	return (enum berth_state)(registry->states[port] >> transport * 2 & 3);
}

static inline const char *table_text(
	const struct registry *registry, const struct table_record *record, enum table_text text)
{
	return registry->pool + record->text[text];
}

/*
 * Checks all rows and makes the table of them. 0; -EBADMSG: refused, with the reason in
 * source->problem; -ENOMEM.
 */
int table_build(const struct source *source, const struct rows *rows,
	const struct checks_least *least, struct registry **ret_registry);

#endif
