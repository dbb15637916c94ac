/* SPDX-License-Identifier: MIT */
/*
 * What must hold before a file is believed to be the registry: each row, and the file as a whole.
 */
#ifndef BERTH_REGISTRY_CHECKS_H
#define BERTH_REGISTRY_CHECKS_H

#include <berth.h>

#include "registry/entries.h"
#include "registry/source.h"

/* RFC 6335 section 6: the dynamic ports, which cannot be assigned, start here. */
#define CHECKS_DYNAMIC_FIRST 49152

/* A file with less is a part of the registry: a download that was cut off, say. */
struct checks_least {
	size_t records;
	size_t assigned; /* records that assign ports */
};

/* What a copy as IANA publishes it must have; the one of 2026-02-13 has 14,499 and 11,738. */
extern const struct checks_least checks_published;

/* What a row's cells say, once they were found to be sound. */
struct checks_row {
	bool has_port;
	uint16_t first;
	uint16_t last;
	berth_protos protos;
	bool any_transport;
	enum berth_state state;
};

/* 0; -EBADMSG: refused, with the row's line. */
int checks_row(const struct source *source, const struct row *row, struct checks_row *ret_row);

/* YYYY-MM or YYYY-MM-DD. */
bool checks_date(const char *text);

/* Are there enough? 0; -EBADMSG, with the last line of the file. */
int checks_whole(const struct source *source, const struct checks_least *least,
	const struct checks_least *seen);

#endif
