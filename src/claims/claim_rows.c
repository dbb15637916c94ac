// SPDX-License-Identifier: MIT
/*
 * Decides whether a row of a claims file is sound, column by column, and what it says. Columns and
 * words are those of data/claims/README.md.
 */
#include "claims/claim_rows.h"

#include <errno.h>

#include "base/text.h"
#include "claims/tsv.h"

enum column {
	FIRST_PORT,
	LAST_PORT,
	TRANSPORT,
	SERVICE,
	NAME,
	CLAIMANT,
	KIND,
	SCOPE,
	SOURCE,
	SOURCE_URL,
	SOURCE_DATE,
	NOTE,
	COLUMNS
};

static const struct tsv_column columns[COLUMNS] = {
	[FIRST_PORT] = {"first_port", true},
	[LAST_PORT] = {"last_port", true},
	[TRANSPORT] = {"transport", true},
	[SERVICE] = {"service", true},
	[NAME] = {"name", false},
	[CLAIMANT] = {"vendor_or_project", false},
	[KIND] = {"kind", true},
	[SCOPE] = {"scope", true},
	[SOURCE] = {"source", true},
	[SOURCE_URL] = {"source_url", false},
	[SOURCE_DATE] = {"source_date", false},
	[NOTE] = {"note", false},
};

struct word {
	const char *text;
	unsigned value;
};

static const struct word kinds[] = {
	{"vendor-doc", BERTH_VENDOR_DOC},
	{"software-default", BERTH_SOFTWARE_DEFAULT},
	{"distro-services", BERTH_DISTRO_SERVICES},
	{"community-list", BERTH_COMMUNITY_LIST},
	{"os-policy", BERTH_OS_POLICY},
	{"malware-history", BERTH_MALWARE_HISTORY},
	{"host-services", BERTH_HOST_SERVICES},
	{NULL, 0},
};

static const struct word scopes[] = {
	{"exact", BERTH_EXACT},
	{"range-base", BERTH_RANGE_BASE},
	{"pool", BERTH_POOL},
	{NULL, 0},
};

static const struct word transports[] = {
	{"tcp", BERTH_PROTO_BIT(BERTH_TCP)},
	{"udp", BERTH_PROTO_BIT(BERTH_UDP)},
	{"sctp", BERTH_PROTO_BIT(BERTH_SCTP)},
	{"dccp", BERTH_PROTO_BIT(BERTH_DCCP)},
	{"udplite", BERTH_PROTO_BIT(BERTH_UDPLITE)},
	{NULL, 0},
};

struct reading {
	const struct families *families;
	struct claims *store;
	const char *origin;
	struct complain complain;
};

static bool find_word(const struct word *words, struct slice text, unsigned *ret_value)
{
	for (; words->text; words++) {
		if (slice_is(text, words->text)) {
			*ret_value = words->value;
			return true;
		}
	}
	return false;
}

/* "tcp", "tcp+udp": words with a plus sign between them. */
static bool read_transports(struct slice text, berth_protos *ret_protos)
{
	berth_protos protos = 0;

	for (;;) {
		const char *plus = text.len ? memchr(text.text, '+', text.len) : NULL;
		struct slice word = {text.text, plus ? (size_t)(plus - text.text) : text.len};
		unsigned bit;

		if (!find_word(transports, word, &bit))
			return false;
		protos |= bit;
		if (!plus)
			break;
		text = (struct slice){plus + 1, text.len - word.len - 1};
	}
	*ret_protos = protos;
	return true;
}

static bool read_port(struct slice text, uint16_t *ret_port)
{
	uint64_t port;

	if (text_number(text.text, text.len, UINT16_MAX, &port))
		return false;
	*ret_port = (uint16_t)port;
	return true;
}

/* What is wrong, and in *ret_value with which value; NULL when all is well. */
static const char *read_claim(
	const struct slice *fields, struct store_claim *ret_claim, struct slice *ret_value)
{
	unsigned kind;
	unsigned scope;

	*ret_value = fields[FIRST_PORT];
	if (!read_port(*ret_value, &ret_claim->first))
		return "first_port is not a number from 0 to 65535";
	*ret_value = fields[LAST_PORT];
	if (!read_port(*ret_value, &ret_claim->last))
		return "last_port is not a number from 0 to 65535";
	if (ret_claim->first > ret_claim->last)
		return "last_port is before first_port";
	*ret_value = fields[TRANSPORT];
	if (!read_transports(*ret_value, &ret_claim->protos))
		return "unknown transport";
	*ret_value = fields[KIND];
	if (!find_word(kinds, *ret_value, &kind))
		return "unknown kind";
	*ret_value = fields[SCOPE];
	if (!find_word(scopes, *ret_value, &scope))
		return "unknown scope";
	*ret_value = (struct slice){NULL, 0};
	if (scope == BERTH_EXACT && ret_claim->first != ret_claim->last)
		return "an exact claim names one port";
	if (!fields[SERVICE].len)
		return "no service";
	if (!fields[SOURCE].len)
		return "no source: without one it is no claim";
	ret_claim->kind = (enum berth_claim_kind)kind;
	ret_claim->scope = (enum berth_claim_scope)scope;
	return NULL;
}

int claim_rows_store(
	const struct families *families, struct store_claim *claim, struct claims *store)
{
	const struct families_family *family = families_of(families, claim->service, claim->first);

	if (family)
		claim->family = slice_of(families->texts + family->key);
	else if (!claim->family.len)
		claim->family = claim->service;
	if (!claim->list.len)
		claim->list = families_list_of(families, claim->source);
	return store_add(store, claim);
}

static int take_row(void *context, size_t line, const struct slice *fields)
{
	const struct reading *reading = context;
	struct store_claim claim = {0};
	struct slice value;
	const char *wrong = read_claim(fields, &claim, &value);

	if (wrong) {
		complain_at(&reading->complain, line, wrong, value);
		return 0;
	}
	claim.service = fields[SERVICE];
	claim.name = fields[NAME].len ? fields[NAME] : fields[SERVICE];
	claim.claimant = fields[CLAIMANT];
	claim.source = fields[SOURCE];
	claim.source_url = fields[SOURCE_URL];
	claim.source_date = fields[SOURCE_DATE];
	claim.note = fields[NOTE];
	claim.origin = slice_of(reading->origin);
	int r = claim_rows_store(reading->families, &claim, reading->store);
	if (r == -ENOSPC)
		complain_at(&reading->complain, line,
			"more than 65535 claims, from here on they are not used",
			(struct slice){NULL, 0});
	return r;
}

int claim_rows_read(const struct families *families, const char *name, const char *origin,
	const char *bytes, size_t len, struct claims *store, claims_warn *warn, void *context)
{
	struct reading reading = {families, store, origin, {name, warn, context}};
	const struct tsv tsv = {columns, COLUMNS, take_row, &reading, reading.complain};
	int r = tsv_read(&tsv, bytes, len);

	return r == -ENOSPC ? 0 : r;
}
