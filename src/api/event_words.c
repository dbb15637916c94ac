// SPDX-License-Identifier: MIT
/* The words of events, the same for those that happen and those that are in the history. */
#include "api/event_words.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

const char *berth_event_kind_name(enum berth_event_kind kind)
{
	switch (kind) {
	case BERTH_EVENT_FOUND:
		return "found";
	case BERTH_EVENT_OPENED:
		return "opened";
	case BERTH_EVENT_CLOSED:
		return "closed";
	case BERTH_EVENT_REFUSED:
		return "refused";
	case BERTH_EVENT_MISSED:
		return "missed";
	}
	return "?";
}

const char *berth_watch_way_name(enum berth_watch_way way)
{
	switch (way) {
	case BERTH_WATCH_BPF:
		return "bpf";
	case BERTH_WATCH_BPF_LISTEN:
		return "bpf-listen";
	case BERTH_WATCH_ENDINGS:
		return "endings";
	case BERTH_WATCH_POLL:
		return "poll";
	}
	return "?";
}

const char *event_words_address(struct arena *arena, uint8_t family, const uint8_t address[16])
{
	char text[INET6_ADDRSTRLEN];

	if (!inet_ntop(family == 4 ? AF_INET : AF_INET6, address, text, sizeof(text)))
		return NULL;
	return arena_text(arena, text, strlen(text));
}

void event_words_actor(struct buffer *out, const struct berth_actor *actor)
{
	if (actor->name && *actor->name)
		buffer_text(out, actor->name);
	else
		buffer_text(out, actor->pid ? "a process" : "a process that is not known");
	if (actor->pid)
		buffer_format(out, "[%u]", actor->pid);
}

static void put_place(struct buffer *out, const struct berth_event *event)
{
	bool brackets = strchr(event->address_text, ':') != NULL;

	buffer_format(out, brackets ? " [%s]:%u/%s" : " %s:%u/%s", event->address_text,
		(unsigned)event->port, berth_proto_name(event->proto));
}

static void put_refused(struct buffer *out, const struct berth_event *event)
{
	buffer_text(out, event->listening ? " failed to listen on" : " failed to bind");
	put_place(out, event);
	if (event->errno_name)
		buffer_format(out, ": %s", event->errno_name);
	if (event->cause_text)
		buffer_format(out, "; %s", event->cause_text);
}

static void put_missed(struct buffer *out, const struct berth_event *event)
{
	if (event->count)
		buffer_format(out, "%llu %s opened and closed unseen",
			(unsigned long long)event->count,
			event->count == 1 ? "socket was" : "sockets were");
	else
		buffer_text(out, "some events were lost, it is not known how many");
	if (event->port)
		buffer_format(
			out, " at %u/%s", (unsigned)event->port, berth_proto_name(event->proto));
}

int event_words_text(struct arena *arena, struct berth_event *event)
{
	struct buffer out = {0};

	if (event->kind == BERTH_EVENT_MISSED) {
		put_missed(&out, event);
	} else {
		event_words_actor(&out, &event->actor);
		if (event->kind == BERTH_EVENT_REFUSED) {
			put_refused(&out, event);
		} else {
			buffer_text(&out,
				event->kind == BERTH_EVENT_CLOSED
					? (event->listening ? " listens no more on"
							    : " is no more bound to")
					: (event->listening ? " listens on" : " is bound to"));
			put_place(&out, event);
		}
	}
	event->text = out.error ? NULL : arena_text(arena, out.data, out.len);
	buffer_free(&out);
	return event->text ? 0 : -ENOMEM;
}
