// SPDX-License-Identifier: MIT
/* Why a bind fails, as JSON: docs/schema/berth-why-1.json; and the words for its enums. */
#include <arpa/inet.h>
#include <string.h>

#include "api/parts.h"
#include "api/report_json.h"
#include "base/json.h"
#include "binding/verdict.h"
#include <berth.h>

const char *berth_bind_cause_name(enum berth_bind_cause cause)
{
	switch (cause) {
	case BERTH_BIND_LISTENER:
		return "listener";
	case BERTH_BIND_BOUND:
		return "bound";
	case BERTH_BIND_CONNECTION:
		return "connection";
	case BERTH_BIND_CLOSING:
		return "closing";
	case BERTH_BIND_TIME_WAIT:
		return "time-wait";
	case BERTH_BIND_PRIVILEGE:
		return "privilege";
	case BERTH_BIND_ADDRESS:
		return "address";
	case BERTH_BIND_INVALID:
		return "invalid";
	case BERTH_BIND_NO_LISTEN:
		return "no-listen";
	}
	return "?";
}

const char *berth_cure_where_name(enum berth_cure_where where)
{
	switch (where) {
	case BERTH_CURE_SERVER:
		return "server";
	case BERTH_CURE_HOST:
		return "host";
	case BERTH_CURE_WAIT:
		return "wait";
	}
	return "?";
}

static void put_request(struct json *json, const struct berth_why *why)
{
	const struct berth_bind *request = &why->request;
	char address[INET6_ADDRSTRLEN];

	json_open_object(json, "request");
	json_string(json, "place", why->place);
	json_uint(json, "port", request->port);
	json_string(json, "proto", berth_proto_name(request->proto));
	json_string(json, "address",
		inet_ntop(request->family == 4 ? AF_INET : AF_INET6, request->address, address,
			sizeof(address)));
	json_bool(json, "both_families", !request->family && !request->v6only);
	json_bool(json, "v6only", request->v6only);
	json_bool(json, "reuseaddr", request->reuseaddr);
	json_bool(json, "reuseport", request->reuseport);
	json_bool(json, "freebind", request->freebind);
	json_bool(json, "listen", request->listen);
	json_close_object(json);
}

static void put_cause(struct json *json, const struct berth_bind_reason *cause)
{
	json_open_object(json, NULL);
	json_string(json, "kind", berth_bind_cause_name(cause->kind));
	json_bool(json, "certain", cause->certain);
	json_string(json, "text", cause->text);
	if (cause->socket) {
		json_value_follows(json, "socket");
		(void)berth_socket_json(cause->socket, buffer_write, json->out);
		report_json_owners(json, cause->socket);
	} else {
		json_null(json, "socket");
		json_open_array(json, "owners");
		json_close_array(json);
	}
	json_close_object(json);
}

static void put_cure(struct json *json, const struct berth_cure *cure)
{
	json_open_object(json, NULL);
	json_string(json, "where", berth_cure_where_name(cure->where));
	json_string(json, "text", cure->text);
	json_string(json, "command", cure->command);
	if (cure->seconds < 0)
		json_null(json, "seconds");
	else
		json_real(json, "seconds", cure->seconds, 3);
	json_close_object(json);
}

static void put_texts(struct json *json, const char *key, const char *const *texts, size_t n)
{
	json_open_array(json, key);
	for (size_t i = 0; i < n; i++)
		json_string(json, NULL, texts[i]);
	json_close_array(json);
}

static const char *verdict_word(enum berth_bindable verdict)
{
	switch (verdict) {
	case BERTH_BIND_YES:
		return "succeeds";
	case BERTH_BIND_NO:
		return "fails";
	case BERTH_BIND_UNKNOWN:
		break;
	}
	return "unknown";
}

/* A failure of theirs sticks to the buffer. */
static void put_past(struct json *json, const struct berth_why *why)
{
	if (!why->has_past || why->past_why_not) {
		json_null(json, "past");
		return;
	}
	json_open_array(json, "past");
	for (size_t i = 0; i < why->n_past; i++) {
		json_value_follows(json, NULL);
		(void)berth_event_json(&why->past[i], buffer_write, json->out);
	}
	json_close_array(json);
}

static void put_why(struct json *json, const struct berth_why *why)
{
	json_open_object(json, NULL);
	json_string(json, "schema", "berth-why-1");
	put_request(json, why);
	json_string(json, "verdict", verdict_word(why->verdict));
	json_string(json, "errno", why->errno_name);
	json_string(json, "summary", why->summary);
	json_open_array(json, "causes");
	for (size_t i = 0; i < why->n_causes; i++)
		put_cause(json, &why->causes[i]);
	json_close_array(json);
	json_open_array(json, "cures");
	for (size_t i = 0; i < why->n_cures; i++)
		put_cure(json, &why->cures[i]);
	json_close_array(json);
	put_texts(json, "cannot_exclude", why->cannot_exclude, why->n_cannot_exclude);
	put_texts(json, "notes", why->notes, why->n_notes);
	if (why->tried) {
		json_open_object(json, "tried");
		json_string(json, "errno",
			why->tried_errnum ? verdict_errno_name(why->tried_errnum) : NULL);
		json_bool(json, "agrees",
			why->verdict == BERTH_BIND_UNKNOWN || why->tried_errnum == why->errnum);
		json_close_object(json);
	} else {
		json_null(json, "tried");
	}
	parts_gaps(json, why->gaps);
	put_past(json, why);
	json_close_object(json);
}

int berth_why_json(const struct berth_why *why, berth_write *write, void *context)
{
	struct buffer out = {0};
	struct json json = {.out = &out};

	put_why(&json, why);
	int r = out.error ? out.error : write(context, buffer_string(&out), out.len);
	buffer_free(&out);
	return r;
}
