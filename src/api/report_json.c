// SPDX-License-Identifier: MIT
/*
 * The report and its parts as JSON. docs/schema describes the shapes; every face that speaks JSON
 * uses these functions, so none can say anything else.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "api/parts.h"
#include "api/report_json.h"
#include "base/json.h"
#include "base/text.h"
#include <berth.h>

/* Empty becomes null: the registry's way to say nothing. */
static void put_text(struct json *json, const char *key, const char *text)
{
	json_string(json, key, text && *text ? text : NULL);
}

/* "tcp", "tcp+udp"; null for a row that names no transport and so holds for all. */
static void put_transport(struct json *json, berth_protos protos, bool any)
{
	struct buffer text = {0};

	for (unsigned proto = 0; !any && proto < BERTH_PROTOS; proto++) {
		if (!(protos & BERTH_PROTO_BIT(proto)))
			continue;
		if (text.len)
			buffer_char(&text, '+');
		buffer_text(&text, berth_proto_name((enum berth_proto)proto));
	}
	put_text(json, "transport", buffer_string(&text));
	buffer_free(&text);
}

/* ISO 8601 in UTC, to the second. */
static void put_time(struct json *json, const char *key, double seconds)
{
	char text[32];
	struct tm parts;
	time_t whole = (time_t)seconds;

	if (seconds <= 0 || !isfinite(seconds) || !gmtime_r(&whole, &parts) ||
		!strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &parts))
		json_null(json, key);
	else
		json_string(json, key, text);
}

/* ---- Registry -------------------------------------------------------------------------------- */

/* One reference: RFC6335 becomes a link, other texts have none. */
static void put_reference(struct json *json, const char *text, size_t len)
{
	json_open_object(json, NULL);
	json_string_bytes(json, "text", text, len);
	if (len > 3 && len < 12 && text_equal_fold(text, 3, "RFC", 3) &&
		strspn(text + 3, "0123456789") >= len - 3) {
		char url[64];

		(void)snprintf(url, sizeof(url), "https://www.rfc-editor.org/rfc/rfc%.*s",
			(int)(len - 3), text + 3);
		json_string(json, "url", url);
	} else {
		json_null(json, "url");
	}
	json_close_object(json);
}

/* The registry writes references as "[RFC6335][RFC6336]". */
static void put_references(struct json *json, const char *reference)
{
	json_open_array(json, "references");
	while (*reference) {
		size_t len = strcspn(reference, "[]");

		if (len)
			put_reference(json, reference, len);
		reference += len;
		reference += *reference != '\0';
	}
	json_close_array(json);
}

static void put_record(struct json *json, const struct berth_record *record)
{
	json_open_object(json, NULL);
	put_text(json, "name", record->name);
	if (record->has_port) {
		json_uint(json, "first", record->first);
		json_uint(json, "last", record->last);
	} else {
		json_null(json, "first");
		json_null(json, "last");
	}
	put_transport(json, record->protos, record->any_transport);
	json_string(json, "state", berth_state_name(record->state));
	put_text(json, "description", record->description);
	put_text(json, "assignee", record->assignee);
	put_text(json, "contact", record->contact);
	put_text(json, "registered", record->registered);
	put_text(json, "modified", record->modified);
	put_references(json, record->reference);
	put_text(json, "service_code", record->service_code);
	put_text(json, "unauthorized_use", record->unauthorized);
	put_text(json, "notes", record->notes);
	json_close_object(json);
}

static void put_registry(struct json *json, const struct berth_report *report)
{
	json_open_object(json, "registry");
	put_text(json, "date", report->registry_date);
	for (unsigned t = 0; t < BERTH_TRANSPORTS; t++) {
		json_open_object(json, berth_proto_name((enum berth_proto)t));
		json_string(json, "state", berth_state_name(report->state[t]));
		json_open_array(json, "records");
		for (size_t i = 0; i < report->n_records; i++) {
			if (report->records[i].protos & BERTH_PROTO_BIT(t))
				put_record(json, &report->records[i]);
		}
		json_close_array(json);
		json_close_object(json);
	}
	json_close_object(json);
}

/* ---- Claims ---------------------------------------------------------------------------------- */

static void put_claim(struct json *json, const struct berth_claim *claim)
{
	json_open_object(json, NULL);
	json_string(json, "service", claim->service);
	put_text(json, "name", claim->name);
	put_text(json, "claimant", claim->claimant);
	json_string(json, "kind", berth_claim_kind_name(claim->kind));
	json_string(json, "scope", berth_claim_scope_name(claim->scope));
	json_uint(json, "first", claim->first);
	json_uint(json, "last", claim->last);
	json_uint(json, "ports_claimed", claim->ports_claimed);
	put_transport(json, claim->protos, false);
	json_string(json, "source", claim->source);
	put_text(json, "source_url", claim->source_url);
	put_text(json, "source_date", claim->source_date);
	put_text(json, "note", claim->note);
	json_string(json, "origin", claim->origin);
	json_close_object(json);
}

static void put_de_facto(struct json *json, const struct berth_de_facto *de_facto)
{
	json_open_object(json, "de_facto");
	json_string(json, "state", berth_ownership_name(de_facto->state));
	json_string(json, "service", de_facto->service);
	json_string(json, "why", de_facto->why);
	json_open_array(json, "candidates");
	for (size_t i = 0; i < de_facto->n_candidates; i++) {
		const struct berth_candidate *candidate = &de_facto->candidates[i];

		json_open_object(json, NULL);
		json_string(json, "service", candidate->service);
		put_text(json, "name", candidate->name);
		json_real(json, "weight", candidate->weight, 6);
		json_uint(json, "sources", candidate->sources);
		json_bool(json, "registry", candidate->registry);
		put_text(json, "registered", candidate->registered);
		json_close_object(json);
	}
	json_close_array(json);
	json_close_object(json);
}

/* ---- Sockets --------------------------------------------------------------------------------- */

static void put_endpoint(struct json *json, const char *key, const char *address, uint16_t port)
{
	json_open_object(json, key);
	json_string(json, "address", address);
	json_uint(json, "port", port);
	json_close_object(json);
}

static void put_user(struct json *json, bool has_uid, uint32_t uid, const char *user)
{
	if (has_uid)
		json_uint(json, "uid", uid);
	else
		json_null(json, "uid");
	put_text(json, "user", user);
}

static void put_parents(struct json *json, const struct berth_process *process)
{
	json_open_array(json, "parents");
	for (const struct berth_process *parent = process->parent; parent;
		parent = parent->parent) {
		json_open_object(json, NULL);
		json_uint(json, "pid", parent->pid);
		json_uint(json, "start_ticks", parent->start_ticks);
		json_string(json, "name", parent->name);
		json_close_object(json);
	}
	json_close_array(json);
}

static void put_place(struct json *json, const char *key, const struct berth_place *place)
{
	if (!place) {
		json_null(json, key);
		return;
	}
	json_open_object(json, key);
	json_string(json, "cgroup", place->cgroup);
	json_string(json, "slice", place->slice);
	json_string(json, "unit", place->unit);
	json_string(json, "user_unit", place->user_unit);
	if (place->has_user)
		json_uint(json, "user_uid", place->user_uid);
	else
		json_null(json, "user_uid");
	json_string(json, "engine", berth_engine_name(place->engine));
	json_string(json, "container", place->container);
	json_string(json, "container_name", place->container_name);
	json_string(json, "image", place->image);
	json_string(json, "pod", place->pod);
	json_string(json, "pod_name", place->pod_name);
	json_string(json, "pod_namespace", place->pod_namespace);
	put_place(json, "inside", place->inside);
	json_close_object(json);
}

static void put_owner(struct json *json, const struct berth_owner *owner)
{
	const struct berth_process *process = owner->process;

	json_open_object(json, NULL);
	json_uint(json, "pid", process->pid);
	json_uint(json, "start_ticks", process->start_ticks);
	put_time(json, "started", process->start_s);
	json_string(json, "name", process->name);
	json_string(json, "exe", process->exe);
	json_bool(json, "exe_deleted", process->exe_deleted);
	json_open_array(json, "command");
	for (size_t i = 0; i < process->n_argv; i++)
		json_string(json, NULL, process->argv[i]);
	json_close_array(json);
	put_user(json, true, process->uid, process->user);
	if (owner->fd < 0)
		json_null(json, "fd");
	else
		json_int(json, "fd", owner->fd);
	put_parents(json, process);
	put_place(json, "place", process->place);
	put_place(json, "serves", process->serves);
	if (process->serves_port)
		json_uint(json, "serves_port", process->serves_port);
	else
		json_null(json, "serves_port");
	json_close_object(json);
}

/* Zero is how the kernel says that there is none. */
static void put_nonzero(struct json *json, const char *key, uint64_t value)
{
	if (value)
		json_uint(json, key, value);
	else
		json_null(json, key);
}

void report_json_owners(struct json *json, const struct berth_socket *socket)
{
	json_open_array(json, "owners");
	for (size_t i = 0; i < socket->n_owners; i++)
		put_owner(json, &socket->owners[i]);
	json_close_array(json);
}

static void put_owners(struct json *json, const struct berth_socket *socket)
{
	report_json_owners(json, socket);
	json_bool(json, "owners_partial", socket->owners_partial);
	json_string(json, "reason", socket->reason_text);
	json_string(json, "reason_kind", berth_reason_name(socket->reason));
	json_open_array(json, "capabilities");
	for (size_t i = 0; i < socket->n_capabilities; i++)
		json_string(json, NULL, socket->capabilities[i]);
	json_close_array(json);
	json_string(json, "maker", socket->maker);
	json_string(json, "maker_detail", socket->maker_detail);
}

/* ---- Network namespaces -----------------------------------------------------------------------
 */

/* What a socket says of the one it is in: enough to find the rest. */
static void put_socket_netns(struct json *json, const struct berth_netns *netns)
{
	if (!netns) {
		json_null(json, "netns");
		return;
	}
	json_open_object(json, "netns");
	put_nonzero(json, "inode", netns->inode);
	json_string(json, "name", netns->name);
	json_bool(json, "own", netns->own);
	json_close_object(json);
}

static void put_netns(struct json *json, const char *key, const struct berth_netns *netns)
{
	json_open_object(json, key);
	put_nonzero(json, "inode", netns->inode);
	put_nonzero(json, "cookie", netns->cookie);
	json_string(json, "name", netns->name);
	json_string(json, "kind", berth_netns_kind_name(netns->kind));
	json_bool(json, "own", netns->own);
	put_nonzero(json, "pid", netns->pid);
	json_string(json, "path", netns->path);
	json_string(json, "reason", netns->reason_text);
	json_string(json, "reason_kind", berth_reason_name(netns->reason));
	parts_gaps(json, netns->gaps);
	json_uint(json, "sockets", netns->n_sockets);
	json_close_object(json);
}

/* ---- Sockets, whole ---------------------------------------------------------------------------
 */
static void put_backlog(struct json *json, const struct berth_socket *socket)
{
	struct berth_backlog backlog;

	if (!berth_socket_backlog(socket, &backlog)) {
		json_null(json, "backlog");
		return;
	}
	json_open_object(json, "backlog");
	json_uint(json, "used", backlog.used);
	if (backlog.has_limit)
		json_uint(json, "limit", backlog.limit);
	else
		json_null(json, "limit");
	json_close_object(json);
}

static void put_socket(struct json *json, const struct berth_socket *socket)
{
	json_open_object(json, NULL);
	json_string(json, "proto", berth_proto_name(socket->proto));
	json_uint(json, "family", socket->family);
	json_string(json, "state", berth_socket_state_name(socket->proto, socket->state));
	put_endpoint(json, "local", socket->local_text, socket->local_port);
	if (socket->peer_text)
		put_endpoint(json, "peer", socket->peer_text, socket->peer_port);
	else
		json_null(json, "peer");
	put_user(json, socket->has_uid, socket->uid, socket->user);
	put_nonzero(json, "inode", socket->inode);
	put_nonzero(json, "cookie", socket->cookie);
	put_nonzero(json, "cgroup_id", socket->cgroup_id);
	put_nonzero(json, "interface_index", socket->ifindex);
	json_string(json, "interface", socket->interface);
	if (socket->v6only < 0)
		json_null(json, "v6only");
	else
		json_bool(json, "v6only", socket->v6only);
	json_uint(json, "receive_queue", socket->receive_queue);
	json_uint(json, "send_queue", socket->send_queue);
	if (socket->expires_ms < 0)
		json_null(json, "expires_ms");
	else
		json_int(json, "expires_ms", socket->expires_ms);
	put_owners(json, socket);
	put_socket_netns(json, socket->netns);
	json_string(json, "activation_unit", socket->activation_unit);
	json_string(json, "activation_service", socket->activation_service);
	put_place(json, "made_in", socket->made_in);
	put_backlog(json, socket);
	put_nonzero(json, "reuseport_group", socket->reuseport_group);
	parts_details(json, socket->details);
	json_close_object(json);
}

static void put_sockets(struct json *json, const struct berth_report *report)
{
	if (!report->has_sockets) {
		json_null(json, "sockets");
		return;
	}
	json_open_array(json, "sockets");
	for (size_t i = 0; i < report->n_sockets; i++)
		put_socket(json, report->sockets[i]);
	json_close_array(json);
}

static const char *ask_name(enum berth_netns_ask ask)
{
	switch (ask) {
	case BERTH_ASK_NAMED:
		return "named";
	case BERTH_ASK_ALL:
		return "all";
	case BERTH_ASK_ONE:
		return "one";
	case BERTH_ASK_OWN:
		break;
	}
	return "own";
}

static void put_use(struct json *json, const struct berth_netns_use *use)
{
	json_open_object(json, NULL);
	put_netns(json, "netns", use->netns);
	json_open_array(json, "sockets");
	for (size_t i = 0; i < use->n_sockets; i++)
		put_socket(json, use->sockets[i]);
	json_close_array(json);
	json_close_object(json);
}

static void put_other_netns(struct json *json, const struct berth_report *report)
{
	if (report->netns)
		put_netns(json, "netns", report->netns);
	else
		json_null(json, "netns");
	json_open_object(json, "other_netns");
	json_string(json, "asked", ask_name(report->netns_ask));
	json_uint(json, "seen", report->n_netns_seen);
	json_uint(json, "unseen", report->n_netns_unseen);
	json_open_array(json, "held");
	for (size_t i = 0; i < report->n_other_netns; i++)
		put_use(json, &report->other_netns[i]);
	json_close_array(json);
	json_close_object(json);
}

static void put_unasked(struct json *json, berth_states states)
{
	json_open_array(json, "not_looked_for");
	for (unsigned state = 0; states >> state; state++) {
		if (states >> state & 1)
			json_string(json, NULL, berth_socket_state_name(BERTH_TCP, state));
	}
	json_close_array(json);
}

/* ---- Redirects --------------------------------------------------------------------------------
 */

static void put_ports(struct json *json, const char *key, uint16_t first, uint16_t last)
{
	if (!first) {
		json_null(json, key);
		return;
	}
	json_open_object(json, key);
	json_uint(json, "first", first);
	json_uint(json, "last", last);
	json_close_object(json);
}

/* Who gets what it catches, as far as it stays on this machine. */
static void put_takers(struct json *json, const struct berth_redirect *redirect)
{
	json_open_array(json, "sockets");
	for (size_t i = 0; i < redirect->n_sockets; i++)
		put_socket(json, redirect->sockets[i]);
	json_close_array(json);
}

static void put_redirect(struct json *json, const struct berth_redirect *redirect)
{
	json_open_object(json, NULL);
	json_string(json, "kind", berth_redirect_kind_name(redirect->kind));
	json_string(json, "action", berth_redirect_action_name(redirect->action));
	put_nonzero(json, "family", redirect->family);
	put_transport(json, redirect->protos, false);
	put_ports(json, "ports", redirect->first, redirect->last);
	json_string(json, "address", redirect->address_text);
	json_bool(json, "elsewhere", redirect->elsewhere);
	json_string(json, "hook", redirect->hook);
	json_string(json, "conditions", redirect->conditions);
	json_bool(json, "conditional", redirect->conditional);
	json_string(json, "target", redirect->target_text);
	put_ports(json, "target_ports", redirect->to_first, redirect->to_last);
	json_bool(json, "here", redirect->here);
	put_takers(json, redirect);
	json_string(json, "rule", redirect->rule);
	json_string(json, "table", redirect->table);
	json_string(json, "chain", redirect->chain);
	put_nonzero(json, "handle", redirect->handle);
	json_close_object(json);
}

static void put_redirects(struct json *json, const struct berth_report *report)
{
	json_open_array(json, "redirects");
	for (size_t i = 0; i < report->n_redirects; i++)
		put_redirect(json, report->redirects[i]);
	json_close_array(json);
	json_string(json, "redirects_unknown", report->redirects_unknown);
}

static void put_losses(struct json *json, const char *key, const struct berth_listen_losses *losses)
{
	if (!losses->known) {
		json_null(json, key);
		return;
	}
	json_open_object(json, key);
	json_uint(json, "overflows", losses->overflows);
	json_uint(json, "drops", losses->drops);
	json_close_object(json);
}

/* ---- Policy and verdict -----------------------------------------------------------------------
 */

static void put_policy(struct json *json, const struct berth_report *report)
{
	const struct berth_policy *policy = &report->policy;

	json_open_object(json, "policy");
	if (policy->has_ephemeral) {
		json_open_object(json, "ephemeral");
		json_uint(json, "first", policy->ephemeral.first);
		json_uint(json, "last", policy->ephemeral.last);
		json_bool(json, "contains", report->ephemeral);
		json_close_object(json);
	} else {
		json_null(json, "ephemeral");
	}
	if (policy->has_reserved)
		json_bool(json, "reserved", report->reserved);
	else
		json_null(json, "reserved");
	if (policy->has_unprivileged) {
		json_bool(json, "privileged", report->privileged);
		json_uint(json, "unprivileged_start", policy->unprivileged_start);
	} else {
		json_null(json, "privileged");
		json_null(json, "unprivileged_start");
	}
	json_close_object(json);
}

static void put_verdict(struct json *json, const struct berth_verdict *verdict)
{
	json_open_object(json, "verdict");
	json_string(json, "summary", verdict->summary);
	json_string(json, "advice", verdict->advice);
	json_bool(json, "wise", verdict->wise);
	json_bool(json, "held", verdict->held);
	for (unsigned t = BERTH_TCP; t <= BERTH_UDP; t++) {
		json_open_object(json, berth_proto_name((enum berth_proto)t));
		json_string(json, "use", berth_use_name(verdict->use[t]));
		json_string(json, "bindable", berth_bindable_name(verdict->bindable[t]));
		json_string(json, "why", verdict->bind_why[t]);
		json_close_object(json);
	}
	json_close_object(json);
}

static void put_report(struct json *json, const struct berth_report *report)
{
	json_open_object(json, NULL);
	json_string(json, "schema", "berth-report-1");
	json_uint(json, "port", report->port);
	json_open_object(json, "range");
	json_string(json, "name", report->range.name);
	json_uint(json, "first", report->range.first);
	json_uint(json, "last", report->range.last);
	json_close_object(json);
	put_registry(json, report);
	json_open_array(json, "claims");
	for (size_t i = 0; i < report->n_claims; i++)
		put_claim(json, &report->claims[i]);
	json_close_array(json);
	put_de_facto(json, &report->de_facto);
	put_sockets(json, report);
	put_redirects(json, report);
	parts_gaps(json, report->gaps);
	put_unasked(json, report->unasked);
	put_policy(json, report);
	put_verdict(json, &report->verdict);
	put_other_netns(json, report);
	put_losses(json, "listen_losses", &report->listen_losses);
	json_string(json, "split", report->split);
	json_close_object(json);
}

/* ---- The public functions -----------------------------------------------------------------------
 */

static int hand_over(struct buffer *out, berth_write *write, void *context)
{
	int r = out->error ? out->error : write(context, out->data, out->len);

	buffer_free(out);
	return r;
}

int berth_report_json(const struct berth_report *report, berth_write *write, void *context)
{
	struct buffer out = {0};
	struct json json = {.out = &out};

	put_report(&json, report);
	return hand_over(&out, write, context);
}

int berth_socket_json(const struct berth_socket *socket, berth_write *write, void *context)
{
	struct buffer out = {0};
	struct json json = {.out = &out};

	put_socket(&json, socket);
	return hand_over(&out, write, context);
}

int berth_listen_losses_json(
	const struct berth_listen_losses *losses, berth_write *write, void *context)
{
	struct buffer out = {0};
	struct json json = {.out = &out};

	put_losses(&json, NULL, losses);
	return hand_over(&out, write, context);
}

int berth_record_json(const struct berth_record *record, berth_write *write, void *context)
{
	struct buffer out = {0};
	struct json json = {.out = &out};

	put_record(&json, record);
	return hand_over(&out, write, context);
}

int berth_claim_json(const struct berth_claim *claim, berth_write *write, void *context)
{
	struct buffer out = {0};
	struct json json = {.out = &out};

	put_claim(&json, claim);
	return hand_over(&out, write, context);
}

int berth_netns_json(const struct berth_netns *netns, berth_write *write, void *context)
{
	struct buffer out = {0};
	struct json json = {.out = &out};

	put_netns(&json, NULL, netns);
	return hand_over(&out, write, context);
}
