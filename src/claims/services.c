// SPDX-License-Identifier: MIT
/*
 * Lines are `name port/protocol [alias…] [# comment]`, services(5). Names that the registry does
 * not have for the port and transport become claims of this host; an alias stays in the family of
 * the name that it stands behind, so that it is no rival to it.
 */
#include "claims/services.h"

#include <errno.h>
#include <stdlib.h>

#include "base/sort.h"
#include "base/text.h"
#include "claims/claim_rows.h"
#include "claims/tsv.h"

enum {
	LONGEST_NAME = 255
};

static const char source[] = "services(5) of this host";

struct entry {
	struct slice service;
	struct slice official; /* the name in front of the line; the service itself or what it is an
				  alias of */
	struct slice comment;
	uint16_t port;
	berth_protos protos;
	size_t order; /* in the file */
};

struct reading {
	struct entry *entries;
	size_t n_entries;
	size_t size;
	claims_known *known;
	void *known_context;
	struct complain complain;
};

static const struct {
	const char *name;
	enum berth_proto proto;
} protocols[] = {
	{"tcp", BERTH_TCP},
	{"udp", BERTH_UDP},
	{"sctp", BERTH_SCTP},
	{"dccp", BERTH_DCCP},
	{"udplite", BERTH_UDPLITE},
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* The next word of *rest, empty at the end. */
static struct slice next_word(struct slice *rest)
{
	struct slice word;
	size_t len = 0;

	while (rest->len && is_blank(*rest->text)) {
		rest->text++;
		rest->len--;
	}
	while (len < rest->len && !is_blank(rest->text[len]))
		len++;
	word = (struct slice){rest->text, len};
	rest->text += len;
	rest->len -= len;
	return word;
}

/* Cuts the comment off the line and gives it, trimmed. */
static struct slice cut_comment(struct slice *line)
{
	const char *hash = line->len ? memchr(line->text, '#', line->len) : NULL;

	if (!hash)
		return (struct slice){"", 0};
	struct slice comment = {hash + 1, line->len - (size_t)(hash - line->text) - 1};
	line->len = (size_t)(hash - line->text);
	comment.len = text_trim(&comment.text, comment.len);
	return comment;
}

static bool find_protocol(struct slice name, enum berth_proto *ret_proto)
{
	for (size_t i = 0; i < sizeof(protocols) / sizeof(*protocols); i++) {
		if (text_equal_fold(
			    name.text, name.len, protocols[i].name, strlen(protocols[i].name))) {
			*ret_proto = protocols[i].proto;
			return true;
		}
	}
	return false;
}

static int add_entry(struct reading *reading, const struct entry *entry)
{
	enum {
		FIRST_SIZE = 64
	};

	if (reading->n_entries == reading->size) {
		size_t size = reading->size ? reading->size * 2 : FIRST_SIZE;
		struct entry *entries = realloc(reading->entries, size * sizeof(*entries));

		if (!entries)
			return -ENOMEM;
		reading->entries = entries;
		reading->size = size;
	}
	reading->entries[reading->n_entries] = *entry;
	reading->entries[reading->n_entries].order = reading->n_entries;
	reading->n_entries++;
	return 0;
}

/* Keeps the service when the registry does not know it. `known` takes a NUL-terminated name. */
static int take_name(struct reading *reading, size_t line, struct entry *entry,
	enum berth_proto proto, struct slice service)
{
	char name[LONGEST_NAME + 1];

	if (service.len > LONGEST_NAME) {
		complain_at(&reading->complain, line, "name is longer than 255 bytes",
			(struct slice){NULL, 0});
		return 0;
	}
	memcpy(name, service.text, service.len);
	name[service.len] = '\0';
	if (reading->known && reading->known(reading->known_context, name, entry->port, proto))
		return 0;
	entry->service = service;
	return add_entry(reading, entry);
}

static int take_line(struct reading *reading, size_t number, struct slice line)
{
	struct entry entry = {.comment = cut_comment(&line)};
	const struct slice name = next_word(&line);
	const struct slice where = next_word(&line);
	const char *slash = where.len ? memchr(where.text, '/', where.len) : NULL;
	enum berth_proto proto;
	uint64_t port;
	int r;

	if (!name.len)
		return 0;
	if (!slash || where.text + where.len == slash + 1) {
		complain_at(&reading->complain, number, "no port/protocol behind the name", where);
		return 0;
	}
	const struct slice digits = {where.text, (size_t)(slash - where.text)};
	if (text_number(digits.text, digits.len, UINT16_MAX, &port)) {
		complain_at(
			&reading->complain, number, "port is not a number from 0 to 65535", digits);
		return 0;
	}
	/* Others are no fault: Debian's file has AppleTalk's ddp, older ones xns and the like. */
	if (!find_protocol((struct slice){slash + 1, where.len - digits.len - 1}, &proto))
		return 0;
	entry.official = name;
	entry.port = (uint16_t)port;
	entry.protos = BERTH_PROTO_BIT(proto);
	r = take_name(reading, number, &entry, proto, name);
	for (struct slice alias; !r && (alias = next_word(&line)).len;)
		r = take_name(reading, number, &entry, proto, alias);
	return r;
}

static int compare_same(const struct entry *x, const struct entry *y)
{
	if (x->port != y->port)
		return x->port < y->port ? -1 : 1;
	return slice_compare(x->service, y->service);
}

static int compare(const void *a, const void *b)
{
	const struct entry *x = a;
	const struct entry *y = b;
	int order = compare_same(x, y);

	return order ? order : (x->order > y->order) - (x->order < y->order);
}

/* Makes one claim of the entries with the same port and name, whatever their protocols. */
static int store_entries(const struct families *families, const struct entry *entries, size_t count,
	const char *path, struct slice list, struct claims *store)
{
	const struct entry *first = &entries[0];
	/* Of the name itself claim_rows_store() knows. */
	const struct families_family *family = slice_compare(first->service, first->official)
		? families_of(families, first->official, first->port)
		: NULL;
	struct store_claim claim = {
		.service = first->service,
		.name = first->service,
		.claimant = slice_of("this host"),
		.source = slice_of(source),
		.list = list,
		.note = first->comment,
		.origin = slice_of(path),
		.family = family ? slice_of(families->texts + family->key) : first->official,
		.kind = BERTH_HOST_SERVICES,
		.scope = BERTH_EXACT,
		.first = first->port,
		.last = first->port,
	};

	for (size_t i = 0; i < count; i++)
		claim.protos |= entries[i].protos;
	return claim_rows_store(families, &claim, store);
}

static int store_all(const struct families *families, const struct reading *reading,
	const char *path, struct claims *store)
{
	const struct slice list = families_list_of(families, slice_of(source));
	int r = 0;

	for (size_t i = 0, same; !r && i < reading->n_entries; i += same) {
		const struct entry *first = &reading->entries[i];

		same = 1;
		while (i + same < reading->n_entries && !compare_same(first, first + same))
			same++;
		r = store_entries(families, first, same, path, list, store);
	}
	if (r == -ENOSPC) {
		complain_at(&reading->complain, 0, "more than 65535 claims, not all are used",
			(struct slice){NULL, 0});
		r = 0;
	}
	return r;
}

int services_read(const struct families *families, const char *name, const char *bytes, size_t len,
	struct claims *store, claims_known *known, void *known_context, claims_warn *warn,
	void *warn_context)
{
	struct reading reading = {
		.known = known,
		.known_context = known_context,
		.complain = {name, warn, warn_context},
	};
	struct slice rest = {bytes, len};
	struct slice line;
	int r = 0;

	for (size_t number = 1; !r && tsv_line(&rest, &line); number++) {
		const char *wrong = complain_of_bytes(line);

		if (wrong)
			complain_at(&reading.complain, number, wrong, (struct slice){NULL, 0});
		else
			r = take_line(&reading, number, line);
	}
	if (!r && reading.n_entries) {
		sort_array(reading.entries, reading.n_entries, sizeof(*reading.entries), compare);
		r = store_all(families, &reading, name, store);
	}
	free(reading.entries);
	return r;
}
