// SPDX-License-Identifier: MIT
/*
 * Network namespaces on the card: each has ports of its own, so what another one holds is said
 * apart, and that it is no conflict. What was not looked at is said too.
 */
#include "cli/port_card.h"

enum {
	NETNS_SHOWN = 4,
	SOCKETS_SHOWN = 2,
	INDENT = 2,
	HANG = 4,
};

void port_netns_subject(struct port_card *port, const struct berth_report *report)
{
	struct card *card = &port->card;

	if (!report->netns)
		return;
	card_add(card, "in the network namespace ");
	card_foreign(card, report->netns->name);
	if (report->netns->reason_text) {
		card_add(card, ": ");
		card_foreign(card, report->netns->reason_text);
	}
	card_end(card, 0, HANG);
}

/* The process that is said behind socket i: once for all in a row that it has. */
static const struct berth_process *process_of(const struct berth_netns_use *use, size_t i)
{
	const struct berth_owner *oldest =
		i < use->n_sockets ? describe_oldest(use->sockets[i]) : NULL;

	return oldest ? oldest->process : NULL;
}

/* "web (tcp LISTEN *:80, nginx[812])". */
static void put_use(struct port_card *port, const struct berth_netns_use *use)
{
	struct card *card = &port->card;
	size_t most = port->verbose ? use->n_sockets : SOCKETS_SHOWN;
	struct buffer name = {0};

	describe_text(&name, use->netns->name);
	card_styled(card, OUTPUT_HEADING, buffer_string(&name));
	buffer_free(&name);
	card_add(card, " (");
	for (size_t i = 0; i < use->n_sockets && i < most; i++) {
		const struct berth_socket *socket = use->sockets[i];
		const struct berth_process *process = process_of(use, i);

		buffer_format(&card->text, "%s%s %s ", i ? "; " : "",
			berth_proto_name(socket->proto),
			berth_socket_state_name(socket->proto, socket->state));
		describe_local(&card->text, socket);
		if (process && (i + 1 == most || process != process_of(use, i + 1))) {
			card_add(card, ", ");
			describe_process(&card->text, process);
		}
	}
	if (use->n_sockets > most)
		buffer_format(&card->text, "; %zu more", use->n_sockets - most);
	card_add(card, ")");
}

static void put_uses(struct port_card *port, const struct berth_report *report)
{
	struct card *card = &port->card;
	size_t n = report->n_other_netns;
	size_t most = port->verbose ? n : NETNS_SHOWN;

	if (!n)
		return;
	card_add(card, report->n_sockets ? "also held in " : "held in ");
	describe_counted(&card->text, n, "other network namespace", "other network namespaces");
	card_add(card, ", which is no conflict: ");
	for (size_t i = 0; i < n && i < most; i++) {
		card_add(card, i ? ", " : "");
		put_use(port, &report->other_netns[i]);
	}
	if (n > most) {
		buffer_format(&card->text, ", and %zu more: ", n - most);
		card_styled(card, OUTPUT_HEADING, "-v");
	}
	card_end(card, 0, HANG);
}

/* How far a look went; said where it did not go far enough, and to whoever wants to know. */
static void put_limits(struct port_card *port, const struct berth_report *report)
{
	struct card *card = &port->card;
	bool named = report->netns_ask == BERTH_ASK_NAMED;

	if (report->n_netns_unseen) {
		describe_counted(&card->text, report->n_netns_unseen, "other network namespace",
			"other network namespaces");
		card_add(card, " could not be looked into, or not wholly: ");
		card_styled(card, OUTPUT_HEADING, "berth ls -v --netns all");
		card_add(card, " says why");
		card_end(card, 0, HANG);
	}
	if (named && (report->n_other_netns || (port->verbose && report->n_netns_seen))) {
		card_add(card, "looked for listeners in ");
		describe_counted(&card->text, report->n_netns_seen, "network namespace with a name",
			"network namespaces with a name");
		card_add(card, "; everywhere: ");
		card_styled(card, OUTPUT_HEADING, "--netns all");
		card_end(card, INDENT, HANG);
	} else if (port->verbose && !named && report->n_netns_seen) {
		card_add(card, "looked into ");
		describe_counted(&card->text, report->n_netns_seen, "other network namespace",
			"other network namespaces");
		card_end(card, INDENT, HANG);
	}
}

void port_netns_draw(struct port_card *port, const struct berth_report *report)
{
	put_uses(port, report);
	put_limits(port, report);
}
