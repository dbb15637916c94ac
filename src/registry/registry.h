/* SPDX-License-Identifier: MIT */
/*
 * What IANA assigned: the Service Name and Transport Protocol Port Number Registry as a table that
 * is ready to be looked up. One shape, three sources: compiled in, an image on disk, a CSV or XML
 * file as IANA publishes it. Follows RFC 6335; what a row's odd spellings mean is decided in
 * spelling.c alone.
 *
 * A record's state: what its description says, if that is one of the spellings of "unassigned",
 * "reserved" or "given back", with or without a name (sua 14001/udp is de-registered); else the
 * record assigns, and must have a name.
 *
 * A port's state, for each transport: the narrowest record that names the transport or none
 * decides; among equally narrow ones assigned before reserved before unassigned. 49152-65535 is
 * unassignable whatever a file says (RFC 6335 section 6). A port without any record is unassigned.
 */
#ifndef BERTH_REGISTRY_REGISTRY_H
#define BERTH_REGISTRY_REGISTRY_H

#include <berth.h>

#include "base/buffer.h"
#include "base/spans.h"

struct registry;

/* The copy that was compiled in. Never NULL, never freed. */
const struct registry *registry_builtin(void);

/*
 * Reads a registry as IANA publishes it, CSV or XML, told apart by its first bytes; `name` is for
 * messages. The whole file is checked before anything is returned. -EBADMSG: refused, and
 * *ret_problem (appended to) says "name:line: what is wrong"; -ENOMEM.
 */
int registry_parse(const char *name, const char *bytes, size_t len, struct registry **ret_registry,
	struct buffer *ret_problem);

/* The image of a registry: what registry_load reads back. */
int registry_image(const struct registry *registry, struct buffer *out);

/*
 * Opens an image: read into memory (a mapped file could be cut off or changed under us after it was
 * checked) and checked so that no byte in it can lead a look-up out of bounds.
 * -ENOENT, -EACCES, …; -EBADMSG: not an image, another version's, or damaged; -ENOMEM.
 */
int registry_load(const char *path, struct registry **ret_registry);

/* Whether a file begins as an image does, sound or not. False when it cannot be read. */
bool registry_is_image(const char *path);

/* Not for the built-in one. NULL is fine. */
void registry_free(struct registry *registry);

/* UDP-Lite has the numbers of UDP (RFC 3828 section 6), MPTCP those of TCP. */
enum berth_state registry_state(
	const struct registry *registry, uint16_t port, enum berth_proto transport);

/* Ids of all records that cover the port, any transport, narrowest first. */
size_t registry_at(const struct registry *registry, uint16_t port, const uint16_t **ret_ids);

/*
 * How many records there are; ids are below it. Records of one port come first, then ranges, the
 * narrower the earlier, then names without a port; within each in the order of the file.
 */
size_t registry_count(const struct registry *registry);

/* Fills in a record; an id that does not exist gives an empty one. Texts belong to the registry. */
void registry_record(const struct registry *registry, uint16_t id, struct berth_record *ret_record);

/* The date that registry_info tells, without counting anything. */
const char *registry_date(const struct registry *registry);

/* All but `origin`, which the caller knows. */
void registry_info(const struct registry *registry, struct berth_registry_info *ret_info);

/*
 * Calls `seen` for each difference: by port (names without one last), then by name. Records are the
 * same record when name, ports and transport are. A non-zero answer of `seen` ends it and is handed
 * on. Returns how many; -ENOMEM.
 */
int registry_diff(const struct registry *before, const struct registry *after,
	berth_change_seen *seen, void *context);

#endif
