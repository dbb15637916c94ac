/* SPDX-License-Identifier: MIT */
/*
 * What berth reserve and unreserve are to change, and the files in which berth remembers what it
 * added, so that it takes back just that. Pure: sets of ports and texts.
 *
 * There are three places. The kernel's list (net.ipv4.ip_local_reserved_ports, of one network
 * namespace, until the next boot); the record, a file in /run that says what of it berth added
 * since this boot; and the drop-in, a file of sysctl.d(5) that brings it back at the next boot. As
 * a drop-in replaces the whole list, it names what others reserved too, and says in a comment what
 * is berth's.
 */
#ifndef BERTH_BINDING_RESERVATIONS_H
#define BERTH_BINDING_RESERVATIONS_H

#include "binding/portlist.h"

#define RESERVATIONS_SETTING "net.ipv4.ip_local_reserved_ports"

/* How things stand. */
struct reservations_state {
	struct portlist kernel;
	struct portlist added; /* of it, by berth since this boot */
	struct portlist kept; /* what the drop-in says that berth added; empty without one */
	struct portlist others; /* what other files of sysctl.d(5) name */
	bool has_record; /* berth has a record of this boot; else `added` follows from the others */
	bool has_drop_in;
	bool boots_here; /* the drop-in is for this network namespace */
};

/* What is to be written, and what the caller is to be told. */
struct reservations_plan {
	struct portlist kernel; /* the kernel's list afterwards */
	struct portlist added; /* the record */
	struct portlist kept; /* of berth in the drop-in */
	struct portlist value; /* all of the drop-in */
	struct portlist changed; /* ports that the kernel's list gains or loses */
	struct portlist already; /* to reserve: reserved before */
	struct portlist foreign; /* to take back: reserved, but not by berth, and so they stay */
	struct portlist absent; /* to take back: not reserved */
	bool writes_kernel;
	bool writes_record;
	bool writes_drop_in; /* an empty `kept` takes the file away */
};

/* Fills in state->added where there is no record: what the drop-in brought at boot. */
void reservations_settle(struct reservations_state *state);

/* `keep`: in the drop-in too. */
void reservations_reserve(const struct reservations_state *state, const struct portlist *wanted,
	bool keep, struct reservations_plan *ret_plan);

/* `wanted` NULL: all that berth added. `keep`: out of the drop-in too. */
void reservations_unreserve(const struct reservations_state *state, const struct portlist *wanted,
	bool keep, struct reservations_plan *ret_plan);

/* ---- Files ---- */

/*
 * What the record says; `boot` is the id of this boot. 1: read; 0: it is of an earlier boot;
 * -EBADMSG: it is no record.
 */
int reservations_read_record(
	const char *text, size_t len, const char *boot, struct portlist *ret_added);
void reservations_print_record(const struct portlist *added, const char *boot, struct buffer *out);

/* What the drop-in says that berth added. 0; -EBADMSG: berth did not write it. */
int reservations_read_drop_in(const char *text, size_t len, struct portlist *ret_kept);
void reservations_print_drop_in(
	const struct portlist *kept, const struct portlist *value, struct buffer *out);

/*
 * Adds what a file of sysctl.d(5) gives to the setting, whoever wrote it. Whether it names the
 * setting at all; lines that cannot be read are passed over, as sysctl(8) does.
 */
bool reservations_read_settings(const char *text, size_t len, struct portlist *list);

#endif
