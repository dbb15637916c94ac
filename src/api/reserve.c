// SPDX-License-Identifier: MIT
/*
 * Reserving ports and taking it back: reads the three places (binding/reservations.h), asks the
 * binding room what is to be done, and writes. Records are written before the kernel is told, so
 * that whatever the kernel has of berth's can be taken back also when berth is killed in between;
 * a failure puts them back.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/handle.h"
#include "binding/reservations.h"

enum {
	TRIES = 3, /* two who add in the same moment can lose a word of the bitmap */
};

struct reserve_box {
	struct berth_reserved reserved; /* first: it is what is handed out */
	struct arena arena;
};

/* One call. */
struct change {
	struct sockets_reserving *reserving;
	struct berth_reserve_ask ask;
	bool reserve;
	bool keep; /* the drop-in is to change too */
	struct reservations_state state;
	struct reservations_plan plan;
	struct buffer record; /* as it was */
	struct buffer drop_in;
	char *rival; /* another file of sysctl.d that would have the last word; malloc'd */
	struct buffer problem;
};

/* ---- Reading --------------------------------------------------------------------------------- */

static int bad_file(struct change *change, const char *what)
{
	buffer_text(&change->problem, what);
	return -EBADMSG;
}

static int read_kernel(struct change *change, struct portlist *ret_list)
{
	struct buffer text = {0};
	int r = sockets_reserving_read(
		change->reserving, SOCKETS_RESERVING_KERNEL, &text, &change->problem);

	memset(ret_list, 0, sizeof(*ret_list));
	if (!r && portlist_parse(buffer_string(&text), text.len, ret_list))
		r = bad_file(change, "the kernel's list of reserved ports is not understood");
	buffer_free(&text);
	return r;
}

static int read_record(struct change *change)
{
	struct buffer *text = &change->record;
	int r = sockets_reserving_read(
		change->reserving, SOCKETS_RESERVING_RECORD, text, &change->problem);

	if (r)
		return r == -ENOENT ? 0 : r;
	r = reservations_read_record(buffer_string(text), text->len,
		sockets_reserving_boot(change->reserving), &change->state.added);
	if (r < 0)
		return bad_file(change,
			"berth's record in /run/berth is not as berth wrote it; remove it, and "
			"berth forgets what it added");
	change->state.has_record = r > 0;
	return 0;
}

static int read_drop_in(struct change *change)
{
	struct buffer *text = &change->drop_in;
	int r = sockets_reserving_read(
		change->reserving, SOCKETS_RESERVING_DROP_IN, text, &change->problem);

	if (r)
		return r == -ENOENT ? 0 : r;
	change->state.has_drop_in = true;
	if (reservations_read_drop_in(buffer_string(text), text->len, &change->state.kept))
		return bad_file(change,
			SOCKETS_RESERVING_FOLDER "/" SOCKETS_RESERVING_FILE
						 " is not as berth wrote it; look at it, "
						 "and move it away");
	return 0;
}

/* A sockets_reserving_file. */
static int weigh_other(void *context, const char *path, const char *name, const struct buffer *text)
{
	struct change *change = context;

	if (!reservations_read_settings(text->data, text->len, &change->state.others))
		return 0;
	/* systemd-sysctl(8) goes by name; sysctl(8) reads /etc/sysctl.conf in the end. */
	if (!change->rival &&
		(strcmp(name, SOCKETS_RESERVING_FILE) > 0 || !strcmp(path, "/etc/sysctl.conf"))) {
		change->rival = strdup(path);
		return change->rival ? 0 : -ENOMEM;
	}
	return 0;
}

static int read_state(struct change *change)
{
	struct reservations_state *state = &change->state;
	int r = read_kernel(change, &state->kernel);

	state->boots_here = sockets_reserving_boots_here(change->reserving) > 0;
	if (!r)
		r = read_record(change);
	if (!r)
		r = read_drop_in(change);
	if (!r)
		r = sockets_reserving_others(change->reserving, weigh_other, change);
	reservations_settle(state);
	return r;
}

/* ---- Writing --------------------------------------------------------------------------------- */

static int write_record(struct change *change)
{
	struct buffer text = {0};
	int r = 0;

	reservations_print_record(
		&change->plan.added, sockets_reserving_boot(change->reserving), &text);
	r = text.error ? text.error
		       : sockets_reserving_write(change->reserving, SOCKETS_RESERVING_RECORD,
				 text.data, &change->problem);
	buffer_free(&text);
	return r;
}

static int write_drop_in(struct change *change)
{
	const struct reservations_plan *plan = &change->plan;
	struct buffer text = {0};
	bool keeps = portlist_count(&plan->kept) != 0;
	int r = 0;

	if (keeps)
		reservations_print_drop_in(&plan->kept, &plan->value, &text);
	r = text.error ? text.error
		       : sockets_reserving_write(change->reserving, SOCKETS_RESERVING_DROP_IN,
				 keeps ? text.data : NULL, &change->problem);
	buffer_free(&text);
	if (r == -EROFS)
		buffer_text(&change->problem, "; --no-persist reserves until the next boot");
	return r;
}

/* Whether the kernel's list is now as it should be, as far as it is ours to say. */
static int look_back(struct change *change, bool *ret_done)
{
	struct portlist left = change->plan.changed;
	struct portlist now;
	int r = read_kernel(change, &now);

	if (r)
		return r;
	if (change->reserve)
		portlist_remove(&left, &now);
	else
		portlist_keep(&left, &now);
	*ret_done = !portlist_count(&left);
	if (*ret_done)
		change->plan.kernel = now;
	return 0;
}

static int write_kernel(struct change *change)
{
	const struct reservations_plan *plan = &change->plan;
	struct buffer list = {0};
	bool done = false;
	int r = 0;

	portlist_print(change->reserve ? &plan->changed : &plan->kernel, &list);
	if (list.error)
		r = list.error;
	for (int i = 0; !r && !done && i < TRIES; i++) {
		if (!change->reserve)
			r = sockets_reserving_write(change->reserving, SOCKETS_RESERVING_KERNEL,
				buffer_string(&list), &change->problem);
		else
			r = sockets_reserving_add(change->reserving, buffer_string(&list));
		if (!r)
			r = look_back(change, &done);
	}
	if (!r && !done)
		r = -EIO;
	if (r && !change->problem.len)
		buffer_format(
			&change->problem, "the kernel did not take the list: %s", strerror(-r));
	buffer_free(&list);
	return r;
}

static void put_back(const struct change *change, enum sockets_reserving_place place, bool had,
	const struct buffer *before)
{
	struct buffer ignored = {0};

	(void)sockets_reserving_write(
		change->reserving, place, had ? buffer_string(before) : NULL, &ignored);
	buffer_free(&ignored);
}

static int write_all(struct change *change)
{
	const struct reservations_plan *plan = &change->plan;
	bool record = false;
	bool drop_in = false;
	int r = 0;

	/* To take back, the record is kept until the ports are out of the list. */
	if (plan->writes_record && change->reserve) {
		r = write_record(change);
		record = !r;
	}
	if (!r && plan->writes_drop_in) {
		r = write_drop_in(change);
		drop_in = !r;
	}
	if (!r && plan->writes_kernel)
		r = write_kernel(change);
	if (r && drop_in)
		put_back(change, SOCKETS_RESERVING_DROP_IN, change->state.has_drop_in,
			&change->drop_in);
	if (r && record)
		put_back(
			change, SOCKETS_RESERVING_RECORD, change->record.len != 0, &change->record);
	if (!r && plan->writes_record && !change->reserve)
		r = write_record(change);
	return r;
}

/* ---- The answer ------------------------------------------------------------------------------ */

static const char *why_not_kept(struct reserve_box *box, const struct change *change)
{
	int here = sockets_reserving_boots_here(change->reserving);
	struct buffer text = {0};
	const char *copy = NULL;

	if (!change->reserve)
		return NULL;
	if (change->ask.persist == BERTH_PERSIST_NO)
		return "it was not to outlast this boot";
	if (!change->keep)
		return here < 0 ? "whether this is the network namespace that boot configures "
				  "could not be read"
				: "this is not the network namespace that boot configures";
	if (!change->rival)
		return NULL;
	buffer_format(
		&text, "%s sets the list too, and may have the last word at boot", change->rival);
	copy = text.error ? NULL : arena_text(&box->arena, text.data, text.len);
	buffer_free(&text);
	return copy;
}

static int fill(struct reserve_box *box, const struct change *change)
{
	const struct reservations_plan *plan = &change->plan;
	struct berth_reserved *out = &box->reserved;
	const struct {
		const struct portlist *list;
		const struct berth_port_range **ranges;
		size_t *n;
	} lists[] = {
		{&plan->changed, &out->changed, &out->n_changed},
		{&plan->already, &out->already, &out->n_already},
		{&plan->foreign, &out->foreign, &out->n_foreign},
		{&plan->absent, &out->absent, &out->n_absent},
		{&change->state.kernel, &out->before, &out->n_before},
		{&plan->kernel, &out->after, &out->n_after},
		{&plan->kept, &out->in_file, &out->n_in_file},
	};
	int r = 0;

	out->dry_run = change->ask.dry_run;
	out->reserve = change->reserve;
	out->file = SOCKETS_RESERVING_FOLDER "/" SOCKETS_RESERVING_FILE;
	out->file_written = plan->writes_drop_in;
	out->file_why_not = why_not_kept(box, change);
	for (size_t i = 0; !r && i < sizeof(lists) / sizeof(*lists); i++)
		r = portlist_ranges(lists[i].list, &box->arena, lists[i].ranges, lists[i].n);
	return r;
}

/* From which ports the kernel chooses; not knowing is no failure. */
static void add_range(struct reserve_box *box, const struct berth *berth)
{
	struct sockets_here here;
	struct berth_policy policy;

	if (sockets_here(berth->system, 0, &here) ||
		sockets_policy(berth->system, here.netns, &box->arena, &policy) < 0)
		return;
	box->reserved.has_ephemeral = policy.has_ephemeral;
	box->reserved.ephemeral = policy.ephemeral;
}

/* ---- The question ---------------------------------------------------------------------------- */

static int read_ask(struct change *change, const struct berth_reserve_ask *ask)
{
	if (ask->size < sizeof(ask->size) || ask->size > sizeof(change->ask))
		return handle_fail(-EINVAL, "berth_reserve_ask.size is %zu, at most %zu is known",
			ask->size, sizeof(change->ask));
	memcpy(&change->ask, ask, ask->size);
	ask = &change->ask;
	if (ask->all == (ask->n_ports > 0) || (ask->all && change->reserve))
		return handle_fail(-EINVAL, "no port is named");
	for (size_t i = 0; i < ask->n_ports; i++) {
		if (!ask->ports[i].first || ask->ports[i].first > ask->ports[i].last)
			return handle_fail(-EINVAL, "%u-%u is no range of ports from 1 to 65535",
				ask->ports[i].first, ask->ports[i].last);
	}
	return 0;
}

static void make_plan(struct change *change)
{
	const struct berth_reserve_ask *ask = &change->ask;
	struct portlist wanted;

	memset(&wanted, 0, sizeof(wanted));
	for (size_t i = 0; i < ask->n_ports; i++)
		portlist_add_range(&wanted, ask->ports[i].first, ask->ports[i].last);
	change->keep = ask->persist == BERTH_PERSIST_YES ||
		(ask->persist == BERTH_PERSIST_USUAL && change->state.boots_here);
	if (change->reserve)
		reservations_reserve(&change->state, &wanted, change->keep, &change->plan);
	else
		reservations_unreserve(
			&change->state, ask->all ? NULL : &wanted, change->keep, &change->plan);
}

static int carry_out(
	const struct berth *berth, struct change *change, struct berth_reserved **ret_reserved)
{
	int r = sockets_reserving_open(
		berth->system, !change->ask.dry_run, &change->reserving, &change->problem);

	if (!r)
		r = read_state(change);
	if (r)
		return r;
	make_plan(change);
	if (!change->ask.dry_run)
		r = write_all(change);
	if (r)
		return r;
	struct reserve_box *box = calloc(1, sizeof(*box));
	if (!box)
		return -ENOMEM;
	r = fill(box, change);
	if (r) {
		berth_reserved_free(&box->reserved);
		return r;
	}
	add_range(box, berth);
	*ret_reserved = &box->reserved;
	return 0;
}

static int change_list(const struct berth *berth, const struct berth_reserve_ask *ask, bool reserve,
	struct berth_reserved **ret_reserved)
{
	struct change *change = calloc(1, sizeof(*change)); /* 100 KB */
	int r = 0;

	if (!change)
		return handle_fail(-ENOMEM, "out of memory");
	change->reserve = reserve;
	r = read_ask(change, ask);
	if (!r) {
		r = carry_out(berth, change, ret_reserved);
		if (r)
			(void)handle_fail(
				r, "%s", change->problem.len ? change->problem.data : strerror(-r));
	}
	sockets_reserving_close(change->reserving);
	buffer_free(&change->record);
	buffer_free(&change->drop_in);
	buffer_free(&change->problem);
	free(change->rival);
	free(change);
	return r;
}

int berth_reserve(const struct berth *berth, const struct berth_reserve_ask *ask,
	struct berth_reserved **ret_reserved)
{
	return change_list(berth, ask, true, ret_reserved);
}

int berth_unreserve(const struct berth *berth, const struct berth_reserve_ask *ask,
	struct berth_reserved **ret_reserved)
{
	return change_list(berth, ask, false, ret_reserved);
}

void berth_reserved_free(struct berth_reserved *reserved)
{
	struct reserve_box *box = (struct reserve_box *)reserved;

	if (!box)
		return;
	arena_free(&box->arena);
	free(box);
}
