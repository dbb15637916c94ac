// SPDX-License-Identifier: MIT
/*
 * The card's section about claims. A claim on one port and a claim on 16,384 are not alike: the
 * first are listed one by one with their sources, the others are drawn together by range, with the
 * number of ports that each takes in.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cli/port_card.h"

enum {
	CANDIDATES_SHOWN = 3,
	EXACT_SHOWN = 5,
	MEMBERS_SHOWN = 6,
	NOTES_SHOWN = 3,
	INDENT = 2,
	HANG = 4,
};

static void put_candidates(struct port_card *port, const struct berth_de_facto *de_facto)
{
	struct card *card = &port->card;
	size_t most = port->verbose ? de_facto->n_candidates : CANDIDATES_SHOWN;

	for (size_t i = 0; i < de_facto->n_candidates && i < most; i++) {
		const struct berth_candidate *candidate = &de_facto->candidates[i];

		card_add(card, i ? " · " : "candidates by weight: ");
		card_foreign(card,
			candidate->name && *candidate->name ? candidate->name : candidate->service);
		buffer_format(&card->text, " %.2f", candidate->weight);
		card_add(card, candidate->registry ? " (also in the registry" : " (");
		if (candidate->registry && *candidate->registered) {
			card_add(card, " since ");
			card_foreign(card, candidate->registered);
		}
		card_add(card, candidate->registry ? ", " : "");
		describe_counted(&card->text, candidate->sources, "source", "sources");
		card_add(card, ")");
	}
	if (de_facto->n_candidates > most)
		buffer_format(&card->text, " · %zu more", de_facto->n_candidates - most);
	card_end(card, 0, HANG);
}

static enum output_style ownership_style(enum berth_ownership ownership)
{
	return ownership == BERTH_CONTESTED ? OUTPUT_CARE : OUTPUT_HEADING;
}

/* The reason mostly begins with the owner's name; then it is not said twice. */
static void put_why(struct port_card *port, const char *owner, const char *why)
{
	if (!why || !*why)
		return;
	if (text_starts_fold(why, owner)) {
		card_foreign(&port->card, why + strlen(owner));
		return;
	}
	card_add(&port->card, ". ");
	card_foreign(&port->card, why);
}

static void put_de_facto(struct port_card *port, const struct berth_de_facto *de_facto)
{
	struct card *card = &port->card;
	const char *owner = berth_ownership_name(de_facto->state);
	struct buffer safe = {0};

	if (de_facto->state == BERTH_OWNED)
		owner = de_facto->n_candidates && *de_facto->candidates[0].name
			? de_facto->candidates[0].name
			: de_facto->service;
	describe_text(&safe, owner);
	card_add(card, "de facto owner: ");
	card_styled(card, ownership_style(de_facto->state), buffer_string(&safe));
	buffer_free(&safe);
	put_why(port, owner, de_facto->why);
	card_end(card, 0, 0);
	if (de_facto->n_candidates > 1 || port->verbose)
		put_candidates(port, de_facto);
}

/* ---- Claims on this port ----------------------------------------------------------------------
 */

static void put_source(struct port_card *port, const struct berth_claim *claim)
{
	struct card *card = &port->card;

	if (*claim->source_url) {
		card_foreign(card, claim->source_url);
		card_end(card, HANG, HANG + INDENT);
	}
	if (*claim->note) {
		card_foreign(card, claim->note);
		card_end(card, HANG, HANG + INDENT);
	}
}

/* What kind of claim it is and what it rests on, with the date unless the source has it. */
static void put_kind(struct port_card *port, const struct berth_claim *claim)
{
	struct card *card = &port->card;

	card_add(card, " · ");
	card_add(card, describe_claim_kind(claim->kind));
	if (claim->kind == BERTH_HOST_SERVICES)
		return;
	card_add(card, ": ");
	card_foreign(card, claim->source);
	if (*claim->source_date && !strstr(claim->source, claim->source_date)) {
		card_add(card, ", ");
		card_foreign(card, claim->source_date);
	}
}

/* "Elasticsearch HTTP (tcp), CloudBees · vendor document: Port Usage, 2020". */
static void put_claim(struct port_card *port, const struct berth_claim *claim)
{
	struct card *card = &port->card;

	card_foreign(card, *claim->name ? claim->name : claim->service);
	card_add(card, " (");
	describe_protos(&card->text, claim->protos);
	card_add(card, ")");
	if (*claim->claimant && claim->kind != BERTH_HOST_SERVICES &&
		text_compare_fold(claim->claimant, claim->name) != 0) {
		card_add(card, ", ");
		card_foreign(card, claim->claimant);
	}
	if (claim->scope == BERTH_RANGE_BASE) {
		card_add(card, ", from ");
		buffer_uint(&card->text, claim->first);
		card_add(card, " upwards");
	}
	put_kind(port, claim);
	card_end(card, INDENT, HANG);
	if (port->verbose)
		put_source(port, claim);
}

/* How many claims are pools, or, for false, are not. */
static size_t count_claims(const struct berth_report *report, bool pools)
{
	size_t count = 0;

	for (size_t i = 0; i < report->n_claims; i++)
		count += (report->claims[i].scope == BERTH_POOL) == pools;
	return count;
}

static void put_exact(struct port_card *port, const struct berth_report *report)
{
	struct card *card = &port->card;
	size_t count = count_claims(report, false);
	size_t shown = 0;

	if (!count)
		return;
	describe_counted(&card->text, count, "claim names it:", "claims name it:");
	card_end(card, 0, 0);
	for (size_t i = 0; i < report->n_claims; i++) {
		if (report->claims[i].scope == BERTH_POOL)
			continue;
		if (shown == EXACT_SHOWN && !port->verbose) {
			port_card_left_out(port, count - shown, "", "-v");
			break;
		}
		put_claim(port, &report->claims[i]);
		shown++;
	}
}

/* ---- Pools ----------------------------------------------------------------------------------- */

static bool same_pool(const struct berth_claim *a, const struct berth_claim *b)
{
	return a->scope == BERTH_POOL && b->scope == BERTH_POOL && a->first == b->first &&
		a->last == b->last;
}

static bool pool_before(const struct berth_report *report, size_t index)
{
	for (size_t i = 0; i < index; i++) {
		if (same_pool(&report->claims[i], &report->claims[index]))
			return true;
	}
	return false;
}

static void put_member(struct port_card *port, const struct berth_claim *claim)
{
	struct card *card = &port->card;

	card_foreign(card, *claim->name ? claim->name : claim->service);
	card_add(card, " (");
	if (*claim->claimant && !strstr(claim->name, claim->claimant)) {
		card_foreign(card, claim->claimant);
		card_add(card, ", ");
	}
	describe_protos(&card->text, claim->protos);
	card_add(card, ")");
}

/*
 * Those who take from the same range as the claim at `index`, by kind: documents and programs
 * before lists and systems. Returns how many are left out.
 */
static size_t put_members(struct port_card *port, const struct berth_report *report, size_t index)
{
	size_t shown = 0;
	size_t left = 0;

	for (unsigned kind = BERTH_VENDOR_DOC; kind <= BERTH_HOST_SERVICES; kind++) {
		for (size_t i = index; i < report->n_claims; i++) {
			const struct berth_claim *claim = &report->claims[i];

			if (!same_pool(claim, &report->claims[index]) ||
				claim->kind != (enum berth_claim_kind)kind)
				continue;
			if (shown == MEMBERS_SHOWN && !port->verbose) {
				left++;
				continue;
			}
			card_add(&port->card, shown++ ? " · " : "");
			put_member(port, claim);
		}
	}
	return left;
}

static void put_pool(struct port_card *port, const struct berth_report *report, size_t index)
{
	const struct berth_claim *first = &report->claims[index];
	struct card *card = &port->card;

	describe_range(&card->text, first->first, first->last);
	card_add(card, ", ");
	describe_counted(&card->text, first->ports_claimed, "port", "ports");
	card_add(card, ": ");
	size_t left = put_members(port, report, index);
	if (left) {
		card_add(card, " · ");
		describe_count(&card->text, left);
		card_add(card, " more (-v)");
	}
	card_end(card, INDENT, HANG);
	for (size_t i = index; i < report->n_claims && port->verbose; i++) {
		if (same_pool(&report->claims[i], first))
			put_claim(port, &report->claims[i]);
	}
}

/* What vendors say of their own pools is worth reading: it is where hearsay about one port begins.
 */
static void put_notes(struct port_card *port, const struct berth_report *report)
{
	struct card *card = &port->card;
	size_t shown = 0;

	for (size_t i = 0; i < report->n_claims && shown < NOTES_SHOWN; i++) {
		const struct berth_claim *claim = &report->claims[i];

		if (claim->scope != BERTH_POOL || claim->kind != BERTH_VENDOR_DOC || !*claim->note)
			continue;
		card_foreign(card, *claim->name ? claim->name : claim->service);
		card_add(card, ": ");
		card_foreign(card, claim->note);
		card_end(card, INDENT, HANG);
		shown++;
	}
}

/* Beside claims on the port itself pools are a footnote. */
static void put_pools_short(struct port_card *port, const struct berth_report *report, size_t count)
{
	struct card *card = &port->card;
	uint32_t least = UINT32_MAX;
	uint32_t most = 0;

	for (size_t i = 0; i < report->n_claims; i++) {
		const struct berth_claim *claim = &report->claims[i];

		if (claim->scope != BERTH_POOL)
			continue;
		least = claim->ports_claimed < least ? claim->ports_claimed : least;
		most = claim->ports_claimed > most ? claim->ports_claimed : most;
	}
	describe_counted(&card->text, count, "pool of ", "pools of ");
	describe_count(&card->text, least);
	if (most != least) {
		card_add(card, " to ");
		describe_count(&card->text, most);
	}
	card_add(card, " ports take it in too, which says next to nothing of one port");
	card_end(card, 0, 0);
}

static void put_pools(struct port_card *port, const struct berth_report *report)
{
	struct card *card = &port->card;
	size_t count = count_claims(report, true);

	if (!count)
		return;
	if (count < report->n_claims && !port->verbose) {
		put_pools_short(port, report, count);
		return;
	}
	describe_counted(&card->text, count, "pool takes it in.", "pools take it in.");
	card_add(card, " Who claims a pool of N ports uses any of them, and says 1/N about each:");
	card_end(card, 0, 0);
	for (size_t i = 0; i < report->n_claims; i++) {
		if (report->claims[i].scope == BERTH_POOL && !pool_before(report, i))
			put_pool(port, report, i);
	}
	if (!port->verbose)
		put_notes(port, report);
}

void port_claims_draw(struct port_card *port, const struct berth_report *report)
{
	card_section(&port->card, "Claims");
	put_de_facto(port, &report->de_facto);
	put_exact(port, report);
	put_pools(port, report);
}
