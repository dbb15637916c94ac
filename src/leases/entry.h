/* SPDX-License-Identifier: MIT */
/*
 * One lease as it stands in the ledger: a few lines of text with a checksum, so that a person can
 * read it and noise is noticed. Pure.
 */
#ifndef BERTH_LEASES_ENTRY_H
#define BERTH_LEASES_ENTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include <berth.h>

enum {
	ENTRY_NAME_MAX = 128, /* bytes, with the NUL */
	ENTRY_LARGEST = 1024, /* bytes of text */
};

struct entry {
	uint16_t port;
	enum berth_lease_kind kind;
	uint64_t netns; /* cookie of the network namespace */
	uint64_t project; /* hash of the folder; 0: of none */
	uint32_t pid; /* of the holder; 0: it has none */
	uint64_t start_ticks;
	uint64_t pidns; /* in which the pid counts */
	int64_t made_ms; /* of CLOCK_BOOTTIME */
	int64_t ends_ms; /* the same; 0: no end */
	uint64_t made_at_s; /* since 1970, to show */
	char boot_id[37];
	char name[ENTRY_NAME_MAX]; /* UTF-8 without control characters; may be empty */
	uint64_t id; /* of the note, not in the text; 0: none yet */
};

/* What the name of a note says: "netns-port-key-id", all but the port in hexadecimal. */
struct entry_place {
	uint64_t netns;
	uint16_t port;
	uint64_t key;
	uint64_t id;
};

enum {
	ENTRY_PLACE_NAME = 64, /* "ffffffffffffffff-65535-0123456789abcdef-0123456789abcdef" */
};

void entry_write_name(const struct entry_place *place, char ret_name[ENTRY_PLACE_NAME]);

/* Only what entry_write_name() writes is read: a place has one name. 0; -EBADMSG. */
int entry_read_name(const char *name, struct entry_place *ret_place);

/* What a name in a project is found by; printed ports have 0, as they are nobody's. */
uint64_t entry_key(const struct entry *entry);
uint64_t entry_key_of(uint64_t project, const char *name);

/* "held", "process", "timed", "printed": what berth_lease_kind_name() says. */
const char *entry_kind_name(enum berth_lease_kind kind);

/* Appends the text. */
void entry_write(const struct entry *entry, struct buffer *out);

/* 0; -EBADMSG: damaged, or none. *ret_entry is untouched then. */
int entry_read(const char *text, size_t len, struct entry *ret_entry);

/* May a lease have this name? 1 to 127 bytes of UTF-8 without control characters or slashes. */
bool entry_is_name(const char *name);

/* What the judge needs to know of now. */
struct entry_now {
	const char *boot_id;
	uint64_t pidns;
	int64_t now_ms; /* CLOCK_BOOTTIME */
	/* The start of a process of our PID namespace, in clock ticks. 0; -ESRCH: it has ended;
	 * others: that cannot be seen. */
	int (*start)(void *context, uint32_t pid, uint64_t *ret_ticks);
	/* Whether no process is left in another PID namespace; NULL: that is not asked, which takes
	 * a look at all processes. */
	bool (*gone)(void *context, uint64_t pidns);
	void *context;
};

/* Is the lease still good, over, or can that not be known from here? */
enum berth_lease_state entry_state(const struct entry *entry, const struct entry_now *now);

/* Is it over by its time, or since the machine was started anew? */
bool entry_is_expired(const struct entry *entry, const struct entry_now *now);

#endif
