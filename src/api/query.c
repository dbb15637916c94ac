// SPDX-License-Identifier: MIT
/*
 * Which ports a person means: 8080, :8080, 8080/udp, 3000-3010, 80,443, 127.0.0.1:8080, [::1]:80,
 * or the name of a service.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/handle.h"
#include "base/text.h"

enum {
	LARGEST_PORT = 65535,
	LARGEST_TEXT = 65536
};

#define HINT "try 8080, 8080/udp, 3000-3010, 127.0.0.1:8080, [::1]:80 or a service name"

/* One element between commas. */
struct item {
	const char *text;
	size_t len;
};

static int add_part(struct berth_query *query, const struct berth_query_part *part)
{
	struct berth_query_part *more =
		realloc(query->parts, (query->n_parts + 1) * sizeof(*query->parts));

	if (!more)
		return handle_fail(-ENOMEM, "out of memory");
	query->parts = more;
	query->parts[query->n_parts++] = *part;
	return 0;
}

static int parse_port(struct item item, uint16_t *ret_port)
{
	uint64_t value = 0;
	int r = text_number(item.text, item.len, LARGEST_PORT, &value);

	if (r == -ERANGE)
		return handle_fail(r, "port %.*s is above 65535, the highest there is",
			(int)item.len, item.text);
	if (r < 0)
		return handle_fail(
			r, "'%.*s' is not a port number; " HINT, (int)item.len, item.text);
	*ret_port = (uint16_t)value;
	return 0;
}

static bool is_digits(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
	}
	return len > 0;
}

/* PORT or PORT-PORT: made of digits around at most one hyphen. */
static bool is_numeric(struct item item)
{
	const char *hyphen = memchr(item.text, '-', item.len);

	if (!hyphen)
		return is_digits(item.text, item.len);
	size_t before = (size_t)(hyphen - item.text);
	return is_digits(item.text, before) && is_digits(hyphen + 1, item.len - before - 1);
}

static int parse_ports(struct item item, struct berth_query_part *part)
{
	const char *hyphen = memchr(item.text, '-', item.len);
	struct item first = {item.text, hyphen ? (size_t)(hyphen - item.text) : item.len};
	int r = parse_port(first, &part->first);

	part->last = part->first;
	if (r < 0 || !hyphen)
		return r;
	struct item last = {hyphen + 1, item.len - first.len - 1};
	r = parse_port(last, &part->last);
	if (!r && part->first > part->last)
		return handle_fail(-EINVAL, "the range %.*s runs backwards; try %.*s-%.*s",
			(int)item.len, item.text, (int)last.len, last.text, (int)first.len,
			first.text);
	return r;
}

/* Takes /PROTO off the end of the item. */
static int parse_proto(struct item *item, struct berth_query_part *part)
{
	const char *slash = memrchr(item->text, '/', item->len);

	if (!slash)
		return 0;
	struct item word = {slash + 1, item->len - (size_t)(slash + 1 - item->text)};
	for (unsigned proto = 0; proto < BERTH_PROTOS; proto++) {
		const char *name = berth_proto_name((enum berth_proto)proto);

		if (text_equal_fold(word.text, word.len, name, strlen(name))) {
			part->protos = BERTH_PROTO_BIT(proto);
			item->len = (size_t)(slash - item->text);
			return 0;
		}
	}
	return handle_fail(-EINVAL,
		"'%.*s' is not a protocol; try /tcp, /udp, /sctp, /dccp, /udplite or /mptcp",
		(int)word.len, word.text);
}

static int parse_address(struct item item, struct berth_query_part *part)
{
	char text[INET6_ADDRSTRLEN];
	bool bracketed = item.len >= 2 && item.text[0] == '[' && item.text[item.len - 1] == ']';
	size_t bracket = bracketed ? 1 : 0;
	struct item inner = {item.text + bracket, item.len - 2 * bracket};

	if (!item.len || (item.len == 1 && item.text[0] == '*'))
		return 0; /* ":8080" and "*:8080": any address */
	if (inner.len < sizeof(text)) {
		memcpy(text, inner.text, inner.len);
		text[inner.len] = '\0';
		if (inet_pton(bracketed ? AF_INET6 : AF_INET, text, part->address) == 1) {
			part->family = bracketed ? 6 : 4;
			return 0;
		}
	}
	return handle_fail(-EINVAL, "'%.*s' is not an address; " HINT, (int)item.len, item.text);
}

/* Takes ADDRESS: off the front of the item. */
static int take_address(struct item *item, struct berth_query_part *part)
{
	const char *colon = memrchr(item->text, ':', item->len);

	if (!colon)
		return 0;
	struct item address = {item->text, (size_t)(colon - item->text)};
	int r = parse_address(address, part);
	item->len -= address.len + 1;
	item->text = colon + 1;
	return r;
}

/* ---- Names ---------------------------------------------------------------------------------- */

struct name_search {
	struct item name;
	berth_protos protos; /* 0: all */
	struct berth_query *query;
	const struct berth_query_part *model; /* address and family */
};

static bool has_part(const struct berth_query *query, uint16_t first, uint16_t last)
{
	for (size_t i = 0; i < query->n_parts; i++) {
		if (query->parts[i].first == first && query->parts[i].last == last)
			return true;
	}
	return false;
}

static int add_named(const struct name_search *search, uint16_t first, uint16_t last)
{
	struct berth_query_part part = *search->model;

	/* The same name stands at one port for several transports: one part. */
	if (has_part(search->query, first, last))
		return 0;
	part.first = first;
	part.last = last;
	part.protos = search->protos;
	return add_part(search->query, &part);
}

static bool is_name(const struct name_search *search, const char *name, berth_protos protos)
{
	return (!search->protos || search->protos & protos) &&
		text_equal_fold(name, strlen(name), search->name.text, search->name.len);
}

static int add_from_registry(const struct registry *registry, const struct name_search *search)
{
	int r = 0;

	for (size_t id = 0; !r && id < registry_count(registry); id++) {
		struct berth_record record;

		registry_record(registry, (uint16_t)id, &record);
		if (record.has_port && is_name(search, record.name, record.protos))
			r = add_named(search, record.first, record.last);
	}
	return r;
}

/* A range-base claim names where its users begin to look; a pool names nothing smaller than itself.
 */
static int add_from_claims(
	const struct claims *claims, const struct name_search *search, bool pools)
{
	int r = 0;

	for (size_t id = 0; !r && id < claims_count(claims); id++) {
		struct berth_claim claim;

		claims_get(claims, (uint16_t)id, &claim);
		if ((claim.scope == BERTH_POOL) != pools ||
			!is_name(search, claim.service, claim.protos))
			continue;
		r = add_named(search, claim.first,
			claim.scope == BERTH_RANGE_BASE ? claim.first : claim.last);
	}
	return r;
}

static int add_name(const struct berth *berth, const struct name_search *search)
{
	const struct claims *local = NULL;
	size_t before = search->query->n_parts;
	int r = local_all(berth->local, &local);
	if (r)
		return handle_fail(r, "out of memory");
	const struct {
		const struct claims *claims;
		bool pools;
	} steps[] = {
		{local, false},
		{berth->claims, false},
		{local, true},
		{berth->claims, true},
	};
	r = add_from_registry(berth->registry, search);

	for (size_t i = 0; !r && search->query->n_parts == before; i++) {
		if (i == sizeof(steps) / sizeof(*steps))
			return -ENOENT;
		r = add_from_claims(steps[i].claims, search, steps[i].pools);
	}
	return r;
}

static int add_item(const struct berth *berth, struct item item, struct berth_query *query)
{
	struct berth_query_part part = {0};
	struct name_search search = {.name = item, .query = query, .model = &part};

	/* Names may hold a slash (914c/g), so the whole text is looked for first. */
	if (memchr(item.text, '/', item.len)) {
		int r = add_name(berth, &search);

		if (r != -ENOENT)
			return r;
	}
	int r = parse_proto(&item, &part);
	if (!r)
		r = take_address(&item, &part);
	if (r < 0)
		return r;
	if (!item.len)
		return handle_fail(-EINVAL, "a port is missing; " HINT);
	if (is_numeric(item)) {
		r = parse_ports(item, &part);
		return r < 0 ? r : add_part(query, &part);
	}
	search.name = item;
	search.protos = part.protos;
	r = add_name(berth, &search);
	if (r == -ENOENT && strchr("-+0123456789", item.text[0]))
		return handle_fail(-EINVAL, "'%.*s' is not a port number from 0 to 65535; " HINT,
			(int)item.len, item.text);
	if (r == -ENOENT)
		return handle_fail(r, "no service is called '%.*s'; try 'berth find %.*s'",
			(int)item.len, item.text, (int)item.len, item.text);
	return r;
}

/* "80, 443" is a list; a line feed or tab in it is a mistake that somebody should hear of. */
static void trim_spaces(struct item *item)
{
	while (item->len && item->text[0] == ' ') {
		item->text++;
		item->len--;
	}
	while (item->len && item->text[item->len - 1] == ' ')
		item->len--;
}

int berth_query_parse(const struct berth *berth, const char *text, struct berth_query **ret_query)
{
	struct berth_query *query = NULL;
	int r = 0;

	if (strlen(text) > LARGEST_TEXT)
		return handle_fail(
			-EINVAL, "that is too long to be a list of ports; try 3000-3010");
	query = calloc(1, sizeof(*query));
	if (!query)
		return handle_fail(-ENOMEM, "out of memory");
	for (const char *rest = text; !r && rest;) {
		const char *comma = strchr(rest, ',');
		struct item item = {rest, comma ? (size_t)(comma - rest) : strlen(rest)};

		trim_spaces(&item);
		r = add_item(berth, item, query);
		rest = comma ? comma + 1 : NULL;
	}
	if (r < 0)
		berth_query_free(query);
	else
		*ret_query = query;
	return r;
}

void berth_query_free(struct berth_query *query)
{
	if (!query)
		return;
	free(query->parts);
	free(query);
}
