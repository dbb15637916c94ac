// SPDX-License-Identifier: MIT
/*
 * The part of a port's card about rules that catch its traffic before any socket gets it: what each
 * does, where it stands, and who gets the traffic when it stays here.
 */
#include <string.h>

#include "cli/port_card.h"

enum {
	REDIRECTS_SHOWN = 4,
	TAKERS_SHOWN = 2,
	INDENT = 2,
	HANG = 4,
};

static const char *whose_traffic(const struct berth_redirect *redirect)
{
	if (strcmp(redirect->hook, "prerouting") == 0)
		return "for traffic from outside";
	if (strcmp(redirect->hook, "output") == 0)
		return "for this machine's own traffic";
	return "for all traffic";
}

static void put_program(struct card *card, const struct berth_redirect *redirect)
{
	card_add(card, "program ");
	if (redirect->chain) {
		card_foreign(card, redirect->chain);
		card_add(card, ", ");
	}
	buffer_format(&card->text, "id %llu", (unsigned long long)redirect->handle);
}

static void put_rule(struct card *card, const struct berth_redirect *redirect)
{
	card_add(card, "table ");
	card_foreign(card, redirect->table);
	card_add(card, ", chain ");
	card_foreign(card, redirect->chain);
	buffer_format(&card->text, ", %s %llu",
		redirect->kind == BERTH_REDIRECT_NFT ? "handle" : "rule",
		(unsigned long long)redirect->handle);
}

/* "table ip nat, chain DOCKER, rule 12, for traffic from outside" */
static void put_place(struct port_card *port, const struct berth_redirect *redirect)
{
	struct card *card = &port->card;

	if (redirect->kind == BERTH_REDIRECT_SK_LOOKUP)
		put_program(card, redirect);
	else if (redirect->table && redirect->chain)
		put_rule(card, redirect);
	card_add(card, card->text.len ? ", " : "");
	card_add(card, whose_traffic(redirect));
	if (redirect->conditional)
		card_add(card, "; berth cannot tell whether its conditions hold");
	card_end(card, INDENT, HANG);
}

static void put_taker(struct port_card *port, const struct berth_socket *socket)
{
	struct card *card = &port->card;

	card_add(card, "goes to ");
	card_add(card, berth_proto_name(socket->proto));
	card_add(card, " ");
	describe_local(&card->text, socket);
	if (socket->n_owners) {
		card_add(card, ", held by ");
		describe_process(&card->text, socket->owners[0].process);
	} else if (socket->reason_text) {
		card_add(card, ", ");
		card_foreign(card, socket->reason_text);
	}
	if (socket->n_owners > 1)
		buffer_format(&card->text, " and %zu more", socket->n_owners - 1);
	card_end(card, INDENT, HANG);
}

static void put_redirect(struct port_card *port, const struct berth_redirect *redirect)
{
	struct card *card = &port->card;
	struct buffer rule = {0};

	card_add(card, berth_redirect_kind_name(redirect->kind));
	card_add(card, ": ");
	describe_text(&rule, redirect->rule);
	card_styled(card, OUTPUT_CARE, buffer_string(&rule));
	buffer_free(&rule);
	card_end(card, 0, HANG);
	put_place(port, redirect);
	for (size_t i = 0; i < redirect->n_sockets; i++) {
		if (i == TAKERS_SHOWN && !port->verbose) {
			port_card_left_out(port, redirect->n_sockets - i, " get it, too", "-v");
			break;
		}
		put_taker(port, redirect->sockets[i]);
	}
	if (redirect->here && !redirect->n_sockets && redirect->to_first) {
		card_add(card, "no socket is there to get it");
		card_end(card, INDENT, HANG);
	}
}

void port_redirects_draw(struct port_card *port, const struct berth_report *report)
{
	struct card *card = &port->card;
	size_t shown = 0;

	if (!report->n_redirects && !report->redirects_unknown)
		return;
	card_section(card, "Redirect");
	while (shown < report->n_redirects &&
		(port->verbose ||
			(shown < REDIRECTS_SHOWN && !report->redirects[shown]->elsewhere)))
		put_redirect(port, report->redirects[shown++]);
	port_card_left_out(port, report->n_redirects - shown,
		shown < report->n_redirects && report->redirects[shown]->elsewhere
			? " for addresses that are not this machine's"
			: "",
		"-v");
	if (report->redirects_unknown) {
		card_styled(card, OUTPUT_FAINT, report->redirects_unknown);
		card_end(card, 0, 0);
	}
}
