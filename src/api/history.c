// SPDX-License-Identifier: MIT
/* The history of this network namespace, with words. */
#include <errno.h>
#include <string.h>

#include "api/event_words.h"
#include "api/handle.h"
#include "binding/verdict.h"
#include "history/chronicle.h"

static int fill_in(struct berth_history *history)
{
	struct berth_span *spans = NULL;
	struct berth_event *events = NULL;
	struct arena *arena = chronicle_read_parts(history, &spans, &events);
	int r = 0;

	for (size_t i = 0; !r && i < history->n_spans; i++) {
		struct berth_span *span = &spans[i];

		span->address_text = event_words_address(arena, span->family, span->address);
		r = span->address_text ? 0 : -ENOMEM;
	}
	for (size_t i = 0; !r && i < history->n_events; i++) {
		struct berth_event *event = &events[i];

		event->address_text = event->family
			? event_words_address(arena, event->family, event->address)
			: "";
		event->errno_name = event->errnum ? verdict_errno_name(event->errnum) : NULL;
		r = event->address_text ? event_words_text(arena, event) : -ENOMEM;
	}
	return r;
}

int berth_here(const struct berth *berth, struct berth_here *ret_here)
{
	struct sockets_here here;
	int r = sockets_here(berth->system, SOCKETS_HERE_NETNS_INODE, &here);

	if (r)
		return handle_fail(r, "which machine this is cannot be told");
	ret_here->netns = here.netns_inode;
	memcpy(ret_here->boot, here.boot_id, sizeof(here.boot_id));
	return 0;
}

int berth_history(const struct berth *berth, const struct berth_history_ask *ask,
	struct berth_history **ret_history)
{
	struct berth_history_ask wanted = {0};
	struct berth_history *history = NULL;
	struct sockets_here here = {0};
	struct buffer problem = {0};

	if (ask->size < sizeof(ask->size) || ask->size > sizeof(wanted))
		return handle_fail(-EINVAL, "berth_history_ask.size is %zu, at most %zu is known",
			ask->size, sizeof(wanted));
	memcpy(&wanted, ask, ask->size);
	if (berth->replay)
		return handle_fail(-ENOENT, "a recording has no history");
	if (wanted.until_s > 0 && wanted.until_s < wanted.since_s)
		return handle_fail(-EINVAL, "the end of the time is before its beginning");
	(void)sockets_here(berth->system, SOCKETS_HERE_NETNS_INODE, &here);
	int r = chronicle_read(&wanted, here.netns_inode, &history, &problem);
	if (!r)
		r = fill_in(history);
	if (r) {
		berth_history_free(history);
		(void)handle_fail(r, "%s", problem.len ? problem.data : strerror(-r));
	} else {
		*ret_history = history;
	}
	buffer_free(&problem);
	return r;
}

void berth_history_free(struct berth_history *history)
{
	chronicle_read_free(history);
}
