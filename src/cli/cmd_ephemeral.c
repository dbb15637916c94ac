// SPDX-License-Identifier: MIT
/*
 * berth ephemeral: the ports that the kernel lends to outgoing connections, who has them, and how
 * far it is to the last. A picture of all ports first, then sentences, then tables.
 */
#include <errno.h>
#include <string.h>

#include "cli/card.h"
#include "cli/commands.h"
#include "cli/describe.h"
#include "cli/grid.h"
#include "cli/question.h"

static const struct command_option ephemeral_options[] = {
	{KEY_NETNS, "netns", "all|NAME|PID|PATH", "of all network namespaces, or of this one"},
	{0, NULL, NULL, NULL},
};

enum {
	ROWS_SHOWN = 8,
	BLOCKS = 9, /* from nothing to full */
	MOST_COLUMNS = 6,
	MARK = 8, /* a number of ports stands below every eighth mark */
	EDGE = 9, /* columns beside the marks */
};

struct page {
	struct cli *cli;
	struct card card;
};

/* ---- The picture ----------------------------------------------------------------------------- */

/* One mark of the picture: a bin, or several where the terminal is narrow. */
struct mark {
	uint16_t first;
	uint32_t ports;
	uint32_t lent;
	uint32_t reserved;
	uint32_t in_use;
};

static unsigned bins_a_mark(const struct page *page)
{
	unsigned columns = page->cli->output.columns;
	unsigned bins = 1;

	while (columns && BERTH_EPHEMERAL_BINS / bins + EDGE > columns && bins < MARK)
		bins *= 2;
	return bins;
}

static struct mark mark_at(const struct berth_ephemeral_space *space, size_t at, unsigned bins)
{
	struct mark mark = {.first = space->bins[at].first};

	for (size_t i = at; i < at + bins; i++) {
		const struct berth_ephemeral_bin *bin = space->bins + i;

		mark.ports += UINT32_C(1) + bin->last - bin->first;
		mark.lent += bin->lent;
		mark.reserved += bin->reserved;
		mark.in_use += bin->in_use;
	}
	return mark;
}

static void put_use(struct page *page, const struct mark *mark)
{
	static const char *const blocks[BLOCKS] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
	static const char *const letters[BLOCKS] = {" ", ".", ":", "-", "=", "+", "*", "%", "@"};
	uint32_t height = mark->in_use * (BLOCKS - 1) / mark->ports;

	/* One port is to be seen beside none. */
	height += mark->in_use && !height;
	if (height)
		card_styled(&page->card, height * 2 >= BLOCKS ? OUTPUT_CARE : OUTPUT_GOOD,
			(page->cli->output.utf8 ? blocks : letters)[height]);
	else
		card_add(&page->card, " ");
}

static void put_kernel(struct page *page, const struct mark *mark)
{
	if (mark->lent)
		card_add(&page->card, mark->lent == mark->ports ? "=" : "-");
	else
		card_add(&page->card, mark->reserved ? "r" : " ");
}

static void put_iana_range(struct page *page, const struct mark *mark)
{
	switch (berth_range_of(mark->first).range) {
	case BERTH_RANGE_SYSTEM:
		card_add(&page->card, "s");
		return;
	case BERTH_RANGE_USER:
		card_add(&page->card, "u");
		return;
	case BERTH_RANGE_DYNAMIC:
		card_add(&page->card, "d");
		return;
	}
}

static void put_line(struct page *page, const char *label,
	const struct berth_ephemeral_space *space, void (*put)(struct page *, const struct mark *))
{
	unsigned bins = bins_a_mark(page);

	buffer_format(&page->card.text, "%-7s|", label);
	for (size_t i = 0; i < BERTH_EPHEMERAL_BINS; i += bins) {
		const struct mark mark = mark_at(space, i, bins);

		put(page, &mark);
	}
	card_add(&page->card, "|\n");
}

static void put_picture(struct page *page, const struct berth_ephemeral_space *space)
{
	struct output *output = &page->cli->output;
	unsigned bins = bins_a_mark(page);

	/* Not wrapped: it goes past the layout of paragraphs. */
	put_line(page, "in use", space, put_use);
	put_line(page, "kernel", space, put_kernel);
	put_line(page, "IANA", space, put_iana_range);
	card_add(&page->card, "        ");
	for (size_t i = 0; i < BERTH_EPHEMERAL_BINS; i += (size_t)MARK * bins)
		buffer_format(&page->card.text, "%-8u", space->bins[i].first);
	card_add(&page->card, "\n");
	buffer_bytes(&output->text, page->card.text.data, page->card.text.len);
	buffer_clear(&page->card.text);
	card_add(&page->card, "Each mark is ");
	describe_count(&page->card.text, mark_at(space, 0, bins).ports);
	card_add(&page->card,
		" ports. Kernel: = lent, - lent in part, r reserved. IANA: s system, u user, d "
		"dynamic.");
	page->card.no_labels = true;
	card_end(&page->card, 0, 0);
	page->card.no_labels = false;
}

/* ---- Sentences ------------------------------------------------------------------------------- */

static void end_line(struct page *page)
{
	card_end(&page->card, 0, 0);
}

static void add_count(struct page *page, uint64_t count, const char *one, const char *many)
{
	describe_counted(&page->card.text, count, one, many);
}

static void put_range(struct page *page, const struct berth_ephemeral_space *space)
{
	struct card *card = &page->card;
	const struct berth_policy *policy = space->policy;

	card_section(card, "Range");
	describe_range(&card->text, space->range.first, space->range.last);
	card_add(card, ", ");
	add_count(page, space->ports, "port", "ports");
	if (space->odd_one_out)
		card_add(card,
			"; as their number is odd, a search leaves out one of them, not always the "
			"same");
	end_line(page);
	if (policy->n_reserved) {
		card_add(card, "reserved: ");
		for (size_t i = 0; i < policy->n_reserved && i < ROWS_SHOWN; i++) {
			card_add(card, i ? ", " : "");
			describe_range(
				&card->text, policy->reserved[i].first, policy->reserved[i].last);
		}
		if (policy->n_reserved > ROWS_SHOWN)
			card_add(card, ", …");
		card_add(card, "; ");
		add_count(page, space->reserved, "port", "ports");
		card_add(card, " of the range");
		end_line(page);
	}
	buffer_format(&card->text,
		"connect() takes %s ports first, bind() to port 0 %s ones; with "
		"IP_LOCAL_PORT_RANGE there is no such order",
		space->range.first & 1 ? "odd" : "even", space->range.first & 1 ? "even" : "odd");
	end_line(page);
	for (size_t i = 0; i < space->n_ranged && i < ROWS_SHOWN; i++) {
		const struct berth_socket *socket = space->ranged[i];

		card_add(card, "a range of its own, ");
		describe_range(&card->text, socket->range_first, socket->range_last);
		card_add(card, ": ");
		describe_process(&card->text, socket->owners[0].process);
		card_add(card, " at ");
		describe_local(&card->text, socket);
		end_line(page);
	}
}

static void put_states(struct page *page, const struct berth_ephemeral_space *space,
	enum berth_proto proto, const char *label, uint32_t ports)
{
	struct card *card = &page->card;
	const char *comma = ": ";

	card_section(card, label);
	add_count(page, ports, "port", "ports");
	card_add(card, " of the range in use");
	for (size_t i = 0; i < space->n_states; i++) {
		const struct berth_ephemeral_state *state = space->states + i;

		if (state->proto != proto)
			continue;
		card_add(card, comma);
		describe_count(&card->text, state->sockets);
		card_add(card, " ");
		card_add(card, berth_socket_state_name(proto, state->state));
		comma = ", ";
	}
	end_line(page);
}

static void put_bound(struct page *page, const struct berth_ephemeral_space *space)
{
	struct card *card = &page->card;

	if (!space->bound) {
		card_add(card, "no port was chosen by a bind()");
	} else {
		add_count(page, space->bound, "port", "ports");
		card_add(card,
			space->bound == 1 ? " was chosen by a bind(): connect() passes over it"
					  : " were chosen by a bind(): connect() passes over them");
	}
	if (!space->bound_exact) {
		card_add(card, ", as far as can be seen (");
		card_add(card, space->bound_why_not);
		card_add(card, ")");
	}
	end_line(page);
}

/* Ends in the middle of a sentence when not every port is taken again. */
static void put_reuse(struct page *page, const struct berth_policy *policy)
{
	struct card *card = &page->card;
	double delay_s =
		(policy->tw_reuse_delay_ms < 0 ? 1000 : policy->tw_reuse_delay_ms) / 1000.0;

	if (policy->tw_reuse < 0)
		card_add(card, "whether connect() takes such a port again is not known; if not, ");
	else if (!policy->tw_reuse || !policy->tcp_timestamps)
		card_add(card, "connect() takes none of them before its 60 s are over; so ");
	else if (policy->tw_reuse == 1)
		buffer_format(&card->text, "connect() takes one again after %g s", delay_s);
	else
		buffer_format(&card->text,
			"connect() takes one again on loopback, after %g s; elsewhere ", delay_s);
}

static void put_left(struct page *page, const struct berth_ephemeral_space *space)
{
	struct card *card = &page->card;
	const struct berth_policy *policy = space->policy;

	card_section(card, "Left");
	add_count(page, space->left, "connection", "connections");
	card_add(card, " to a destination that has none yet (");
	describe_count(&card->text, space->left_preferred);
	card_add(card, " of them before connect() must search among the other half)");
	end_line(page);
	describe_count(&card->text, space->left_bind);
	card_add(card, " for bind() to port 0 at all addresses, ");
	describe_count(&card->text, space->left_udp);
	card_add(card, " for UDP");
	end_line(page);
	card_section(card, "TIME_WAIT");
	add_count(page, space->time_wait, "port", "ports");
	buffer_format(&card->text, "; %.1f a second end in the next ten seconds",
		space->time_wait_ends_per_s);
	end_line(page);
	put_reuse(page, policy);
	if (policy->tw_reuse != 1 || !policy->tcp_timestamps)
		buffer_format(&card->text,
			"one destination can be connected to %.0f times a second for ever, when "
			"this side closes first",
			space->sustained_per_s);
	end_line(page);
}

static void put_iana(struct page *page, const struct berth_ephemeral_space *space)
{
	struct card *card = &page->card;

	card_section(card, "IANA");
	describe_count(&card->text, space->dynamic_lent);
	card_add(card, " of the 16,384 dynamic ports are in the kernel's hands");
	for (size_t i = 0; i < space->n_quiet; i++) {
		card_add(card, i ? " and " : "; quiet water: ");
		describe_range(&card->text, space->quiet[i].first, space->quiet[i].last);
	}
	end_line(page);
	add_count(page, space->assigned_lent, "port", "ports");
	card_add(card, " of the range belong to somebody: IANA assigned them for TCP");
	end_line(page);
}

/* ---- Tables ---------------------------------------------------------------------------------- */

/* Adds the cells as a row, and empties them. */
static int put_row(struct grid *grid, struct buffer *cells, size_t n)
{
	const char *texts[MOST_COLUMNS];
	int error = 0;

	for (size_t i = 0; i < n; i++) {
		error = error ? error : cells[i].error;
		texts[i] = buffer_string(&cells[i]);
	}
	if (!error)
		error = grid_row(grid, texts);
	for (size_t i = 0; i < n; i++)
		buffer_free(&cells[i]);
	return error;
}

static int finish(struct page *page, struct grid *grid, int error, size_t left)
{
	struct output *output = &page->cli->output;

	if (!error)
		error = grid_draw(grid, output);
	grid_free(grid);
	if (!error && left)
		buffer_format(&output->text, "%zu more; -v shows them\n", left);
	return error;
}

static size_t shown(const struct page *page, size_t n)
{
	return page->cli->settings.verbose || n < ROWS_SHOWN ? n : ROWS_SHOWN;
}

static int put_destinations(struct page *page, const struct berth_ephemeral_space *space)
{
	static const struct grid_column columns[] = {{"DESTINATION", false, false, true},
		{"FROM", false, false, true}, {"CONNECTIONS", true, false, false},
		{"TIME_WAIT", true, false, false}, {"REUSABLE", true, false, false},
		{"LEFT", true, false, false}};
	struct output *output = &page->cli->output;
	size_t n = shown(page, space->n_destinations);
	int error = 0;

	if (!n)
		return 0;
	buffer_char(&output->text, '\n');
	struct grid *grid = grid_new(output, columns, MOST_COLUMNS, true);
	if (!grid)
		return -ENOMEM;
	for (size_t i = 0; !error && i < n; i++) {
		const struct berth_ephemeral_destination *to = space->destinations + i;
		struct buffer cells[MOST_COLUMNS] = {0};

		buffer_format(&cells[0], to->family == 6 ? "[%s]:%u" : "%s:%u", to->peer_text,
			to->peer_port);
		buffer_text(&cells[1], to->local_text);
		buffer_uint(&cells[2], to->connections);
		buffer_uint(&cells[3], to->time_wait);
		buffer_uint(&cells[4], to->reusable);
		buffer_uint(&cells[5], to->left);
		error = put_row(grid, cells, MOST_COLUMNS);
	}
	return finish(page, grid, error, space->n_destinations - n);
}

static void put_user(struct buffer *out, const struct berth_ephemeral_user *user)
{
	if (user->process)
		describe_process(out, user->process);
	else if (user->reason == BERTH_CLOSING_SOCKET)
		buffer_text(out, "no process any more");
	else
		buffer_format(out, "not known: %s", berth_reason_name(user->reason));
}

static int put_users(struct page *page, const struct berth_ephemeral_space *space)
{
	enum {
		COLUMNS = 3
	};
	static const struct grid_column columns[] = {{"PROCESS", false, false, true},
		{"CONNECTIONS", true, false, false}, {"DESTINATIONS", true, false, false}};
	struct output *output = &page->cli->output;
	size_t n = shown(page, space->n_users);
	int error = 0;

	if (!n)
		return 0;
	buffer_char(&output->text, '\n');
	struct grid *grid = grid_new(output, columns, COLUMNS, true);
	if (!grid)
		return -ENOMEM;
	for (size_t i = 0; !error && i < n; i++) {
		struct buffer cells[COLUMNS] = {0};

		put_user(&cells[0], space->users + i);
		buffer_uint(&cells[1], space->users[i].connections);
		buffer_uint(&cells[2], space->users[i].destinations);
		error = put_row(grid, cells, COLUMNS);
	}
	return finish(page, grid, error, space->n_users - n);
}

/* All namespaces, one a line; behind the one that is told in full. */
static int put_spaces(struct page *page, const struct berth_ephemeral *found)
{
	static const struct grid_column columns[] = {{"NETNS", false, false, true},
		{"RANGE", false, false, false}, {"RESERVED", true, false, false},
		{"TCP", true, false, false}, {"UDP", true, false, false},
		{"LEAST LEFT", true, false, false}};
	struct output *output = &page->cli->output;
	int error = 0;

	if (found->n_spaces < 2)
		return 0;
	buffer_char(&output->text, '\n');
	struct grid *grid = grid_new(output, columns, MOST_COLUMNS, true);
	if (!grid)
		return -ENOMEM;
	for (size_t i = 0; !error && i < found->n_spaces; i++) {
		const struct berth_ephemeral_space *space = found->spaces + i;
		struct buffer cells[MOST_COLUMNS] = {0};

		describe_text(&cells[0], space->netns->name);
		if (space->policy) {
			describe_range(&cells[1], space->range.first, space->range.last);
			buffer_uint(&cells[2], space->reserved);
			buffer_uint(&cells[3], space->tcp_ports);
			buffer_uint(&cells[4], space->udp_ports);
			buffer_uint(&cells[5],
				space->n_destinations ? space->destinations->left : space->left);
		}
		error = put_row(grid, cells, MOST_COLUMNS);
	}
	return finish(page, grid, error, 0);
}

/* ---- The answer ------------------------------------------------------------------------------ */

static int put_space(struct page *page, const struct berth_ephemeral_space *space)
{
	struct output *output = &page->cli->output;
	int error = 0;

	if (space->netns) {
		buffer_text(&output->text, "Network namespace ");
		describe_text(&output->text, space->netns->name);
		buffer_text(&output->text, "\n\n");
	}
	if (!space->policy) {
		buffer_text(&output->text, "The kernel's range is not known.\n");
		return 0;
	}
	put_picture(page, space);
	put_range(page, space);
	put_states(page, space, BERTH_TCP, "TCP", space->tcp_ports);
	put_bound(page, space);
	put_states(page, space, BERTH_UDP, "UDP", space->udp_ports);
	put_left(page, space);
	put_iana(page, space);
	error = put_destinations(page, space);
	return error ? error : put_users(page, space);
}

static int write_text(struct cli *cli, const struct berth_ephemeral *found)
{
	struct page page = {.cli = cli, .card = {.output = &cli->output}};
	int error = put_space(&page, found->spaces);

	if (!error)
		error = put_spaces(&page, found);
	card_free(&page.card);
	return error ? error : cli->output.text.error;
}

static enum cli_exit answer(struct cli *cli, const struct berth_ephemeral *found)
{
	enum cli_exit code = cli_gaps(cli, found->gaps);
	int error = 0;

	if (cli->settings.format == CLI_TEXT)
		error = write_text(cli, found);
	else
		error = berth_ephemeral_json(found, output_write, &cli->output);
	if (!error && cli->settings.format != CLI_TEXT)
		error = output_write(&cli->output, "\n", 1);
	if (error < 0)
		return cli_cannot(cli, error);
	if (!found->spaces->policy) {
		if (cli->settings.format != CLI_TEXT)
			return CLI_UNKNOWN;
		cli_complain("the kernel's range could not be read");
		return CLI_UNKNOWN;
	}
	return code;
}

static enum cli_exit read_question(const struct cli *cli, struct berth_ephemeral_ask *ask)
{
	struct berth_ask wanted = {0};

	if (cli->n_operands) {
		cli_complain(
			"berth ephemeral takes no \"%s\"; it is about all ports", cli->operands[0]);
		return CLI_USAGE;
	}
	if (!cli->n_given)
		return CLI_YES;
	question_netns(cli->given[cli->n_given - 1].value, &wanted);
	if (wanted.netns_ask == BERTH_ASK_NAMED) {
		cli_complain("--netns takes all, or one of them, for berth ephemeral");
		return CLI_USAGE;
	}
	ask->netns_ask = wanted.netns_ask;
	ask->netns = wanted.netns;
	return CLI_YES;
}

static enum cli_exit ephemeral_run(struct cli *cli)
{
	struct berth_ephemeral_ask ask = {.size = sizeof(ask)};
	struct berth_ephemeral *found = NULL;
	enum cli_exit code = read_question(cli, &ask);

	if (code == CLI_YES)
		code = cli_open(cli);
	if (code != CLI_YES)
		return code;
	if (berth_ephemeral(cli->berth, &ask, &found) < 0) {
		cli_complain("%s", berth_error());
		return CLI_UNKNOWN;
	}
	code = answer(cli, found);
	berth_ephemeral_free(found);
	return code;
}

const struct command cmd_ephemeral = {
	.name = "ephemeral",
	.args = "[--netns all|NAME|PID]",
	.help = "who has the ports that the kernel lends, how many are left",
	.options = ephemeral_options,
	.run = ephemeral_run,
};
