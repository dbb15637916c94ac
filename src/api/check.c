// SPDX-License-Identifier: MIT
/*
 * The pre-flight: what the files of a project wish for, each judged by berth_why() and by what else
 * can take a port away. One snapshot finds the ports of wide ranges that have a socket at all; of
 * the others the first stands for all, since privilege and address are the same or milder there.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/handle.h"
#include "api/wishes.h"
#include "base/text.h"
#include "binding/binding.h"
#include "binding/portlist.h"
#include "leases/blocked.h"
#include "project/preflight.h"

enum {
	ASKED_MOST = 1024, /* ports of ranges whose bind is asked for: a few seconds */
};

/* The public part is first, so that the two can be told from each other's address. */
struct check_box {
	struct berth_check check;
	const struct berth *berth;
	struct arena arena;
	struct berth_project *project;
	struct berth_leases *leases; /* NULL: not known */
	struct berth_snapshot *snapshot;
	struct berth_policy policy;
	uint64_t number; /* of the folder */
	struct berth_check_finding *findings;
	size_t size;
	unsigned asked; /* of ASKED_MOST */
	struct portlist used; /* that sockets have */
};

static int no_memory(void)
{
	return handle_fail(-ENOMEM, "out of memory");
}

/* ---- Findings -------------------------------------------------------------------------------- */

static const char *copy(struct check_box *box, const char *text)
{
	return text ? arena_text(&box->arena, text, strlen(text)) : NULL;
}

static int grow(struct check_box *box)
{
	size_t size = box->size ? box->size * 2 : 16;
	struct berth_check_finding *more =
		reallocarray(box->findings, size, sizeof(*box->findings));

	if (!more)
		return no_memory();
	box->findings = more;
	box->size = size;
	return 0;
}

/* Adds a copy; its texts must live on. The text is the buffer's, which is empty after it. */
static int add(
	struct check_box *box, const struct berth_check_finding *finding, struct buffer *text)
{
	const char *kept =
		text->error ? NULL : arena_text(&box->arena, buffer_string(text), text->len);
	int r = kept ? 0 : no_memory();

	buffer_free(text);
	if (!r && box->check.n_findings == box->size)
		r = grow(box);
	if (r)
		return r;
	struct berth_check_finding *added = &box->findings[box->check.n_findings++];
	*added = *finding;
	added->text = kept;
	box->check.counts[added->level]++;
	return 0;
}

/* ---- What the kernel has --------------------------------------------------------------------- */

/* The ports that a wish takes in; where berth chooses, those that it may choose from. */
static struct berth_port_range ports_of(const struct check_box *box, const struct berth_wish *wish)
{
	if (wish->first || wish->kind != BERTH_WISH_MANIFEST)
		return (struct berth_port_range){wish->first, wish->last};
	return wish->range.first ? wish->range : box->project->range;
}

static bool one_suffices(const struct berth_wish *wish)
{
	return wish->any || !wish->first;
}

/* The ports that wishes take in, as parts of a question. */
static int ask_for(struct check_box *box, struct berth_query *ret_query)
{
	const struct berth_port_range *runs = NULL;
	struct portlist wanted = {{0}};
	size_t n = 0;

	for (size_t i = 0; i < box->project->n_wishes; i++) {
		struct berth_port_range ports = ports_of(box, &box->project->wishes[i]);

		if (ports.first)
			portlist_add_range(&wanted, ports.first, ports.last);
	}
	/* The policy is wanted also when no port is. */
	if (!portlist_count(&wanted))
		portlist_add_range(&wanted, 1, 1);
	if (portlist_ranges(&wanted, &box->arena, &runs, &n))
		return no_memory();
	ret_query->parts = arena_array(&box->arena, n, sizeof(*ret_query->parts));
	if (!ret_query->parts)
		return no_memory();
	for (size_t i = 0; i < n; i++)
		ret_query->parts[ret_query->n_parts++] =
			(struct berth_query_part){.first = runs[i].first, .last = runs[i].last};
	return 0;
}

static int look(struct check_box *box)
{
	struct berth_query query = {0};
	const struct berth_ask ask = {.size = sizeof(ask), .query = &query, .thorough = true};
	const struct berth_socket *sockets = NULL;
	int r = ask_for(box, &query);

	if (!r)
		r = berth_snapshot(box->berth, &ask, &box->snapshot);
	if (r < 0)
		return r;
	size_t n = berth_snapshot_sockets(box->snapshot, &sockets);
	for (size_t i = 0; i < n; i++)
		portlist_add_range(&box->used, sockets[i].local_port, sockets[i].local_port);
	berth_snapshot_policy(box->snapshot, &box->policy);
	box->check.gaps = berth_snapshot_gaps(box->snapshot);
	return 0;
}

/* ---- The bind -------------------------------------------------------------------------------- */

/* Of what can be done outside of the server: its files are what is being checked. */
static const struct berth_cure *cure_of(const struct berth_why *why)
{
	for (size_t i = 0; i < why->n_cures; i++) {
		if (why->cures[i].where != BERTH_CURE_SERVER)
			return &why->cures[i];
	}
	return why->n_cures ? why->cures : NULL;
}

static int add_why(struct check_box *box, const struct berth_wish *wish,
	const struct berth_why *why, enum berth_check_level level, const char *before)
{
	struct berth_check_finding finding = {.kind = BERTH_CHECK_BIND,
		.level = level,
		.wish = wish,
		.first = why->request.port,
		.last = why->request.port,
		.errno_name = copy(box, why->errno_name)};
	const struct berth_cure *cure = cure_of(why);
	struct buffer text = {0};

	if (cure) {
		finding.cure = copy(box, cure->text);
		finding.command = copy(box, cure->command);
	}
	buffer_text(&text, before);
	if (why->errno_name)
		buffer_format(&text, "%s, ", why->errno_name);
	buffer_text(&text,
		why->n_causes ? why->causes[0].text
			      : "the sockets of this machine cannot be seen completely");
	if (why->n_causes > 1)
		buffer_format(&text, " (and %zu more)", why->n_causes - 1);
	return add(box, &finding, &text);
}

/* A server that sets no option meets what is left of closed connections. */
static int ask_plainly(
	struct check_box *box, const struct berth_wish *wish, const struct berth_why *before)
{
	struct berth_bind bind = preflight_bind(wish, before->request.port);
	struct berth_why *why = NULL;

	if (!bind.reuseaddr || preflight_sets_reuseaddr(wish))
		return 0;
	bind.reuseaddr = false;
	int r = berth_why_again(before, &bind, &why);
	if (r)
		return r;
	if (why->verdict == BERTH_BIND_NO)
		r = add_why(box, wish, why, wish->sure ? BERTH_CHECK_WARNS : BERTH_CHECK_NOTES,
			"for a server that does not set SO_REUSEADDR: ");
	berth_why_free(why);
	return r;
}

static int ask_port(struct check_box *box, const struct berth_wish *wish, uint16_t port,
	struct berth_why **ret_why)
{
	const struct berth_bind bind = preflight_bind(wish, port);
	int r = berth_why(box->berth, &bind, ret_why);

	if (!r)
		box->check.gaps |= (*ret_why)->gaps;
	return r;
}

static int judge_port(struct check_box *box, const struct berth_wish *wish, uint16_t port)
{
	struct berth_why *why = NULL;
	int r = ask_port(box, wish, port, &why);

	if (r)
		return r;
	if (why->verdict == BERTH_BIND_YES)
		r = ask_plainly(box, wish, why);
	else
		r = add_why(box, wish, why, preflight_level(wish, why->verdict), "");
	berth_why_free(why);
	return r;
}

static int add_unasked(struct check_box *box, const struct berth_wish *wish, uint32_t n)
{
	const struct berth_check_finding finding = {.kind = BERTH_CHECK_BIND,
		.level = preflight_level(wish, BERTH_BIND_UNKNOWN),
		.wish = wish,
		.first = wish->first,
		.last = wish->last};
	struct buffer text = {0};

	buffer_format(&text, "%u more ports of the range have sockets, and were not looked at",
		(unsigned)n);
	return add(box, &finding, &text);
}

/* Each of its ports is wanted. */
static int judge_each(struct check_box *box, const struct berth_wish *wish)
{
	uint32_t unasked = 0;
	int r = judge_port(box, wish, wish->first);

	for (uint32_t port = wish->first + 1U; port <= wish->last && !r; port++) {
		if (!portlist_has(&box->used, (uint16_t)port))
			continue;
		if (box->asked++ < ASKED_MOST)
			r = judge_port(box, wish, (uint16_t)port);
		else
			unasked++;
	}
	return !r && unasked ? add_unasked(box, wish, unasked) : r;
}

static bool is_ours(
	const struct check_box *box, const struct berth_wish *wish, const struct berth_lease *lease)
{
	if (lease->uid != geteuid())
		return false;
	if (lease->kind == BERTH_LEASE_PRINTED)
		return true;
	if (!box->number || lease->project != box->number)
		return false;
	return wish->kind != BERTH_WISH_MANIFEST ||
		(!strcmp(lease->name, wish->name) && lease->kind != BERTH_LEASE_HELD);
}

/* The first lease of somebody else on these ports; NULL: there is none. */
static const struct berth_lease *next_lease(
	const struct check_box *box, const struct berth_wish *wish, uint16_t first, uint16_t last)
{
	for (size_t i = 0; box->leases && i < box->leases->n_leases; i++) {
		const struct berth_lease *lease = &box->leases->leases[i]; /* by port */

		if (lease->here && lease->state != BERTH_LEASE_OVER && lease->port >= first &&
			lease->port <= last && !is_ours(box, wish, lease))
			return lease;
	}
	return NULL;
}

/* Whether this port can be had; *why is the last answer of the kind. */
static int can_be_had(struct check_box *box, const struct berth_wish *wish, uint32_t port,
	struct berth_why **why, enum berth_bindable *ret_verdict)
{
	berth_why_free(*why);
	*why = NULL;
	int r = ask_port(box, wish, (uint16_t)port, why);
	if (!r)
		*ret_verdict = (*why)->verdict;
	return r;
}

/* Of those without a socket the highest is the one that fails last: it needs the least privilege.
 */
static int judge_unused(struct check_box *box, const struct berth_wish *wish,
	struct berth_port_range ports, struct berth_why **why, enum berth_bindable *verdict)
{
	for (uint32_t port = ports.last; port >= ports.first; port--) {
		if (!portlist_has(&box->used, (uint16_t)port) &&
			!next_lease(box, wish, (uint16_t)port, (uint16_t)port))
			return can_be_had(box, wish, port, why, verdict);
	}
	return 0;
}

static int judge_used(struct check_box *box, const struct berth_wish *wish,
	struct berth_port_range ports, struct berth_why **why, enum berth_bindable *verdict)
{
	bool unsure = *verdict == BERTH_BIND_UNKNOWN;
	int r = 0;

	for (uint32_t port = ports.first; port <= ports.last && !r; port++) {
		if (!portlist_has(&box->used, (uint16_t)port) ||
			next_lease(box, wish, (uint16_t)port, (uint16_t)port))
			continue;
		if (box->asked++ >= ASKED_MOST)
			*verdict = BERTH_BIND_UNKNOWN;
		else
			r = can_be_had(box, wish, port, why, verdict);
		if (*verdict == BERTH_BIND_YES)
			return r;
		unsure = unsure || *verdict == BERTH_BIND_UNKNOWN;
	}
	*verdict = unsure ? BERTH_BIND_UNKNOWN : BERTH_BIND_NO;
	return r;
}

static int add_none(struct check_box *box, const struct berth_wish *wish,
	struct berth_port_range ports, enum berth_bindable verdict, const struct berth_why *why)
{
	struct berth_check_finding finding = {.kind = BERTH_CHECK_BIND,
		.level = preflight_level(wish, verdict),
		.wish = wish,
		.first = ports.first,
		.last = ports.last,
		.cure = "give it another range"};
	struct buffer text = {0};

	buffer_format(&text,
		verdict == BERTH_BIND_UNKNOWN
			? "whether one of the ports %u to %u can be had is not known"
			: "none of the ports %u to %u can be had",
		ports.first, ports.last);
	if (why && why->n_causes)
		buffer_format(&text, "; of %u: %s", why->request.port, why->causes[0].text);
	else
		buffer_text(&text, "; they are leased");
	return add(box, &finding, &text);
}

/* One of the ports suffices. */
static int judge_any(struct check_box *box, const struct berth_wish *wish)
{
	struct berth_port_range ports = ports_of(box, wish);
	enum berth_bindable verdict = BERTH_BIND_NO;
	struct berth_why *why = NULL;
	int r = judge_unused(box, wish, ports, &why, &verdict);

	if (!r && verdict != BERTH_BIND_YES)
		r = judge_used(box, wish, ports, &why, &verdict);
	if (!r && verdict != BERTH_BIND_YES)
		r = add_none(box, wish, ports, verdict, why);
	berth_why_free(why);
	return r;
}

/* ---- What else can be in the way ------------------------------------------------------------- */

static void put_wish(struct buffer *text, const struct berth_wish *wish)
{
	if (wish->name)
		buffer_format(text, "%s ", wish->name);
	if (*wish->file)
		buffer_format(text, "(%s:%u)", wish->file, (unsigned)wish->line);
	else
		buffer_text(text, "(the command line)");
}

static int find_clashes(struct check_box *box, const struct berth_wish *wish)
{
	int r = 0;

	for (const struct berth_wish *other = box->project->wishes; other < wish && !r; other++) {
		struct buffer text = {0};

		if (!preflight_clash(other, wish))
			continue;
		const struct berth_check_finding finding = {.kind = BERTH_CHECK_TWICE,
			.level = strcmp(other->file, wish->file) ? BERTH_CHECK_WARNS
								 : BERTH_CHECK_FAILS,
			.wish = wish,
			.first = other->first > wish->first ? other->first : wish->first,
			.last = other->last < wish->last ? other->last : wish->last,
			.cure = "give one of them another port",
			.other = other};
		buffer_text(&text, "wanted twice: also by ");
		put_wish(&text, other);
		r = add(box, &finding, &text);
	}
	return r;
}

static int find_lease(struct check_box *box, const struct berth_wish *wish)
{
	const struct berth_lease *lease = next_lease(box, wish, wish->first, wish->last);
	struct buffer text = {0};

	if (!lease)
		return 0;
	/* What berth starts gets no port that others have leased; other programs do not ask. */
	const struct berth_check_finding finding = {.kind = BERTH_CHECK_LEASED,
		.level = wish->kind == BERTH_WISH_MANIFEST ? BERTH_CHECK_FAILS : BERTH_CHECK_WARNS,
		.wish = wish,
		.first = lease->port,
		.last = lease->port,
		.cure = "choose another port",
		.command = "berth free"};
	bool mine = lease->uid == geteuid();
	buffer_format(&text, "%s as '%s' by ", lease->kind == BERTH_LEASE_HELD ? "held" : "leased",
		lease->name);
	if (lease->pid)
		buffer_format(&text, "process %u", (unsigned)lease->pid);
	else
		buffer_text(&text, mine ? "you" : "somebody");
	if (!mine)
		buffer_format(&text, " of uid %u", (unsigned)lease->uid);
	if (mine && lease->project && lease->project == box->number)
		buffer_text(&text, ", of this project");
	return add(box, &finding, &text);
}

static int find_ephemeral(struct check_box *box, const struct berth_wish *wish)
{
	struct berth_check_finding finding = {.kind = BERTH_CHECK_EPHEMERAL,
		.level = wish->sure ? BERTH_CHECK_WARNS : BERTH_CHECK_NOTES,
		.wish = wish,
		.cure = "keep the kernel from lending it"};
	struct buffer text = {0};

	for (uint32_t port = wish->first; port <= wish->last; port++) {
		if (!binding_is_ephemeral(&box->policy, (uint16_t)port) ||
			binding_is_reserved(&box->policy, (uint16_t)port))
			continue;
		finding.first = finding.first ? finding.first : (uint16_t)port;
		finding.last = (uint16_t)port;
	}
	if (!finding.first)
		return 0;
	buffer_format(&text, "berth reserve %u", finding.first);
	if (finding.last != finding.first)
		buffer_format(&text, "-%u", finding.last);
	finding.command = copy(box, buffer_string(&text));
	buffer_clear(&text);
	buffer_format(&text,
		"the kernel lends %u to %u to outgoing connections: one may have it when the "
		"server starts",
		box->policy.ephemeral.first, box->policy.ephemeral.last);
	return finding.command ? add(box, &finding, &text) : no_memory();
}

/* Of a port below 1024 it is known what it is for, and that is seldom a browser. */
static int find_blocked(struct check_box *box, const struct berth_wish *wish)
{
	int r = 0;

	if (wish->proto != BERTH_TCP || wish->kind == BERTH_WISH_SOCKET_UNIT ||
		wish->kind == BERTH_WISH_SERVICE_UNIT)
		return 0;
	for (uint32_t port = wish->first; port <= wish->last && !r; port++) {
		const struct berth_check_finding finding = {.kind = BERTH_CHECK_BROWSER,
			.level = wish->sure &&
					berth_range_of((uint16_t)port).range != BERTH_RANGE_SYSTEM
				? BERTH_CHECK_WARNS
				: BERTH_CHECK_NOTES,
			.wish = wish,
			.first = (uint16_t)port,
			.last = (uint16_t)port};
		struct buffer text = {0};

		if (!blocked_by_browsers((uint16_t)port))
			continue;
		buffer_text(&text, "browsers refuse to connect to it");
		r = add(box, &finding, &text);
	}
	return r;
}

static int find_privilege(struct check_box *box, const struct berth_wish *wish)
{
	const struct berth_check_finding finding = {.kind = BERTH_CHECK_BIND,
		.level = BERTH_CHECK_NOTES,
		.wish = wish,
		.first = wish->first,
		.last = wish->first};
	struct buffer text = {0};

	if (!preflight_is_by_others(wish) || !binding_is_privileged(&box->policy, wish->first) ||
		box->policy.may_bind_low == 1)
		return 0;
	buffer_format(&text, "who binds it needs CAP_NET_BIND_SERVICE, as %s that runs as root has",
		wish->kind == BERTH_WISH_COMPOSE ? "an engine" : "a service manager");
	return add(box, &finding, &text);
}

static int find_problem(struct check_box *box, const struct berth_wish *wish)
{
	const struct berth_check_finding finding = {.kind = BERTH_CHECK_UNREAD,
		.level = preflight_level(wish, BERTH_BIND_UNKNOWN),
		.wish = wish};
	struct buffer text = {0};

	buffer_format(&text, "'%s' is %s", wish->text, wish->problem);
	return add(box, &finding, &text);
}

static int judge(struct check_box *box, const struct berth_wish *wish)
{
	static int (*const finders[])(struct check_box *, const struct berth_wish *) = {
		judge_each, find_privilege, find_clashes, find_lease, find_ephemeral, find_blocked};
	int r = 0;

	if (wish->problem)
		return find_problem(box, wish);
	if (one_suffices(wish))
		return ports_of(box, wish).first ? judge_any(box, wish) : 0;
	for (size_t i = 0; i < sizeof(finders) / sizeof(*finders) && !r; i++)
		r = finders[i](box, wish);
	return r;
}

/* ---- The whole ------------------------------------------------------------------------------- */

static int fill_in(struct check_box *box, const struct berth_check_ask *ask)
{
	if (!ask->n_paths && !ask->ports)
		return handle_fail(-EINVAL, "neither files nor ports to check");
	int r = wishes_read(ask->paths, ask->n_paths, ask->settings, ask->ports, &box->project);
	if (!r)
		r = look(box);
	if (r)
		return r;
	box->number = berth_project_number(ask->folder);
	/* Where there is no ledger nobody has leases; a recording has none of this host. */
	if (!berth_leases(box->berth, &box->leases))
		box->check.has_leases = true;
	for (size_t i = 0; i < box->project->n_wishes && !r; i++)
		r = judge(box, &box->project->wishes[i]);
	box->check.project = box->project;
	box->check.findings = box->findings;
	box->check.time_s = berth_snapshot_time_s(box->snapshot);
	return r;
}

int berth_check(const struct berth *berth, const struct berth_check_ask *ask,
	struct berth_check **ret_check)
{
	struct check_box *box = calloc(1, sizeof(*box));
	struct berth_check_ask mine = {0};
	int r = 0;

	if (!box)
		return no_memory();
	box->berth = berth;
	if (ask->size < sizeof(ask->size) || ask->size > sizeof(mine)) {
		r = handle_fail(-EINVAL, "berth_check_ask.size is %zu, at most %zu is known",
			ask->size, sizeof(mine));
	} else {
		memcpy(&mine, ask, ask->size);
		r = fill_in(box, &mine);
	}
	if (r < 0)
		berth_check_free(&box->check);
	else
		*ret_check = &box->check;
	return r < 0 ? r : 0;
}

void berth_check_free(struct berth_check *check)
{
	struct check_box *box = (struct check_box *)check;

	if (!box)
		return;
	berth_leases_free(box->leases);
	berth_snapshot_free(box->snapshot);
	berth_project_free(box->project);
	free(box->findings);
	arena_free(&box->arena);
	free(box);
}

const char *berth_check_kind_name(enum berth_check_kind kind)
{
	switch (kind) {
	case BERTH_CHECK_BIND:
		return "bind";
	case BERTH_CHECK_TWICE:
		return "twice";
	case BERTH_CHECK_LEASED:
		return "leased";
	case BERTH_CHECK_EPHEMERAL:
		return "ephemeral";
	case BERTH_CHECK_BROWSER:
		return "browser";
	case BERTH_CHECK_UNREAD:
		return "unread";
	}
	return "?";
}

const char *berth_check_level_name(enum berth_check_level level)
{
	switch (level) {
	case BERTH_CHECK_FAILS:
		return "fails";
	case BERTH_CHECK_UNKNOWN:
		return "unknown";
	case BERTH_CHECK_WARNS:
		return "warning";
	case BERTH_CHECK_NOTES:
		return "note";
	case BERTH_CHECK_LEVELS:
		break;
	}
	return "?";
}
