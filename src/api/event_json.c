// SPDX-License-Identifier: MIT
/* Events and the history as JSON: docs/schema/berth-event-1.json and berth-history-1.json. */
#include <time.h>

#include "base/json.h"
#include <berth.h>

/* "2026-11-23T10:32:01.123Z"; null: not known. */
static void put_time(struct json *json, const char *key, double time_s)
{
	const double ms_per_s = 1000;
	const int64_t ms = 1000;
	int64_t time_ms = (int64_t)(time_s * ms_per_s + 0.5);
	time_t whole = (time_t)(time_ms / ms);
	char text[sizeof("-2147483648-12-31T23:59:59")];
	struct buffer all = {0};
	struct tm parts;

	if (time_s <= 0 || !gmtime_r(&whole, &parts) ||
		!strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &parts)) {
		json_null(json, key);
		return;
	}
	buffer_format(&all, "%s.%03dZ", text, (int)(time_ms % ms));
	json_string(json, key, buffer_string(&all));
	buffer_free(&all);
}

static void put_actor(struct json *json, const char *key, const struct berth_actor *actor)
{
	if (!actor->pid && !actor->name && !actor->has_uid) {
		json_null(json, key);
		return;
	}
	json_open_object(json, key);
	if (actor->pid)
		json_uint(json, "pid", actor->pid);
	else
		json_null(json, "pid");
	if (actor->start_ticks)
		json_uint(json, "start_ticks", actor->start_ticks);
	else
		json_null(json, "start_ticks");
	json_string(json, "name", actor->name);
	json_string(json, "exe", actor->exe);
	if (actor->has_uid)
		json_uint(json, "uid", actor->uid);
	else
		json_null(json, "uid");
	json_string(json, "user", actor->user);
	json_string(json, "unit", actor->unit);
	json_string(json, "container", actor->container);
	json_close_object(json);
}

static void put_number(struct json *json, const char *key, bool known, uint64_t value)
{
	if (known)
		json_uint(json, key, value);
	else
		json_null(json, key);
}

static void put_socket(struct json *json, enum berth_proto proto, const char *address,
	uint16_t port, uint32_t ifindex)
{
	json_uint(json, "port", port);
	json_string(json, "proto", berth_proto_name(proto));
	json_string(json, "address", address);
	put_number(json, "interface_index", ifindex != 0, ifindex);
}

static void put_refusal(struct json *json, const struct berth_event *event)
{
	bool refused = event->kind == BERTH_EVENT_REFUSED;

	json_string(json, "call", !refused ? NULL : event->listening ? "listen" : "bind");
	json_string(json, "errno", event->errno_name);
	json_string(json, "cause", event->has_cause ? berth_bind_cause_name(event->cause) : NULL);
	json_string(json, "cause_text", event->cause_text);
	put_actor(json, "holder", &event->holder);
}

static void put_event(struct json *json, const struct berth_event *event)
{
	json_open_object(json, NULL);
	json_string(json, "event", berth_event_kind_name(event->kind));
	put_time(json, "time", event->time_s);
	json_bool(json, "exact", event->since_s == event->time_s);
	put_time(json, "not_before", event->since_s);
	if (event->port) {
		put_socket(json, event->proto, event->family ? event->address_text : NULL,
			event->port, event->ifindex);
	} else {
		json_null(json, "port");
		json_null(json, "proto");
		json_null(json, "address");
		json_null(json, "interface_index");
	}
	put_number(json, "cookie", event->cookie != 0, event->cookie);
	json_bool(json, "listening", event->listening);
	put_actor(json, "process", &event->actor);
	put_time(json, "opened", event->opened_s);
	put_refusal(json, event);
	put_number(json, "count", event->count != 0, event->count);
	json_string(json, "text", event->text);
	json_close_object(json);
}

int berth_event_json(const struct berth_event *event, berth_write *write, void *context)
{
	struct buffer out = {0};
	struct json json = {.out = &out};

	put_event(&json, event);
	int r = out.error ? out.error : write(context, out.data, out.len);
	buffer_free(&out);
	return r;
}

static void put_span(struct json *json, const struct berth_span *span)
{
	json_open_object(json, NULL);
	put_socket(json, span->proto, span->address_text, span->port, span->ifindex);
	json_uint(json, "cookie", span->cookie);
	json_string(json, "state", span->listening ? "listening" : "bound");
	put_actor(json, "process", &span->actor);
	put_time(json, "first", span->first_s);
	json_bool(json, "first_exact", span->first_exact);
	put_time(json, "last", span->last_s);
	json_bool(json, "last_exact", span->last_exact);
	json_bool(json, "open", span->open);
	json_close_object(json);
}

int berth_span_json(const struct berth_span *span, berth_write *write, void *context)
{
	struct buffer out = {0};
	struct json json = {.out = &out};

	put_span(&json, span);
	int r = out.error ? out.error : write(context, out.data, out.len);
	buffer_free(&out);
	return r;
}

int berth_history_json(const struct berth_history *history, berth_write *write, void *context)
{
	struct buffer out = {0};
	struct json json = {.out = &out};

	json_open_object(&json, NULL);
	json_string(&json, "schema", "berth-history-1");
	put_time(&json, "first", history->first_s);
	put_time(&json, "last", history->last_s);
	json_string(&json, "way", history->first_s > 0 ? berth_watch_way_name(history->way) : NULL);
	json_bool(&json, "cut", history->cut);
	json_open_array(&json, "spans");
	for (size_t i = 0; i < history->n_spans; i++)
		put_span(&json, &history->spans[i]);
	json_close_array(&json);
	json_open_array(&json, "events");
	for (size_t i = 0; i < history->n_events; i++)
		put_event(&json, &history->events[i]);
	json_close_array(&json);
	json_open_array(&json, "unwatched");
	for (size_t i = 0; i < history->n_unwatched; i++) {
		json_open_object(&json, NULL);
		put_time(&json, "from", history->unwatched[i].from_s);
		put_time(&json, "until", history->unwatched[i].until_s);
		json_close_object(&json);
	}
	json_close_array(&json);
	json_close_object(&json);
	int r = out.error ? out.error : write(context, out.data, out.len);
	buffer_free(&out);
	return r;
}
