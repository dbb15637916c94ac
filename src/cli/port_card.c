// SPDX-License-Identifier: MIT
/*
 * The card of one port. Each section rests on one layer of the report, and no section borrows from
 * another: what is assigned, what is claimed, what is here, what the host does with the number, and
 * the verdict in the library's own sentences.
 */
#include "cli/port_card.h"

#include <arpa/inet.h>
#include <string.h>

#include "cli/extras.h"

enum {
	SOCKETS_SHOWN = 6,
	OWNERS_SHOWN = 4,
	RECORDS_SHOWN = 8,
	PARENTS_SHOWN = 12,
	NOTE_SHOWN = 160, /* bytes of a note of the registry, about */
	COMMAND_SHOWN = 120, /* bytes of a command line, about; -v shows it whole */
	INDENT = 2,
	HANG = 4,
};

void port_card_left_out(struct port_card *port, size_t left, const char *what, const char *how)
{
	struct card *card = &port->card;
	struct buffer command = {0};

	if (!left)
		return;
	describe_count(&card->text, left);
	card_add(card, " more");
	card_add(card, what);
	card_add(card, ": ");
	buffer_format(&command, "berth %s %u", how, port->number);
	card_styled(card, OUTPUT_HEADING, buffer_string(&command));
	card_end(card, INDENT, HANG);
	buffer_free(&command);
}

/* ---- Title ----------------------------------------------------------------------------------- */

static void put_address(struct buffer *out, const struct berth_query_part *part)
{
	char text[INET6_ADDRSTRLEN];

	if (!part->family ||
		!inet_ntop(
			part->family == 6 ? AF_INET6 : AF_INET, part->address, text, sizeof(text)))
		return;
	buffer_format(out, part->family == 6 ? "[%s]:" : "%s:", text);
}

static void put_title(struct port_card *port, const struct berth_report *report)
{
	struct output *output = port->card.output;
	struct buffer name = {0};
	struct buffer *out = &output->text;

	put_address(&name, port->part);
	buffer_uint(&name, report->port);
	if (port->part->protos) {
		buffer_char(&name, '/');
		describe_protos(&name, port->part->protos);
	}
	output_styled(output, out, OUTPUT_HEADING, buffer_string(&name), name.len);
	for (size_t i = name.len; i < 9; i++)
		buffer_char(out, ' ');
	buffer_format(out, "  %s port, ", report->range.name);
	describe_range(out, report->range.first, report->range.last);
	buffer_char(out, '\n');
	buffer_free(&name);
}

/* ---- Registry -------------------------------------------------------------------------------- */

static berth_protos transports_in(const struct berth_report *report, enum berth_state state)
{
	berth_protos set = 0;

	for (unsigned t = 0; t < BERTH_TRANSPORTS; t++) {
		if (report->state[t] == state && report->protos & BERTH_PROTO_BIT(t))
			set |= BERTH_PROTO_BIT(t);
	}
	return set;
}

static enum output_style state_style(enum berth_state state)
{
	return state == BERTH_ASSIGNED ? OUTPUT_HEADING : OUTPUT_FAINT;
}

/* "assigned for tcp, udp · unassigned for sctp, dccp (IANA, 2026-02-13)". */
static void put_states(struct port_card *port, const struct berth_report *report)
{
	static const enum berth_state order[] = {
		BERTH_ASSIGNED, BERTH_RESERVED, BERTH_UNASSIGNED, BERTH_UNASSIGNABLE};
	struct card *card = &port->card;
	bool dynamic = report->range.range == BERTH_RANGE_DYNAMIC;

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		berth_protos set = transports_in(report, order[i]);

		if (!set)
			continue;
		card_add(card, card->text.len ? " · " : "");
		card_styled(card, state_style(order[i]), berth_state_name(order[i]));
		if (!dynamic) {
			card_add(card, " for ");
			describe_protos(&card->text, set);
		}
	}
	card_add(card,
		dynamic ? ": no port of this range can be assigned (RFC 6335; IANA, " : " (IANA, ");
	card_foreign(card, report->registry_date);
	card_add(card, ")");
	card_end(card, 0, 0);
}

/* The same words, however they are broken into lines. */
static bool same_prose(const char *a, const char *b)
{
	static const char space[] = " \t\r\n";

	while (*a && *b) {
		size_t word = strcspn(a, space);

		if (word != strcspn(b, space) || strncmp(a, b, word) != 0)
			return false;
		a += word + strspn(a + word, space);
		b += word + strspn(b + word, space);
	}
	return *a == *b;
}

/* Rows that say the same of several transports are one to a reader. */
static bool same_record(const struct berth_record *a, const struct berth_record *b)
{
	return a->first == b->first && a->last == b->last && a->state == b->state &&
		strcmp(a->name, b->name) == 0 && strcmp(a->description, b->description) == 0 &&
		strcmp(a->assignee, b->assignee) == 0 &&
		strcmp(a->registered, b->registered) == 0 &&
		strcmp(a->modified, b->modified) == 0 && strcmp(a->reference, b->reference) == 0 &&
		strcmp(a->unauthorized, b->unauthorized) == 0 && same_prose(a->notes, b->notes);
}

static bool said_before(const struct berth_report *report, size_t index)
{
	for (size_t i = 0; i < index; i++) {
		if (same_record(&report->records[i], &report->records[index]))
			return true;
	}
	return false;
}

static berth_protos protos_of_same(const struct berth_report *report, size_t index)
{
	berth_protos set = 0;

	for (size_t i = index; i < report->n_records; i++) {
		if (same_record(&report->records[i], &report->records[index]))
			set |= report->records[i].protos;
	}
	return set;
}

static void put_fact(struct port_card *port, const char *before, const char *text)
{
	struct card *card = &port->card;

	if (!*text)
		return;
	card_add(card, card->text.len ? " · " : "");
	card_add(card, before);
	describe_prose(&card->text, text, port->verbose ? 0 : NOTE_SHOWN);
}

static void put_record_facts(struct port_card *port, const struct berth_record *record)
{
	struct card *card = &port->card;

	describe_references(&card->text, record->assignee, false);
	put_fact(port, "registered ", record->registered);
	if (strcmp(record->registered, record->modified) != 0)
		put_fact(port, "modified ", record->modified);
	if (*record->reference) {
		card_add(card, card->text.len ? " · " : "");
		describe_references(&card->text, record->reference, port->verbose);
	}
	put_fact(port, "service code ", record->service_code);
	card_end(card, INDENT, HANG);
	put_fact(port, "reported as used without authorisation: ", record->unauthorized);
	card_end(card, INDENT, HANG);
	put_fact(port, "note: ", record->notes);
	card_end(card, INDENT, HANG);
}

static void put_record(struct port_card *port, const struct berth_report *report, size_t index)
{
	const struct berth_record *record = &report->records[index];
	struct buffer name = {0};
	struct card *card = &port->card;
	bool anonymous = record->state != BERTH_ASSIGNED && !*record->name;

	describe_text(&name, *record->name ? record->name : berth_state_name(record->state));
	card_styled(card, anonymous ? OUTPUT_FAINT : OUTPUT_HEADING, buffer_string(&name));
	buffer_free(&name);
	card_add(card, " ");
	if (record->first != record->last) {
		describe_range(&card->text, record->first, record->last);
		card_add(card, " ");
	}
	card_add(card, "(");
	if (record->any_transport)
		card_add(card, "any transport");
	else
		describe_protos(&card->text, protos_of_same(report, index) & report->protos);
	card_add(card, ") ");
	describe_prose(&card->text, record->description, port->verbose ? 0 : NOTE_SHOWN);
	card_end(card, 0, HANG);
	put_record_facts(port, record);
}

/* A bare "Unassigned" row says no more than the line of states above it. */
static bool is_bare(const struct berth_record *record)
{
	return record->state == BERTH_UNASSIGNED && !*record->name && !*record->notes &&
		!*record->unauthorized && strcmp(record->description, "Unassigned") == 0;
}

static void put_registry(struct port_card *port, const struct berth_report *report)
{
	size_t shown = 0;
	size_t left = 0;

	card_section(&port->card, "Registry");
	put_states(port, report);
	for (size_t i = 0; i < report->n_records; i++) {
		if (is_bare(&report->records[i]) || said_before(report, i))
			continue;
		if (shown == RECORDS_SHOWN && !port->verbose) {
			left++;
			continue;
		}
		put_record(port, report, i);
		shown++;
	}
	port_card_left_out(port, left, "", "-v");
}

/* ---- Here ------------------------------------------------------------------------------------ */

static void put_parents(struct port_card *port, const struct berth_process *process)
{
	struct card *card = &port->card;
	size_t shown = 0;

	for (const struct berth_process *parent = process->parent; parent;
		parent = parent->parent) {
		if (shown++ == PARENTS_SHOWN) {
			card_add(card, " ← …");
			break;
		}
		card_add(card, shown == 1 ? "started by " : " ← ");
		describe_process(&card->text, parent);
	}
	card_end(card, INDENT + INDENT, INDENT + HANG);
}

/* To what it belongs, and for whom it has the port when that is somebody else. */
static void put_place(struct port_card *port, const struct berth_process *process)
{
	struct buffer phrase = {0};
	struct card *card = &port->card;

	if (process->place)
		describe_place(&phrase, process->place);
	if (phrase.len) {
		card_add(card, " · ");
		card_add(card, buffer_string(&phrase));
	}
	if (process->serves) {
		card_add(card, " · for ");
		describe_place(&card->text, process->serves);
	}
	if (process->serves_port)
		buffer_format(&card->text, ", port %u", process->serves_port);
	buffer_free(&phrase);
}

static void put_owner(struct port_card *port, const struct berth_owner *owner)
{
	const struct berth_process *process = owner->process;
	struct buffer phrase = {0};
	struct card *card = &port->card;

	describe_process(&phrase, process);
	card_styled(card, OUTPUT_HEADING, buffer_string(&phrase));
	card_add(card, process->user ? " · " : " · uid ");
	describe_user(&card->text, process->user, process->uid, false);
	put_place(port, process);
	buffer_clear(&phrase);
	describe_time(&phrase, &port->clock, process->start_s);
	if (phrase.len) {
		card_add(card, " · since ");
		card_add(card, buffer_string(&phrase));
	}
	buffer_clear(&phrase);
	describe_command(&phrase, process, port->verbose ? 0 : COMMAND_SHOWN);
	if (phrase.len) {
		card_add(card, " · ");
		card_add(card, buffer_string(&phrase));
	}
	card_end(card, INDENT, HANG);
	buffer_free(&phrase);
	if (process->exe && (port->verbose || process->exe_deleted)) {
		card_add(card, "program ");
		card_foreign(card, process->exe);
		card_add(card,
			process->exe_deleted ? " (replaced or removed since it started)" : "");
		card_end(card, INDENT + INDENT, INDENT + HANG);
	}
	put_parents(port, process);
}

/* Where an owner that is not known is to be looked for. */
static void put_made_in(struct port_card *port, const struct berth_socket *socket)
{
	struct buffer phrase = {0};
	struct card *card = &port->card;

	if (socket->made_in && !socket->activation_unit)
		describe_place(&phrase, socket->made_in);
	if (phrase.len) {
		card_add(card, "made in ");
		card_add(card, buffer_string(&phrase));
	}
	card_end(card, INDENT, HANG);
	buffer_free(&phrase);
}

static void put_activation(struct port_card *port, const struct berth_socket *socket)
{
	struct card *card = &port->card;

	if (!socket->activation_unit)
		return;
	card_add(card, "opened by ");
	card_foreign(card, socket->activation_unit);
	if (socket->activation_service) {
		card_add(card, " for ");
		card_foreign(card, socket->activation_service);
	}
	card_end(card, INDENT, HANG);
}

static void put_owners(struct port_card *port, const struct berth_socket *socket)
{
	struct card *card = &port->card;

	for (size_t i = 0; i < socket->n_owners; i++) {
		if (i == OWNERS_SHOWN && !port->verbose) {
			port_card_left_out(port, socket->n_owners - i, " have it", "-v");
			break;
		}
		put_owner(port, &socket->owners[i]);
	}
	if (socket->reason_text) {
		if (!socket->maker)
			card_add(card, socket->n_owners ? "perhaps others: " : "owner not known: ");
		card_foreign(card, socket->reason_text);
		card_end(card, INDENT, HANG);
	}
	put_made_in(port, socket);
	put_activation(port, socket);
}

/* A full backlog and a shared place concern everybody; the rest is for -v. */
static void put_details(struct port_card *port, const struct berth_socket *socket)
{
	struct card *card = &port->card;
	struct berth_backlog backlog = {.full = false};

	(void)berth_socket_backlog(socket, &backlog);
	if (backlog.full || port->verbose)
		extras_backlog(&card->text, socket);
	extras_group(&card->text, socket);
	extras_all(&card->text, socket);
	card_end(card, INDENT, HANG);
}

static void put_socket(struct port_card *port, const struct berth_socket *socket)
{
	struct card *card = &port->card;

	card_add(card, berth_proto_name(socket->proto));
	card_add(card, " ");
	card_styled(card, OUTPUT_CARE, berth_socket_state_name(socket->proto, socket->state));
	card_add(card, " ");
	describe_local(&card->text, socket);
	if (socket->peer_text) {
		card_add(card, " to ");
		describe_peer(&card->text, socket);
	}
	if (socket->interface) {
		card_add(card, " on ");
		card_foreign(card, socket->interface);
	}
	if (!socket->n_owners && socket->has_uid && socket->inode) {
		card_add(card, socket->user ? ", made by " : ", made by uid ");
		describe_user(&card->text, socket->user, socket->uid, false);
	}
	if (socket->expires_ms >= 0)
		buffer_format(&card->text, ", for another %lld s",
			(long long)((socket->expires_ms + 999) / 1000));
	card_end(card, 0, HANG);
	put_details(port, socket);
	put_owners(port, socket);
}

/* What the quick answer did not look for, in a line. */
static void put_not_looked(struct port_card *port, const struct berth_report *report)
{
	struct card *card = &port->card;
	const char *join = "not looked for: ";
	bool partial = false;

	for (size_t i = 0; i < report->n_sockets; i++)
		partial = partial || report->sockets[i]->owners_partial;
	if (partial) {
		card_add(card, join);
		card_add(card, "owners in other cgroups (--all-owners)");
		join = ", ";
	}
	if (report->unasked && port->verbose) {
		card_add(card, join);
		card_add(card,
			report->unasked == BERTH_STATE_BIT(BERTH_BOUND)
				? "sockets that are bound only (--all)"
				: "sockets in other states of TCP (--all)");
	}
	card_end(card, 0, HANG);
}

/* Who listens or is bound comes before connections. */
static bool is_server(const struct berth_socket *socket)
{
	return socket->state == BERTH_LISTEN || socket->state == BERTH_CLOSE ||
		socket->state == BERTH_BOUND;
}

static bool has_full_backlog(const struct berth_report *report)
{
	struct berth_backlog backlog;

	for (size_t i = 0; i < report->n_sockets; i++) {
		if (berth_socket_backlog(report->sockets[i], &backlog) && backlog.full)
			return true;
	}
	return false;
}

static void put_here(struct port_card *port, const struct berth_report *report)
{
	struct card *card = &port->card;
	size_t shown = 0;
	size_t most = port->verbose ? report->n_sockets : SOCKETS_SHOWN;

	card_section(card, "Here");
	port_netns_subject(port, report);
	if (!report->has_sockets)
		card_add(card, "not known: the sockets of this machine could not be read");
	else if (!report->n_sockets && report->gaps & BERTH_GAP_UNSUPPORTED)
		card_add(card, "not known: berth cannot ask this system about its sockets");
	else if (!report->n_sockets)
		card_add(card, "no socket has it as its local port");
	card_end(card, 0, 0);
	for (int servers = 1; servers >= 0; servers--) {
		for (size_t i = 0; i < report->n_sockets && shown < most; i++) {
			if (is_server(report->sockets[i]) != servers)
				continue;
			put_socket(port, report->sockets[i]);
			shown++;
		}
	}
	if (report->n_sockets > shown)
		port_card_left_out(port, report->n_sockets - shown, "", "ls -a");
	if (report->split) {
		card_foreign(card, report->split);
		card_end(card, 0, HANG);
	}
	/* They were read because of -v or because a backlog is full, perhaps of another port. */
	if (report->listen_losses.overflows && (port->verbose || has_full_backlog(report))) {
		extras_losses(&card->text, &report->listen_losses);
		card_end(card, 0, HANG);
	}
	put_not_looked(port, report);
	port_netns_draw(port, report);
}

/* ---- Policy and verdict -----------------------------------------------------------------------
 */

static void put_ephemeral(struct port_card *port, const struct berth_report *report)
{
	struct card *card = &port->card;

	if (!report->policy.has_ephemeral) {
		card_add(card, "the kernel's ephemeral range is not known");
		return;
	}
	card_add(card, report->ephemeral ? "inside" : "outside");
	card_add(card, " the kernel's ephemeral range ");
	describe_range(&card->text, report->policy.ephemeral.first, report->policy.ephemeral.last);
	if (report->ephemeral && !report->reserved)
		card_add(card, ": any outgoing connection may be given it");
	if (report->reserved)
		card_add(card, "; reserved, so that the kernel lends it to nobody");
}

static void put_privilege(struct port_card *port, const struct berth_report *report)
{
	struct card *card = &port->card;

	if (!report->policy.has_unprivileged)
		card_add(card, "whether binding it needs a privilege is not known");
	else if (!report->privileged)
		card_add(card, "not privileged");
	else if (report->policy.may_bind_low == 0)
		card_add(card,
			"privileged: binding it needs CAP_NET_BIND_SERVICE, which this "
			"process does not have");
	else
		card_add(card, "privileged: binding it needs CAP_NET_BIND_SERVICE");
}

static void put_policy(struct port_card *port, const struct berth_report *report)
{
	struct card *card = &port->card;

	card_section(card, "Policy");
	put_ephemeral(port, report);
	card_end(card, 0, 0);
	put_privilege(port, report);
	card_end(card, 0, 0);
}

static enum output_style bindable_style(enum berth_bindable bindable)
{
	switch (bindable) {
	case BERTH_BIND_YES:
		return OUTPUT_GOOD;
	case BERTH_BIND_NO:
		return OUTPUT_BAD;
	case BERTH_BIND_UNKNOWN:
		break;
	}
	return OUTPUT_CARE;
}

static bool same_bind(const struct berth_verdict *verdict)
{
	const char *const *why = verdict->bind_why;

	return verdict->bindable[BERTH_TCP] == verdict->bindable[BERTH_UDP] &&
		(why[BERTH_TCP] == why[BERTH_UDP] ||
			(why[BERTH_TCP] && why[BERTH_UDP] &&
				strcmp(why[BERTH_TCP], why[BERTH_UDP]) == 0));
}

/* "tcp no, because it is taken · udp yes"; alike for both, it is said once. */
static void put_bind(struct port_card *port, const struct berth_report *report)
{
	const struct berth_verdict *verdict = &report->verdict;
	const berth_protos both = BERTH_PROTO_BIT(BERTH_TCP) | BERTH_PROTO_BIT(BERTH_UDP);
	bool alike = (report->protos & both) == both && same_bind(verdict);
	struct card *card = &port->card;

	for (unsigned t = BERTH_TCP; t <= BERTH_UDP; t++) {
		if (!(report->protos & BERTH_PROTO_BIT(t)) || (alike && t != BERTH_TCP))
			continue;
		card_add(card, card->text.len ? " · " : "Plain bind now: ");
		card_add(card, alike ? "tcp and udp" : berth_proto_name((enum berth_proto)t));
		card_add(card, " ");
		card_styled(card, bindable_style(verdict->bindable[t]),
			berth_bindable_name(verdict->bindable[t]));
		if (!verdict->bind_why[t])
			continue;
		card_add(card, ", ");
		card_foreign(card, verdict->bind_why[t]);
	}
	card_end(card, 0, 0);
}

static void put_verdict(struct port_card *port, const struct berth_report *report)
{
	struct card *card = &port->card;
	struct buffer summary = {0};

	card_section(card, "Verdict");
	describe_text(&summary, report->verdict.summary);
	card_styled(card, OUTPUT_HEADING, buffer_string(&summary));
	buffer_free(&summary);
	card_end(card, 0, 0);
	card_foreign(card, report->verdict.advice);
	card_end(card, 0, 0);
	put_bind(port, report);
}

void port_card_draw(struct port_card *port, const struct berth_report *report)
{
	port->number = report->port;
	put_title(port, report);
	put_registry(port, report);
	port_claims_draw(port, report);
	put_here(port, report);
	port_redirects_draw(port, report);
	put_policy(port, report);
	put_verdict(port, report);
}
